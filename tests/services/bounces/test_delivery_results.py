"""From a relay's answer to what is recorded of a copy."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.services.bounces.delivery_results import MAX_REPLY_CHARACTERS, delivery_result_of
from pressrun.services.settings import DeliverySettings
from pressrun.smtp.handover import HandOver, Outcome, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue.deliveries import ClaimedCopy, DeliveryResult

NOW = 1_800_000_000.0
ROW = ClaimedCopy(
    id=7,
    subscription_id=1,
    domain="reader.example",
    destination="",
    attempts=0,
    first_attempt_at=None,
    subscriber_id=1,
    address="a@reader.example",
    name="",
    attributes="{}",
    epoch=0,
    round=0,
)


def settled(outcome: Outcome, stage: Stage, reply: Reply | None = None, **changes: Any) -> DeliveryResult:
    row = replace(ROW, **changes)
    return delivery_result_of(
        row, HandOver(outcome, stage, reply), relay="primary", settings=DeliverySettings(), now=NOW, jitter=float
    )


def test_a_positive_answer_to_the_content_is_a_delivery() -> None:
    result = settled(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "queued as 1", "2.0.0"))
    expected = (7, DeliveryState.DELIVERED, "primary", 250, "2.0.0", "queued as 1", None)
    assert expected == (result.id, result.state, result.relay, result.code, result.enhanced, result.reply, result.kind)


@pytest.mark.parametrize(
    ("stage", "reply", "kind"),
    [
        (Stage.RCPT, Reply(550, "no such user", "5.1.1"), FailureKind.HARD),
        (Stage.RCPT, Reply(550, "no such user"), FailureKind.HARD),
        (Stage.CONTENT, Reply(550, "no"), FailureKind.MESSAGE),
        (Stage.CONTENT, Reply(550, "no such user", "5.1.1"), FailureKind.HARD),
        (Stage.CONTENT, Reply(554, "spam", "5.7.1"), FailureKind.POLICY),
        (Stage.MAIL, Reply(550, "sender unknown", "5.1.1"), FailureKind.POLICY),
        (Stage.MAIL, Reply(550, "no"), FailureKind.MESSAGE),
        (Stage.MAIL, Reply(553, "domain of sender address does not exist", "5.1.8"), FailureKind.POLICY),
        (Stage.MAIL, Reply(552, "too large", "5.3.4"), FailureKind.MESSAGE),
        (Stage.MAIL, Reply(550, "SMTPUTF8 needed", "5.6.7"), FailureKind.MESSAGE),
        (Stage.MAIL, Reply(552, "quota", "5.2.2"), FailureKind.POLICY),
    ],
)
def test_a_refusal_is_a_failure_and_before_rcpt_never_the_readers(
    stage: Stage, reply: Reply, kind: FailureKind
) -> None:
    result = settled(Outcome.REFUSED, stage, reply)
    assert (DeliveryState.FAILED, kind, reply.code) == (result.state, result.kind, result.code)


@pytest.mark.parametrize(("attempts", "wait"), [(0, 300), (1, 900), (2, 3600), (3, 14400), (4, 14400), (20, 14400)])
@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.UNKNOWN])
def test_what_has_no_final_answer_waits_longer_each_time(outcome: Outcome, attempts: int, wait: int) -> None:
    result = settled(outcome, Stage.CONTENT, attempts=attempts, first_attempt_at=int(NOW))
    assert (DeliveryState.DEFERRED, int(NOW) + wait) == (result.state, result.due_at)


def test_it_is_given_up_after_five_days() -> None:
    days = 5 * 86400
    results = [
        settled(Outcome.DEFERRED, Stage.RCPT, Reply(450, "later"), attempts=9, first_attempt_at=int(NOW) - age)
        for age in (days - 14400, days - 14399)
    ]
    assert [(DeliveryState.DEFERRED, None), (DeliveryState.FAILED, FailureKind.EXPIRED)] == [
        (result.state, result.kind) for result in results
    ]


def test_a_reply_is_kept_as_far_as_anybody_reads() -> None:
    result = settled(Outcome.REFUSED, Stage.RCPT, Reply(550, "x" * 5000))
    assert MAX_REPLY_CHARACTERS == len(result.reply or "")
