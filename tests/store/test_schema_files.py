"""What every engine has is written once, and each engine adds what it has alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.core.errors import Refused
from pressrun.store.schema_files import SchemaFiles


def files(folder: Path, **steps: str) -> SchemaFiles:
    """Files of an engine that shouts; a step `own_0002_a` is its own, others are for every engine."""
    for name, text in steps.items():
        place, _, step = name.partition("_")
        (folder / place / "steps").mkdir(parents=True, exist_ok=True)
        (folder / place / "steps" / f"{step}.sql").write_text(text, encoding="utf-8")
    return SchemaFiles(own=folder / "own", common=folder / "common", spell=str.upper, first_version=1)


def test_steps_for_every_engine_are_spelled_as_this_one_does(tmp_path: Path) -> None:
    assert {2: "SELECT 2;", 3: "select 3;"} == files(
        tmp_path, own_0003_b="select 3;", common_0002_a="select 2;"
    ).steps()


def test_the_schema_ends_with_what_the_engine_has_alone(tmp_path: Path) -> None:
    engine = files(tmp_path, own_0003_b="", common_0002_a="")
    (tmp_path / "common" / "schema.sql").write_text("create a;\n", encoding="utf-8")
    (tmp_path / "own" / "schema.sql").write_text("create b;\n", encoding="utf-8")
    assert "CREATE A;\n\ncreate b;\n" == engine.schema()


def test_a_gap_in_the_steps_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="have a gap"):
        files(tmp_path, common_0002_a="select 1;", own_0004_b="select 1;").steps()


def test_files_that_are_not_steps_are_ignored(tmp_path: Path) -> None:
    assert {2: "SELECT 2;"} == files(tmp_path, common_0002_a="select 2;", common_README="x").steps()


def test_without_steps_the_first_version_is_the_newest(tmp_path: Path) -> None:
    assert (1, {}) == (files(tmp_path).newest_version(), files(tmp_path).steps())
