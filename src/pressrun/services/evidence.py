"""The evidence of consent as a whole: which mail asked, how long IP addresses are kept, whether it was tampered with.

Single events are recorded by the services that cause them (services.readers.subscription_records).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from pressrun.core.signing.chain import Audit, ChainRow, Head
from pressrun.services.ports import Entropy
from pressrun.store.queue import notices
from pressrun.store.queue.deliveries import ClaimedNotice, DeliveryResult, SentMail
from pressrun.store.readers import consent
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.transaction import Transaction

ASKED = "asked"
CONFIRMATION = "confirmation"
ASKING_KINDS = frozenset({CONFIRMATION, "still_there", "address_change"})  # notices that ask for consent
AGEING_AT_LEAST_SECONDS = 3600.0  # marks are rows, too, and one an hour is enough


def sent_mail(row: ClaimedNotice, message_id: str, content: bytes) -> SentMail | None:
    """What to keep of a notice that a relay has accepted: the Message-ID and digest of one that asks for consent."""
    if row.kind not in ASKING_KINDS:
        return None
    return SentMail(
        message_id=message_id,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        salt=hashlib.sha256(b"evidence" + row.message_secret).digest()[:16],
    )


def record_sent(tx: Transaction, results: Iterable[DeliveryResult], now: int) -> None:
    """Record the mails that asked for consent, except those to people who are gone by now."""
    asking = [(result.id, result.mail) for result in results if result.mail is not None]
    readers = notices.find_notice_readers(tx, [number for number, _ in asking]) if asking else {}
    for number, mail in asking:
        asked = readers.get(number)
        if asked is not None:
            event = ConsentEvent(
                subscriber_id=asked["subscriber_id"],
                list_id=asked["list_id"],
                list_name=asked["list_name"],
                event=ASKED,
                at=now,
                source="pressrun",
                salt=mail.salt,
                address=asked["address"],
                language=asked["language"],
                text=asked["kind"],
                mail=mail.digest,
                message_id=mail.message_id,
            )
            consent.append_consent(tx, event)


def age_ips(tx: Transaction, keep_seconds: float, entropy: Entropy, now: float) -> int:
    """Delete a batch of IP addresses that are older than `keep_seconds`; returns how many.

    It waits until the oldest is overdue by an hour, or by a tenth of `keep_seconds` if that is less.
    """
    oldest_at = consent.oldest_ip_at(tx)
    if oldest_at is None or oldest_at > now - keep_seconds - min(AGEING_AT_LEAST_SECONDS, keep_seconds / 10):
        return 0
    return consent.age_ips(tx, before=int(now - keep_seconds), now=int(now), salt=entropy(16))


class Chained(Protocol):
    """A table whose rows are chained: store.readers.consent, or store.people.audit."""

    def chain_rows(self, tx: Transaction, after: int = 0) -> Iterator[ChainRow]:
        """All rows after that number, in their order."""

    def read_head(self, tx: Transaction) -> Head:
        """The end of the chain, as the database stores it beside the rows."""


def verify(tx: Transaction, witnesses: Iterable[tuple[str, Head]], chain: Chained = consent) -> Audit:
    """Verify a whole chain; each witness is the place where a head was kept, and that head."""
    audit = Audit()
    for where, head in witnesses:
        audit.expect(head, where)
    audit.follow(chain.chain_rows(tx))
    audit.finish(chain.read_head(tx))
    return audit
