"""Loads the named statements: those that every engine runs as they stand, and those that an engine has of its own.

A file `sql/FILE.sql` holds `-- name: NAME`, a line with the purpose, and the statement. What engines spell differently
inside a statement is a macro, which each engine expands:

    {in ids}             is one of the values of :ids, a JSON array of integers; {in (select …)} of a few
    {each rows as new}   a row for each element of the JSON array :rows, new.value, and its place from 0, new.key
    {rows of new: id bigint, salt bytea}   the rows of Transaction.run_rows, as a table of this name with these columns;
                         the first one is never null
    {arrays of a, b}     one JSON text with an array of these values for each row
    {keys of column as entry}   a row for each key of the JSON object in a column, entry.key
    {year of column}     the year of a time, in UTC
    {time of column}     a time as in RFC 3339, in UTC; null stays null
    {indexed by NAME}    the index that the plan is pinned to; {not indexed} for none
    {+}column            a column whose index is not to be used
    {lock}, {share}      the rows that a decision is based on stay so until the commit; {lock of TABLE} in a join
    {clock}              the clock of the database, in whole seconds
    {id}, {json}         in the schema: a key whose numbers grow, and JSON whose fields statements read

A line `-- guards: TABLE …` says of which tables the unit of work has to hold the rows that it decided by, locked by an
earlier statement (docs/decisions/0058). Tests refuse the statement where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

COMMON = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)
_WITH_ARGUMENT = r"in|each|rows of|arrays of|keys of|year of|time of|indexed by|not indexed|\+|lock|share"
_MACRO = re.compile(rf"\{{({_WITH_ARGUMENT}|clock|id|json)(?: ([^{{}}]+))?\}}")

Macros = Mapping[str, Callable[[str], str]]


def load_statements(folder: Path, macros: Macros) -> dict[str, str]:
    """The statements of an engine as `"file.name"`, without comments; `folder` holds those of its own."""
    return {name: expand(text, macros) for name, text in {**read_folder(COMMON), **read_folder(folder)}.items()}


def read_folder(folder: Path) -> dict[str, str]:
    """The statements of the files in a folder, with their macros and without their comments."""
    statements: dict[str, str] = {}
    for entry in sorted(folder.glob("*.sql")):
        pieces = _NAME.split(entry.read_text(encoding="utf-8"))
        for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
            statement = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
            statements[f"{entry.name.removesuffix('.sql')}.{name}"] = statement.strip().rstrip(";")
    return statements


def expand(text: str, macros: Macros) -> str:
    """The text with its macros as an engine spells them, the inner ones first."""
    while (expanded := _MACRO.sub(lambda match: macros[match[1]](match[2] or ""), text)) != text:
        text = expanded
    return text
