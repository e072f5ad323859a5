"""The page about what grows names every table of both schemas, and every key that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.config.settings import TABLES
from pressrun.store.postgresql import location
from pressrun.store.sqlite import migrate
from pressrun.store.upkeep import last_backup
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.last_backup import LastBackup

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "growth.md"


def rows() -> list[list[str]]:
    """The cells of the first table, without its head."""
    database = PAGE.read_text(encoding="utf-8").partition("## Files")[0]
    lines = [line for line in database.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def tables(schema: str) -> set[str]:
    return set(re.findall(r"^create (?:virtual )?table (\w+)", schema, re.MULTILINE))


def test_every_table_has_a_row_and_each_row_a_bound() -> None:
    """A new table needs a line that says where its growth ends."""
    named = [name for row in rows() for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(tables(migrate.package_schema()) | tables(location.package_schema()))
    assert [] == [row[0] for row in rows() if not row[2]]


def test_every_key_that_is_named_exists() -> None:
    known = {f"[{table.name}] {key.key}" for table in TABLES for key in table.keys}
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"\[\w+\] \w+", text))
    assert named - known == set()
    assert len(named) > 10


def test_every_file_of_data_dir_has_a_row(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.lock.touch()  # which one property reads
    last_backup.record(data, LastBackup(at=0, place="", size=0))
    written = {path.name for path in tmp_path.iterdir()}
    named = {getattr(data, name) for name in vars(DataDir) if isinstance(vars(DataDir)[name], property)}
    files = {str(path.relative_to(tmp_path)) for path in named if isinstance(path, Path)} | written
    text = PAGE.read_text(encoding="utf-8").partition("## Files")[2]
    assert [] == [name for name in sorted(files) if not re.search(rf"`{re.escape(name)}[`/]", text)]
