"""A verb that comes before the service after the database was set back: it holds back, and says so."""

from __future__ import annotations

from tests.cli.shell import Shell

EDITION = "---\nsubject: High water\n---\n\nThe tide is in.\n"


def test_a_verb_says_once_what_it_holds_back(shell: Shell) -> None:
    shell.make_list()
    shell.good("subscriber", "add", "news", "ann@readers.example")
    shell.good("send", "news", shell.write("edition.md", EDITION), "--at", "2090-01-01T12:00:00Z", "--yes")
    head = shell.data / "keys" / "audit-head"
    head.write_text(f"999:{'0' * 64}\n", encoding="ascii")
    first = shell.good("list", "set", "news", "title=The Quay")
    assert (
        "warning: the database was set back to an earlier moment, so what may go out wrongly is held back\n"
        "edition 1 is paused; up to 1 of the waiting copies may have gone out since\n"
    ) in first.err
    assert "set back" not in shell.good("list", "set", "news", "title=The Pier").err
    assert "paused" == shell.good("edition", "show", "1", "--json").json["state"]
