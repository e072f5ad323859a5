"""The chain of evidence: how each row is linked to the previous one, and how to detect tampering.

A row's digests are salted, and the chain covers the digests alone. So what a row says can be erased with its salt, and
the network address it came from can age with a salt of its own, and the chain still holds; without the salt nobody can
try out which content, or which of the four billion addresses, a digest was made of.

Separate rows, the marks, say what was erased and what has aged. Content that is gone without a mark was tampered with.
Nothing here knows a key, so anybody with a copy of the rows can follow the chain. Its head should be kept elsewhere:
somebody who can write the rows and every place where the head was kept can forge a chain.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from pressrun.core.errors import BadInput

ERASED = "erased"  # a mark: what the rows that it names said is gone, since a person or an unconfirmed request is
AGED = "aged"  # a mark: network addresses of rows up to the one that it names are gone
MARKS = frozenset({ERASED, AGED})

MOST_PROBLEMS = 100  # described one by one; more are counted


class ChainRow(NamedTuple):
    """One row as stored. A value is None if it was erased, has aged, or was never known."""

    number: int
    subscriber_id: int | None
    list_id: int | None
    event: str
    at: int
    salt: bytes | None
    content: str | None
    content_digest: bytes
    ip: str | None
    ip_salt: bytes | None
    ip_digest: bytes | None
    chain: bytes


class Head(NamedTuple):
    """The state of the chain at some time: the number of its last row, and that row's link."""

    number: int
    chain: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.chain.hex()}"


NO_ROWS = Head(0, b"")


def parse_head(text: str) -> Head:
    """A head as it is printed and kept, `NUMBER:CHAIN` with the chain in hexadecimal digits; raises BadInput."""
    match = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text, re.ASCII)
    if match is None:
        raise BadInput(f"{text[:100]!r} is not a chain head. Expected something like 1234:9f86d0…, with 64 digits")
    return Head(int(match[1]), bytes.fromhex(match[2]))


def content_digest(salt: bytes, subscriber_id: int | None, content: str) -> bytes:
    """The digest that the chain holds for a content, including whose it is."""
    return hashlib.sha256(b"%b%d\0%b" % (salt, subscriber_id or 0, content.encode())).digest()


def ip_digest(salt: bytes, ip: str) -> bytes:
    """The digest that the chain holds for a network address."""
    return hashlib.sha256(salt + ip.encode()).digest()


def link(before: bytes, row: ChainRow, number: int | None = None) -> bytes:
    """The link of a row to the previous one, `b""` for the first. `number` is for a row that has none yet."""
    numbers = row.number if number is None else number, row.list_id or 0
    head = b"%b\0%d\0%d\0%b\0%d\0" % (before, *numbers, row.event.encode(), row.at)
    return hashlib.sha256(head + row.content_digest + (row.ip_digest or b"")).digest()


def split_salt(secret: bytes) -> tuple[bytes, bytes]:
    """The salts of a content and a network address, 16 octets each, from 16 random ones. Neither reveals the other."""
    digest = hashlib.sha256(secret).digest()
    return digest[:16], digest[16:]


def mark_of_erased(numbers: Iterable[int]) -> str:
    """The content of the mark that these rows were erased: ranges of numbers, and nothing about anybody."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return json.dumps({"rows": ranges})


def mark_of_aged(number: int) -> str:
    """The content of the mark that network addresses up to this row have aged."""
    return json.dumps({"through": number})


class Audit(Struct):
    """Verifies a chain row by row. `rows`, `erased` and `aged` are counts, `problems` describe what is wrong."""

    rows: int = 0
    erased: int = 0
    aged: int = 0
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0
    _last: Head = NO_ROWS
    _bare: set[int] = field(default_factory=set)  # rows without content that no mark has named yet
    _without_ip: array[int] = field(default_factory=lambda: array("q"))  # the same for network addresses
    _witnessed: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)

    @property
    def head(self) -> Head:
        """The last row that was verified."""
        return self._last

    def expect(self, head: Head, where: str) -> None:
        """Require that the chain contains this head, which was stored `where`. Call it before the first row."""
        if head.number:
            self._witnessed.setdefault(head.number, []).append((where, head.chain))

    def follow(self, rows: Iterable[ChainRow]) -> None:
        """Verify the next rows, in the order of their numbers."""
        for row in rows:
            if row.number != self._last.number + 1:
                self._report(f"rows {self._last.number + 1} to {row.number - 1} are missing")
            elif link(self._last.chain, row) != row.chain:
                self._report(f"row {row.number} was changed, or is in the wrong place")
            self._check_content(row)
            self._check_ip(row)
            if row.event in MARKS:
                self._apply_mark(row)
            if row.number in self._witnessed:
                self._compare(row)
            self.rows += 1
            self._last = Head(row.number, row.chain)

    def finish(self, head: Head) -> None:
        """After the last row; `head` is the one that the database keeps beside the rows, which the next row follows."""
        if head.number > self._last.number:
            self._report(f"rows {self._last.number + 1} to {head.number} are missing")
        elif head != self._last:
            self._report(f"the stored head of the chain does not match row {self._last.number}, the last one")
        for number, kept in sorted(self._witnessed.items()):
            for where, _ in kept:
                self._report(f"row {number} is missing, although its head is {where}")
        for number in sorted(self._bare):
            self._report(f"the content of row {number} is missing, and no row records that it was erased")
        for number in self._without_ip:
            self._report(f"the network address of row {number} is missing, and no row records that it has aged")

    def _report(self, problem: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def _check_content(self, row: ChainRow) -> None:
        if row.content is None and row.salt is None and row.ip is None and row.subscriber_id is None:
            self._bare.add(row.number)
        elif row.content is None or row.salt is None:
            self._report(f"row {row.number} is only half erased")
        elif content_digest(row.salt, row.subscriber_id, row.content) != row.content_digest:
            self._report(f"the content of row {row.number} was changed")

    def _check_ip(self, row: ChainRow) -> None:
        if row.ip is None and row.ip_salt is None:
            if row.ip_digest is not None and row.content is not None:
                self._without_ip.append(row.number)
        elif row.ip is None or row.ip_salt is None or row.ip_digest != ip_digest(row.ip_salt, row.ip):
            self._report(f"the network address of row {row.number} was changed")

    def _apply_mark(self, row: ChainRow) -> None:
        try:
            content = json.loads(row.content or "")
            if row.event == AGED:
                self._apply_aged(int(content["through"]))
            else:
                self._apply_erased([(int(first), int(last)) for first, last in content["rows"]])
        except (ValueError, KeyError, TypeError):
            self._report(f"row {row.number} should record what was removed, but cannot be read")

    def _apply_aged(self, through: int) -> None:
        kept = array("q", [number for number in self._without_ip if number > through])
        self.aged += len(self._without_ip) - len(kept)
        self._without_ip = kept

    def _apply_erased(self, ranges: Sequence[tuple[int, int]]) -> None:
        for first, last in ranges:
            if last - first < len(self._bare):
                named = self._bare.intersection(range(first, last + 1))
            else:
                named = {number for number in self._bare if first <= number <= last}
            self._bare -= named
            self.erased += len(named)

    def _compare(self, row: ChainRow) -> None:
        for where, chain in self._witnessed.pop(row.number):
            if chain != row.chain:
                self._report(f"row {row.number} does not match the head {where}")
