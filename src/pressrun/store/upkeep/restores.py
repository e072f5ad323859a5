"""What a restored database takes from the former one, row by row, and what it holds back.

`former` is a snapshot of the database that is replaced, on either engine. Only the restored one is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SYNC
from pressrun.core.signing.chain import Head
from pressrun.store.queue.inbound import retired_digest
from pressrun.store.transaction import Row, Transaction, in_json

SOURCE = "restore"  # of subscriptions that a restore ends without knowing how they ended
PAGE = 5000  # rows or ids that are in memory at once


def keep_keys(tx: Transaction, former: Transaction, fingerprints: Mapping[int, bytes]) -> None:
    """Take over which of these keys belong to the database, and when they retire."""
    rows = [dict(row) for row in former.rows("keyring.all")]
    tx.run_many("restores.keep_key", [row for row in rows if fingerprints.get(row["number"]) == row["fingerprint"]])


def add_suppressions(tx: Transaction, former: Transaction, is_stronger: Callable[[str, str | None], bool]) -> None:
    """Take over suppressions unless `is_stronger` says that the reason here is as strong, and what was erased.

    Data that are older than the backup may have weaker reasons, and addresses that were erased by then.
    """
    here = {row["digest"]: row["reason"] for row in tx.rows("restores.suppressions")}

    def is_news(row: Row) -> bool:
        present = here.get(row["digest"])
        return is_stronger(row["reason"], present) or (row["reason"] == present and row["address"] is None)

    tx.run_many("suppressions.upsert", map(dict, filter(is_news, former.each("restores.suppressions"))))
    tx.run_many("restores.forget_suppressed", [{"digest": digest} for digest in erased_digests(former)])


def lift_erased(tx: Transaction, former: Transaction) -> None:
    """Let those read who have come back since they were erased in data that are older than this backup."""
    digests = [{"digest": digest, "beginning": digest[:4]} for digest in erased_digests(former)]
    tx.run_many("restores.lift_erased", digests)


def move_readers(tx: Transaction, former: Transaction) -> list[int]:
    """Take over whose address has changed since, and whose preferences links have ended.

    Returns the readers who cannot get their new address, because somebody else has it here.
    """
    waiting = [reader for row in former.each("restores.moved_readers") if not _move_reader(tx, reader := dict(row))]
    number = 0
    while number != len(waiting):  # one may get the address that another gives up
        number = len(waiting)
        waiting = [reader for reader in waiting if not _move_reader(tx, reader)]
    for reader in waiting:
        _end_links(tx, reader)
    return [reader["id"] for reader in waiting]


def _move_reader(tx: Transaction, reader: Mapping[str, Any]) -> bool:
    """Give a reader the address that they had later; False if somebody else has it."""
    if tx.run("restores.move_reader", **reader):
        tx.run("subscribers.move_copies", id=reader["id"], domain=reader["domain"])
    elif tx.value("restores.waits_to_move", **reader) is not None:
        return False
    _end_links(tx, reader)
    return True


def _end_links(tx: Transaction, reader: Mapping[str, Any]) -> None:
    tx.run("restores.end_links", id=reader["id"], created_at=reader["created_at"], epoch=reader["epoch"])


def store_changes(tx: Transaction, former: Transaction) -> None:
    """Take over which changes of address were confirmed, stopped or undone."""
    tx.run_many("restores.store_change", map(dict, former.each("restores.answered_changes")))


def drop_changes(tx: Transaction, former: Transaction) -> None:
    """Forget changes of address that no longer exist, for example because one of their addresses was erased."""
    known = {row["id"] for row in former.rows("restores.change_ids")}
    gone = {row["id"] for row in tx.rows("restores.change_ids")} - known
    tx.run("address_places.forget_address_change", ids=in_json(sorted(gone)))


def end_subscriptions(tx: Transaction, former: Transaction) -> int:
    """Take over which subscriptions had ended or were suspended; returns how many changed.

    With them it takes over the suspensions for bounces, and which of these readers were asked whether they still read.
    """
    tx.run_many("restores.suspend", map(dict, former.each("restores.suspensions")))
    ended = tx.run_many("restores.end_subscription", map(dict, former.each("restores.endings")))
    tx.run_many("restores.void_requests", map(dict, former.each("restores.endings")))
    return ended + tx.run("restores.suspend_reading")


def add_ended(tx: Transaction, former: Transaction) -> int:
    """Take over subscriptions that began and ended since, with their readers; returns how many.

    Otherwise nothing would show that these people have left if a file contains them once more.
    """
    later = former.each("restores.left_since", after=tx.value("restores.last_subscription"))
    number = 0
    for row in later:
        ended = dict(row)
        tx.run("restores.add_reader", **ended)
        number += tx.run("restores.add_ended", **ended)
    return number


def pause_removed(tx: Transaction, former: Transaction) -> int:
    """Take over pauses of subscriptions that went with their list since; returns how many."""
    return tx.run_many("restores.pause_removed", map(dict, former.each("restores.removed_pauses")))


def find_left(former: Transaction, head: Head, lists_here: Mapping[str, int]) -> dict[tuple[int, int], str]:
    """Who has left a list that was removed since, by the evidence after this head: list_id, subscriber_id.

    Whoever left a later list with its name has left it, too: readers know only the name. `lists_here` has the ids of
    the lists here by their names. Each has the source of its end: a sync may bring back whom a sync alone has removed.
    """
    last_list = max(lists_here.values(), default=0)
    left: dict[tuple[int, int], str] = {}
    for row in former.rows("restores.left_removed", after=head.number, last_list=last_list):
        content = json.loads(row["content"] or "{}")
        list_id = row["list_id"] if row["list_id"] <= last_list else lists_here.get(content.get("list"))
        if list_id is None:
            continue
        if row["event"] == "removed" and content.get("source") == SYNC:
            left.setdefault((list_id, row["subscriber_id"]), SYNC)
        else:
            left[list_id, row["subscriber_id"]] = SOURCE
    return left


def find_reading(tx: Transaction, ids: Collection[int]) -> list[Row]:
    """Those subscriptions of these readers that get mail, or will after a pause: id, list_id, subscriber_id."""
    return tx.rows("restores.reading", ids=in_json(sorted(ids)))


def find_subscriptions(tx: Transaction, ids: Collection[int]) -> list[Row]:
    """All subscriptions of these readers: id, list_id, subscriber_id, state."""
    return tx.rows("restores.subscriptions", ids=in_json(sorted(ids)))


def end_reading(tx: Transaction, ids: Collection[int], source: str = SOURCE) -> int:
    """End these subscriptions; returns how many. With the source of a sync, another sync may bring them back."""
    return tx.run("restores.end_reading", ids=in_json(sorted(ids)), source=source) if ids else 0


def list_members(tx: Transaction) -> Iterator[list[Row]]:
    """Readers in pages, with a row for each subscription."""
    through = -1
    while (end := tx.value("restores.end_of_page", after=through, limit=PAGE)) is not None:
        yield tx.rows("restores.members", after=through, through=end)
        through = end


def find_readers(former: Transaction, ids: Collection[int]) -> set[tuple[int, int]]:
    """Those of these readers who exist: their ids, and when they came."""
    return {(row["id"], row["created_at"]) for row in former.rows("restores.readers", ids=in_json(sorted(ids)))}


def erased_digests(former: Transaction) -> dict[bytes, Row]:
    """The digests that are left of erased people: reason, and since. For 'erased', that is when they were erased."""
    return {row["digest"]: row for row in former.rows("restores.erased")}


def list_ids(former: Transaction) -> set[int]:
    """The ids of the lists that have all their readers, without those that are gone or being removed."""
    return {row["id"] for row in former.rows("restores.lists") if not row["is_ending"]}


def closings(former: Transaction) -> dict[tuple[int, int], int | None]:
    """When lists were closed, or None for open ones, by their ids and the times when they were created."""
    return {(row["id"], row["created_at"]): row["closed_at"] for row in former.rows("restores.lists")}


def has_evidence(former: Transaction, head: Head) -> bool:
    """Whether this head is in the chain of evidence."""
    return find_link(former, head.number) == head.chain


def find_link(tx: Transaction, number: int) -> bytes | None:
    """The link of one row of evidence; None if it is not there."""
    link = tx.value("restores.link_at", number=number)
    return None if link is None else bytes(link)


def add_evidence(tx: Transaction, former: Transaction, head: Head) -> None:
    """Take over the rows of evidence after this head, and which of those before were erased or have aged."""
    for statement, name in (("consent.erase", "restores.erased_evidence"), ("consent.age", "restores.aged_evidence")):
        numbers = [row["number"] for row in former.rows(name, through=head.number)]
        for start in range(0, len(numbers), PAGE):
            tx.run(statement, numbers=in_json(numbers[start : start + PAGE]))
    tx.run_many("restores.add_evidence", map(dict, former.each("restores.evidence_since", after=head.number)))


def add_readers_of_evidence(tx: Transaction, former: Transaction, before: Head) -> None:
    """Add the readers whom evidence after this head is about, without subscriptions.

    Readers who never confirmed anything are left out.
    """
    missing = find_missing_readers(tx, before)
    for start in range(0, len(missing), PAGE):
        page = in_json(missing[start : start + PAGE])
        tx.run_many("restores.add_reader", map(dict, former.rows("restores.confirmed_readers", ids=page)))


def find_missing_readers(tx: Transaction, before: Head) -> list[int]:
    """The ids of readers who are missing here although evidence after this head is about them."""
    return [row["id"] for row in tx.rows("restores.missing_readers", after=before.number)]


class RestoredEdition(Struct, frozen=True, kw_only=True):
    """An edition as the backup has it. Only one that is not over has `started_at`, and only others `finished_at`."""

    id: int
    list_id: int
    state: EditionState
    message_secret: bytes
    started_at: int | None = None
    finished_at: int | None = None
    is_welcome: bool = False


class FormerEdition(Struct, frozen=True, kw_only=True):
    """How far an edition came in the former data."""

    state: EditionState
    unsubscribed: int
    complaints: int
    canary_percent: float | None
    canary_copies: int | None
    pause_reason: str | None
    auto_paused_at: int | None
    scheduled_at: int | None
    started_at: int | None
    first_claim_at: int | None
    finished_at: int | None
    copies_removed_at: int | None


def unfinished_editions(tx: Transaction) -> list[RestoredEdition]:
    """Editions that are not over, including welcome mails."""
    return tx.parsed_rows(RestoredEdition, "restores.unfinished_editions")


def finished_editions(tx: Transaction) -> list[RestoredEdition]:
    """Editions that are over."""
    return tx.parsed_rows(RestoredEdition, "restores.finished_editions")


def find_same_edition(former: Transaction, edition: RestoredEdition) -> FormerEdition | None:
    """How far the same edition came there."""
    return former.parsed(FormerEdition, "restores.find_edition", id=edition.id, message_secret=edition.message_secret)


def each_copy(former: Transaction, edition_id: int) -> Iterator[dict[str, Any]]:
    """The copies of an edition, each with who its reader is."""
    return map(dict, former.each("restores.copies", edition_id=edition_id))


def store_copy(tx: Transaction, copy: dict[str, Any]) -> bool:
    """Bring a copy to the state that it had there, or add it for the same reader; False where another one has its id.

    That may be the same copy, as that of another subscription here, which must not get it once more, or one that was
    delivered here.
    """
    stored_id = tx.value("restores.set_copy", **copy)
    is_stored = stored_id is not None or tx.run("restores.add_copy", **copy) > 0
    if stored_id != copy["id"]:
        tx.run("restores.record_copy", **copy)
    return is_stored


def add_copy(tx: Transaction, copy: dict[str, Any]) -> None:
    """Add a copy with an id of its own; comes after all others of its edition, or it could be the id of one of them."""
    tx.run("restores.add_copy", **{**copy, "id": None})


def slices_of(former: Transaction, edition_id: int) -> list[dict[str, Any]]:
    """What was still to be done for an edition, a slice at a time."""
    return [dict(row) for row in former.rows("restores.slices", edition_id=edition_id)]


def store_edition(tx: Transaction, edition_id: int, then: FormerEdition) -> None:
    """Bring an edition to its state in the former data; its audience are the copies that it has here."""
    tx.run("restores.set_edition", id=edition_id, **asdict(then))


def editions_since(former: Transaction, last_id: int) -> list[Row]:
    """Editions with a higher id that have begun or were scheduled, newest first: id, list, subject, audience."""
    return former.rows("restores.editions_since", after=last_id)


def keep_requests(tx: Transaction, former: Transaction) -> None:
    """Take over the keys of requests about jobs, editions that have begun, and readers who were erased since."""
    begun = {f"edition {row['id']}" for row in former.rows("restores.begun_editions")}
    rows = [dict(row) for row in former.each("restores.keyed_requests")]
    kept = [row for row in rows if row.pop("is_gone") or row["object"] in begun or _is_job(row["object"])]
    tx.run_many("idempotency.keep", kept)


def _is_job(name: str | None) -> bool:
    return name is not None and name.startswith("job ")


def end_sessions(tx: Transaction) -> None:
    """The processes that wrote to this database before are gone."""
    tx.run("restores.end_sessions")


def skip_counters(tx: Transaction, number: int) -> None:
    """Draw no id of an edition or an event that may have been drawn since."""
    tx.run("restores.skip_counters", number=number)


def waiting_forwards(tx: Transaction) -> list[Row]:
    """Forwards that wait: id of the delivery, message_secret."""
    return tx.rows("restores.waiting_forwards")


def unsent_forwards(former: Transaction) -> Iterator[Row]:
    """The same there, each with payload, content, attempts, first_attempt_at and claimed_by."""
    return former.each("restores.unsent_forwards")


def find_forward(former: Transaction, forward: Row) -> Row | None:
    """What became of a forward there: id, state, attempts, first_attempt_at, claimed_by."""
    return former.row("restores.forward", id=forward["id"], message_secret=forward["message_secret"])


def record_forwarded(tx: Transaction, delivery_id: int, now: int) -> None:
    """Record that a relay has accepted a forward."""
    tx.run("restores.record_forwarded", id=delivery_id, now=now)


def fail_forwards(tx: Transaction, accepted: Collection[int], now: int) -> list[int]:
    """Record that no forward that waits is sent, except those `accepted`; returns their deliveries."""
    return [row["id"] for row in tx.rows("restores.fail_forwards", accepted=in_json(sorted(accepted)), now=now)]


def cancel_notices(tx: Transaction, accepted: Collection[int], now: int) -> int:
    """Cancel mails to one person that wait, except those `accepted`, and drop the requests that would lead to such.

    Returns how many mails.
    """
    tx.run("restores.drop_requests")
    tx.run("restores.drop_leaving_notes")
    return tx.run("restores.cancel_notices", accepted=in_json(sorted(accepted)), now=now)


def end_jobs(tx: Transaction, problem: str) -> None:
    """End imports and syncs that were going on, for this reason."""
    tx.run("restores.end_jobs", problem=problem)


def cancel_waiting(tx: Transaction, edition_id: int, accepted: Collection[int], now: int) -> int:
    """Cancel the copies of an edition that wait, except those `accepted`; returns how many."""
    return tx.run("restores.cancel_waiting", edition_id=edition_id, accepted=in_json(sorted(accepted)), now=now)


def waiting_mails(tx: Transaction) -> list[Row]:
    """Mail that was accepted and not processed: id, digest, recipient, list_id of a mail to a list itself."""
    return tx.rows("restores.waiting_mails")


def kept_mails(tx: Transaction) -> list[Row]:
    """Mail that waits for a person: id, digest."""
    return tx.rows("restores.kept_mails")


def result_of_mail(former: Transaction, mail: Row) -> Row | None:
    """The state and outcome there of a mail that waits here; None if it, or a draft made of it, still waits there."""
    retired = retired_digest(mail["digest"], mail["id"])
    return former.row("restores.result_of_mail", digest=mail["digest"], retired=retired)


def held_mails(former: Transaction) -> Iterator[Row]:
    """Mail that waits there to be processed or for a person, whole."""
    return former.each("restores.held_mails")


def add_processed_mails(tx: Transaction, former: Transaction) -> None:
    """Take over the digests of mails that came and were processed since."""
    tx.run_many("restores.add_processed_mail", map(dict, former.each("restores.processed_mails")))
