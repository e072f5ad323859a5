"""Text files from elsewhere as records with their lines: CSV (RFC 4180) and plain lines, in UTF-8.

What makes a whole file useless raises BadInput before the first record. Memory does not grow with the file. A cell that
a spreadsheet would take for a formula is written with one more `'`, which reading takes off. A first line `sep=;`
is for spreadsheets: it names the delimiter, and is neither the header nor a record.
"""

from __future__ import annotations

import csv
import io
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import BinaryIO, NamedTuple

import msgspec

from pressrun.core.errors import BadInput
from pressrun.core.text.cells import escape_cell

SPREADSHEETS = ",;\t"  # they write semicolons where the comma is the decimal sign, and tabs to the clipboard
_LARGEST_CELL = 1 << 20
_LONGEST_LINE = 1 << 20
_LONGEST_RECORD = 1 << 24  # characters: sixteen of the largest cells
_QUOTED_CELL = re.compile(r'"[^"]*(?:"|$)')
_SEPARATOR_LINE = re.compile(
    rb'(?:\xef\xbb\xbf)?(?P<quote>"?)sep=(?P<delimiter>[,;|:\t])(?P=quote)[ \t]{0,8}(?:\r\n|[\r\n]|\Z)', re.IGNORECASE
)
_PIECE = 1 << 16
_ZIP = b"PK\x03\x04"
_OLD_SPREADSHEET = b"\xd0\xcf\x11\xe0"
_SPREADSHEET = "the file is a spreadsheet. Save it as CSV in UTF-8, and import that file"
_ZIP_NAME = 30  # octets before the name of its first file
# How the name of the first file begins in the ZIP archive that a modern spreadsheet is.
_SPREADSHEET_PARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"mimetype")
_ESCAPED_QUOTES = r""". Some programs write \" for a quote, where CSV has "" (`sed 's/\\"/""/g'` changes it)"""
_UNCLOSED = "unexpected end of data"  # the csv module's words for it
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Record(NamedTuple):
    """A record: the line of the file that it begins at, its cells, and its text as the file has it."""

    line: int
    cells: list[str]
    original: str


class TableStart(NamedTuple):
    """How a table begins: its delimiter, the number of lines before the header, and the header's first line."""

    delimiter: str
    lines_before: int
    heading: str


class BadRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row that cannot be read: the line it begins at, the reason, and its text where the source keeps it."""

    line: int
    reason: str
    original: str = ""

    @property
    def mailbox(self) -> str:
        """Nobody's."""
        return ""


def read_records(file: BinaryIO, *, delimiters: str = ",") -> Iterator[Record]:
    """Every record that is not blank, after the whole file was checked; raises BadInput.

    `file` is read more than once from where it is. `delimiters` are as in `read_start`.
    """
    require_text(file)
    start = file.tell()
    begins = read_start(file, delimiters)
    for _ in _read_records(file, begins):
        pass
    file.seek(start)
    return _read_records(file, begins)


def read_start(file: BinaryIO, delimiters: str) -> TableStart:
    """How a table begins; the position in the file stays the same.

    The delimiter is the one that a line `sep=` names. Otherwise it is the first of `delimiters` that the header has
    outside quotes; if it has none, there is one column.
    """
    start = file.tell()
    separator_line = _SEPARATOR_LINE.match(file.read(32))
    file.seek(start + separator_line.end() if separator_line else start)
    first = next((line for line in iter(partial(file.readline, _PIECE), b"") if line.strip()), b"")
    file.seek(start)
    heading = first.decode("utf-8", "replace")
    if separator_line:
        return TableStart(separator_line["delimiter"].decode("ascii"), 1, heading)
    bare = _QUOTED_CELL.sub("", heading)
    return TableStart(next((mark for mark in delimiters if mark in bare), delimiters[0]), 0, heading)


