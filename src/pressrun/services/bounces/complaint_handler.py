"""Feedback reports: a reader pressed the spam button, and their provider passes that on (RFC 5965).

A report with a token of ours ends that reader's subscriptions and suppresses their address, silently. Without one it
affects nobody, since anybody can write a report. The recipient in a report is ignored, because providers redact it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import Address, find_address
from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.lifecycles.events import EventType
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, Digests, WebPurpose, WebTokens, digests_of
from pressrun.message.reports.report import Enclosed, Report
from pressrun.services.bounces.auto_pause import AutoPause
from pressrun.services.context import ServiceContext
from pressrun.services.mail_results import Consequences, MailResult, done
from pressrun.services.readers.never_again import end_everything
from pressrun.services.readers.requests import Origin, ReaderRequest
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.store.editions import editions
from pressrun.store.lists import list_removals, lists
from pressrun.store.programs import events
from pressrun.store.queue import deliveries
from pressrun.store.readers import address_changes, bounces, subscribers, subscriptions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

COMPLAINTS = frozenset({"abuse", "fraud", "opt-out"})
COUNTED_AS = "complaint"
REPORT = "report"  # of another type, which is counted and affects nobody


class ComplaintHandler:
    """Processes complaints that prove whose they are."""

    def __init__(self, context: ServiceContext, auto_pause: AutoPause) -> None:
        # Somebody with a retired key may make others leave, but not have them suppressed.
        self._addresses = AddressTokens(context.keys, lasting=frozenset())
        self._web = WebTokens(context.keys, lasting=frozenset())
        self._context = context
        self._auto_pause = auto_pause

    def process_at_return_path(self, tx: Transaction, report: Report, delivery_id: int) -> MailResult:
        """Process a report that came to a copy's own return path, which is a token of ours by itself."""
        result = self.process(tx, report)
        if result is not None:
            return result
        if report.feedback_type not in COMPLAINTS:
            return done(f"report: {report.feedback_type}", REPORT)
        return self._record(tx, report, _by_delivery(tx, delivery_id))

    def process(self, tx: Transaction, report: Report) -> MailResult | None:
        """Process a complaint that encloses a token of ours; None when it does not, or is not a complaint."""
        if report.feedback_type not in COMPLAINTS:
            return None
        complainers = list(self._complainers(tx, report.enclosed))
        complainer = next(
            (person for person in complainers if person.subscriber_id is not None), next(iter(complainers), None)
        )
        return None if complainer is None else self._record(tx, report, complainer)

    def _record(self, tx: Transaction, report: Report, complainer: _Complainer) -> MailResult:
        outcome = f"complaint: {report.feedback_type}"
        if complainer.subscriber_id is None:
            return done(f"{outcome}, but the reader is gone", COUNTED_AS)
        mailbox = self._mailbox_of(tx, complainer)
        if not self._end_everything(tx, mailbox, report.feedback_type):
            return done(outcome, COUNTED_AS)
        edition = None if complainer.edition_id is None else editions.find_edition(tx, complainer.edition_id)
        events.record_event(
            tx,
            EventType.COMPLAINT_RECEIVED,
            list_id=None if edition is None else edition.list_id,
            subscriber_id=None if mailbox.person is None else mailbox.person.id,
            edition_id=None if edition is None else edition.id,
            how=report.feedback_type,
        )
        if edition is None:
            return done(outcome, COUNTED_AS)
        now = self._context.now
        editions.count_complaint(tx, edition.id, now)
        consequences = Consequences(paused=tuple(self._auto_pause.after_complaint(tx, edition.id, now)))
        return replace(done(outcome, COUNTED_AS), consequences=consequences, complained_of=edition.list_name)

    def _mailbox_of(self, tx: Transaction, complainer: _Complainer) -> ReportedMailbox:
        assert complainer.subscriber_id is not None
        reader = subscribers.find_subscriber_by_id(tx, complainer.subscriber_id)
        assert reader is not None  # the subscription holds it by a foreign key
        address = complainer.written_to
        if address is None or address.key == reader.address_key:
            return ReportedMailbox(reader, reader.address, reader.digests)
        return ReportedMailbox(
            subscribers.find_subscriber(tx, address), address.typed, digests_of(self._context.keys, address)
        )

    def _end_everything(self, tx: Transaction, mailbox: ReportedMailbox, feedback_type: str) -> bool:
        """Unsubscribe a person from every list and suppress the address; False when it was suppressed as strongly."""
        now = self._context.now
        if mailbox.person is not None:
            origin = Origin(source="complaint", words=f"feedback report: {feedback_type}")
            end_everything(ReaderRequest(tx, origin, self._context), mailbox.person)
        wanted = NewSuppression(mailbox.digests, SuppressionReason.COMPLAINT, mailbox.address, now)
        return suppress(tx, [wanted], now) > 0

    # ------------------------------------------------------------------ tokens in the enclosed mail

    def _complainers(self, tx: Transaction, enclosed: Enclosed) -> Iterator[_Complainer]:
        """The owner of each genuine token, those that name a copy first; nobody where the copy's row is removed."""
        for number in self._copies(tx, enclosed):
            yield _by_delivery(tx, number)
        for uri in enclosed.unsubscribe:
            numbers = self._by_mailto(tx, uri) if uri.lower().startswith("mailto:") else self._by_link(uri)
            if numbers is not None:
                yield _by_subscription(tx, *numbers)

    def _copies(self, tx: Transaction, enclosed: Enclosed) -> Iterator[int]:
        route = self._route(enclosed.return_path)
        candidates = []
        if route is not None and route.kind is RouteKind.BOUNCES:
            candidates.append((route.list_name, route.token))
        if enclosed.feedback_id:
            candidates += [(name, enclosed.feedback_id.lower()) for name in self._list_names(tx, enclosed)]
        for name, token in candidates:
            number = self._addresses.read(AddressPurpose.BOUNCES, name, token)
            if number is not None:
                yield number

    def _by_mailto(self, tx: Transaction, uri: str) -> tuple[int, int] | None:
        """The address names no edition, so the latest one that they got counts as it."""
        route = self._route(uri[len("mailto:") :].partition("?")[0])
        if route is None or route.kind is not RouteKind.LEAVE:
            return None
        number = self._addresses.read(AddressPurpose.UNSUBSCRIBE, route.list_name, route.token)
        return None if number is None else (number, deliveries.latest_edition(tx, number))

    def _by_link(self, uri: str) -> tuple[int, int] | None:
        prefix = f"{self._context.site.base_url}/unsubscribe/"
        numbers = self._web.read(WebPurpose.UNSUBSCRIBE, uri[len(prefix) :]) if uri.startswith(prefix) else None
        return None if numbers is None or len(numbers) != 2 else (numbers[0], numbers[1])

    def _route(self, address: str) -> Route | None:
        local, _, domain = address.rpartition("@")
        return read_local_part(local) if domain.lower() == self._context.site.mail_domain else None

    def _list_names(self, tx: Transaction, enclosed: Enclosed) -> list[str]:
        """The lists that a bare token may belong to: the one that the mail names, then all others."""
        named = enclosed.list_id.removesuffix(f".{self._context.site.mail_domain}")
        return list(dict.fromkeys([named, *(target.name for target in lists.all_lists(tx))]))


