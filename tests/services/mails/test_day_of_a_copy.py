"""The day at the head of a letter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from tests.message.builders import build, edition, part, profile, values

from pressrun.message.layouts.design import Design
from pressrun.services.mails.copy_composer import day_of

LATE = 1_798_759_800  # 31 December 2026, 23:30 UTC


@pytest.mark.parametrize(
    ("timezone", "language", "day"),
    [
        ("UTC", "en", "31 December 2026"),
        ("Europe/Madrid", "es", "1\xa0de\xa0enero de 2027"),
        ("Asia/Kathmandu", "ja", "2027年1月1日"),
        ("America/Sao_Paulo", "pt-BR", "31\xa0de\xa0dezembro de 2026"),
        ("Nowhere/Atall", "xx", "31.\xa0Dezember 2026"),
    ],
)
def test_it_is_that_of_the_list_in_the_words_of_the_edition(timezone: str, language: str, day: str) -> None:
    """In those of the list where we do not speak the language; a time zone that went away fails no copy."""
    target: Any = SimpleNamespace(timezone=timezone, language="de")
    assert day == day_of(LATE, target, language)


def test_a_letter_is_dated() -> None:
    """And nothing else: a copy that is made again, after a failure, has the day of the first attempt."""
    assert "21 September 2026</p>" in part(build(edition("Dear all")).skeleton.copy(values()), "html")
    assert "September" not in part(build(edition("Dear all")).skeleton.copy(values()), "plain")
    for layout in ("classic", "magazine", "notice"):
        laid_out = build(
            edition("Dear all"), list_profile=replace(profile(), design=Design(layout=layout))
        ).skeleton.copy(values())
        assert "September" not in part(laid_out, "html")
