"""Alerts to the operator, once a day for each subject: by mail to `operator` if it is set, and in the log."""

from __future__ import annotations

import hashlib

from pressrun.core.address import parse_address
from pressrun.core.masking import without_addresses
from pressrun.core.providers import provider_of
from pressrun.core.quantities import Rate
from pressrun.core.site import Site
from pressrun.services.ports import Entropy
from pressrun.store import bounces, editions, limits, notices
from pressrun.store.notices import NewNotice
from pressrun.store.subscribers import language_of
from pressrun.store.transaction import Transaction

ALERTS = "alerts"  # their scope among the limits
ALERT_RATE = Rate(1, 86400.0)  # for each subject


def alert_of_policy(
    tx: Transaction, delivery_id: int, words: str, *, site: Site, entropy: Entropy, now: int
) -> str | None:
    """Alert the operator that a domain refuses our mail for policy; returns the domain, or None for a known one.

    All domains of a provider are one subject. The provider's words are quoted without the addresses in them.
    """
    copy = bounces.find_copy(tx, delivery_id)
    if copy is None or copy["edition_id"] is None:
        return None
    subject = hashlib.sha256(f"policy\0{provider_of(copy['domain']) or copy['domain']}".encode()).digest()
    if not limits.spend(tx, ALERTS, subject, ALERT_RATE, now):
        return None
    edition = editions.find_edition(tx, copy["edition_id"])
    assert edition is not None  # the copy holds it by a foreign key
    if site.operator is not None:
        notices.insert_notice(
            tx,
            NewNotice(
                kind="policy_alert",
                address=parse_address(site.operator),
                message_secret=entropy(16),
                list_id=edition.list_id,
                language=language_of(tx, parse_address(site.operator), "en"),
                payload={
                    "edition": edition.id,
                    "edition_subject": edition.title,
                    "domain": copy["domain"],
                    "reply": without_addresses(words),
                },
            ),
            now,
        )
    domain: str = copy["domain"]
    return domain
