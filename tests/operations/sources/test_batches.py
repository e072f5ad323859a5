"""Members in batches: neighbours together, those of one address in their order, and no row of the file left out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.batches import member_batches
from pressrun.operations.sources.member import SourceMember
from pressrun.services.members import neighbours
from pressrun.services.members.neighbours import address_key

BATCH, NEARBY = 3, 8
ADDRESSES = ("b@x.example", "A@x.example", "a@x.example", "a@X.EXAMPLE", "ü@x.example", "a@bücher.example", "nobody")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Few rows fill a batch, and few batches wait."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(neighbours, "BATCH", BATCH)
        patched.setattr(neighbours, "NEARBY", NEARBY)
        patched.setattr(neighbours, "_IN_MEMORY", 3)
        yield


@given(st.lists(st.sampled_from([*ADDRESSES, None]), max_size=40))
def test_all_rows_come_and_those_of_one_address_in_their_order(addresses: list[str | None]) -> None:
    """A batch that may share an address with the one before says so, and the last one of its neighbours, too."""
    rows = [
        BadRow(line=line, reason="bad") if address is None else SourceMember(line=line, address=address)
        for line, address in enumerate(addresses)
    ]
    batches = list(member_batches(rows))
    lines: dict[str, list[int]] = {}
    before: set[str] = set()
    for batch in batches:
        assert len(batch.members) <= BATCH
        keys = {address_key(member) for member in batch.members}
        assert batch.is_first or not keys & before
        before = keys
        for member in batch.members:
            lines.setdefault(address_key(member), []).append(member.line)
    assert lines == {key: sorted(of_key) for key, of_key in lines.items()}
    bad = [row.line for batch in batches for row in batch.bad]
    assert sorted([*bad, *(line for of_key in lines.values() for line in of_key)]) == list(range(len(rows)))
    ends, at = [], 0
    for batch in batches:
        at += len(batch)
        if batch.is_last:
            ends.append(at)
    assert ends == [min(end, len(rows)) for end in range(NEARBY, len(rows) + NEARBY, NEARBY)]


@given(st.lists(st.integers(0, 60), max_size=30))
def test_long_rows_make_smaller_batches_and_fewer_neighbours(lengths: list[int]) -> None:
    """So that no more characters wait than there is room for."""
    rows = [SourceMember(line=line, address="a@x.example", name="n" * length) for line, length in enumerate(lengths)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(neighbours, "BATCH_CHARACTERS", 100)
        patched.setattr(neighbours, "NEARBY_CHARACTERS", 300)
        batches = list(member_batches(rows))
    assert rows == [member for batch in batches for member in batch.members]
    assert not [batch for batch in batches if sum(len(member.name) for member in batch.members[:-1]) >= 100]
    together: list[list[int]] = [[]]
    for batch in batches:
        together[-1] += [len(msgspec.json.encode(member)) for member in batch.members]
        if batch.is_last:
            together.append([])
    assert not [lengths for lengths in together if sum(lengths[:-1]) >= 300]
