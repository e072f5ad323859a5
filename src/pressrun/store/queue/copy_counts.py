"""How many copies of each edition are in each state, kept by the transactions that change them.

Counting the rows of an edition takes a second for ten million of them, and claims, pages and metrics ask all the time.
So whatever changes the state of a copy also counts it here, in the same transaction. The numbers are written right
before the commit, because all transactions that change copies of an edition write the same row. Housekeeping compares
them with the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store.transaction import Row, Transaction, in_json

REFUSED = "refused"  # of the failed ones: those that a reader's server refused for good
BEGUN = "begun"  # how many have been claimed for the first time; given back before their attempt, they wait once more
COUNTED = (*(state.value for state in DeliveryState), REFUSED)
_COLUMNS = (*COUNTED, BEGUN)


class _Move(Struct, frozen=True):
    edition_id: int
    before: DeliveryState | None
    after: DeliveryState | None
    number: int
    refused: int

    def add_to(self, numbers: dict[str, int]) -> None:
        """Change the numbers of the edition."""
        numbers[REFUSED] += self.refused
        if self.before is not None:
            numbers[self.before.value] -= self.number
        if self.after is not None:
            numbers[self.after.value] += self.number
        if self.before is DeliveryState.QUEUED and self.after is DeliveryState.CLAIMED:
            numbers[BEGUN] += self.number
        elif self.before in (DeliveryState.CLAIMED, DeliveryState.FAILED) and self.after is DeliveryState.QUEUED:
            numbers[BEGUN] -= self.number


def count_move(
    tx: Transaction,
    edition_id: int | None,
    before: DeliveryState | None,
    after: DeliveryState | None,
    number: int,
    *,
    refused: int = 0,
) -> None:
    """Count that `number` copies were in the state `before` (None: new) and are `after` now (None: deleted).

    Notices, which belong to no edition, are not counted. `refused` is how the number of refused ones changes.
    """
    if edition_id is not None and number:
        tx.before_commit(_store, _Move(edition_id, before, after, number, refused))


def _store(tx: Transaction, moves: Sequence[_Move]) -> None:
    """Store the changes, always in the same order of editions, so that transactions do not wait for each other."""
    by_edition: dict[int, dict[str, int]] = {}
    for move in moves:
        changes = by_edition.get(move.edition_id)
        if changes is None:
            changes = by_edition[move.edition_id] = dict.fromkeys(_COLUMNS, 0)
        move.add_to(changes)
    for edition_id, changes in sorted(by_edition.items()):
        if any(changes.values()):
            tx.run("copy_counts.add", edition_id=edition_id, **changes)


def _numbers(tx: Transaction, edition_id: int) -> dict[str, int]:
    """The numbers of an edition, with what this transaction has changed so far."""
    return _with_pending(tx, edition_id, tx.row("copy_counts.get", edition_id=edition_id))


def _with_pending(tx: Transaction, edition_id: int, row: Row | None) -> dict[str, int]:
    numbers = {name: 0 if row is None else int(row[name]) for name in _COLUMNS}
    pending: list[_Move] = tx.deferred(_store)
    for move in pending:
        if move.edition_id == edition_id:
            move.add_to(numbers)
    return numbers


def count_copies(tx: Transaction, edition_id: int) -> dict[str, int]:
    """How many copies of an edition are in each state; every state is there."""
    return _by_state(_numbers(tx, edition_id))


def count_copies_of(tx: Transaction, edition_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """The same of each of these editions, by its id."""
    rows = {row["edition_id"]: row for row in tx.rows("copy_counts.of_editions", ids=in_json(edition_ids))}
    return {number: _by_state(_with_pending(tx, number, rows.get(number))) for number in edition_ids}


def _by_state(numbers: Mapping[str, int]) -> dict[str, int]:
    return {state.value: numbers[state.value] for state in DeliveryState}


def count_outcomes(tx: Transaction, edition_id: int) -> tuple[int, int]:
    """How many copies of an edition were delivered or have failed, and how many of those were refused permanently."""
    numbers = _numbers(tx, edition_id)
    return numbers[DeliveryState.DELIVERED] + numbers[DeliveryState.FAILED], numbers[REFUSED]


def count_begun(tx: Transaction, edition_id: int) -> int:
    """How many copies of an edition have been attempted, including those in flight."""
    return _numbers(tx, edition_id)[BEGUN]


def count_live(tx: Transaction) -> dict[str, int]:
    """How many copies of unfinished editions are in each state; every state is there."""
    row = tx.row("copy_counts.live")
    assert row is not None  # an aggregate always has a row
    return {state.value: int(row[state.value] or 0) for state in DeliveryState}


def changing_editions(tx: Transaction, after: int, over_since: int) -> list[int]:
    """The ids of some editions whose copies may still change, in order, after this one.

    They are not over, or have been only since `over_since`. Those whose rows are being removed are left out.
    """
    return [row["edition_id"] for row in tx.rows("copy_counts.editions", after=after, over_since=over_since)]


def find_difference(tx: Transaction, edition_id: int) -> dict[str, int] | None:
    """The counts of an edition's rows if they differ from the kept numbers; None if they agree."""
    counted = dict.fromkeys(COUNTED, 0)
    for row in tx.rows("copy_counts.count", edition_id=edition_id):
        counted[row["state"]] = row["number"]
    counted[REFUSED] = tx.value("copy_counts.count_refused", edition_id=edition_id)
    kept = _numbers(tx, edition_id)
    return None if all(counted[name] == kept[name] for name in COUNTED) else counted


def recount(tx: Transaction, edition_id: int) -> bool:
    """Store what the rows say; False if that was stored already."""
    tx.run_deferred()  # what is counted now must not be added to it later
    counted = find_difference(tx, edition_id)
    if counted is not None:
        tx.run("copy_counts.set", edition_id=edition_id, **counted)
    return counted is not None
