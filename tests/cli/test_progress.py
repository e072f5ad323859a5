"""The line on a terminal that says how far a verb has come: it is gone before anything else is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.shell import Shell

from pressrun.cli.readers import member_import, suppressions
from pressrun.core.errors import Refused

pytestmark = pytest.mark.only_on("sqlite", "it is about a terminal")


@pytest.mark.parametrize(
    ("verb", "module", "batches"),
    [
        (["suppression", "import"], suppressions, "in_batches"),
        (["subscriber", "import", "news"], member_import, "member_batches"),
    ],
)
@pytest.mark.parametrize("is_broken", [False, True])
def test_it_is_gone_before_the_end_and_before_an_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, verb: list[str], module: object, batches: str, *, is_broken: bool
) -> None:
    shell.make_list()
    (shell.folder / "rows.csv").write_text("email\na@x.example\n", encoding="utf-8")
    in_batches = getattr(module, batches)

    def and_break(rows: Any) -> Iterator[Any]:
        yield from (some := list(in_batches(rows)))
        yield from some
        raise Refused("the rest is lost")

    if is_broken:
        monkeypatch.setattr(module, batches, and_break)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    called = shell.call(*verb, str(shell.folder / "rows.csv"))
    written, after = called.err.split("\r\x1b[K")[-2:]
    assert ("rows" in written, "rows" in after) == (True, False)
    assert (after == "") is not is_broken
    assert ("the rest is lost" in after) is is_broken
