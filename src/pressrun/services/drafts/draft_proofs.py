"""Looking at drafts before they go: as a reader would get them, and as test copies."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.context import ServiceContext
from pressrun.services.drafts.draft_editing import DraftEditing
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.editions.edition_preparer import BuiltDraft
from pressrun.services.editions.edition_preview import Preview, SampleCopy, copy_of_built, show_copy
from pressrun.services.editions.edition_storage import Samples
from pressrun.store import limits
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import people
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Transaction


class DraftProofs:
    """The use cases of those who look at a draft."""

    def __init__(self, context: ServiceContext, editing: DraftEditing, admin: EditionAdmin) -> None:
        self._context = context
        self._database = context.database
        self._editing = editing
        self._admin = admin

    async def preview(self, edition_id: int, as_address: Address | None) -> Preview:
        """A draft as a member of its list would get it, or an unknown reader. Raises NotFound, Refused."""
        built = await self._editing.check(edition_id)
        copy = await self._database.read(self._copy, built, as_address)
        return await show_copy(copy, self._editing.builder)

    async def send_test(self, edition_id: int, addresses: Sequence[Address]) -> None:
        """Queue test copies of a draft, even of one with errors.

        Raises NotFound, and Refused for suppressed addresses and for those that have had too many.
        """
        await self._database.record(self._count, addresses)
        built = await self._editing.check(edition_id)
        await self._admin.send_built_test(built.prepared, addresses)

    def _count(self, tx: Transaction, addresses: Sequence[Address]) -> None:
        """Count the copies against their recipients: authors must not be able to fill anybody's mailbox."""
        rate, keys = self._context.limits.test_copies, self._context.keys
        # whatever the spelling, as a sign-up does
        folds = [suppression_digest(keys, address.fold) for address in addresses]
        if not all(limits.spend_each(tx, "test_copies", folds, rate, self._context.clock())):
            raise Refused(
                f"one of these addresses has recently had {rate.count} test copies, so nothing was sent. Try again "
                "later, or raise [limits] test_copies"
            )

    def _copy(self, tx: Transaction, built: BuiltDraft, as_address: Address | None) -> SampleCopy:
        prepared = built.prepared
        if as_address is not None:
            _require_member(tx, prepared.context.list, as_address)
        samples = Samples(keys=self._context.keys, site=self._context.site, now=self._context.now)
        return copy_of_built(tx, samples, prepared.built, prepared.context, built.findings, as_address)


def _require_member(tx: Transaction, target: MailingList, address: Address) -> None:
    """Raise NotFound for somebody else, of whom people of this list may know nothing."""
    person = subscribers.find_subscriber(tx, address)
    if person is None or subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id) is None:
        raise NotFound(f"{address} is not on {target.name}. Leave it out to see merge fields at their defaults")


def team_of(tx: Transaction, list_name: str) -> frozenset[str]:
    """The compared addresses of those who write for a list, and of its owner."""
    target = lists.find_list(tx, list_name)
    if target is None:
        return frozenset()
    texts = [*people.list_editors(tx, target.id), *([target.owner] if target.owner else [])]
    return frozenset(parse_address(text).key for text in texts)
