"""Sorts the rows of an import by address, so that those of a batch are neighbours in the index of addresses.

A batch of unsorted rows changes a page of that index for nearly every row. The more rows are sorted at a time, the
fewer pages each of them costs. They wait in temporary files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from pressrun.core.addresses.address import find_address_key
from pressrun.runtime.sorted_texts import TextSorter

BATCH = 2_500  # rows of a transaction: an index is written page by page, so more are cheaper, but others wait for each
BATCH_CHARACTERS = 1 << 20  # of its rows in JSON, which keeps its memory small
NEARBY = 100_000  # rows that are sorted at a time: the first of them waits until all of them are read,
NEARBY_CHARACTERS = 64 << 20  # or fewer long ones
_IN_MEMORY, _IN_MEMORY_CHARACTERS = 2_500, 1 << 20  # of these; a file for each time as many

_encode = msgspec.json.Encoder().encode


class AddressedRow(Protocol):
    """A row that msgspec can encode, unchecked: the address as its source has it."""

    @property
    def mailbox(self) -> str: ...


R = TypeVar("R", bound=AddressedRow)


class Neighbours(NamedTuple, Generic[R]):
    """Some rows in the order of their addresses.

    `is_first` if the previous part may contain one of the addresses, too. `is_last` if no further part has lines of the
    file between those of this one.
    """

    rows: list[R]
    is_first: bool
    is_last: bool


def in_batches(rows: Iterable[R]) -> Iterator[list[R]]:
    """The rows, BATCH at a time, or fewer long ones: that keeps each transaction short."""
    return (part.rows for part in neighbours(rows))


def neighbours(rows: Iterable[R]) -> Iterator[Neighbours[R]]:
    """The rows as sorted batches; rows with the same address keep their order.

    Further rows are read a batch at a time, while the caller works on the previous batch.
    """
    source, pile = iter(rows), _Pile[R]()
    pile.fill(source, NEARBY)
    while pile.number:
        following, last_key = _Pile[R](), None
        with closing(pile):
            for part in pile.parts():
                is_first = last_key in (None, address_key(part[0]))
                last_key = address_key(part[-1])
                yield Neighbours(part, is_first, not pile.number)
                following.fill(source, len(part))
        following.fill(source, NEARBY - following.number)
        pile = following


def address_key(row: AddressedRow) -> str:
    """The key of a row's address, or the text itself if it is not an address."""
    return find_address_key(row.mailbox) or row.mailbox


class _Pile(Generic[R]):
    """Rows as texts that sort by address and place: key, NUL, place and kind of the row, NUL, the row in JSON."""

    def __init__(self) -> None:
        self.number = 0  # of rows that have not been returned yet
        self._characters = 0
        self._sorter = TextSorter(run=_IN_MEMORY, characters=_IN_MEMORY_CHARACTERS)
        self._kinds: dict[type[R], int] = {}
        self.close = self._sorter.close

    def fill(self, source: Iterator[R], number: int) -> None:
        """Add at most `number` rows, while there are any, and room for them."""
        for row in islice(source, number if self._characters < NEARBY_CHARACTERS else 0):
            self._add(row)
            if self._characters >= NEARBY_CHARACTERS:
                break

    def _add(self, row: R) -> None:
        key = address_key(row).replace("\n", " ")
        kind = self._kinds.setdefault(type(row), len(self._kinds))
        text = f"{key}\0{self.number:09}{kind}\0{_encode(row).decode()}"
        self._sorter.add(text)
        self.number += 1
        self._characters += len(text)

    def parts(self) -> Iterator[list[R]]:
        """The rows in their order, as many at a time as one transaction imports."""
        decoders = [msgspec.json.Decoder(kind) for kind in self._kinds]
        part: list[R] = []
        size = 0
        for text in self._sorter:
            head, _, row = text.rpartition("\0")
            part.append(decoders[int(head[-1])].decode(row))
            size += len(row)
            self.number -= 1
            if len(part) == BATCH or size >= BATCH_CHARACTERS or not self.number:
                yield part
                part, size = [], 0
