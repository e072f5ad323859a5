"""Who may be mailed: the one rule that every door asks, and the only writer of suppressions.

"Never again" is the word of a mailbox: it holds under every spelling and for every subscriber there. Every other reason
is about one compared address. For copies of editions the view `recipient` of the schema says the same in SQL.
"""

from __future__ import annotations

import json
from enum import StrEnum

from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import Digests, digests_of
from pressrun.store import enrolment, subscribers, suppressions
from pressrun.store.deliveries import ClaimedNotice
from pressrun.store.transaction import Transaction


class SuppressionReason(StrEnum):
    """Why an address gets nothing. A reader's own confirmation lifts `hard-bounce` and `erased`."""

    HARD_BOUNCE = "hard-bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    NEVER_AGAIN = "never-again"
    OPERATOR = "operator"


# Reasons that a reader's own confirmation lifts; the others only `suppression rm` does.
LIFTED_BY_READER = frozenset({SuppressionReason.HARD_BOUNCE, SuppressionReason.ERASED})
# A later reason takes the place of an earlier one unless it is weaker: a bounce must not open what a complaint closed.
_STRENGTH = {
    SuppressionReason.HARD_BOUNCE: 0,
    SuppressionReason.ERASED: 1,
    SuppressionReason.COMPLAINT: 2,
    SuppressionReason.OPERATOR: 2,
    SuppressionReason.NEVER_AGAIN: 3,
}
_SIGN_UP, _PROBE = "confirmation", "still_there"  # the notices that some suppressed addresses get
_OWN_SOURCES = frozenset({"web", "mail"})  # of a confirmation that the reader asked for, not an operator


def find_reason(tx: Transaction, digests: Digests) -> SuppressionReason | None:
    """Why an address gets no mail, None where it may: the strongest reason that reaches it."""
    found = suppressions.find(tx, digests)
    return None if found is None else SuppressionReason(found["reason"])


def may_confirm(tx: Transaction, digests: Digests) -> bool:
    """Whether an address may be mailed the confirmation of its own sign-up: confirming lifts some reasons."""
    reason = find_reason(tx, digests)
    return reason is None or reason in LIFTED_BY_READER


def may_be_sent(tx: Transaction, notice: ClaimedNotice, *, keys: KeyRing) -> bool:
    """Whether a notice may go to its address now, whatever it was when it was queued."""
    try:
        address = parse_address(notice.address)
    except MalformedAddress:  # taken by an earlier version; no mail can be composed for it
        return True
    reason = find_reason(tx, digests_of(keys, address))
    if reason is None:
        return True
    if notice.kind == _PROBE:
        return reason is SuppressionReason.HARD_BOUNCE
    is_own = notice.kind == _SIGN_UP and json.loads(notice.payload).get("answers") in _OWN_SOURCES
    return is_own and reason in LIFTED_BY_READER


def suppress(
    tx: Transaction,
    digests: Digests,
    reason: SuppressionReason,
    *,
    address: str | None,
    now: int,
    since: int | None = None,
) -> bool:
    """Keep an address out, or for `never-again` its mailbox, and cancel what waits there.

    `address` is what operators see, None where it must not be kept. False when a stronger reason stands, and stays.
    """
    standing = find_reason(tx, digests)
    if standing is not None and _STRENGTH[reason] < _STRENGTH[standing]:
        return False
    digest = digests.mailbox if reason is SuppressionReason.NEVER_AGAIN else digests.own
    suppressions.suppress(tx, digest, address=address, reason=reason, since=now if since is None else since)
    for person in subscribers.of_mailbox(tx, digests.mailbox):
        if find_reason(tx, person.digests) is None:
            continue
        if reason in LIFTED_BY_READER:  # a confirmation that they asked for may still come
            enrolment.cancel_all_copies(tx, person.id, now)
        else:
            enrolment.cancel_everything(tx, person.id, now)
    return True


def is_stronger(reason: SuppressionReason, standing: SuppressionReason | None) -> bool:
    """Whether a reason says more than the one that stands."""
    return standing is None or _STRENGTH[reason] > _STRENGTH[standing]


def lift(tx: Transaction, digests: Digests) -> bool:
    """Let an address in again, and its mailbox if that had said "never again"; False when neither was kept out."""
    own = suppressions.lift(tx, digests.own)
    whole = find_reason(tx, digests) is SuppressionReason.NEVER_AGAIN and suppressions.lift(tx, digests.mailbox)
    return own or whole


def lift_for_reader(tx: Transaction, digests: Digests) -> None:
    """Somebody proved that they read and want mail at an address: what that may lift is lifted."""
    if find_reason(tx, digests) in LIFTED_BY_READER:
        suppressions.lift(tx, digests.own)


def keep_out_erased(tx: Transaction, digests: Digests, address_key: str, now: int) -> None:
    """Keep an erased address out by its keyed hash alone; a reason that no sign-up lifts stays what it is."""
    standing = find_reason(tx, digests)
    own = suppressions.find_suppression(tx, digests.own)
    if own is not None and own["reason"] not in LIFTED_BY_READER:
        suppressions.forget_address(tx, digests.own)
    elif standing is not SuppressionReason.NEVER_AGAIN or own is not None:
        suppressions.suppress(tx, digests.own, address=None, reason=SuppressionReason.ERASED, since=now)
    whole = suppressions.find_suppression(tx, digests.mailbox)
    if whole is not None and _key_of(whole["address"]) == address_key:
        suppressions.forget_address(tx, digests.mailbox)


def _key_of(address: str | None) -> str | None:
    try:
        return None if address is None else parse_address(address).key
    except MalformedAddress:  # taken by an earlier version
        return None
