"""Forgetting a person: after it no table holds the address, and a keyed hash alone keeps them out.

The hash has a key of its own that is never rotated, so imports and operators cannot bring the person back, years
later; a sign-up of their own, confirmed, can. Counts of past editions stay. What is deleted is overwritten
(secure_delete), and gone from the write-ahead log with the next checkpoint, at the latest when the daemon stops.
"""

from __future__ import annotations

from pressrun.core.address import Address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import digests_of
from pressrun.services.editions.pressing import cancel_withdrawn_drafts
from pressrun.services.suppression import holds_address, keep_out_erased
from pressrun.store import consent, enrolment, errands, inbound, moves, subscribers
from pressrun.store.transaction import Transaction


def erase_person(tx: Transaction, address: Address, keys: KeyRing, salt: bytes, now: int) -> None:
    """Forget a person everywhere; `salt` is 16 random octets. Raises NotFound, Refused where a list needs them."""
    names = enrolment.lists_naming(tx, address)
    if names:
        raise Refused(
            f"{address} stands in the settings of {', '.join(names)} (from, owner or reply_to): "
            "set another address there first"
        )
    digests = digests_of(keys, address)
    person = subscribers.find_subscriber(tx, address)
    traces = enrolment.forget_traces(tx, address) + inbound.forget_sender(tx, address)
    cancel_withdrawn_drafts(tx, now)
    traces += moves.forget_changes(tx, address) + errands.forget_errands(tx, address)
    if person is None and not traces and not holds_address(tx, digests, address.key):
        raise NotFound(f"no list knows {address}")
    if person is not None:
        enrolment.cancel_everything(tx, person.id, now)
        consent.erase_consent(tx, person.id, now=now, salt=salt)
        subscribers.delete_subscriber(tx, person.id)
    keep_out_erased(tx, digests, address.key, now)
