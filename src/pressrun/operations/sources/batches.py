"""Members in batches, each of them imported by one transaction.

Those of many batches wait in memory, where they are sorted by their addresses (services.operating.subscriber_import).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from pressrun.core.address import parse_address
from pressrun.core.errors import BadInput
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.services.operating.import_rows import ImportRow, SuppressionRow
from pressrun.services.operating.subscriber_import import (
    BATCH,
    BATCH_CHARACTERS,
    NEARBY,
    NEARBY_CHARACTERS,
    address_key,
    cut_rows,
)

_APART = frozenset({MemberState.SUPPRESSED, MemberState.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class MemberBatch:
    """Some members in the order of their addresses, and rows that cannot be read.

    `is_first` where the batch before may have one of its addresses as well, and is to be imported first. `is_last`
    where no further batch has lines of the file between those of this one.
    """

    members: list[SourceMember] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    is_first: bool = True
    is_last: bool = True

    @property
    def rows(self) -> tuple[ImportRow, ...]:
        """What becomes of members in a state of ours."""
        return tuple(member.as_row() for member in self.members if member.state not in _APART)

    @property
    def suppressions(self) -> tuple[SuppressionRow, ...]:
        """What becomes of members who must not be mailed."""
        return tuple(member.as_suppression() for member in self.members if member.state is MemberState.SUPPRESSED)

    @property
    def unconfirmed(self) -> list[SourceMember]:
        """Members who are left out."""
        return [member for member in self.members if member.state is MemberState.UNCONFIRMED]

    @property
    def originals(self) -> dict[int, str]:
        """The text of each row by its line."""
        return {one.line: one.original for one in self.members} | {one.line: one.original for one in self.bad}

    def __len__(self) -> int:
        return len(self.members) + len(self.bad)


def address_keys(members: Iterable[SourceMember | BadRow]) -> Iterator[str]:
    """The keys of the addresses of all members, as far as they are addresses."""
    for member in members:
        if isinstance(member, SourceMember):
            with suppress(BadInput):
                yield parse_address(member.address).key


def member_batches(members: Iterable[SourceMember | BadRow]) -> Iterator[MemberBatch]:
    """The members as many at a time as one transaction imports, or fewer long ones."""
    for near in cut_rows(members, NEARBY, NEARBY_CHARACTERS):
        bad = [one for one in near if isinstance(one, BadRow)]
        good = [one for one in near if isinstance(one, SourceMember)]
        near.clear()
        good.sort(key=address_key)
        yield from _sorted_batches(good, bad)


def _sorted_batches(good: list[SourceMember], bad: list[BadRow]) -> Iterator[MemberBatch]:
    """Members in the order of their addresses, in batches; the first one has the rows that cannot be read."""
    parts = list(cut_rows(good, BATCH, BATCH_CHARACTERS)) or [[]]
    good.clear()
    last_key = None
    for number, part in enumerate(parts):
        is_first = not part or last_key in (None, address_key(part[0]))
        last_key = address_key(part[-1]) if part else None
        yield MemberBatch(part, bad if number == 0 else [], is_first, number == len(parts) - 1)
