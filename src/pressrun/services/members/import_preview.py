"""What an import would do, row by row, without writing anything: for its dry run."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.services.members import subscriber_import
from pressrun.services.members.import_decision import ImportOptions, RowOutcome, state_after
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.members.subscriber_import import ImportCounts
from pressrun.services.members.suppression_admin import parse_reason
from pressrun.services.suppression import find_reason, is_stronger
from pressrun.store.lists import lists
from pressrun.store.readers.enrolment import PriorState
from pressrun.store.transaction import Transaction


class RowPreview(NamedTuple):
    """What would become of a row: the line, the outcome, the state afterwards, and a mark of it all."""

    line: int
    outcome: RowOutcome
    state: SubscriptionState | None
    mark: str


class ImportPreview:
    """An import in one snapshot of the database. Raises NotFound, and Refused for a closed list.

    `known` has what earlier previews of the same import, in other snapshots, have kept, and is kept up to date.
    A row sees what the rows before it would have done. Across batches that is kept for the keys in `repeated` alone, of
    the addresses that come more than once, so that memory does not grow with the others.
    """

    def __init__(
        self,
        tx: Transaction,
        options: ImportOptions,
        repeated: Container[str],
        known: dict[str, PriorState] | None = None,
    ) -> None:
        self._tx = tx
        self._options = options
        self._repeated = repeated
        self._target = lists.get_open_list(tx, options.list_name)
        self._known = {} if known is None else known

    def preview_rows(self, rows: Iterable[ImportRow]) -> tuple[list[RowPreview], ImportCounts]:
        """What `import_rows` would do with the rows of a batch, and count; ends the batch."""
        prepared = subscriber_import.prepare_rows(self._options, rows)
        self._learn(prepared.digests)
        followed = subscriber_import.follow_changes(self._tx, prepared.rows, self._known)
        new = [row for row in followed if row.key not in prepared.digests]
        self._learn({row.key: digests_of(self._options.keys, row.address) for row in new})
        number = subscriber_import.count_followed(prepared.rows, followed)
        counts, previews = ImportCounts(invalid=list(prepared.invalid), followed=number), []
        for row in followed:
            prior = self._known[row.key]
            decision = self._options.decide(prior, row)
            counts.add(row, decision.outcome)
            after = self._known[row.key] = state_after(prior, row, decision)
            previews.append(RowPreview(row.line, decision.outcome, after.state, decision.mark))
        for key in [key for key in self._known if key not in self._repeated]:
            del self._known[key]
        return previews, counts

    def preview_suppressions(self, rows: Sequence[SuppressionRow]) -> tuple[list[int], list[tuple[int, str]]]:
        """The lines of addresses that the suppressions of a batch would add, and (line, reason) of refused ones."""
        added, invalid = [], []
        for row in rows:
            try:
                address, reason = parse_address(row.address), parse_reason(row.reason)
            except BadInput as problem:
                invalid.append((row.line, str(problem)))
                continue
            digests = digests_of(self._options.keys, address)
            self._learn({address.key: digests})
            is_known = self._known[address.key].is_suppressed
            if not is_known or is_stronger(reason, find_reason(self._tx, digests)):
                added.append(row.line)
            self._known[address.key] = PriorState(is_suppressed=True)
        return added, invalid

    def _learn(self, digests: Mapping[str, Digests]) -> None:
        new = {key: pair for key, pair in digests.items() if key not in self._known}
        self._known.update(subscriber_import.find_known(self._tx, self._target, new))
