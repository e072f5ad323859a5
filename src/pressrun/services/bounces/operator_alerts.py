"""Alerts to the operator, once a day for each subject: by mail to `operator` if it is set, and in the log.

An alert that the mail server refused did not arrive, so it is mailed again after an hour, and then after twice as long
each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pressrun.core.addresses.address import parse_address
from pressrun.core.pacing.providers import provider_of
from pressrun.core.quantities import Rate
from pressrun.core.text.masking import without_addresses
from pressrun.core.timestamps import rfc3339
from pressrun.core.upkeep.alerts import ALERT_SECONDS, CAUSES, Cause
from pressrun.services.context import ServiceContext
from pressrun.services.mails.notices_to_people import mail_person
from pressrun.store import limits
from pressrun.store.limits import Meter
from pressrun.store.lists import lists
from pressrun.store.readers.bounces import BouncedCopy
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.monitoring import AlertTries, count_alert_tries

ALERTS = "alerts"  # their scope among the limits
ALERT_RATE = Rate(1, ALERT_SECONDS)  # for each subject
AGAIN_SECONDS = 3600  # after one failed mail, and twice as long after each further one


def alert_of_policy(
    tx: Transaction, refused: Sequence[tuple[BouncedCopy, str]], now: int, context: ServiceContext
) -> list[str]:
    """Alert the operator to domains that refuse our mail for policy; returns the new ones.

    `refused` has copies with the words of the reply, which are quoted without the addresses in them. All domains of a
    provider are one subject.
    """
    providers = [provider_of(copy.domain) or copy.domain for copy, _ in refused]
    subjects = [hashlib.sha256(f"policy\0{provider}".encode()).digest() for provider in providers]
    are_new = limits.spend_each(tx, ALERTS, subjects, ALERT_RATE, now)
    news = [refusal for refusal, is_new in zip(refused, are_new, strict=True) if is_new]
    if news and context.site.operator is not None:
        operator = parse_address(context.site.operator)
        for copy, words in news:
            about = {"edition": copy.edition_id, "edition_subject": copy.title}
            payload = {**about, "domain": copy.domain, "reply": without_addresses(words)}
            mail_person(tx, "policy_alert", operator, payload, context, list_id=copy.list_id, language="en")
    return [copy.domain for copy, _ in news]


def alert_operator(tx: Transaction, cause: Cause, details: str, context: ServiceContext) -> bool:
    """Queue an email about a cause; False without an operator or a list, and while none is due."""
    rule = CAUSES[cause]
    payload = {"when": rule.when, "details": without_addresses(details), "advice": rule.advice}
    return _mail_operator(tx, "operator_alert", f"cause\0{cause}", "when", payload, context)


def alert_of_relay(tx: Transaction, name: str, failing_since: float, error: str, context: ServiceContext) -> bool:
    """The same about a relay that fails."""
    payload = {"relay": name, "since": rfc3339(int(failing_since)), "error": without_addresses(error)}
    return _mail_operator(tx, "relay_alert", f"relay\0{name}", "relay", payload, context)


def _mail_operator(
    tx: Transaction, kind: str, subject: str, key: str, payload: Mapping[str, str], context: ServiceContext
) -> bool:
    """There is a limit for the subject, and `payload[key]` is the same in every mail about it."""
    operator, now = context.site.operator, context.now
    target = next(iter(lists.all_lists(tx)), None)
    if operator is None or target is None:
        return False
    tries = count_alert_tries(tx, kind, key=key, subject=payload[key], since=now - int(ALERT_SECONDS))
    if not _is_due(tx, tries, subject, now):
        return False
    mail_person(tx, kind, parse_address(operator), payload, context, list_id=target.id, language="en")
    return True


def _is_due(tx: Transaction, tries: AlertTries, subject: str, now: int) -> bool:
    """Whether no mail was queued today, or all of today's have failed, the latest long enough ago."""
    if tries.others:
        return False
    is_first = limits.spend(tx, [Meter(ALERTS, hashlib.sha256(subject.encode()).digest(), ALERT_RATE)], now)
    if tries.failed_at is None:
        return is_first
    return now - tries.failed_at >= AGAIN_SECONDS << (tries.failed - 1)
