"""docs/cli.md against the program."""

from __future__ import annotations

from pathlib import Path

from pressrun.cli.main import pressrun
from pressrun.cli.reference import reference

PAGE = Path(__file__).parent.parent.parent / "docs" / "cli.md"


def test_the_page_is_what_the_program_says() -> None:
    """`make docs` writes it anew."""
    assert reference(pressrun) == PAGE.read_text(encoding="utf-8")