def read_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Every line with its number and without its end, after the whole file was checked to be text; raises BadInput."""
    require_text(file)
    return _read_lines(file)


def require_text(file: BinaryIO) -> None:
    """Raise BadInput that names the first line which is not UTF-8 or has a NUL character; stays where the file is."""
    start = file.tell()
    _check_text(file)
    file.seek(start)


def _check_text(file: BinaryIO) -> None:
    decoder = getincrementaldecoder("utf-8")()
    start = at = file.tell()
    while True:
        piece = file.read(_PIECE)
        if at == start and (other := _other_format(piece)):
            raise BadInput(other)
        rest = len(decoder.getstate()[0])  # of a character that the piece before has begun
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as problem:
            line = _line_at(file, start, at - rest + problem.start)
            raise BadInput(f"line {line} is not UTF-8. Save the file as UTF-8 (in Excel, as 'CSV UTF-8')") from None
        if b"\0" in piece:
            line = _line_at(file, start, at + piece.index(b"\0"))
            raise BadInput(
                f"line {line} contains a NUL character. The file is not text, or it is UTF-16. Save it as CSV in UTF-8"
            )
        if not piece:
            return
        at += len(piece)


def _other_format(beginning: bytes) -> str:
    """What kind of file begins like this, and what to do about it; empty if it may be text in UTF-8."""
    if beginning.startswith(_OLD_SPREADSHEET):
        return _SPREADSHEET
    if beginning.startswith(_ZIP):
        if beginning.startswith(_SPREADSHEET_PARTS, _ZIP_NAME):
            return _SPREADSHEET
        return "the file is a ZIP archive. Unpack it, and import each of the files in it"
    if beginning.startswith(_UTF_16):
        return "line 1 is not UTF-8 but UTF-16. In Excel, save the file as 'CSV UTF-8', not 'Unicode Text'"
    return ""


def _line_at(file: BinaryIO, start: int, end: int) -> int:
    """The number of the line that an octet is in, where LF, CR and CRLF end a line."""
    file.seek(start)
    ends, line = io.IncrementalNewlineDecoder(None, translate=True), 1
    while start < end:
        piece = file.read(min(_PIECE, end - start))
        start += len(piece)
        line += ends.decode(piece.decode("latin-1"), final=start == end).count("\n")
    return line


class _RecordingLines:
    """The lines of a file, and those since the last record; raises csv.Error for a record that is too long."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._read: list[str] = []
        self._left = _LONGEST_RECORD

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self._left + 1):
            self._left -= len(line)
            if self._left < 0:
                raise csv.Error(f"it is longer than {_LONGEST_RECORD} characters")
            self._read.append(line)
            yield line

    def original(self) -> str:
        """The text of the record that was read last."""
        text = "".join(self._read)
        self._read.clear()
        self._left = _LONGEST_RECORD
        return text.rstrip("\r\n")


def _read_records(file: BinaryIO, begins: TableStart) -> Iterator[Record]:
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = _RecordingLines(text)
    reader = csv.reader(lines, delimiter=begins.delimiter, strict=True)
    line = 1
    try:
        for _ in range(begins.lines_before):
            next(reader)
            lines.original()
            line += 1
        for cells in reader:
            original = lines.original()
            if any(map(str.strip, cells)):
                yield Record(line, cells, original)
            line = reader.line_num + 1
    except csv.Error as problem:
        remedy = _ESCAPED_QUOTES if '\\"' in lines.original() else ""
        fault = "a quotation mark is not closed" if str(problem) == _UNCLOSED else problem
        raise BadInput(f"line {line} cannot be read as CSV: {fault}{remedy}") from None
    except UnicodeDecodeError:
        raise BadInput(f"line {line} is not UTF-8: the file was changed while it was read") from None
    finally:
        with suppress(ValueError):  # closed already
            text.detach()  # else the file would be closed with it


def _read_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig")
    number = 0
    try:
        while line := text.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE and not line.endswith("\n"):
                raise BadInput(f"line {number} is longer than {_LONGEST_LINE} characters. The file is something else")
            yield number, line.rstrip("\n")
    except UnicodeDecodeError:
        raise BadInput(f"line {number + 1} is not UTF-8: the file was changed while it was read") from None
    finally:
        with suppress(ValueError):
            text.detach()


class _LinesEndingInLF(io.StringIO):
    """Takes lines that end in CRLF: with LF alone as the ending, csv does not quote a CR in a cell on Python 3.11."""

    def write(self, line: str) -> int:
        return super().write(f"{line[:-2]}\n")


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV file in pieces; a spreadsheet takes none of its cells for a formula."""
    buffer = _LinesEndingInLF(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in chain([header], rows):
        writer.writerow([escape_cell(cell) for cell in row])
        if buffer.tell() > _PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_line(cells: Sequence[str]) -> str:
    """One line of such a file, with its end."""
    return "".join(as_csv(cells, ()))
