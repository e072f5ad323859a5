"""Output: results to stdout, as tables for people and JSON for programs; everything else to stderr.

Much of it was written by strangers: names, replies of mail servers, whole emails. On a terminal their control
characters are escaped, and so are those that change the direction of text: all output goes through `echo`. Pipes and
files get it unchanged.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from itertools import islice
from typing import Any, Self
from unicodedata import category

import click
import msgspec

from pressrun.core.errors import Refused, UsageError
from pressrun.observe.journal import is_journal, with_priority

_LAYOUT = "\n\t"
_TOGETHER = 1000  # rows that are written at once


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Write text from any source so that it is harmless on a terminal.

    What goes to stderr may get lost: what a verb has done, and its exit code, do not depend on who reads about it.
    """
    stream = sys.stderr if err else sys.stdout
    with suppress(OSError) if err else nullcontext():
        click.echo(harmless(text) if stream.isatty() else text, err=err, nl=nl)


def echo_octets(content: bytes) -> None:
    """Write octets to stdout unchanged; on a terminal as text, with lines ended by LF."""
    if sys.stdout.isatty():
        echo(content.decode("utf-8", "backslashreplace").replace("\r\n", "\n"), nl=False)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def echo_drawing(text: str, *, nl: bool = True) -> None:
    """Write a line of our own with colours to stdout; it must hold nothing that others wrote."""
    click.echo(text, nl=nl)


def harmless(text: str) -> str:
    """The text with JSON escapes for all characters that a terminal would not just print; tabs and line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _LAYOUT or category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    """As JSON writes it, so that JSON output stays JSON."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else json.dumps(character)[1:-1]


def counted(number: int, thing: str) -> str:
    """A number of things: `1 reader`, `1,200 readers`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def plain(answer: object) -> Any:
    """The answer of a use case as it would come from a daemon, with structs as JSON objects."""
    return msgspec.to_builtins(answer)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_answer(answer: object, text: str = "", *, as_json: bool) -> None:
    """What a verb has done: as JSON, or in words for people, to whom it may be nothing new."""
    if as_json:
        print_json(answer)
    elif text:
        echo(text)


def print_json_list(rows: Iterable[object]) -> None:
    """One JSON list on stdout, written row by row, so that it may be long."""
    before, remaining = "[\n  ", iter(rows)
    while lines := [json.dumps(row, ensure_ascii=False) for row in islice(remaining, _TOGETHER)]:
        echo(before + ",\n  ".join(lines), nl=False)
        before = ",\n  "
    echo("[]" if before.startswith("[") else "\n]")


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    empty: str,
    as_json: bool,
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> None:
    """Rows as JSON, or as a table of them as `shown`; `empty` goes to stderr in place of a table without rows."""
    if as_json:
        print_json(rows)
    else:
        print_table(map(shown, rows), columns, empty=empty)


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, empty: str = "") -> None:
    """Rows under their headings; without rows stdout stays empty and stderr says `empty`.

    A long table is written piece by piece, and the first piece determines its columns.
    """
    remaining, widths = iter(rows), list[int]()
    while piece := list(islice(remaining, _TOGETHER)):
        lines = [[cell(row.get(name)) for name in columns] for row in piece]
        if not widths:
            lines.insert(0, [name.replace("_", " ") for name in columns])
            widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
        padded = (zip(line, widths, strict=True) for line in lines)
        echo("\n".join("  ".join(text.ljust(width) for text, width in line).rstrip() for line in padded))
    if not widths:
        print_info(empty)


def print_fields(fields: Mapping[str, Any], *, as_json: bool = False) -> None:
    """One thing, a field on each line, or as JSON."""
    if as_json:
        print_json(fields)
        return
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        echo(f"{name.replace('_', ' ').ljust(width)}  {cell(value)}".rstrip())


def cell(value: object) -> str:
    """A value for people, on one line."""
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
            return ", ".join(f"{name}: {cell(part)}" for name, part in value.items()) or "-"
        case _:
            return "".join(c if c.isprintable() else " " for c in str(value))


def painted(text: str, colour: str | None, *, err: bool = False) -> str:
    """Our own text in a colour, if it goes to a terminal whose user wants colours."""
    stream = sys.stderr if err else sys.stdout
    has_colour = colour is not None and stream.isatty() and not os.environ.get("NO_COLOR")
    return click.style(text, fg=colour) if has_colour else text


def print_info(message: str) -> None:
    """A line on stderr for the person who runs the verb."""
    _print_line(message, logging.INFO)


def print_warning(message: str) -> None:
    """A line about something that may be wrong."""
    _print_line(message, logging.WARNING, "warning: ", "yellow")


def print_error(message: str) -> None:
    """The reason why the verb failed."""
    _print_line(message, logging.ERROR, "error: ", "red")


def _print_line(message: str, level: int, prefix: str = "", colour: str = "") -> None:
    """To stderr, which is the journal where systemd runs us."""
    if is_journal(sys.stderr, os.environ):
        echo(with_priority(f"{prefix}{message}", level), err=True)
        return
    if prefix:
        with suppress(OSError):
            click.echo(painted(prefix, colour, err=True), err=True, nl=False)
    echo(message, err=True)


class ProgressLine:
    """One line on a terminal that is overwritten, and cleared at the end of the block; silent elsewhere."""

    def __init__(self) -> None:
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def __call__(self, text: str) -> None:
        if sys.stderr.isatty():
            self._is_shown = True
            click.echo(f"\r\x1b[K{cell(text)}", err=True, nl=False)

    def clear(self) -> None:
        if self._is_shown:
            self._is_shown = False
            click.echo("\r\x1b[K", err=True, nl=False)


class Declined(Refused):
    """A person was asked, and said no."""


def confirm(question: str | Callable[[], str], *, is_agreed: bool) -> None:
    """Ask on a terminal unless `is_agreed`; raises Refused for a no, UsageError when not on a terminal.

    A question with what has to be read first is a function, which is called once somebody can answer.
    """
    require_terminal_or_agreement(is_agreed=is_agreed)
    if not is_agreed and not _is_confirmed(question if isinstance(question, str) else question()):
        raise Declined("nothing was changed")


def _is_confirmed(question: str) -> bool:
    """Ask; whoever just presses Enter or ends the input (Ctrl-D) says no, while Ctrl-C interrupts."""
    try:
        is_yes: bool = click.prompt(
            f"{harmless(question)} [y/N]", default="n", show_default=False, value_proc=_parse_answer, err=True
        )
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            click.echo(err=True)
            return False
        raise
    return is_yes


def _parse_answer(typed: str) -> bool:
    answer = typed.strip().lower()
    if answer not in {"y", "yes", "n", "no"}:
        raise click.UsageError("type y for yes or n for no")
    return answer in {"y", "yes"}


def is_terminal() -> bool:
    """Whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def require_terminal_or_agreement(*, is_agreed: bool) -> None:
    """Raise UsageError when nobody can answer, before anything is read."""
    if not is_agreed and not is_terminal():
        raise UsageError("not a terminal: confirm with --yes")
