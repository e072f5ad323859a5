"""Copies that come back: at once, as a relay's refusal, or later, as a notification to the copy's own return path.

Which copy it is follows from the signed return path alone, since everything else in a notification can be forged; what
it means follows from core.bounces and message.reports. Refused for policy never counts against a reader. What was
passed on to an owner or the operator is kept for a person when it comes back, and nobody is written to: whoever sent it
may not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pressrun.core.bounces import BounceClass
from pressrun.core.current import Current
from pressrun.core.keys import KeyRing
from pressrun.core.mail_routes import OF_NO_LIST, Route
from pressrun.core.scores import COUNTING
from pressrun.core.site import Site
from pressrun.core.tokens import TEST_ID, AddressPurpose, AddressTokens
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services.bounces import operator_alerts
from pressrun.services.bounces.auto_pause import AutoPause
from pressrun.services.bounces.complaint_handler import ComplaintHandler
from pressrun.services.bounces.delivery_results import kept_words
from pressrun.services.bounces.returned_forwards import is_forward, take_back_bounced, take_back_refused
from pressrun.services.mail_results import NO_CONSEQUENCES, UNCOUNTED, Consequences, FailedCopy, MailResult, done, kept
from pressrun.services.ports import Clock, Entropy
from pressrun.services.readers.suspension import suspend_bouncing
from pressrun.services.settings import ServiceSettings
from pressrun.store import bounces
from pressrun.store.bounces import Failure
from pressrun.store.deliveries import DeliveryResult
from pressrun.store.inbound import InboundState
from pressrun.store.transaction import Row, Transaction

FORWARD_BOUNCED = "forward bounced"
OF_NOBODY = "not understood, and its reader is gone"
# What says that a mail server wrote a mail: when nothing in it was understood, that is for a person to look at.
_DAEMONS = frozenset({"sender", "null sender", "report", "x-failed-recipients"})
_ALERTS_AT_MOST = 5  # looked up in one turn of the dispatcher: refusals for policy come by the thousand


class BounceHandler:
    """Records bounces and draws the consequences."""

    def __init__(
        self,
        *,
        keys: KeyRing,
        site: Site,
        settings: Current[ServiceSettings],
        auto_pause: AutoPause,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._tokens = AddressTokens(keys)
        self._site = site
        self._settings = settings
        self.auto_pause = auto_pause
        self._clock = clock
        self._entropy = entropy
        self.complaint_handler = ComplaintHandler(
            keys=keys, site=site, auto_pause=auto_pause, clock=clock, entropy=entropy
        )

    def after_settling(self, tx: Transaction, settlements: Sequence[DeliveryResult], now: int) -> Consequences:
        """Draw the consequences of hand-overs that were just recorded."""
        failed = [
            # What blocks is policy, though it may say "later", as a provider does of what we have to mend.
            (one.id, BounceClass.POLICY if one.blocks else one.bounce, one.reply or "")
            for one in settlements
            if one.blocks or one.bounce is not None
        ]
        consequences = self._draw_consequences(tx, failed, now) if failed else NO_CONSEQUENCES
        returned = take_back_refused(tx, settlements, now)
        paused = tuple(self.auto_pause.after_settling(tx, settlements, now))
        return replace(consequences, returned=returned, paused=paused) if returned or paused else consequences

    def settle(self, tx: Transaction, route: Route, report: Report | None, problem: str) -> MailResult:
        """Deal with a mail to a bounce address; `report` None with `problem` says that it cannot be read."""
        number = self._tokens.read(AddressPurpose.BOUNCES, route.list_name, route.token)
        if number is None:
            return kept("its address is not signed under a key of now")
        if number == TEST_ID:
            return done("test")
        copy = bounces.find_copy(tx, number)
        settled = self._settle(tx, route, number, copy, report, problem)
        if not settled.counted_as and _is_of_one_person(copy):
            return replace(settled, counted_as=UNCOUNTED)
        return settled

    def _settle(
        self, tx: Transaction, route: Route, number: int, copy: Row | None, report: Report | None, problem: str
    ) -> MailResult:
        if report is None:
            return done(OF_NOBODY) if _is_of_nobody(copy) else MailResult(InboundState.UNREADABLE, problem)
        if report.feedback_type:
            return self.complaint_handler.settle_at_bounce_address(tx, report, number)
        if route.list_name == OF_NO_LIST or is_forward(copy):
            return self._settle_returned(tx, copy, report)
        return self._settle_notification(tx, copy, report)

    def _settle_returned(self, tx: Transaction, copy: Row | None, report: Report) -> MailResult:
        """What came to the return path of a forward: whatever a mail server says but "not yet" is a bounce."""
        found = _find(report, copy)
        if found is None and report.automatic not in _DAEMONS:
            return _no_notification(report, copy)
        if found is not None and found.bounce.kind is None:
            return done(found.bounce)
        returned = take_back_bounced(tx, copy, found, int(self._clock()))
        return MailResult(InboundState.DONE, FORWARD_BOUNCED, consequences=Consequences(returned=(returned,)))

    def _settle_notification(self, tx: Transaction, copy: Row | None, report: Report) -> MailResult:
        found = _find(report, copy)
        if found is None:
            return _no_notification(report, copy)
        if copy is None:
            return done(f"{found.bounce} of what is gone")
        if found.bounce.kind is None:
            return done(found.bounce)
        now = int(self._clock())
        if not bounces.fail_copy(tx, copy["id"], _failure(found), now):
            return done(f"{found.bounce} of a copy that had come to its end")
        consequences = self._draw_consequences(tx, [(copy["id"], found.bounce, found.text)], now)
        edition = copy["edition_id"]
        paused = () if edition is None else tuple(self.auto_pause.after_bounce(tx, edition, now))
        return MailResult(
            InboundState.DONE,
            found.bounce,
            consequences=replace(consequences, paused=paused),
            failed=_failed_copy(copy, found),
        )

    def _draw_consequences(
        self, tx: Transaction, failed: Sequence[tuple[int, BounceClass | None, str]], now: int
    ) -> Consequences:
        counting = [number for number, bounce, _ in failed if bounce in COUNTING]
        suspended = suspend_bouncing(tx, counting, self._settings.value.bounces, now) if counting else []
        policy = [(number, words) for number, bounce, words in failed if bounce is BounceClass.POLICY]
        alerted = [
            operator_alerts.alert_of_policy(tx, number, words, site=self._site, entropy=self._entropy, now=now)
            for number, words in policy[:_ALERTS_AT_MOST]
        ]
        return Consequences(tuple(suspended), tuple(domain for domain in alerted if domain is not None))


def _find(report: Report, copy: Row | None) -> RecipientReport | None:
    return report.of("" if copy is None else copy["address"] or "")


def _is_of_one_person(copy: Row | None) -> bool:
    """Whether a copy was mailed to somebody because they were asked about, which no metric may show."""
    return copy is not None and copy["edition_id"] is None and not is_forward(copy)


def _is_of_nobody(copy: Row | None) -> bool:
    """Whether a copy is there whose reader is gone: nothing may be kept that could name them."""
    return copy is not None and copy["notice_id"] is None and copy["subscriber_id"] is None


def _no_notification(report: Report, copy: Row | None) -> MailResult:
    """What came to a return path and does not say that mail failed. A person's own words there are kept."""
    if report.automatic is not None and report.automatic not in _DAEMONS:
        return done(f"not a bounce: {report.automatic}")
    is_of_nobody = _is_of_nobody(copy) or (copy is None and report.automatic in _DAEMONS)
    return done(OF_NOBODY) if is_of_nobody else kept("not understood: look at it")


def _failed_copy(copy: Row, found: RecipientReport) -> FailedCopy:
    return FailedCopy(
        delivery=copy["id"],
        edition=copy["edition_id"],
        notice=copy["notice_kind"],
        subscriber=copy["subscriber_id"],
        domain=copy["domain"],
        relay=None,
        kind=found.bounce.kind,
        bounce=found.bounce,
        code=found.code or None,
        enhanced=found.status or None,
        reason=kept_words(found.text),
    )


def _failure(found: RecipientReport) -> Failure:
    assert found.bounce.kind is not None
    return Failure(
        kind=found.bounce.kind,
        bounce=found.bounce,
        code=found.code or None,
        enhanced=found.status or None,
        reply=kept_words(found.text),
    )
