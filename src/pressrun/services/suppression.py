"""Who may be mailed: the one rule for all mail, and the only writer of suppressions.

"Never again" is about a mailbox: it holds for every spelling and every subscriber there. Every other reason is about
one compared address. For copies of editions the view `recipient` of the schema says the same in SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from pressrun.core.addresses.address import find_address
from pressrun.core.lifecycles.events import EventType
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.store.programs import events
from pressrun.store.queue import deliveries
from pressrun.store.queue.deliveries import ClaimedNotice
from pressrun.store.readers import enrolment, subscribers, suppressions
from pressrun.store.transaction import Transaction


class SuppressionReason(StrEnum):
    """Why an address gets no mail. A reader's own confirmation lifts `hard-bounce` and `erased`."""

    HARD_BOUNCE = "hard-bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    NEVER_AGAIN = "never-again"
    OPERATOR = "operator"


# Reasons that a reader's own confirmation lifts; the others only `suppression rm` does.
LIFTED_BY_READER = frozenset({SuppressionReason.HARD_BOUNCE, SuppressionReason.ERASED})
# Only a stronger reason replaces another: a bounce must not make a complaint easier to lift.
_STRENGTH: Mapping[str, int] = {
    SuppressionReason.HARD_BOUNCE: 0,
    SuppressionReason.ERASED: 1,
    SuppressionReason.COMPLAINT: 2,
    SuppressionReason.OPERATOR: 2,
    SuppressionReason.NEVER_AGAIN: 3,
}
_SIGN_UP, _PROBE = "confirmation", "still_there"  # notices that some suppressed addresses get
PROGRAM = "api:"  # begins the source of what a program brings in; the name of its token follows
_OWN_SOURCES = frozenset({"web", "mail"})  # of a confirmation that the reader requested rather than an operator


def find_reason(tx: Transaction, digests: Digests) -> SuppressionReason | None:
    """The strongest reason why an address gets no mail; None if it may."""
    suppression = suppressions.find(tx, digests)
    return None if suppression is None else SuppressionReason(suppression.reason)


def find_reasons(tx: Transaction, addresses: Sequence[Digests]) -> list[SuppressionReason | None]:
    """The same for each of many addresses."""
    reasons = _reasons_at(tx, addresses)
    return [_in_force(reasons, digests) for digests in addresses]


def _reasons_at(tx: Transaction, addresses: Sequence[Digests]) -> dict[bytes, SuppressionReason]:
    return {digest: SuppressionReason(reason) for digest, reason in suppressions.find_reasons(tx, addresses).items()}


def may_confirm(tx: Transaction, digests: Digests) -> bool:
    """Whether an address may be mailed the confirmation of its own sign-up, which lifts some reasons."""
    reason = find_reason(tx, digests)
    return reason is None or reason in LIFTED_BY_READER


def may_be_sent(tx: Transaction, notice: ClaimedNotice, *, keys: KeyRing) -> bool:
    """Whether a notice may go to its address now, however it was when the notice was queued."""
    address = find_address(notice.address)
    if address is None:  # accepted by an earlier version; no mail can be composed for it
        return True
    reason = find_reason(tx, digests_of(keys, address))
    if reason is None:
        return True
    if notice.kind == _PROBE:
        return reason is SuppressionReason.HARD_BOUNCE
    is_own = notice.kind == _SIGN_UP and _is_own(str(json.loads(notice.payload).get("answers")))
    return is_own and reason in LIFTED_BY_READER


def _is_own(source: str) -> bool:
    """Whether a reader requested a confirmation, be it on the site of a program that may sign people up."""
    return source in _OWN_SOURCES or source.startswith(PROGRAM)


class NewSuppression(NamedTuple):
    """An address that is to be suppressed; `address` is what operators see, None if it must not be kept."""

    digests: Digests
    reason: SuppressionReason
    address: str | None
    since: int


def suppress(tx: Transaction, wanted: Sequence[NewSuppression], now: int) -> int:
    """Suppress addresses, or for `never-again` their mailboxes, and cancel what waits there; returns how many.

    They are taken in order, and an address that has a reason gets another one only if that is stronger.
    """
    reasons = _reasons_at(tx, [suppression.digests for suppression in wanted])
    entries: dict[bytes, tuple[str | None, str, int]] = {}
    mailboxes: dict[bytes, None] = {}
    new: dict[bytes, list[SuppressionReason]] = {}
    for digests, reason, address, since in wanted:
        if not is_stronger(reason, _in_force(reasons, digests)):
            continue
        digest = digests.mailbox if reason is SuppressionReason.NEVER_AGAIN else digests.own
        reasons[digest], entries[digest] = reason, (address, reason, since)
        mailboxes[digests.mailbox] = None
        new.setdefault(digest, []).append(reason)
    if entries:
        suppressions.suppress_all(tx, entries)
        _draw_consequences(tx, list(mailboxes), new, now)
    return sum(map(len, new.values()))


