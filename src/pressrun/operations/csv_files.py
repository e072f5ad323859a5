"""CSV files (RFC 4180, UTF-8) of subscribers and suppressions, read and written; subscribers also as JSON.

What makes a whole file useless raises BadInput. A bad row is reported with the line it begins at, and the others go on.
`subscriber import` reads an export back unchanged. Text is written in pieces, so memory does not grow with the list.

A cell that a spreadsheet would take for a formula is written with one more `'`, which reading takes off.
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from pressrun.core.errors import BadInput
from pressrun.core.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.services.operating.import_rows import ImportRow, SuppressionRow
from pressrun.services.reports.ledger_reports import require_list
from pressrun.store import enrolment, suppressions
from pressrun.store.transaction import Row, Transaction

KNOWN_COLUMNS = ("email", "name", "language", "subscribed_at", "consent_source", "consent_ip", "state")
# Every edition has these fields, so a column of that name could never be used.
_RESERVED = frozenset({"unsubscribe_url", "preferences_url", "archive_url", "latest_url", "list.title"})
# In other programs' files these columns say who left, bounced or never confirmed. As merge fields they would be
# ignored, and all of those people would be mailed.
_STATE_COLUMNS = frozenset({"status", "blacklisted", "confirmed", "disabled", "delivery"})
_FIELD_NAME = re.compile(r"[^\W\d][\w .-]*")
SUPPRESSION_COLUMNS = ("address", "reason", "since")
_LARGEST_CELL = 1 << 20
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PAGE = 1000
_PIECE = 1 << 16

Record = tuple[int, list[str]]
"""The line of the file that a record begins at, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be read: the line it begins at, and the reason."""

    line: int
    reason: str


def parse_subscribers(file: BinaryIO) -> Iterator[ImportRow | BadRow]:
    """The rows of a CSV file below its header, unchecked; `file` is read twice from where it is.

    Raises BadInput at once when the file is not UTF-8, has no `email` column, or names a column twice.
    """
    records = _records(file)
    return _subscriber_rows(records, _read_header(records))


def _subscriber_rows(records: Iterator[Record], header: Sequence[str]) -> Iterator[ImportRow | BadRow]:
    width = len(header)
    known = [(name, header.index(name)) for name in KNOWN_COLUMNS if name in header]
    others = [(name, place) for place, name in enumerate(header) if name not in KNOWN_COLUMNS]
    for line, cells in records:
        if len(cells) != width:
            yield BadRow(line=line, reason=f"has {len(cells)} fields where the header has {width}")
            continue
        texts = {name: unescape_cell(cells[place]) for name, place in known}
        attributes = {name: unescape_cell(cells[place]) for name, place in others if cells[place]}
        yield ImportRow(line=line, attributes=attributes, **texts)


def _read_header(records: Iterator[Record]) -> list[str]:
    _, cells = next(records, (1, []))
    header = []
    for cell in cells:
        name = unescape_cell(cell.strip()).strip()
        header.append(name.lower() if name.lower() in KNOWN_COLUMNS else name)
    if "email" not in header:
        named = ", ".join(repr(name) for name in header) or "nothing"
        hint = "; it is separated by ';' instead of commas" if len(header) == 1 and ";" in header[0] else ""
        if len(header) == 1 and "@" in header[0]:
            hint = "; to import a plain list of addresses, put the word `email` on a line above them"
        raise BadInput(f"the file has no column `email`: its first line names {named}{hint}")
    for name in header:
        if header.count(name) > 1:
            raise BadInput(f"the column {name!r} appears {header.count(name)} times in the header")
        if name.lower() in _STATE_COLUMNS:
            raise BadInput(
                f"the column {name!r} may say who must not be mailed. Turn it into a column `state` with active, "
                "unsubscribed or suspended, or remove it from the file"
            )
        if name in _RESERVED or not _FIELD_NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} cannot name a column. Columns become merge fields: a letter, then letters, digits, "
                "spaces, '_', '-' and '.', and none of " + ", ".join(sorted(_RESERVED))
            )
    return header


def parse_suppressions(file: BinaryIO) -> Iterator[SuppressionRow | BadRow]:
    """The rows of a CSV file `address,reason,since`, or of a bare list of addresses, one a line; raises BadInput."""
    records = _records(file)
    line, first = next(records, (1, []))
    header = [unescape_cell(cell.strip()).strip().lower() for cell in first]
    if "address" not in header and "email" not in header:
        return _suppression_rows(chain([(line, first)] if first else [], records), SUPPRESSION_COLUMNS)
    header = ["address" if name == "email" else name for name in header]
    for name in header:
        if name not in SUPPRESSION_COLUMNS or header.count(name) > 1:
            raise BadInput(f"the columns are {', '.join(SUPPRESSION_COLUMNS)}, each once; found {name!r}")
    return _suppression_rows(records, header)


def _suppression_rows(records: Iterable[Record], header: Sequence[str]) -> Iterator[SuppressionRow | BadRow]:
    for line, cells in records:
        if len(cells) > len(header):
            yield BadRow(line=line, reason=f"has {len(cells)} fields; at most {len(header)} are allowed")
            continue
        texts = dict(zip(header, map(unescape_cell, cells), strict=False))
        yield SuppressionRow(line=line, **{"address": "", **texts})


def _records(file: BinaryIO) -> Iterator[Record]:
    """Every record that is not blank, after the whole file was checked to be text; raises BadInput."""
    start = file.tell()
    _require_text(file)
    file.seek(start)
    return _read_records(file)


def _require_text(file: BinaryIO) -> None:
    """Raise BadInput that names the first line which is not UTF-8 or has a NUL character."""
    decoder = getincrementaldecoder("utf-8")()
    start = at = file.tell()
    while True:
        piece = file.read(_PIECE)
        rest = len(decoder.getstate()[0])  # of a character that the piece before has begun
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as problem:
            line = _line_at(file, start, at - rest + problem.start)
            raise BadInput(f"line {line} is not UTF-8. Save the file in that encoding") from None
        if b"\0" in piece:
            line = _line_at(file, start, at + piece.index(b"\0"))
            raise BadInput(f"line {line} contains a NUL character. The file is not text, or it is UTF-16")
        if not piece:
            return
        at += len(piece)


def _line_at(file: BinaryIO, start: int, end: int) -> int:
    """The number of the line that an octet is in, where LF, CR and CRLF end a line."""
    file.seek(start)
    ends, line = io.IncrementalNewlineDecoder(None, translate=True), 1
    while start < end:
        piece = file.read(min(_PIECE, end - start))
        start += len(piece)
        line += ends.decode(piece.decode("latin-1"), final=start == end).count("\n")
    return line


def _read_records(file: BinaryIO) -> Iterator[Record]:
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as problem:
        raise BadInput(f"line {line} cannot be read as CSV: {problem}") from None
    except UnicodeDecodeError:
        raise BadInput(f"line {line} is not UTF-8: the file was changed while it was read") from None
    finally:
        with suppress(ValueError):  # closed already
            text.detach()  # else the file would be closed with it


def export_subscribers(tx: Transaction, list_name: str, *, file_format: str, state: str | None) -> Iterator[str]:
    """Everyone on a list, or those in one state, as pieces of a CSV or JSON file; raises NotFound."""
    target = require_list(tx, list_name)
    members = _members(tx, target.id, tuple(SubscriptionState) if state is None else (state,))
    if file_format == "json":
        return _as_json(members)
    columns = enrolment.list_columns(tx, target.id)
    return as_csv([*KNOWN_COLUMNS, *columns], _cells(members, columns))


def export_suppressions(tx: Transaction) -> Iterator[str]:
    """Every suppression that still has its address, as pieces of a CSV file `address,reason,since`."""
    rows = ([row["address"], row["reason"], rfc3339(row["since"]) or ""] for row in suppressions.list_suppressions(tx))
    return as_csv(SUPPRESSION_COLUMNS, (row for row in rows if row[0] is not None))


def _members(tx: Transaction, list_id: int, states: Sequence[str]) -> Iterator[dict[str, object]]:
    for state in states:
        after = 0
        while page := enrolment.export_page(tx, list_id=list_id, state=state, after=after, limit=_PAGE):
            after = page[-1]["id"]
            yield from map(_member, page)


def _member(row: Row) -> dict[str, object]:
    evidence = json.loads(row["consent"] or "{}")
    # Readers who came over from another language agreed to the newsletter there, from a network address of that time.
    carried = evidence.get("carried")
    source = carried[-1]["source"] if carried else evidence.get("source")
    return {
        "email": row["address"],
        "name": row["name"],
        "language": row["language"],
        "subscribed_at": rfc3339(row["since"]),
        "consent_source": source or row["source"],
        "consent_ip": None if carried else row["consent_ip"],
        "state": row["state"],
        "attributes": json.loads(row["attributes"]),
    }


def _cells(members: Iterable[dict[str, object]], columns: Sequence[str]) -> Iterator[list[str]]:
    for member in members:
        attributes = member["attributes"]
        own = [attributes.get(name, "") for name in columns] if isinstance(attributes, dict) else []
        yield [*(str(member[name] or "") for name in KNOWN_COLUMNS), *own]


def _as_json(members: Iterable[dict[str, object]]) -> Iterator[str]:
    before = "[\n"
    for member in members:
        yield before + json.dumps(member, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV file in pieces; a spreadsheet takes none of its cells for a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    for row in chain([header], rows):
        writer.writerow([escape_cell(cell) for cell in row])
        if buffer.tell() > _PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def escape_cell(text: str) -> str:
    """The text as a file holds it; `unescape_cell` gives it back."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """The text that a cell means."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