class _Complainer(Struct, frozen=True):
    """The owner of a token, None when they are gone, and the edition that they complain about, if known.

    `written_to` is where the mail went that they complain about, None where that is the address of the owner: it may be
    one that a reader has named as their new one, or their former one, which somebody else may read now.
    """

    subscriber_id: int | None
    edition_id: int | None
    written_to: Address | None = None


class ReportedMailbox(Struct, frozen=True):
    """The address that a complaint came from, and the reader who has it, if any."""

    person: Subscriber | None
    address: str
    digests: Digests


def _by_subscription(tx: Transaction, number: int, edition_id: int) -> _Complainer:
    subscription = subscriptions.find_subscription_by_id(tx, number)
    if subscription is None:  # it went with its list, as the edition did
        return _Complainer(list_removals.find_reader(tx, number), None)
    return _Complainer(subscription.subscriber_id, edition_id or None)


def _by_delivery(tx: Transaction, number: int) -> _Complainer:
    copy = bounces.find_copy(tx, number)
    if copy is None:
        return _Complainer(None, None)
    reader = copy.subscriber_id
    typed = copy.address
    if copy.notice_id is None and reader is not None and copy.recorded_at is not None:
        typed = address_changes.find_former_address(tx, reader, copy.recorded_at)
    return _Complainer(reader, copy.edition_id, find_address(typed))
