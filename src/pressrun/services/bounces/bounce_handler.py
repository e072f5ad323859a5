"""Copies that bounce: at once, by a relay's refusal, or later, by a notification to the copy's own return path.

Only the signed return path says which copy it is, because everything else in a notification can be forged. What it
means is up to core.bounces.classes and message.reports. A refusal for policy never counts against a reader. A mail
forwarded to an owner or the operator that comes back is kept for a person to look at. Its sender gets no mail, because
the address may be forged.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from msgspec.structs import replace

from pressrun.core.addresses.mail_routes import OF_NO_LIST, Route
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.scores import COUNTING
from pressrun.core.signing.tokens import FIRST_ROUND_TRIP, TEST_ID, AddressPurpose, AddressTokens, round_trip_outcome
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services.bounces import operator_alerts
from pressrun.services.bounces.auto_pause import AutoPause
from pressrun.services.bounces.complaint_handler import ComplaintHandler
from pressrun.services.bounces.delivery_results import kept_words
from pressrun.services.bounces.returned_forwards import is_forward, keep_bounced_forward, keep_refused_forwards
from pressrun.services.context import ServiceContext
from pressrun.services.mail_results import NO_CONSEQUENCES, UNCOUNTED, Consequences, FailedCopy, MailResult, done, kept
from pressrun.services.readers.suspension import suspend_bouncing
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.inbound import InboundState
from pressrun.store.readers import bounces
from pressrun.store.readers.bounces import Failure, ReportedCopy
from pressrun.store.transaction import Transaction

FORWARD_BOUNCED = "forward bounced"
ROUND_TRIP = "round_trip"  # a test bounce of `doctor`, as the metric calls it
OF_NOBODY = "not understood, and its reader is gone"
# Signs that a mail server wrote a mail. When nothing else in it is understood, a person has to look at it.
_DAEMONS = frozenset({"sender", "null sender", "report", "x-failed-recipients"})
_MOST_ALERTS = 5  # in one cycle of the dispatcher: refusals for policy come by the thousand


class BounceHandler:
    """Records bounces and draws the consequences."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tokens = AddressTokens(context.keys)
        self.auto_pause = AutoPause(context)
        self.complaint_handler = ComplaintHandler(context, self.auto_pause)

    def draw_consequences(self, tx: Transaction, results: Sequence[DeliveryResult], now: int) -> Consequences:
        """Draw the consequences of delivery results that were just recorded."""
        failed = [
            # A block is policy, even where the reply says "later", as providers do about what we have to fix.
            (result.id, BounceClass.POLICY if result.blocks else result.bounce, result.reply or "")
            for result in results
            if result.blocks or result.bounce is not None
        ]
        consequences = self._draw_consequences(tx, failed, now) if failed else NO_CONSEQUENCES
        returned = keep_refused_forwards(tx, results, now)
        paused = tuple(self.auto_pause.after_results(tx, results, now))
        return replace(consequences, returned=returned, paused=paused) if returned or paused else consequences

    def process(self, tx: Transaction, route: Route, report: Report | None, problem: str) -> MailResult:
        """Process a mail to a bounce address; `report` is None, with the `problem`, for one that cannot be read."""
        number = self._tokens.read(AddressPurpose.BOUNCES, route.list_name, route.token)
        if number is None:
            return kept("its address is not signed with a current key")
        if number == TEST_ID:
            return done("test")
        if number >= FIRST_ROUND_TRIP:
            return done(round_trip_outcome(number), counted_as=ROUND_TRIP)
        copy = bounces.find_copy(tx, number)
        result = self._process(tx, route, number, copy, report, problem)
        if not result.counted_as and _is_of_one_person(copy):
            return replace(result, counted_as=UNCOUNTED)
        return result

    def _process(
        self, tx: Transaction, route: Route, number: int, copy: ReportedCopy | None, report: Report | None, problem: str
    ) -> MailResult:
        if report is None:
            return done(OF_NOBODY) if _is_of_nobody(copy) else MailResult(InboundState.UNREADABLE, problem)
        if report.feedback_type:
            return self.complaint_handler.process_at_return_path(tx, report, number)
        if route.list_name == OF_NO_LIST or is_forward(copy):
            return self._process_returned_forward(tx, copy, report)
        return self._process_notification(tx, route, copy, report)

    def _process_returned_forward(self, tx: Transaction, copy: ReportedCopy | None, report: Report) -> MailResult:
        """Process mail to the return path of a forward: a mail server's mail is a bounce unless it says "not yet"."""
        recipient = _find_recipient(report, copy)
        if recipient is None and report.automatic not in _DAEMONS:
            return _no_notification(report, copy)
        if recipient is not None and recipient.bounce.kind is None:
            return done(recipient.bounce)
        returned = keep_bounced_forward(tx, copy, recipient, self._context.now)
        return MailResult(InboundState.DONE, FORWARD_BOUNCED, consequences=Consequences(returned=(returned,)))

    def _process_notification(
        self, tx: Transaction, route: Route, copy: ReportedCopy | None, report: Report
    ) -> MailResult:
        recipient = _find_recipient(report, copy)
        if recipient is None:
            return _no_notification(report, copy)
        if copy is None:
            return done(f"{recipient.bounce} of what is gone")
        if recipient.bounce.kind is None:
            return done(recipient.bounce)
        now = self._context.now
        if not bounces.fail_copy(tx, copy.id, _failure(recipient), now):
            return done(f"{recipient.bounce} of a copy that was final already")
        consequences = self._draw_consequences(tx, [(copy.id, recipient.bounce, recipient.text)], now)
        edition = copy.edition_id
        paused = () if edition is None else tuple(self.auto_pause.after_bounce(tx, edition, now))
        return MailResult(
            InboundState.DONE,
            recipient.bounce,
            consequences=replace(consequences, paused=paused),
            failed=_failed_copy(copy, route.list_name, recipient),
        )

    def _draw_consequences(
        self, tx: Transaction, failed: Sequence[tuple[int, BounceClass | None, str]], now: int
    ) -> Consequences:
        counting = dict.fromkeys(number for number, bounce, _ in failed if bounce in COUNTING)
        policy = {number: words for number, bounce, words in failed if bounce is BounceClass.POLICY}
        alerting = dict(islice(policy.items(), _MOST_ALERTS))
        copies = bounces.find_failed_copies(tx, [*counting, *alerting]) if counting or alerting else []
        counted = (copy for copy in copies if copy.id in counting)
        readers = dict.fromkeys(copy.subscriber_id for copy in counted if copy.subscriber_id is not None)
        suspended = suspend_bouncing(tx, readers, self._context.settings.value.bounces, now)
        refused = [(copy, alerting[copy.id]) for copy in copies if copy.id in alerting]
        alerted = operator_alerts.alert_of_policy(tx, refused, now, self._context)
        return Consequences(tuple(suspended), tuple(alerted))


