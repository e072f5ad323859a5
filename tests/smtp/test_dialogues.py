"""Every script in tests/dialogues, played whole, octet by octet, and cut up at random."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.smtp.script import play, read_script

SCRIPTS = sorted((Path(__file__).parent.parent / "dialogues").glob("*.txt"))
CUTTABLE = [path for path in SCRIPTS if read_script(path).splits]


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_whole(path: Path) -> None:
    """The client writes and reports what the script says."""
    play(read_script(path), lambda data: [data])


@pytest.mark.parametrize("path", CUTTABLE, ids=name)
def test_octet_by_octet(path: Path) -> None:
    """It makes no difference that every octet comes alone."""
    play(read_script(path), lambda data: [data[i : i + 1] for i in range(len(data))])


@pytest.mark.parametrize("path", CUTTABLE, ids=name)
@given(draw=st.data())
@settings(max_examples=15, deadline=None)
def test_cut_anywhere(path: Path, draw: st.DataObject) -> None:
    """It makes no difference where the network cuts."""

    def cut(data: bytes) -> Iterable[bytes]:
        places = sorted(draw.draw(st.sets(st.integers(1, len(data)), max_size=4)))
        return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    play(read_script(path), cut)


def test_there_is_a_script_for_each_rule() -> None:
    """The folder was found and holds what the README of the dialogues promises."""
    listed = {line.split("`")[1] for line in (SCRIPTS[0].parent / "README.md").read_text().splitlines() if "`" in line}
    assert listed == {path.stem for path in SCRIPTS}
