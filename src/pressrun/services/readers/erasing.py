"""Forgetting a person: after it no table holds the address, and a keyed hash alone keeps them out.

The hash has a key of its own that is never rotated, so imports and operators cannot bring the person back, years
later; a sign-up of their own, confirmed, can. Counts of past editions stay. What is deleted is overwritten
(secure_delete), and gone from the write-ahead log with the next checkpoint, at the latest when the daemon stops.
"""

from __future__ import annotations

from pressrun.core.address import Address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import suppression_digest
from pressrun.services.editions.pressing import cancel_withdrawn_drafts
from pressrun.services.readers.subscribing import LIFTED_BY_READER
from pressrun.store import consent, enrolment, errands, inbound, moves, subscribers, suppressions
from pressrun.store.transaction import Transaction

REASON = "erased"


def erase_person(tx: Transaction, address: Address, keys: KeyRing, salt: bytes, now: int) -> None:
    """Forget a person everywhere; `salt` is 16 random octets. Raises NotFound, Refused where a list needs them."""
    names = enrolment.lists_naming(tx, address)
    if names:
        raise Refused(
            f"{address} stands in the settings of {', '.join(names)} (from, owner or reply_to): "
            "set another address there first"
        )
    digest = suppression_digest(keys, address.key)
    person = subscribers.find_subscriber(tx, address)
    suppression = suppressions.get_suppression(tx, digest)
    traces = enrolment.forget_traces(tx, address) + inbound.forget_sender(tx, address)
    cancel_withdrawn_drafts(tx, now)
    traces += moves.forget_changes(tx, address) + errands.forget_errands(tx, address)
    if person is None and not traces and (suppression is None or suppression["address"] is None):
        raise NotFound(f"no list knows {address}")
    if person is not None:
        enrolment.cancel_everything(tx, person.id, now)
        consent.erase_consent(tx, person.id, now=now, salt=salt)
        subscribers.delete_subscriber(tx, person.id)
    # A complaint or `never-again` is not weakened into a reason that a sign-up lifts.
    reason = REASON
    if suppression is not None and suppression["reason"] not in LIFTED_BY_READER:
        reason = suppression["reason"]
    suppressions.suppress(tx, digest, address=None, reason=reason, now=now)