def _in_force(reasons: Mapping[bytes, SuppressionReason], digests: Digests) -> SuppressionReason | None:
    """What `find_reason` says, from the reasons at digests."""
    whole = reasons.get(digests.mailbox)
    return whole if whole is SuppressionReason.NEVER_AGAIN else reasons.get(digests.own)


def _draw_consequences(
    tx: Transaction, mailboxes: Sequence[bytes], new: Mapping[bytes, Sequence[SuppressionReason]], now: int
) -> None:
    """Cancel what waits for those at these mailboxes who may not be mailed, and note the `new` reasons at digests."""
    people = [reader for reader in suppressions.people_at(tx, mailboxes) if reader.reason]
    noted: dict[SuppressionReason, list[int]] = {}
    for reader in people:
        of_all = (reason for reason in new.get(reader.mailbox_digest, ()) if reason is SuppressionReason.NEVER_AGAIN)
        for reason in dict.fromkeys([*new.get(reader.suppression_digest, ()), *of_all]):
            noted.setdefault(reason, []).append(reader.id)
    for reason, ids in noted.items():
        readers = [(None, number) for number in ids]
        events.record_for_readers(tx, EventType.SUBSCRIBER_SUPPRESSED, readers, reason.value)
    # Whose reason a confirmation lifts may have asked for one, which may still come.
    lifted = [reader.id for reader in people if reader.reason in LIFTED_BY_READER]
    others = [reader.id for reader in people if reader.reason not in LIFTED_BY_READER]
    if lifted:
        deliveries.cancel_copies_of(tx, *lifted, now=now)
    if others:
        enrolment.cancel_everything(tx, *others, now=now)


def is_stronger(reason: str, present: str | None) -> bool:
    """Whether a reason is stronger than the present one."""
    return present is None or _STRENGTH[reason] > _STRENGTH[present]


def lift(tx: Transaction, digests: Digests) -> bool:
    """Lift the suppression of an address, and of its mailbox for "never again"; False when neither was suppressed."""
    own = suppressions.lift(tx, digests.own)
    whole = find_reason(tx, digests) is SuppressionReason.NEVER_AGAIN and suppressions.lift(tx, digests.mailbox)
    if own or whole:
        _note_lifted(tx, digests, is_whole=whole)
    return own or whole


def lift_for_reader(tx: Transaction, digests: Digests) -> None:
    """Lift what may be lifted by somebody who has proved that they read and want mail at an address."""
    if find_reason(tx, digests) in LIFTED_BY_READER:
        suppressions.lift(tx, digests.own)
        _note_lifted(tx, digests, is_whole=False)


def _note_lifted(tx: Transaction, digests: Digests, *, is_whole: bool) -> None:
    """Note the readers who may be mailed again: with `is_whole` all those of the mailbox."""
    for person in subscribers.of_mailbox(tx, digests.mailbox):
        if (is_whole or person.suppression_digest == digests.own) and find_reason(tx, person.digests) is None:
            events.record_event(tx, EventType.SUBSCRIBER_UNSUPPRESSED, subscriber_id=person.id)


def keep_out_erased(tx: Transaction, digests: Digests, address_key: str, now: int) -> None:
    """Suppress an erased address by its keyed hash alone; a reason that no sign-up lifts remains."""
    present = find_reason(tx, digests)
    own = suppressions.find_suppression(tx, digests.own)
    if own is not None and own.reason not in LIFTED_BY_READER:
        suppressions.forget_address(tx, digests.own)
    elif present is not SuppressionReason.NEVER_AGAIN or own is not None:
        suppressions.suppress(tx, digests.own, address=None, reason=SuppressionReason.ERASED, since=now)
    whole = suppressions.find_suppression(tx, digests.mailbox)
    named = None if whole is None else find_address(whole.address)
    if named is not None and named.key == address_key:
        suppressions.forget_address(tx, digests.mailbox)
