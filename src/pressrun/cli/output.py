"""What goes out: results to stdout, tables for people and JSON for programs; everything else to stderr.

Much of it was written by strangers: names, replies of mail servers, whole mails. On a terminal no control character of
theirs is obeyed, nor one that changes the direction of the text: all output of the verbs goes through `echo`. Into a
pipe or a file it goes as it is.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unicodedata import category

import click

from pressrun.core.errors import Refused, UsageError
from pressrun.observe.log import is_journal, with_priority

_LAYOUT = "\n\t"


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Write text, whoever wrote it; harmless on a terminal."""
    stream = sys.stderr if err else sys.stdout
    click.echo(harmless(text) if stream.isatty() else text, err=err, nl=nl)


def echo_octets(content: bytes) -> None:
    """Write octets to stdout as they are; on a terminal as text, lines ended by LF."""
    if sys.stdout.isatty():
        echo(content.decode("utf-8", "backslashreplace").replace("\r\n", "\n"), nl=False)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def echo_drawing(text: str) -> None:
    """Write a line of our own with colours to stdout; nothing that others wrote is in it."""
    click.echo(text)


def harmless(text: str) -> str:
    """The text with escapes as in JSON for all that a terminal would not just print; tabs and line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _LAYOUT or category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    """As in JSON, so that it may stand there."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else json.dumps(character)[1:-1]


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_list(rows: Iterable[object]) -> None:
    """One JSON list on stdout, a row at a time, so that it may be long."""
    before = "[\n"
    for row in rows:
        echo(before + "  " + json.dumps(row, ensure_ascii=False), nl=False)
        before = ",\n"
    echo("[]" if before == "[\n" else "\n]")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    """Rows under their headings. Where there are none, stdout stays empty and stderr says `empty`."""
    if not rows:
        note(empty)
        return
    cells = [[cell(row.get(name)) for name in columns] for row in rows]
    headings = [name.replace("_", " ") for name in columns]
    widths = [max(len(line[index]) for line in [headings, *cells]) for index in range(len(columns))]
    for line in [headings, *cells]:
        echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def print_fields(fields: Mapping[str, Any]) -> None:
    """One thing, a field a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        echo(f"{name.replace('_', ' ').ljust(width)}  {cell(value)}".rstrip())


def cell(value: object) -> str:
    """A value for people; no control character reaches the terminal."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{name}: {cell(one)}" for name, one in value.items()) or "-"
        case _:
            return "".join(c if c.isprintable() else " " for c in str(value))


def note(message: str) -> None:
    """One line for the person, beside the results."""
    _tell(message, logging.INFO)


def warn(message: str) -> None:
    """Something that may be wrong, told before or after the results."""
    _tell(message, logging.WARNING, "warning: ", "yellow")


def tell_error(message: str) -> None:
    """Why the verb failed."""
    _tell(message, logging.ERROR, "error: ", "red")


def _tell(message: str, level: int, prefix: str = "", colour: str = "") -> None:
    """To stderr, which is the journal where systemd runs us."""
    if is_journal(sys.stderr, os.environ):
        echo(with_priority(f"{prefix}{message}", level), err=True)
        return
    if prefix:
        click.echo(_painted(prefix, colour), err=True, nl=False)
    echo(message, err=True)


def _painted(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else text


class ProgressLine:
    """One line on a terminal that is written over; silent elsewhere."""

    def __init__(self) -> None:
        self._shown = False
        self._is_terminal = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._is_terminal:
            self._shown = True
            click.echo(f"\r\x1b[K{cell(text)}", err=True, nl=False)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            click.echo("\r\x1b[K", err=True, nl=False)


def ask(question: str, *, is_agreed: bool) -> None:
    """Let a person decide on a terminal; raises Refused for a no, UsageError where nobody can be asked."""
    require_agreement_or_terminal(is_agreed=is_agreed)
    if not is_agreed and not click.confirm(harmless(question), err=True):
        raise Refused("nothing was changed")


def is_terminal() -> bool:
    """Whether a person sees what is asked and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def require_agreement_or_terminal(*, is_agreed: bool) -> None:
    """Raise UsageError when nobody can be asked, before anything is read."""
    if not is_agreed and not is_terminal():
        raise UsageError("not a terminal: confirm with --yes")
