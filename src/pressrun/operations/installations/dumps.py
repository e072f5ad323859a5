"""Dumps of databases as text, read row by row: those of pg_dump with COPY blocks, and those of mysqldump.

A dump that is cut off is refused, since nobody could tell who is missing. Only rows of tables that are needed are taken
apart, and only one row is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pressrun.core.errors import BadInput, NoInput
from pressrun.operations.installations.tables import Rows, SourceTables, Wanted, copy_rows, open_file
from pressrun.operations.opened_files import open_source, open_unpacked

LONGEST_ROW = 64 << 20  # octets: the largest packet that mysqldump writes by default
_HEAD = 1 << 16
_COPY = re.compile(rb'COPY (?:"?\w+"?\.)?"?(\w+)"? \((.*)\) FROM stdin;\s*')
_PG_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_PG_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_CREATE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`? *\(", re.IGNORECASE)
_COLUMN = re.compile(rb"\s+`(\w+)` ")
_INSERT = re.compile(rb"(?:INSERT|REPLACE) (?:IGNORE )?INTO `?(\w+)`?\s*(?:\(([^()]*)\)\s*)?VALUES", re.IGNORECASE)
_VALUE = re.compile(
    rb"\s*(?:(NULL)|(-?\d[\d.eE+-]*)|0x([0-9A-Fa-f]*)|(?:_\w+ ?)?'([^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+)')\s*([,)])",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(rb"[\s,]*")
_MY_ESCAPE = re.compile(rb"''|\\(.)", re.DOTALL)
_MY_LETTERS = {b"0": b"", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}
# How each program begins a dump and ends it.
_FRAMES = (
    (b"-- PostgreSQL database dump", b"-- PostgreSQL database dump complete"),
    (b"-- MySQL dump", b"-- Dump completed"),
    (b"-- MariaDB dump", b"-- Dump completed"),
)

Lines = Iterator[tuple[int, bytes]]


def open_database(path: Path, wanted: Wanted) -> SourceTables:
    """The tables of a SQLite file, or of a dump of PostgreSQL or MySQL. Raises BadInput."""
    with open_source(path) as file:
        if file.read(16).startswith(b"SQLite format 3"):
            return open_file(path, wanted)
    if is_postgresql_dump(path):
        return copy_rows(str(path), wanted, read_postgresql_dump(path, wanted))
    return copy_rows(str(path), wanted, read_mysql_dump(path, lambda name: name if name in wanted else None))


def is_dump_folder(path: Path) -> bool:
    """Whether a folder is a dump of PostgreSQL."""
    return (path / "toc.dat").is_file()


def is_postgresql_dump(path: Path) -> bool:
    """Whether a file is a dump of PostgreSQL. Raises BadInput for its formats that are not text, NoInput."""
    is_folder = is_dump_folder(path)
    head = b"" if is_folder else _read_head(path)
    # An archive of tar begins with a file toc.dat. Its script looks like a dump of empty tables.
    if is_folder or head.startswith((b"PGDMP", b"toc.dat\0")):
        raise BadInput(f"{path} is a dump in a binary format. Convert it to text: pg_restore -f dump.sql {path.name}")
    return b"PostgreSQL database dump" in head or _COPY.search(head) is not None


def _read_head(path: Path) -> bytes:
    try:
        with open_unpacked(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError) as problem:
        raise NoInput(f"{path}: {problem}") from None


def _lines(path: Path) -> Lines:
    """The lines with their numbers; raises BadInput for one that is too long, and for a dump that is cut off."""
    end, last, number = b"", b"", 0
    try:
        with open_unpacked(path) as file:
            while line := file.readline(LONGEST_ROW + 1):
                number += 1
                if len(line) > LONGEST_ROW:
                    raise BadInput(f"{path}: line {number} is longer than {LONGEST_ROW >> 20} MiB")
                if number < 5 and not end:
                    end = next((theirs for start, theirs in _FRAMES if line.startswith(start)), b"")
                last = line if line.strip() and line.startswith(b"-- ") else last
                yield number, line
    except (OSError, EOFError) as problem:
        raise BadInput(f"{path}: after line {number}: {problem}") from None
    if end and not last.startswith(end):
        raise BadInput(
            f"{path} is truncated: line {number} is its last, and the end of the dump is missing. Dump it again"
        )


def read_postgresql_dump(path: Path, wanted: Mapping[str, Sequence[str]]) -> Rows:
    """The rows of the COPY blocks of these tables. Raises BadInput with the line."""
    lines = _lines(path)
    seen: set[str] = set()
    for number, line in lines:
        start = _COPY.fullmatch(line)
        if start is None:
            if line.startswith(b"INSERT INTO"):
                raise BadInput(
                    f"{path}: line {number}: made with --inserts, which Pressrun cannot read. Dump without it"
                )
            continue
        table = start[1].decode()
        if table in wanted:
            _require_first(path, number, table, seen)
        columns = [name.strip().strip(b'"').decode("utf-8", "replace") for name in start[2].split(b",")]
        yield table, columns, ()
        for row_number, row in lines:
            if row.rstrip(b"\r\n") == rb"\.":
                break
            if table in wanted:
                yield table, columns, _copied(path, row_number, row, len(columns))
        else:
            raise BadInput(f"{path} is truncated in the table {table}, which begins at line {number}. Dump it again")


def _require_first(path: Path, number: int, table: str, seen: set[str]) -> None:
    """Raise BadInput for a table that the dump has already had: the people of two programs would be mixed."""
    if table in seen:
        raise BadInput(
            f"{path}: line {number}: a second table {table}, so it contains several databases or schemas. Dump only "
            "the one that the program uses"
        )
    seen.add(table)


def _copied(path: Path, number: int, row: bytes, width: int) -> list[object]:
    cells = row.rstrip(b"\r\n").split(b"\t")
    if len(cells) != width:
        raise BadInput(f"{path}: line {number} has {len(cells)} fields, but its table has {width} columns")
    return [None if cell == rb"\N" else text_of(_PG_ESCAPE.sub(_unescape_copied, cell)) for cell in cells]


def _unescape_copied(match: re.Match[bytes]) -> bytes:
    octal, digits, letter = match.groups()
    if letter is not None:
        return _PG_LETTERS.get(letter, letter)
    return bytes([int(octal, 8) & 0xFF if octal is not None else int(digits, 16)])


def mysql_tables(path: Path) -> set[str]:
    """The tables that a dump of MySQL creates or fills."""
    tables = set()
    for _, line in _lines(path):
        if match := _CREATE.match(line) or _INSERT.match(line):
            tables.add(match[1].decode())
    return tables


def read_mysql_dump(path: Path, name_of: Callable[[str], str | None]) -> Rows:
    """The rows of the tables for which `name_of` has a name, under that name. Raises BadInput with the line."""
    columns: dict[str, list[str]] = {}
    seen: set[str] = set()
    lines = _lines(path)
    for number, line in lines:
        if created := _CREATE.match(line):
            table = created[1].decode()
            columns[table] = _columns_of(lines)
            if (name := name_of(table)) is not None:
                _require_first(path, number, table, seen)
                yield name, columns[table], ()
        elif (start := _INSERT.match(line)) and (name := name_of(start[1].decode())) is not None:
            listed = (start[2] or b"").decode("utf-8", "replace")
            named = [column.strip().strip("`") for column in listed.split(",") if column.strip()]
            layout = named or columns.get(start[1].decode(), [])
            for values in _inserted(path, number, line[start.end() :], lines):
                if len(values) != len(layout):
                    raise BadInput(
                        f"{path}: line {number}: a row with {len(values)} values, where {start[1].decode()} has "
                        f"{len(layout)} columns"
                    )
                yield name, layout, values


def _columns_of(lines: Lines) -> list[str]:
    columns = []
    for _, line in lines:
        if column := _COLUMN.match(line):
            columns.append(column[1].decode())
        elif line.startswith(b")"):
            break
    return columns


def _inserted(path: Path, number: int, text: bytes, lines: Lines) -> Iterator[list[object]]:
    """The rows of one statement, which begins at this line."""
    position = 0
    while True:
        match = _BETWEEN.match(text, position)
        assert match is not None  # it may match nothing
        position = match.end()
        if text[position : position + 1] == b";":
            return
        row = _read_row(text, position) if text[position : position + 1] == b"(" else None
        if row is not None:
            values, position = row
            yield values
            continue
        if position < len(text) and text[position : position + 1] != b"(":
            raise BadInput(f"{path}: line {number}: found {text[position : position + 20]!r} where a row should begin")
        text, position = _more(path, number, text[position:], lines), 0


def _more(path: Path, number: int, text: bytes, lines: Lines) -> bytes:
    """The text with as much again, so that a long row is not taken apart once for each of its lines."""
    pieces, size = [text], len(text)
    for _, line in lines:
        pieces.append(line)
        size += len(line)
        if size > LONGEST_ROW:
            raise BadInput(f"{path}: the statement at line {number} has a row that is too long or malformed")
        if size >= 2 * len(text) or line.rstrip().endswith(b";"):
            return b"".join(pieces)
    raise BadInput(f"{path} is truncated, or not a dump: the statement at line {number} does not end. Dump it again")


def _read_row(text: bytes, position: int) -> tuple[list[object], int] | None:
    """The values of a row, and where it ends; None where the text ends first."""
    values: list[object] = []
    position += 1
    while True:
        match = _VALUE.match(text, position)
        if match is None:
            return None
        null, number, digits, quoted, end = match.groups()
        if null is not None:
            values.append(None)
        elif number is not None:
            values.append(number.decode())
        elif digits is not None:
            values.append(text_of(bytes.fromhex(digits.decode().rjust(len(digits) + len(digits) % 2, "0"))))
        else:
            values.append(text_of(_MY_ESCAPE.sub(_unescape_inserted, quoted)))
        position = match.end()
        if end == b")":
            return values, position


def _unescape_inserted(match: re.Match[bytes]) -> bytes:
    letter = match[1]
    return b"'" if letter is None else _MY_LETTERS.get(letter, letter)


def text_of(octets: bytes) -> str:
    """Text in UTF-8, or in the encoding of old Windows programs; without NUL, which no text of ours may have."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
    return text.replace("\0", "")
