"""From a relay's answer to what is recorded of a copy: delivered, failed and why, or to be tried again and when."""

from __future__ import annotations

from collections.abc import Callable

from pressrun.core.bounces import BounceClass
from pressrun.core.delivery import DeliveryState, FailureKind
from pressrun.core.masking import without_addresses
from pressrun.core.refusals import class_of_refusal
from pressrun.core.retry import is_given_up, next_attempt_at
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.store.deliveries import Claimed, DeliveryResult

NO_REPLY = "the connection ended before the relay had answered; the copy may have been taken"
MAX_REPLY_CHARACTERS = 500  # enough for any provider's explanation, kept once a copy


def kept_words(text: str) -> str:
    """What is recorded of a remote's words: no address. It may be another reader's, to whom a mailbox forwards, and
    nobody would look for it on this copy when that reader is erased.
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
    """What is recorded of a claimed copy; `row` is the delivery as it was before the claim."""
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


def bare_delivery_result(
    row: Claimed, result: HandOver, *, relay: str, settings: DeliverySettings, now: float, edition_id: int | None = None
) -> DeliveryResult:
    """What is recorded where an answer cannot be judged: what a relay took is delivered, all else is tried again."""
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
    """What a refusal for good is about."""
    reply = result.reply
    found = class_of_refusal(
        code=554 if reply is None else reply.code,
        enhanced="" if reply is None else reply.enhanced,
        text=text,
        at_recipient=result.stage is Stage.RCPT,
    )
    if result.stage is Stage.MAIL and found is not BounceClass.MESSAGE:
        return BounceClass.POLICY  # the recipient was not named yet: it is about us, whatever the code says
    return found


def _class_of_last_reply(result: HandOver, text: str) -> BounceClass | None:
    """What counts of a copy that was given up: only words about the mailbox itself, never a relay that was away."""
    if result.reply is None or result.stage is Stage.MAIL:
        return None
    found = _class_of(result, text)
    return BounceClass.FULL if found in (BounceClass.GONE, BounceClass.FULL) else None
