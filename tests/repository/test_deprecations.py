"""The page of deprecations lists every former name that the program still knows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.config.settings import TABLES
from pressrun.observe.events import FORMER_NAMES

PAGE = Path(__file__).parents[2] / "docs" / "deprecations.md"


def listed() -> dict[str, tuple[str, ...]]:
    """The rows by their former name."""
    table = PAGE.read_text(encoding="utf-8").partition("## Deprecated now")[2]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines() if "|" in line]
    return {row[0]: row[1:] for row in rows[2:]}


def known() -> dict[str, str]:
    """What the program still takes, and what it is called today."""
    names = {f"event `{former}`": f"`{name}`" for name, former in FORMER_NAMES.items()}
    for table in TABLES:
        for key in table.keys:
            for former in key.formerly:
                place, _, name = former.rpartition(".")
                names[f"`[{place or table.name}] {name}`"] = f"`[{table.name}] {key.key}`"
            for former, word in key.kind.former_words.items():
                names[f'`[{table.name}] {key.key} = "{former}"`'] = f'`"{word}"`'
    return names


def test_every_former_name_is_listed_with_its_end() -> None:
    rows = listed()
    assert known() == {former: row[0] for former, row in rows.items()}
    assert [] == [former for former, (_, since, until) in rows.items() if not _is_next(since, until)]


def _is_next(since: str, until: str) -> bool:
    """Whether it works for one release: 0.2 to 0.3, or later."""
    first, last = (tuple(map(int, version.split("."))) for version in (since, until))
    return re.fullmatch(r"\d+\.\d+", until) is not None and last > first
