"""What operators do with editions: inspect, send test copies, send, pause, resume, cancel, link, resend and retry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import Address
from pressrun.core.errors import Refused
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.pacing.destination_state import load_destination_state
from pressrun.core.signing.tokens import digests_of
from pressrun.message.finding import Finding, in_order
from pressrun.services.editions import edition_storage, lifecycle
from pressrun.services.editions.build_orders import Manuscript, require_no_errors
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.editions.edition_storage import PreparedEdition
from pressrun.services.editions.releases import require_no_second_person
from pressrun.services.suppression import find_reason
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.queue import destinations, retries
from pressrun.store.queue.copy_counts import count_copies
from pressrun.store.queue.retries import FailedPlace, RetryPlace
from pressrun.store.readers.enrolment import count_audience
from pressrun.store.transaction import Transaction

SAME_SUBJECT_SECONDS = 12 * 3600  # a letter that comes each day may have the same subject each day


class Inspection(Struct, frozen=True, kw_only=True):
    """An edition before it is sent: the size of its audience now, and the findings of preflight.

    `alike` is an edition of other content with its subject that was stored within SAME_SUBJECT_SECONDS.
    """

    subject: str
    audience: int
    findings: tuple[Finding, ...]
    alike: int | None = None


class EditionAdmin:
    """The use cases of operators who send editions."""

    def __init__(
        self, preparer: EditionPreparer, *, unpause: Callable[[str | None], None] = lambda _domain: None
    ) -> None:
        self._preparer = preparer
        self._context = preparer.context
        self._database = preparer.context.database
        self._unpause = unpause

    @edition_storage.again_if_changed("other editions arrived at the same moment. Send it again")
    async def send(
        self,
        list_name: str,
        manuscript: Manuscript,
        *,
        scheduled_at: int | None = None,
        again: bool = False,
        canary_percent: float | None = None,
    ) -> int:
        """Store an edition and start it, now or at `scheduled_at`; returns its id.

        Raises NotFound, EditionError, PreflightFailed, and Refused for the same content without `again`.
        """
        async with self._preparer.turn(list_name):
            prepared = await self._prepare(list_name, manuscript)
            require_no_errors(prepared.built.findings)
            edition_id = await self._database.write(self._store, prepared, scheduled_at, again, canary_percent)
        self._context.wake()
        await lifecycle.carry_on_if_possible(self._context)
        return edition_id

    async def inspect(self, list_name: str, manuscript: Manuscript) -> Inspection:
        """Build an edition and run preflight without storing it. Raises NotFound, Refused, EditionError."""
        prepared = await self._prepare(list_name, manuscript)
        audience = await self._database.read(count_audience, prepared.context.list.id)
        alike = await self._database.read(_find_alike, prepared, self._context.now - SAME_SUBJECT_SECONDS)
        of_sender = await self._preparer.sender_check.check(prepared.context.list, prepared.file.keys.from_)
        findings = in_order([*prepared.built.findings, *of_sender])
        return Inspection(subject=prepared.built.subject, audience=audience, findings=findings, alike=alike)

    async def send_test(self, list_name: str, manuscript: Manuscript, addresses: Sequence[Address]) -> list[int]:
        """Queue a test copy to each address without storing an edition; returns the ids of the deliveries.

        Raises Refused for a suppressed address.
        """
        prepared = await self._prepare(list_name, manuscript)
        require_no_errors(prepared.built.findings)
        return await self.send_built_test(prepared, addresses)

    async def _prepare(self, list_name: str, manuscript: Manuscript) -> PreparedEdition:
        file = (await self._preparer.builder.read(list_name, manuscript)).file
        return await self._preparer.prepare(list_name, manuscript, file)

    async def send_built_test(self, prepared: PreparedEdition, addresses: Sequence[Address]) -> list[int]:
        """The same for an edition that is built already, whatever preflight finds in it."""
        numbers = await self._database.write(self._queue_tests, prepared, addresses)
        self._context.wake()
        return numbers

    async def pause(self, edition_id: int) -> None:
        """Pause an edition; copies in flight are still sent."""
        await self._database.write(lifecycle.pause, edition_id)
        self._context.wake()

    async def resume(self, edition_id: int, *, accepts_repeats: bool = False) -> None:
        """Resume a paused edition; raises Refused for a restored one unless the caller accepts repeats."""
        await self._database.write(lifecycle.resume, edition_id, self._context.now, accepts_repeats=accepts_repeats)
        self._context.wake()

    async def cancel(self, edition_id: int) -> None:
        """Cancel an edition; only copies in flight are still sent."""
        await self._database.write(_cancel, edition_id, self._context.now)
        self._context.wake()
        await lifecycle.carry_on_if_possible(self._context)

    async def reschedule(self, edition_id: int, at: int) -> None:
        """Give a scheduled edition another time; a paused one stays paused."""
        await self._database.write(lifecycle.reschedule, edition_id, at, self._context.now)
        self._context.wake()

    async def resend(self, edition_id: int) -> lifecycle.Resent:
        """Queue failed copies again, with the same Message-ID, a slice at a time.

        The copies are chosen at the start. While the slices are queued, more copies may fail, even ones that were just
        queued again, and failed ones may move to another destination or be erased.
        """
        failed, queued, left_out, begin = await self._failed_copies(edition_id), 0, 0, 0
        while True:
            copies, begin = failed[begin : begin + ROWS_AT_ONCE], begin + ROWS_AT_ONCE
            slice_ = await self._database.write(lifecycle.resend_failed, edition_id, self._context.now, copies)
            queued, left_out = queued + slice_.queued, left_out + slice_.left_out
            self._context.wake()
            if begin >= len(failed):
                return lifecycle.Resent(queued, left_out, slice_.state)

    async def _failed_copies(self, edition_id: int) -> list[int]:
        failed: list[int] = []
        place = FailedPlace()
        while places := await self._database.read(retries.failed_places, edition_id, place, ROWS_AT_ONCE):
            failed += [place.id for place in places]
            place = places[-1]
        return failed

    async def retry(self, domain: str | None) -> int:
        """Retry deferred copies and paused destinations (of one domain) now, a slice at a time; returns how many."""
        now = self._context.clock()
        number = await self._database.write(_unpause, domain, now)
        self._unpause(domain)
        for place in await self._database.read(retries.retry_places):
            number += await self._retry_copies(place, domain, int(now))
        self._context.wake()
        return number

    async def _retry_copies(self, begin: RetryPlace, domain: str | None, now: int) -> int:
        number = 0
        place: RetryPlace | None = begin
        while place is not None:
            moved, place = await self._database.write(retries.retry_slice, place, domain, now, ROWS_AT_ONCE)
            number += moved
            self._context.wake()
        return number

    def _queue_tests(self, tx: Transaction, prepared: PreparedEdition, addresses: Sequence[Address]) -> list[int]:
        for address in addresses:
            reason = find_reason(tx, digests_of(self._context.keys, address))
            if reason is not None:
                raise Refused(f"{address} is suppressed ({reason}), so nothing was sent", see="suppression ls")
        return edition_storage.queue_test_copies(tx, self._context, prepared, addresses)

    def _store(
        self,
        tx: Transaction,
        prepared: PreparedEdition,
        scheduled_at: int | None,
        again: bool,
        canary_percent: float | None,
    ) -> int:
        target = lists.get_open_list(tx, prepared.context.list.name)
        require_no_second_person(target)
        first = editions.find_by_digest(tx, target.id, prepared.manuscript.digest)
        if first is not None and not again:
            raise _known(tx, lifecycle.require_edition(tx, first))
        edition_storage.require_same_context(tx, prepared)
        now = self._context.now
        secret, is_repeat = self._context.entropy(16), first is not None
        content = edition_storage.content_of(prepared, state=EditionState.SCHEDULED, message_secret=secret)
        content = replace(content, is_repeat=is_repeat, scheduled_at=scheduled_at, canary_percent=canary_percent)
        edition = edition_storage.store_edition(tx, prepared, content, now)
        if scheduled_at is None:
            lifecycle.start(tx, edition, now)
        return edition.id


def _find_alike(tx: Transaction, prepared: PreparedEdition, since: int) -> int | None:
    list_id = prepared.context.list.id
    if editions.find_by_digest(tx, list_id, prepared.manuscript.digest) is not None:
        return None
    return editions.find_by_subject(tx, list_id, prepared.built.subject_template, since=since)


def _known(tx: Transaction, first: Edition) -> Refused:
    """The error for a file that a list has already."""
    if first.state is EditionState.DRAFT:
        return Refused(
            f"this file is draft {first.id} of {first.list_name} already, so nothing was sent. "
            f"`pressrun edition send {first.id}` sends it"
        )
    if first.state is EditionState.CANCELLED:
        gone = count_copies(tx, first.id)[DeliveryState.DELIVERED]
        before = "" if first.started_at is None else f" after {gone} {'copy' if gone == 1 else 'copies'} had gone out"
        return Refused(
            f"this file is edition {first.id} of {first.list_name} already, which was cancelled{before}, so nothing "
            "was sent. --again sends it to all readers, as a new edition"
        )
    return Refused(
        f"this file is edition {first.id} of {first.list_name} already, so nothing was sent. "
        "--again sends it once more, as a new edition"
    )


def _cancel(tx: Transaction, edition_id: int, now: int) -> None:
    edition = lifecycle.require_edition(tx, edition_id)
    if edition.is_welcome:
        name = edition.list_name
        raise Refused(
            f"edition {edition_id} is the welcome email of {name}. To end it, switch the welcome email off",
            at_shell=f"`pressrun list set {name} welcome=off` does",
        )
    lifecycle.cancel(tx, edition_id, now)


def _unpause(tx: Transaction, domain: str | None, now: float) -> int:
    """End the pauses of destinations (of one domain); returns how many of their copies wait for a first attempt."""
    stored = destinations.load_states(tx)
    names = list(stored) if domain is None else [destinations.destination_of(tx, domain) or domain]
    paused = sum(destinations.count_queued(tx, name) for name in names)
    states = {name: load_destination_state(stored[name]).after_retry(now).dump() for name in names if name in stored}
    destinations.store_states(tx, states, ())
    return paused
