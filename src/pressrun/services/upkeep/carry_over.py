"""What a restored database takes over from the one that it replaces, and what it must not go on with by itself.

A backup knows nothing of what happened after it. Readers who left, or were suppressed or erased, since then would get
mail again, and copies that went out would go out again. So these facts are taken from the former database, as far as it
can be read. Rows are matched by their ids and by what cannot be the same by chance: when a reader came, and the secret
of an edition. After an earlier restore, an id may belong to somebody else.

What is taken over only ever leads to less mail. Readers who came or came back since the backup are not taken over,
unless they have left since.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from pressrun.core.addresses.address import Address, restore_address
from pressrun.core.errors import MalformedAddress
from pressrun.core.lifecycles.delivery import WAITING, DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.signing.chain import NO_ROWS, Head
from pressrun.services.editions.lifecycle import hold_restored, require_edition
from pressrun.services.lists.list_end import begin_closing
from pressrun.services.mails.forwards import keep_forwarded, keep_returned
from pressrun.services.ports import Entropy
from pressrun.services.suppression import SuppressionReason, is_stronger
from pressrun.store import bulk_changes
from pressrun.store.bulk_changes import BulkChange, BulkKind
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.queue import copy_counts, inbound
from pressrun.store.queue.forgotten_claims import find_unrecorded
from pressrun.store.queue.inbound import InboundState
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.readers import consent
from pressrun.store.readers.enrolment import count_audience
from pressrun.store.transaction import Row, Transaction
from pressrun.store.upkeep import restores
from pressrun.store.upkeep.restores import FormerEdition, RestoredEdition

_BACK = "the database went back to an earlier moment"
KEPT_POST = f"it arrived before {_BACK}, and may be an edition that was sent. Check, then retry or remove it"
KEPT_FORWARD = f"it was being forwarded before {_BACK}, and may have arrived. Check, then retry or remove it"
ENDED_JOB = f"{_BACK} while it was running. Check who is on the list before you submit it again"
_OVER = frozenset({EditionState.FINISHED, EditionState.CANCELLED})

Journaled = Mapping[Claim, JournalEntry]


class HeldBack(Struct, frozen=True, kw_only=True):
    """After a restore: how many copies may have gone out, by the id of the paused edition, and how many notices were
    cancelled.
    """

    editions: Mapping[int, int]
    notices: int


def carry_people(tx: Transaction, former: Transaction) -> int:
    """Take over suppressions, new addresses, and subscriptions that ended or were suspended; returns how many ended.

    The mailbox at an address in the backup may be somebody else's by now.
    """
    restores.add_suppressions(tx, former, is_stronger)
    left_behind = restores.move_readers(tx, former)
    restores.store_changes(tx, former)
    ended = restores.end_subscriptions(tx, former)
    if left_behind:  # their mail would go to their former address
        ended += restores.end_reading(tx, [row["id"] for row in restores.find_reading(tx, left_behind)])
    if _is_continued(tx, former):
        restores.drop_changes(tx, former)
        ended += restores.add_ended(tx, former)
        ended += _end_what_is_gone(tx, former)
        ended += restores.pause_removed(tx, former)
        ended += _end_what_was_left(tx, former)
    else:
        restores.lift_erased(tx, former)
    return ended


def _end_what_is_gone(tx: Transaction, former: Transaction) -> int:
    """End subscriptions that no longer exist in `former` although their list does; returns how many.

    A merge of two readers made them, and has been undone since. They stay if the reader has another one to the list.
    """
    there_now, ended = restores.list_ids(former), 0
    for members in restores.list_members(tx):
        ids = {row["id"] for row in members}
        there = restores.find_subscriptions(former, ids)
        known = {row["id"] for row in there}
        reading = {(row["list_id"], row["subscriber_id"]) for row in there if row["state"] == SubscriptionState.ACTIVE}
        gone = [
            row["id"]
            for row in restores.find_reading(tx, ids)
            if row["id"] not in known
            and (row["list_id"], row["subscriber_id"]) not in reading
            and row["list_id"] in there_now
        ]
        ended += restores.end_reading(tx, gone)
    return ended


def _end_what_was_left(tx: Transaction, former: Transaction) -> int:
    """End subscriptions that their readers ended before the list was removed, or in a later list with its name; returns
    how many.

    The list comes back closed, and somebody may open it again.
    """
    lists_here = {each.name: each.id for each in lists.all_lists(tx)}
    left = restores.find_left(former, consent.read_head(tx), lists_here)
    known = restores.find_subscriptions(tx, {subscriber_id for _, subscriber_id in left})
    ended = 0
    for source in {*left.values()}:
        ids = [row["id"] for row in known if left.get((row["list_id"], row["subscriber_id"])) == source]
        ended += restores.end_reading(tx, ids, source)
    return ended


def _is_continued(tx: Transaction, former: Transaction) -> bool:
    """Whether the former database continued from this one. After an earlier restore, it may have diverged."""
    head = consent.read_head(tx)
    return head == NO_ROWS or restores.has_evidence(former, head)


def find_erased(tx: Transaction, former: Transaction) -> list[Address]:
    """The readers who were erased since the backup: by the digest that is left of them, or because they are gone.

    If somebody changed their address before they were erased, the digest is that of the new address. Readers who went
    with their list may come back with it. A reader who has not confirmed may be gone without having been erased, or may
    have signed up after an erasure; in a backup that is newer than the data, any reader may. Readers whose list was
    removed before the backup have no subscription any more.
    """
    erased, is_continued = restores.erased_digests(former), _is_continued(tx, former)
    there_now = restores.list_ids(former) if is_continued else set()
    addresses: dict[str, Address] = {}
    for members in restores.list_members(tx):
        there = restores.find_readers(former, {row["id"] for row in members})
        for row in members:
            left = erased.get(row["suppression_digest"])
            is_pending = row["state"] == SubscriptionState.PENDING
            is_erased = left is not None and (
                left["since"] >= row["created_at"]
                or (not is_pending and (is_continued or left["reason"] != SuppressionReason.ERASED))
            )
            is_gone = (row["id"], row["created_at"]) not in there and row["list_id"] in there_now
            if is_erased or (is_gone and not is_pending):
                addresses[row["address"]] = _stored_address(row["address"], row["domain"])
    return list(addresses.values())


def _stored_address(address: str, domain: str) -> Address:
    try:
        return restore_address(address, domain)
    except MalformedAddress:  # an earlier version accepted it
        return Address(address, address.rpartition("@")[0], domain)


def carry_evidence(tx: Transaction, former: Transaction) -> bool:
    """Take over the evidence since the backup, and what was erased of earlier evidence; False if the two diverged.

    Rows stay as they were, so a head that was written down since is still in the chain. Readers who came since are
    added without subscriptions: otherwise their address could not be erased from the evidence later.
    """
    if not _is_continued(tx, former):
        return False
    head = consent.read_head(tx)
    restores.add_evidence(tx, former, head)
    restores.add_readers_of_evidence(tx, former, head)
    return True


def erase_strangers(tx: Transaction, before: Head, entropy: Entropy, now: int) -> None:
    """Erase the evidence after this head about people who are not here, because they had not confirmed yet.

    This comes last. It adds a mark that the former database does not have, so its chain no longer continues this one.
    """
    consent.erase_consent(tx, *restores.find_missing_readers(tx, before), now=now, salt=entropy(16))


def carry_editions(tx: Transaction, former: Transaction, journaled: Journaled, now: int) -> dict[int, int]:
    """Take over how far editions have come since, copy by copy.

    Returns by edition how many copies were in flight when the former database was last used: they may have gone. Of
    one that does not continue this one, nobody can tell.
    """
    in_flight = {}
    for edition in [*restores.unfinished_editions(tx), *restores.finished_editions(tx)]:
        then = restores.find_same_edition(former, edition)
        if then is not None and _has_moved(edition, then):
            in_flight[edition.id] = _carry_edition(tx, former, edition.id, then, journaled, now)
    return in_flight if _is_continued(tx, former) else {}


def _has_moved(edition: RestoredEdition, then: FormerEdition) -> bool:
    """Whether copies may have gone out since: not of a draft, nor of one that was over and was not opened again.

    After the restore of an older backup, it may be there as it was before its start, or before it was cancelled.
    """
    has_started = edition.started_at is not None or edition.state is EditionState.FINISHED
    if edition.state is EditionState.CANCELLED or (has_started and then.started_at is None):
        return False
    if edition.state in _OVER:
        return (then.state, then.finished_at) != (edition.state, edition.finished_at)
    return {then.state, edition.state} != {EditionState.DRAFT}


def _carry_edition(
    tx: Transaction, former: Transaction, edition_id: int, then: FormerEdition, journaled: Journaled, now: int
) -> int:
    in_flight, moved = 0, []
    for copy in restores.each_copy(former, edition_id):
        if copy["state"] == DeliveryState.CLAIMED:
            in_flight += not _end_claim(copy, journaled, now)
        if not restores.store_copy(tx, copy) and copy["subscriber_id"] is not None:
            moved.append(copy)
    for copy in moved:
        restores.add_copy(tx, copy)
    bulk_changes.end_all(tx, edition_id)
    for slice_ in restores.slices_of(former, edition_id):
        bulk_changes.store(tx, BulkChange(**{**slice_, "kind": BulkKind(slice_["kind"])}))
    restores.store_edition(tx, edition_id, then)
    if then.state in _OVER:  # no connection has a copy, and rows removed for their age were final
        restores.cancel_waiting(tx, edition_id, (), now)
    copy_counts.recount(tx, edition_id)
    return in_flight


def _end_claim(copy: dict[str, Any], journaled: Journaled, now: int) -> bool:
    """Record what a relay had accepted, or put the copy back to the queue; whether it was accepted is known then."""
    entry = journaled.get(_claim_of(copy))
    if entry is None:
        copy["state"] = DeliveryState.QUEUED.value
        return False
    copy.update(state=DeliveryState.DELIVERED.value, recorded_at=now, relay=entry.relay, code=entry.code)
    copy.update(enhanced=entry.enhanced or None, kind=None)
    return True


def _claim_of(row: dict[str, Any]) -> Claim:
    return Claim(row["id"], row["attempts"], row["first_attempt_at"], row["claimed_by"] or 0)


def close_lists(tx: Transaction, former: Transaction, now: int) -> list[str]:
    """Close the lists that were closed or removed since, with everything that closing ends; returns their names.

    A list that was removed comes back as if it had been closed, and somebody may open it again.
    """
    closed_at = restores.closings(former)
    gone_at = now if _is_continued(tx, former) else None
    closed = []
    for target in lists.all_lists(tx):
        since = closed_at.get((target.id, target.created_at), gone_at)
        if target.closed_at is None and since is not None:
            begin_closing(tx, target, since, os.urandom)
            closed.append(target.name)
    return closed


def find_editions_since(tx: Transaction, former: Transaction) -> list[str]:
    """Editions that the former database would have sent and this one knows nothing of, newest first, in words."""
    return [_newer_edition(former, row) for row in restores.editions_since(former, editions.next_id(tx) - 1)]


def _newer_edition(former: Transaction, row: Row) -> str:
    """What is known of an edition that the backup does not have, and whether it may be sent again."""
    name = f"edition {row['id']} of {row['list']}, “{row['subject']}”, is newer than the backup"
    begun = copy_counts.count_begun(former, row["id"])
    if not begun:
        return f"{name}, and none of its copies had gone out. Send or schedule it again"
    copies = f"{begun:,} of its {row['audience']:,} copies"
    return f"{name}, and {copies} had gone out. If you send it again, those readers get it twice"


def carry_requests(tx: Transaction, former: Transaction) -> None:
    """Take over the keys of requests that must not be carried out again, even if programs repeat them.

    Otherwise a program that got no answer could send again an edition that the backup does not have, or bring back
    somebody who was erased, by a request or a file.
    """
    if _is_continued(tx, former):
        restores.keep_requests(tx, former)


def carry_mails(tx: Transaction, former: Transaction, journaled: Journaled, now: int) -> None:
    """Take over which mails from others have been processed, kept for a person or forwarded since, and which arrived.

    Nobody else has a mail that waits there. One that was being forwarded there is kept for a person, unless a relay is
    known to have accepted it.
    """
    for mail in restores.waiting_mails(tx):
        result = restores.result_of_mail(former, mail)
        if result is not None and inbound.claim_mail(tx, mail["id"], now):
            inbound.record_mail_result(tx, mail["id"], InboundState(result["state"]), result["outcome"])
    for mail in restores.kept_mails(tx):
        result = restores.result_of_mail(former, mail)
        if result is not None and result["state"] == InboundState.DONE:  # somebody has dealt with it
            inbound.drop_mail(tx, mail["id"], now)
    for held in restores.held_mails(former):
        inbound.hold_mail(tx, held)
    restores.add_processed_mails(tx, former)  # they may come again, or be in a later backup
    for forward in restores.waiting_forwards(tx):
        then = restores.find_forward(former, forward)
        if then is not None and (then["state"] == DeliveryState.DELIVERED or _claim_of(dict(then)) in journaled):
            restores.record_forwarded(tx, forward["id"], now)
    for forward in restores.unsent_forwards(former):
        if _claim_of(dict(forward)) not in journaled and restores.find_forward(tx, forward) is None:
            keep_forwarded(tx, forward, KEPT_FORWARD, now)


def hold_back(tx: Transaction, in_flight: Mapping[int, int], accepted: Collection[Claim], now: int) -> HeldBack:
    """Pause what would send copies, cancel mails to one person that nobody now expects, and keep others' mail.

    Claims that relays have `accepted`, according to the journal, are left to the next start: it records them.
    """
    restores.end_jobs(tx, ENDED_JOB)  # it would ask the same people again
    delivered = {claim.delivery_id for claim in find_unrecorded(tx, accepted, now)}
    for forward in restores.fail_forwards(tx, delivered, now):  # we had accepted that mail
        keep_returned(tx, forward, KEPT_FORWARD, now)
    notices = restores.cancel_notices(tx, delivered, now)
    held = {}
    for edition in restores.unfinished_editions(tx):
        number = edition.id
        if edition.is_welcome:  # a mail to one person, too
            notices += restores.cancel_waiting(tx, number, delivered, now)
        copy_counts.recount(tx, number)
        if edition.is_welcome or edition.state is EditionState.DRAFT:
            continue
        held[number] = in_flight[number] if number in in_flight else _count_waiting(tx, edition)
        hold_restored(tx, number, held[number])
    _keep_posts(tx, now)
    return HeldBack(editions=held, notices=notices)


def _count_waiting(tx: Transaction, edition: RestoredEdition) -> int:
    """How many copies of an edition may have gone out since, when nothing is known of that: all that waited."""
    if edition.started_at is None or bulk_changes.is_going_on(tx, edition.id):
        return max(count_audience(tx, edition.list_id), require_edition(tx, edition.id).audience)
    counts = copy_counts.count_copies(tx, edition.id)
    return sum(counts[state.value] for state in WAITING)


def _keep_posts(tx: Transaction, now: int) -> None:
    """Let a person look at mails to a list, which may have become editions since. Other mail is processed as usual."""
    for row in restores.waiting_mails(tx):
        if row["list_id"] is not None and inbound.claim_mail(tx, row["id"], now):
            inbound.record_mail_result(tx, row["id"], InboundState.KEPT, KEPT_POST)
