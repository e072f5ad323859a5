"""Commands in subjects and bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.incoming.commands import MOST_COMMANDS, Command, CommandKind, parse_commands

TOKEN = "abcdefghijklmnopqrstuvw2345"
HELP, LISTS = Command(CommandKind.HELP), Command(CommandKind.LISTS)
SUBSCRIBE, UNSUBSCRIBE = Command(CommandKind.SUBSCRIBE), Command(CommandKind.UNSUBSCRIBE)
CONFIRM = Command(CommandKind.CONFIRM, TOKEN)


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("help", "", (HELP,)),
        ("Re: AW: Subscribe", "", (SUBSCRIBE,)),
        ("Re[2]: leave.", "", (UNSUBSCRIBE,)),
        (f"confirm {TOKEN.upper()}", "", (CONFIRM,)),
        ("", f"confirm\u00a0{TOKEN}\n", (CONFIRM,)),
        ("confirm", "", ()),
        ("confirm 123", "", ()),
        ("help me please", "", ()),
        (f"subscribe {TOKEN}", "", ()),
        ("", "lists\r\n\r\nhelp\r\n", (LISTS, HELP)),
        ("help", "help\nHELP\n", (HELP,)),
        ("", "help\nend\nsubscribe", (HELP,)),
        ("", "help\n-- \nsubscribe", (HELP,)),
        ("", "> subscribe\nhelp\n> lists\n", (HELP,)),
        ("", "Hello,\n\nsubscribe\n", (SUBSCRIBE,)),
        ("", "help\nand here is some text\nsubscribe", (HELP,)),
        ("", "one\ntwo\nthree\nfour\nfive\nsix\nsubscribe", ()),
        ("", "\u0130nfo\n", ()),
        ("\u200eRe: help\u200b", "\ufefflists\n", (HELP, LISTS)),
    ],
)
def test_what_is_read(subject: str, body: str, expected: tuple[Command, ...]) -> None:
    """One a line, until `end`, a signature, or other words after a command."""
    assert expected == parse_commands(subject, body)


@given(st.text(), st.text())
def test_any_text_gives_few_commands_each_once(subject: str, body: str) -> None:
    """Never an error, never the same twice."""
    commands = parse_commands(subject, body)
    assert len(commands) == len(set(commands)) <= MOST_COMMANDS


@given(st.lists(st.sampled_from(["help", "lists", "subscribe", "unsubscribe", f"confirm {TOKEN}", "", "text", "end"])))
def test_what_follows_end_is_not_read(lines: list[str]) -> None:
    """The rest may be anything."""
    body = "\n".join(lines)
    assert parse_commands("", f"{body}\nend\nsubscribe\nhelp") == parse_commands("", f"{body}\nend")
