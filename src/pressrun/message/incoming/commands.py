"""Commands to `NAME-request@D`: in the subject, or one per line of the body up to `end` or the signature."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

MOST_COMMANDS = 10
_MOST_OTHER_LINES = 5  # lines before the first command: a greeting, say
_LONGEST_LINE = 200


class CommandKind(StrEnum):
    """What a command does."""

    HELP = "help"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    LISTS = "lists"


class Command(Struct, frozen=True):
    """One command; `token` is that of `confirm`, in lower case."""

    kind: CommandKind
    token: str = ""


_WORDS = {
    "help": CommandKind.HELP,
    "info": CommandKind.HELP,
    "subscribe": CommandKind.SUBSCRIBE,
    "join": CommandKind.SUBSCRIBE,
    "unsubscribe": CommandKind.UNSUBSCRIBE,
    "leave": CommandKind.UNSUBSCRIBE,
    "lists": CommandKind.LISTS,
}
_REPLY = re.compile(r"\s*(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rif|res|odp)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
# Programs put a byte order mark before a body, and pages add invisible marks to text that is copied from them.
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
# HTML editors write a no-break space as U+00A0.
_LINE = re.compile(r"([a-z]{3,11})(?:[ \t\u00a0]+([a-z2-7]{26,27}))?[.!]?", re.IGNORECASE | re.ASCII)


def parse_commands(subject: str, body: str) -> tuple[Command, ...]:
    """The commands of a mail, each once and at most MOST_COMMANDS."""
    commands: list[Command] = []
    first = _parse(_REPLY.sub("", subject[:_LONGEST_LINE].translate(_UNSEEN), count=1))
    if first is not None:
        commands.append(first)
    other_lines = 0
    for raw in body.splitlines()[:500]:
        line = raw.translate(_UNSEEN).strip()
        if line.lower() in ("--", "end"):
            break
        if not line or line.startswith((">", "|")):
            continue
        command = _parse(line)
        if command is None:
            other_lines += 1
            if commands or other_lines > _MOST_OTHER_LINES:
                break
        elif command not in commands:
            commands.append(command)
    return tuple(commands[:MOST_COMMANDS])


def _parse(line: str) -> Command | None:
    match = _LINE.fullmatch(line[:_LONGEST_LINE].strip())
    if match is None:
        return None
    word, token = match[1].lower(), (match[2] or "").lower()
    if word == CommandKind.CONFIRM:
        return Command(CommandKind.CONFIRM, token) if token else None
    kind = _WORDS.get(word)
    return None if kind is None or token else Command(kind)
