"""The import of subscribers: what each row does is decided first, then written, or only counted in a dry run.

Rows come in batches, each of them one transaction of a few statements. Importing the same file again changes nothing,
so an interrupted import can be repeated. It never brings back anyone who unsubscribed, is suppressed or is suspended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from pressrun.core.errors import BadInput
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.services.members.import_decision import ImportOptions, RowOutcome
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.import_writes import ImportWriter, RowChange
from pressrun.services.members.row_checks import CheckedRow, check_row
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import address_changes, enrolment
from pressrun.store.readers.enrolment import PriorState
from pressrun.store.transaction import Transaction

SKIPPED = {
    RowOutcome.SKIPPED_SUPPRESSED: "the address is suppressed",
    RowOutcome.SKIPPED_UNSUBSCRIBED: "has unsubscribed",
}


class ImportCounts(Struct, kw_only=True):
    """How many rows had each outcome; `invalid` and `skipped` are (line of the file, reason).

    `changed_since` are the lines of rows that would now do something else than somebody was shown. `followed` is the
    number of rows that were used for people whose address has changed since.
    """

    rows: dict[RowOutcome, int] = field(default_factory=lambda: dict.fromkeys(RowOutcome, 0))
    invalid: list[tuple[int, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    changed_since: list[int] = field(default_factory=list)
    followed: int = 0

    def add(self, row: CheckedRow, outcome: RowOutcome) -> None:
        """Count a row, and keep the line of one that is skipped."""
        self.rows[outcome] += 1
        if outcome in SKIPPED:
            self.skipped.append((row.line, SKIPPED[outcome]))

    def plain(self) -> dict[str, object]:
        """As `subscriber import` prints it."""
        return {
            **{outcome.value: number for outcome, number in self.rows.items()},
            **({"followed": self.followed} if self.followed else {}),
            "invalid": [{"line": line, "reason": reason} for line, reason in self.invalid],
            "skipped": [{"line": line, "reason": reason} for line, reason in self.skipped],
        }


class PreparedRows(Struct, frozen=True, kw_only=True):
    """Rows with all that can be found out without the database.

    `invalid` has (line, reason) for refused rows. `digests` has the digests of all other addresses, by their key.
    `shown` has, by line, what somebody was shown about each row: no row does anything else.
    """

    rows: list[CheckedRow]
    invalid: list[tuple[int, str]]
    digests: dict[str, Digests]
    shown: Mapping[int, str] | None = None


def prepare_rows(options: ImportOptions, rows: Iterable[ImportRow]) -> PreparedRows:
    """Check rows before the transaction that imports them, to keep that transaction short."""
    checked, invalid = [], []
    for row in rows:
        try:
            checked.append(check_row(row, options.now))
        except BadInput as problem:
            invalid.append((row.line, str(problem)))
    digests = {row.key: digests_of(options.keys, row.address) for row in checked}
    return PreparedRows(rows=checked, invalid=invalid, digests=digests)


def import_rows(tx: Transaction, options: ImportOptions, prepared: PreparedRows) -> ImportCounts:
    """Import a batch of rows in this transaction. Raises NotFound, Refused for a closed list."""
    target = lists.get_open_list(tx, options.list_name)
    writer = ImportWriter(target, options)
    digests = dict(prepared.digests)
    known = find_known(tx, target, digests)
    rows = follow_changes(tx, prepared.rows, known)
    counts = ImportCounts(invalid=list(prepared.invalid), followed=count_followed(prepared.rows, rows))
    new = {row.key: digests_of(options.keys, row.address) for row in rows if row.key not in digests}
    if new:
        digests |= new
        known |= find_known(tx, target, new)
    changes: dict[str, RowChange] = {}
    for row in rows:
        earlier = changes.get(row.key)
        prior = known[row.key] if earlier is None else earlier.after
        decision = options.decide(prior, row)
        if prepared.shown is not None and prepared.shown.get(row.line) != decision.mark:
            counts.changed_since.append(row.line)
            continue
        counts.add(row, decision.outcome)
        if not decision.changes_anything:
            continue
        if earlier is not None:  # once more in the same batch: this row builds on what the one before has written
            writer.write(tx, changes.values())
            known.update(find_known(tx, target, {key: digests[key] for key in changes}))
            changes.clear()
        changes[row.key] = RowChange(row=row, before=known[row.key], decision=decision, digests=digests[row.key])
    if changes:
        writer.write(tx, changes.values())
    return counts


def follow_changes(tx: Transaction, rows: Sequence[CheckedRow], known: Mapping[str, PriorState]) -> list[CheckedRow]:
    """The rows; if people have changed their address since, with the new address.

    The address stays if something is `known` about it on the list, or if it is suppressed.
    """
    unknown = {row.key for row in rows if known[row.key].state is None and not known[row.key].is_suppressed}
    moved = address_changes.moved_addresses(tx) if unknown else {}
    if unknown.isdisjoint(moved):
        return list(rows)
    return [
        msgspec.structs.replace(row, address=moved[row.key], key=moved[row.key].key)
        if row.key in moved and row.key in unknown
        else row
        for row in rows
    ]


def count_followed(rows: Sequence[CheckedRow], followed: Sequence[CheckedRow]) -> int:
    """How many rows have an address other than before."""
    return sum(before.key != after.key for before, after in zip(rows, followed, strict=True))


def find_known(tx: Transaction, target: MailingList, digests: Mapping[str, Digests]) -> dict[str, PriorState]:
    """What is known about these addresses."""
    known = dict.fromkeys(digests, PriorState())
    for standing in enrolment.find_standings(tx, list_id=target.id, keys=sorted(digests)):
        known[standing.address_key] = standing
    keys = list(digests)
    for place in enrolment.find_suppressed(tx, list(digests.values())):
        known[keys[place]] = PriorState(is_suppressed=True)  # nothing else matters then
    return known
