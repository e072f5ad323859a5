"""docs/editions.md: what it shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from tests.message.builders import PNG, build

from pressrun.message.finding import errors_of
from pressrun.message.sources.edition_file import parse_edition, referenced_paths

PAGE = (Path(__file__).parents[3] / "docs" / "editions.md").read_text(encoding="utf-8")
SUFFIXES = {"markdown": ".md", "html": ".html", "text": ".txt"}
EXAMPLES = [(kind, body) for _, kind, body in re.findall(r"(?ms)^(`{3,4})(markdown|html|text)\n(.*?)^\1$", PAGE)]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_every_example_can_be_sent(kind: str, example: str) -> None:
    """With its files beside it, and nothing to warn of but what the page is about."""
    file = parse_edition(example.encode(), SUFFIXES[kind])
    content = {".txt": b"The ferry sails again.", ".pdf": b"%PDF"}
    assets = {
        reference.path: content.get(PurePosixPath(reference.path).suffix, PNG) for reference in referenced_paths(file)
    }
    assert not errors_of(build(example, SUFFIXES[kind], assets=assets).findings)


def test_the_page_has_an_example_of_each_kind() -> None:
    """None of them is lost by a fence that is not closed."""
    assert set(SUFFIXES) == {kind for kind, _ in EXAMPLES}
    assert len(EXAMPLES) == 8


def test_the_text_part_is_made_as_it_is_shown() -> None:
    """From the Markdown that says the same."""
    shown = re.search(r"(?ms)^```\n(Timetable.*?)^```$", PAGE)
    assert shown is not None
    source = (
        "# Timetable\n\nThe Marlin[^a] is back; see [the timetable](https://ferry.example/timetable).\n\n"
        "| Leaves | Boat | Fare |\n|:--|:--|--:|\n| 07:00 | Marlin | 4.50 |\n| 12:15 | Heron | 12.00 |\n\n"
        "- bicycles\n  - also electric ones\n\n> Quoted,\n> > and quoted in a quotation.\n\n"
        "![The Marlin at the quay](m.png)\n\n[^a]: The harbour office, by telephone.\n"
    )
    text = build(f"---\nsubject: x\n---\n{source}", assets={"m.png": PNG}).archive_text
    assert shown[1] == text
