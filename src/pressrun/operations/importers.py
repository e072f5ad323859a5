"""Files of subscribers and suppressions → rows with the line each begins at. CSV (RFC 4180), in UTF-8.

What makes a whole file useless raises BadInput; what is wrong with one row is told with its line, and the others go on.
Nothing here knows the database: which address is good and what becomes of it is decided by the services.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pressrun.core.errors import BadInput
from pressrun.operations.cells import unescape_cell
from pressrun.services.operating.entries import ImportRow
from pressrun.services.operating.suppressing import SuppressionRow

FORMATS = ("csv",)
KNOWN_COLUMNS = ("email", "name", "language", "subscribed_at", "consent_source", "consent_ip", "state")
# The fields that every edition has: a column of that name could never be used.
_TAKEN = frozenset({"unsubscribe_url", "preferences_url", "archive_url", "latest_url", "list.title"})
# Where other programs say who left, bounced or never confirmed. Taken as merge fields, all of those would be mailed.
_STATE_COLUMNS = frozenset({"status", "blacklisted", "confirmed", "disabled", "delivery"})
_FIELD_NAME = re.compile(r"[^\W\d][\w .-]*")
_SUPPRESSION_COLUMNS = ("address", "reason", "since")
_LARGEST_CELL = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be read: where it begins and why."""

    line: int
    reason: str


def parse_subscribers(content: bytes) -> Iterator[ImportRow | BadRow]:
    """The rows of a CSV file below its header, as they stand there.

    Raises BadInput at once when the file is not UTF-8, has no `email` column, or names a column twice.
    """
    records = _records(decode(content))
    header = _read_header(records)
    return _subscriber_rows(records, header)


def _subscriber_rows(records: Iterator[tuple[int, list[str]]], header: Sequence[str]) -> Iterator[ImportRow | BadRow]:
    own = [(index, name) for index, name in enumerate(header) if name not in KNOWN_COLUMNS]
    known = [(index, name) for index, name in enumerate(header) if name in KNOWN_COLUMNS]
    for line, cells in records:
        if len(cells) != len(header):
            yield BadRow(line=line, reason=f"has {len(cells)} fields where the header has {len(header)}")
            continue
        texts = [unescape_cell(cell) for cell in cells]
        yield ImportRow(
            line=line,
            **{name: texts[index] for index, name in known},
            attributes={name: texts[index] for index, name in own if texts[index]},
        )


def _read_header(records: Iterator[tuple[int, list[str]]]) -> list[str]:
    _, cells = next(records, (1, []))
    header = []
    for cell in cells:
        name = unescape_cell(cell.strip()).strip()
        header.append(name.lower() if name.lower() in KNOWN_COLUMNS else name)
    if "email" not in header:
        found = ", ".join(repr(name) for name in header) or "nothing"
        hint = "; it is separated by ';' instead of commas" if len(header) == 1 and ";" in header[0] else ""
        if len(header) == 1 and "@" in header[0]:
            hint = "; to import a plain list of addresses, put the word `email` on a line above them"
        raise BadInput(f"the file has no column `email`: its first line names {found}{hint}")
    for name in header:
        if header.count(name) > 1:
            raise BadInput(f"the column {name!r} appears {header.count(name)} times in the header")
        if name.lower() in _STATE_COLUMNS:
            raise BadInput(
                f"the column {name!r} may say who must not be mailed. Turn it into a column `state` with active, "
                "unsubscribed or suspended, or remove it from the file"
            )
        if name in _TAKEN or not _FIELD_NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} cannot name a column. Columns become merge fields: a letter, then letters, digits, "
                "spaces, '_', '-' and '.', and none of " + ", ".join(sorted(_TAKEN))
            )
    return header


def parse_suppressions(content: bytes) -> Iterator[SuppressionRow | BadRow]:
    """The rows of a CSV file `address,reason,since`, or of a bare list of addresses, one a line; raises BadInput."""
    records = _records(decode(content))
    line, first = next(records, (1, []))
    header = [unescape_cell(cell.strip()).strip().lower() for cell in first]
    if "address" in header or "email" in header:
        return _suppression_rows(records, ["address" if name == "email" else name for name in header])
    return _suppression_rows(_chained((line, first), records), _SUPPRESSION_COLUMNS)


def _suppression_rows(
    records: Iterator[tuple[int, list[str]]], header: Sequence[str]
) -> Iterator[SuppressionRow | BadRow]:
    for name in header:
        if name not in _SUPPRESSION_COLUMNS or header.count(name) > 1:
            raise BadInput(f"the columns are {', '.join(_SUPPRESSION_COLUMNS)}, each once; found {name!r}")
    return _suppressions(records, header)


def _suppressions(records: Iterator[tuple[int, list[str]]], header: Sequence[str]) -> Iterator[SuppressionRow | BadRow]:
    for line, cells in records:
        if len(cells) > len(header):
            yield BadRow(line=line, reason=f"has {len(cells)} fields; at most {len(header)} are allowed")
            continue
        texts = {name: unescape_cell(cell) for name, cell in zip(header, cells, strict=False)}
        yield SuppressionRow(
            line=line, address=texts.get("address", ""), reason=texts.get("reason", ""), since=texts.get("since", "")
        )


def _chained(first: tuple[int, list[str]], others: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    if first[1]:
        yield first
    yield from others


def decode(content: bytes) -> str:
    """The text of a file; a byte order mark is dropped. Raises BadInput that names the line which is not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = len(re.findall(rb"\r\n|\r|\n", content[: problem.start])) + 1
        raise BadInput(f"line {line} is not UTF-8. Save the file in that encoding") from None
    if "\0" in text:
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")])) + 1
        raise BadInput(f"line {line} contains a NUL character. The file is not text, or it is UTF-16")
    return text


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line of the file that it begins at; blank lines are passed over."""
    previous = csv.field_size_limit(_LARGEST_CELL)
    csv.field_size_limit(max(previous, _LARGEST_CELL))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as problem:
        raise BadInput(f"line {line} cannot be read as CSV: {problem}") from None