def _find_recipient(report: Report, copy: ReportedCopy | None) -> RecipientReport | None:
    return report.of("" if copy is None else copy.address or "")


def _is_of_one_person(copy: ReportedCopy | None) -> bool:
    """Whether a copy was mailed because somebody asked about one person, which no metric may show."""
    return copy is not None and copy.edition_id is None and not is_forward(copy)


def _is_of_nobody(copy: ReportedCopy | None) -> bool:
    """Whether the reader of a copy is gone, so that nothing may be kept that could name them."""
    return copy is not None and copy.notice_id is None and copy.subscriber_id is None


def _no_notification(report: Report, copy: ReportedCopy | None) -> MailResult:
    """Process mail to a return path that does not say that mail failed. A person's own words are kept."""
    if report.automatic is not None and report.automatic not in _DAEMONS:
        return done(f"not a bounce: {report.automatic}")
    is_of_nobody = _is_of_nobody(copy) or (copy is None and report.automatic in _DAEMONS)
    return done(OF_NOBODY) if is_of_nobody else kept("not understood")


def _failed_copy(copy: ReportedCopy, list_name: str, recipient: RecipientReport) -> FailedCopy:
    return FailedCopy(
        delivery=copy.id,
        list_name=list_name,
        edition=copy.edition_id,
        notice=copy.notice_kind,
        subscriber=copy.subscriber_id,
        domain=copy.domain,
        relay=None,
        kind=recipient.bounce.kind,
        bounce=recipient.bounce,
        code=recipient.code or None,
        enhanced=recipient.status or None,
        reason=kept_words(recipient.text),
    )


def _failure(recipient: RecipientReport) -> Failure:
    assert recipient.bounce.kind is not None
    return Failure(
        kind=recipient.bounce.kind,
        bounce=recipient.bounce,
        code=recipient.code or None,
        enhanced=recipient.status or None,
        reply=kept_words(recipient.text),
    )
