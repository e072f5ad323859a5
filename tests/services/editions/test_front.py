"""Preflight says when the page of a list cannot show an edition in full."""

from __future__ import annotations

import pytest

from pressrun.services.editions.edition_build import check_front

PLAIN, STYLED = "<p>Boats</p>", '<p style="color:#900">Boats</p>'


@pytest.mark.parametrize(
    ("front", "archive", "fragment", "is_noted"),
    [
        ("full", "public", PLAIN, False),
        ("full", "public", STYLED, True),
        ("teaser", "public", STYLED, False),
        ("full", "members", STYLED, False),
        ("full", "off", STYLED, False),
    ],
)
def test_an_edition_with_a_design_of_its_own_is_noted(
    front: str, archive: str, fragment: str, *, is_noted: bool
) -> None:
    found = check_front(front, archive, fragment)
    assert is_noted is bool(found)
    assert [] == [one for one in found if "only the beginning" not in one.message]
