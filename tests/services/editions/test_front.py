"""Preflight says when the page of a list cannot show an edition in full."""

from __future__ import annotations

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.services.editions.build_orders import Manuscript

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
async def test_an_edition_with_a_design_of_its_own_is_noted(
    harness: DeliveryHarness, front: str, archive: str, fragment: str, *, is_noted: bool
) -> None:
    await harness.services.lists.set_list("news", {"front": front, "archive": archive})
    source = f"---\nsubject: Boats\n---\n{fragment}\n".encode()
    inspected = await harness.edition_admin.inspect("news", Manuscript(source=source, source_name="a.html", assets={}))
    assert is_noted is any("only the beginning" in finding.message for finding in inspected.findings)
