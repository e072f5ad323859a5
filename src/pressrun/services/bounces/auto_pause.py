"""Auto-pause: an edition that fares worse than the operator allows pauses by itself, once, and its editor hears why.

It looks at the share of copies refused for good and the share of readers who complained, once there are enough outcomes
for a share to mean something, and at messages that the relay finds too large or malformed, which would fail for every
reader. Bounces that come later by mail count like refusals. Counting the outcomes of a large edition is costly, so its
health is kept in memory, and the database counts only at first and when the health looks bad.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import REFUSALS, DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.text.masking import without_addresses
from pressrun.message.finding import remark
from pressrun.services.context import ServiceContext
from pressrun.services.editions.lifecycle import PauseReason, pause_by_itself
from pressrun.services.mails.notices_to_people import queue_pause_notices
from pressrun.services.settings import DeliverySettings
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.queue import copy_counts, deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

LEAST_OUTCOMES = 100  # with fewer, one reader is too large a share
EVERY_SECONDS = 1.0  # between two counts after bad news: the health may be wrong, as after a failed transaction
EDITIONS_AT_MOST = 100  # whose health is kept: those with the latest news


class _Health(Struct, frozen=True, kw_only=True):
    """The outcomes of an edition: what was counted at `counted_at`, and what has come since.

    `messages` are those refused as malformed or too large, in a row; `has_delivered` says that the row begins here.
    """

    outcomes: int = 0
    refused: int = 0
    complaints: int = 0
    messages: int = 0
    has_delivered: bool = False
    counted_at: int | None = None
    was_auto_paused: bool = False

    def __add__(self, news: _Health) -> _Health:
        """The health with what has come since."""
        return replace(
            self,
            outcomes=self.outcomes + news.outcomes,
            refused=self.refused + news.refused,
            complaints=self.complaints + news.complaints,
            messages=news.messages if news.has_delivered else self.messages + news.messages,
            has_delivered=self.has_delivered or news.has_delivered,
        )

    def is_malformed(self, settings: DeliverySettings) -> bool:
        """Whether the relay refuses the message for every reader: as many in a row as it takes to judge a share."""
        return settings.pause_at_hard < 1 and self.messages >= LEAST_OUTCOMES

    def reason(self, settings: DeliverySettings) -> PauseReason | None:
        """The share that is too large, if one is."""
        if self.outcomes < LEAST_OUTCOMES:
            return None
        if settings.pause_at_hard < 1 and self.refused > settings.pause_at_hard * self.outcomes:
            most = f"{settings.pause_at_hard:.2%}"
            cause = remark("paused-refused", refused=self.refused, outcomes=self.outcomes, most=most)
            said = f"{self.refused} of {self.outcomes} copies were refused, more than {most} (pause_at_hard)"
            return PauseReason(text=said, how="refused", cause=cause)
        if settings.pause_at_complaints < 1 and self.complaints > settings.pause_at_complaints * self.outcomes:
            most = f"{settings.pause_at_complaints:.2%}"
            cause = remark("paused-complaints", complaints=self.complaints, outcomes=self.outcomes, most=most)
            said = f"{self.complaints} of {self.outcomes} readers complained, more than {most} (pause_at_complaints)"
            return PauseReason(text=said, how="complaints", cause=cause)
        return None

    def is_to_be_counted(self, settings: DeliverySettings, now: int, *, has_news: bool) -> bool:
        """Whether the database must be asked; `has_news` says that something bad has just come."""
        if self.was_auto_paused:
            return False
        if self.counted_at is None or self.is_malformed(settings) or self.reason(settings) is not None:
            return True
        return has_news and not 0 <= now - self.counted_at < EVERY_SECONDS


class AutoPause:
    """Checks editions as the outcomes of their copies come in."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._health: dict[int, _Health] = {}

    def after_results(self, tx: Transaction, results: Sequence[DeliveryResult], now: int) -> list[Edition]:
        """Check the editions of copies that were just recorded; returns those that pause now."""
        news: dict[int, _Health] = {}
        bad: set[int] = set()
        for result in results:
            if result.edition_id is not None:
                news[result.edition_id] = news.get(result.edition_id, _Health()) + _news_of(result)
                if result.bounce is not None:
                    bad.add(result.edition_id)
        return self._check_all(tx, news, bad, now)

    def after_bounce(self, tx: Transaction, edition_id: int, now: int) -> list[Edition]:
        """Check an edition after an accepted copy has bounced; returns it when it pauses now."""
        return self._check_all(tx, {edition_id: _Health(refused=1)}, [edition_id], now)

    def after_complaint(self, tx: Transaction, edition_id: int, now: int) -> list[Edition]:
        """Check an edition after a complaint; returns it when it pauses now."""
        return self._check_all(tx, {edition_id: _Health(complaints=1)}, [edition_id], now)

    def _check_all(self, tx: Transaction, news: Mapping[int, _Health], bad: Collection[int], now: int) -> list[Edition]:
        counted: dict[int, _Health | None] = {}
        paused: list[Edition] = []
        for number, since in sorted(news.items()):
            health = self._health.get(number, _Health()) + since
            if not health.is_to_be_counted(self._context.settings.value.delivery, now, has_news=number in bad):
                continue
            counted[number], edition = self._check(tx, number, health, now)
            paused += [] if edition is None else [edition]
        tx.after_commit(self._keep, news, counted)
        return paused

    def _keep(self, news: Mapping[int, _Health], counted: Mapping[int, _Health | None]) -> None:
        """Keep the health of editions: what was counted, None for what is over, else what has come since.

        Most editions end without bad news, so that nothing else drops them. One that was dropped is counted again.
        """
        for number, since in news.items():
            kept = self._health.pop(number, _Health())
            health = counted[number] if number in counted else kept + since
            if health is not None:
                self._health[number] = health
        for number in list(self._health)[:-EDITIONS_AT_MOST]:
            del self._health[number]

    def _check(self, tx: Transaction, number: int, health: _Health, now: int) -> tuple[_Health | None, Edition | None]:
        """The health of an edition by the database, None when it is not being sent; and the edition if it pauses."""
        edition = editions.find_edition(tx, number)
        if edition is None or edition.state is not EditionState.SENDING:
            return None, None
        health = _count(tx, edition, health, now)
        if health.was_auto_paused:
            return health, None
        settings = self._context.settings.value.delivery
        is_malformed = health.is_malformed(settings)
        reason = self._message_reason(tx, edition) if is_malformed else health.reason(settings)
        return (health, None) if reason is None else (None, self._pause(tx, edition, reason, now))

    def _message_reason(self, tx: Transaction, edition: Edition) -> PauseReason:
        words = without_addresses(deliveries.last_refusal(tx, edition.id, "message")) or "no words were given"
        said = f"the relay refuses the message itself, for every reader: {words}"
        return PauseReason(text=said, how="message", cause=remark("paused-message", words=words))

    def _pause(self, tx: Transaction, edition: Edition, reason: PauseReason, now: int) -> Edition:
        editions.record_auto_pause(tx, edition.id, now)
        return pause_by_itself(tx, edition, reason, now, partial(queue_pause_notices, context=self._context))


def _news_of(result: DeliveryResult) -> _Health:
    is_delivered = result.state is DeliveryState.DELIVERED
    has_failed = result.state is DeliveryState.FAILED
    return _Health(
        outcomes=int(is_delivered or has_failed),
        refused=int(has_failed and result.kind in REFUSALS),
        messages=int(result.bounce is BounceClass.MESSAGE),
        has_delivered=is_delivered,
    )


def _count(tx: Transaction, edition: Edition, health: _Health, now: int) -> _Health:
    health = replace(health, counted_at=now, was_auto_paused=edition.auto_paused_at is not None)
    if health.was_auto_paused:
        return health
    outcomes, refused = copy_counts.count_outcomes(tx, edition.id)
    return replace(health, outcomes=outcomes, refused=refused, complaints=edition.complaints)
