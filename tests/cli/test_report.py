"""`edition report` and `edition delivery` as an operator calls them."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import pytest
from tests.cli.shell import Shell
from tests.database import execute_at

import pressrun.cli.editions.edition_report as text
from pressrun.core.timeline import spread


@pytest.fixture
def sent(shell: Shell) -> Shell:
    """Edition 1 with three readers: one took it, one refused it, one is deferred."""
    shell.begin_with("reported edition", partial(_send, shell))
    return shell


def _send(shell: Shell) -> None:
    shell.make_list()
    for name in "abc":
        shell.good("subscriber", "add", "news", f"{name}@x.example")
    shell.good(
        "send", "news", shell.write("e.md", "---\nsubject: '{{ name | default: Hello }}, boats'\n---\nHello\n"), "--yes"
    )
    for number, (state, code, words, kind) in enumerate(
        [
            ("delivered", 250, "queued as 4Xk2", None),
            ("failed", 550, "550 no b@x.example\x1b[31m", "hard"),
            ("deferred", 451, "later", None),
        ],
        start=1,
    ):
        execute_at(
            shell.database,
            "update delivery set state = ?, code = ?, reply = ?, kind = ?, attempts = 1, relay = 'primary',"
            " first_attempt_at = due_at, recorded_at = due_at where id = ?",
            *(state, code, words, kind, number),
        )
    kept = "queued = 0, delivered = 1, failed = 1, deferred = 1, refused = 1, begun = 3"
    execute_at(shell.database, f"update copy_count set {kept} where edition_id = 1")


def test_the_text_form_is_plain_and_names_no_reader(sent: Shell) -> None:
    """Off a terminal there are no bars, and what a remote said reaches no terminal as it is."""
    assert "+00:00" not in sent.good("edition", "report", "1").out  # but Z, as everywhere else
    sent.good("list", "set", "news", "timezone=Asia/Tokyo")
    out = sent.good("edition", "report", "1").out
    for words in (
        "delivered             1   33.3%",
        "x.example  3",
        "no …",
        "451",
        "complaints",
        "Hello, boats",
        "+09:00",
    ):
        assert words in out
    assert 1 == out.count("550")  # in the remote's words it stands once more
    for mark in ("@", "\x1b", "█", "▁"):
        assert mark not in out


def test_the_states_of_a_domain_add_up_to_its_copies(sent: Shell) -> None:
    """Those that were not sent and those on their way, too."""
    execute_at(sent.database, "update delivery set state = 'cancelled' where id = 3")
    lines = sent.good("edition", "report", "1").out.splitlines()
    names, *rows = (line.split() for line in lines if line.startswith(("domain", "x.example")))
    assert [["x.example", "3", "1", "1", "0", "0", "0", "1"]] == rows
    assert ["domain", "copies", "delivered", "failed", "deferred", "queued", "claimed", "cancelled"] == names


def test_a_page_is_never_written_over_a_file(sent: Shell) -> None:
    page = sent.folder / "report.html"
    assert "" == sent.good("edition", "report", "1", "--html", str(page)).out
    first = page.read_bytes()
    assert first.startswith(b"<!doctype html>")
    assert b"@x.example" not in first
    assert 73 == sent.call("edition", "report", "1", "--html", str(page)).code
    assert first == page.read_bytes()


def test_a_report_in_json_keeps_its_shape(sent: Shell) -> None:
    report = sent.good("edition", "report", "1", "--json").json
    assert {"failures", "waiting", "unsubscribed", "complaints", "domains", "timing", "timelines"} <= set(report)
    assert ["b@x.example"] == [copy["address"] for copy in report["failures"]]
    assert ["c@x.example"] == [copy["address"] for copy in report["waiting"]]


@pytest.mark.parametrize(("name", "code", "state"), [("A", 250, "delivered"), ("b", 550, "failed")])
def test_one_readers_copy(sent: Shell, name: str, code: int, state: str) -> None:
    delivery = sent.good("edition", "delivery", "1", f"{name}@x.example", "--json").json
    assert (state, code, "primary", 1) == (
        delivery["state"],
        delivery["reply"]["code"],
        delivery["relay"],
        delivery["attempts"],
    )
    shown = sent.good("edition", "delivery", "1", f"{name}@x.example").out
    reply = delivery["reply"]
    assert f"{code} {reply['text']} ({reply['at']})\n".replace("\x1b", " ") in shown
    assert re.search(r"^bounce +-$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code"), [(("1", "z@x.example"), 1), (("9", "a@x.example"), 1), (("1", "a"), 65)]
)
def test_a_copy_that_is_not_there(sent: Shell, arguments: tuple[str, str], code: int) -> None:
    assert code == sent.call("edition", "delivery", *arguments).code


# ---------------------------------------------------------------------- on a terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "is_drawn", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_terminal_gets_bars_and_without_colour_when_it_says_so(sent: Shell, terminal: None) -> None:
    out = sent.good("edition", "report", "1").out
    assert "delivered     █  1 s, at most 1 in 1 s" in out
    assert f"failed                1   33.3%  {'█' * 13}\n" in out
    assert "\x1b" not in out


def test_little_is_seen_beside_much() -> None:
    assert " ▁▄█" == text.sparkline((0, 1, 500, 1000))
    assert "" == text.sparkline(spread({}, 0).numbers)


def test_a_pipe_gets_no_bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert not text.is_drawn()


def test_a_terminal_that_cannot_show_them_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    try:
        with (
            open(theirs, "w", encoding="ascii", closefd=False) as plain,
            open(theirs, "w", encoding="utf-8", closefd=False) as full,
        ):
            monkeypatch.setenv("TERM", "xterm")
            for stream, is_drawn in ((plain, False), (full, True)):
                monkeypatch.setattr("sys.stdout", stream)
                assert is_drawn == text.is_drawn()
            monkeypatch.setenv("TERM", "dumb")
            assert not text.is_drawn()
    finally:
        os.close(ours)
        os.close(theirs)
