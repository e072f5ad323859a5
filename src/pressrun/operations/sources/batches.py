"""Members in batches, each of them imported by one transaction.

They are in the order of their addresses (services.members.neighbours).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from pressrun.core.addresses.address import find_address_key
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.member import MemberState, SourceMember
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.members.neighbours import neighbours

_APART = frozenset({MemberState.SUPPRESSED, MemberState.UNCONFIRMED})


class MemberBatch(Struct, frozen=True):
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
        return {member.line: member.original for member in self.members} | {row.line: row.original for row in self.bad}

    def __len__(self) -> int:
        return len(self.members) + len(self.bad)


def address_keys(members: Iterable[SourceMember | BadRow]) -> Iterator[str]:
    """The keys of the addresses of all members, as far as they are addresses."""
    for member in members:
        key = find_address_key(member.address) if isinstance(member, SourceMember) else None
        if key is not None:
            yield key


def member_batches(members: Iterable[SourceMember | BadRow]) -> Iterator[MemberBatch]:
    """The members as many at a time as one transaction imports, or fewer long ones."""
    for rows, is_first, is_last in neighbours(members):
        good = [row for row in rows if isinstance(row, SourceMember)]
        bad = [row for row in rows if isinstance(row, BadRow)]
        yield MemberBatch(good, bad, is_first, is_last)
