"""From a relay's reply to the recorded result of a copy: delivered, failed and why, or deferred until when."""

from __future__ import annotations

from collections.abc import Callable

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_of_refusal
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.pacing.retry import is_given_up, next_attempt_at
from pressrun.core.text.masking import without_addresses
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.queue.deliveries import Claimed, DeliveryResult

NO_REPLY = "the connection ended before the relay replied; it may have accepted the copy"
MAX_REPLY_CHARACTERS = 500  # enough for any provider's explanation


def kept_words(text: str) -> str:
    """A reply's words as they are recorded, without addresses.

    An address may be that of another reader, to whom the mailbox forwards, and erasing that reader would not find it.
    """
    return without_addresses(text[:MAX_REPLY_CHARACTERS])


def delivery_result_of(
    row: Claimed,
    result: HandOver,
    *,
    relay: str,
    settings: DeliverySettings,
    now: float,
    jitter: Callable[[], float],
    edition_id: int | None = None,
) -> DeliveryResult:
    """The result of a claimed copy; `row` is the delivery as it was before the claim."""
    code = enhanced = None
    text = NO_REPLY
    if result.reply is not None:
        code, enhanced = result.reply.code, result.reply.enhanced or None
        text = result.reply.text[:MAX_REPLY_CHARACTERS]
    state, due_at, kind = DeliveryState.DELIVERED, int(now), None
    bounce: BounceClass | None = None
    if result.outcome is Outcome.REFUSED:
        state = DeliveryState.FAILED
        bounce = _class_of(result, text)
        kind = bounce.kind
    elif result.outcome is not Outcome.DELIVERED:
        state = DeliveryState.DEFERRED
        attempts = row.attempts + 1
        due_at = next_attempt_at(schedule=settings.retry_seconds, attempts=attempts, now=now, jitter=jitter())
        first = row.first_attempt_at or int(now)
        if is_given_up(first_attempt_at=first, next_at=due_at, give_up_after=settings.give_up_after_seconds):
            state, kind = DeliveryState.FAILED, FailureKind.EXPIRED
            bounce = _class_of_last_reply(result, text)
    return DeliveryResult(
        id=row.id,
        state=state,
        due_at=due_at,
        relay=relay,
        code=code,
        enhanced=enhanced,
        reply=kept_words(text),
        kind=kind,
        bounce=bounce,
        edition_id=edition_id,
    )


def interrupted_delivery_result(
    row: Claimed, *, relay: str, now: float, edition_id: int | None = None
) -> DeliveryResult:
    """The result of a copy whose reply came too late for a daemon that stops. The next one sends it at once.

    The relay has not refused it, so it neither waits for a retry nor expires.
    """
    return DeliveryResult(
        id=row.id,
        state=DeliveryState.DEFERRED,
        due_at=int(now),
        relay=relay,
        reply=NO_REPLY,
        edition_id=edition_id,
    )


def bare_delivery_result(
    row: Claimed, result: HandOver, *, relay: str, settings: DeliverySettings, now: float, edition_id: int | None = None
) -> DeliveryResult:
    """The result where a reply cannot be classified: delivered if the relay accepted the copy, deferred otherwise."""
    is_taken = result.outcome is Outcome.DELIVERED
    return DeliveryResult(
        id=row.id,
        state=DeliveryState.DELIVERED if is_taken else DeliveryState.DEFERRED,
        due_at=int(now) if is_taken else int(now + settings.retry_seconds[0]) + 1,
        relay=relay,
        code=None if result.reply is None else result.reply.code,
        edition_id=edition_id,
    )


def _class_of(result: HandOver, text: str) -> BounceClass:
    """The class of a permanent refusal."""
    reply = result.reply
    bounce_class = class_of_refusal(
        code=554 if reply is None else reply.code,
        enhanced="" if reply is None else reply.enhanced,
        text=text,
        at_recipient=result.stage is Stage.RCPT,
    )
    if result.stage is Stage.MAIL and bounce_class is not BounceClass.MESSAGE:
        return BounceClass.POLICY  # before any recipient was named, so it is about us, whatever the code says
    return bounce_class


def _class_of_last_reply(result: HandOver, text: str) -> BounceClass | None:
    """The class of a copy that was given up, if the words are about the mailbox itself rather than the relay."""
    if result.reply is None or result.stage is Stage.MAIL:
        return None
    bounce_class = _class_of(result, text)
    return BounceClass.FULL if bounce_class in (BounceClass.GONE, BounceClass.FULL) else None
