"""Editions: their content, their state, and what the pages of the archive show of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.events import EventType, of_edition
from pressrun.store.editions import search
from pressrun.store.editions.search import ShownEdition
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction

ALWAYS = (-(1 << 62), 1 << 62)
MOST_OF_PICTURE = 200_000  # octets: an index shows the picture small, but a browser has to fetch all of it


class EditionFacts(Struct, frozen=True, kw_only=True):
    """What is known of an edition from the start."""

    list_id: int
    slug: str
    state: EditionState
    subject: str
    title: str
    preheader: str
    language: str
    source_name: str
    source_digest: bytes
    message_secret: bytes
    canary_percent: float | None
    dated_at: int | None
    scheduled_at: int | None
    issue: str | None = None
    is_welcome: bool = False


class Edition(EditionFacts, frozen=True, kw_only=True):
    """One edition as stored, with the name of its list."""

    id: int
    list_name: str
    list_relay: str | None
    list_hours: str | None
    list_timezone: str
    audience: int
    unsubscribed: int
    complaints: int
    canary_copies: int | None
    pause_reason: str | None
    auto_paused_at: int | None
    created_at: int
    started_at: int | None
    first_claim_at: int | None
    finished_at: int | None
    copies_removed_at: int | None = None
    may_have_gone: int | None = None


class NewEdition(EditionFacts, frozen=True, kw_only=True):
    """A new edition as it is stored; `assets` are (name, media type, content).

    `is_repeat` says that the list has another edition of the same content, and that this is not a mistake.
    """

    source: bytes
    skeleton: bytes
    text: str
    html: str | None
    assets: Sequence[tuple[str, str, bytes]]
    text_skeleton: bytes | None = None
    is_repeat: bool = False


def insert_edition(tx: Transaction, new: NewEdition, now: int) -> int:
    """Store a new edition with its content; returns its id.

    At most one edition of a list that is neither cancelled nor a repeat has the same content.
    """
    edition_id: int = tx.value("editions.draw_id")
    tx.run("editions.insert", **asdict(new), id=edition_id, now=now)
    tx.run("editions.insert_content", **asdict(new), edition_id=edition_id)
    _insert_assets(tx, edition_id, new.assets)
    if not new.is_welcome:
        _index(tx, edition_id, new)
        type_ = of_edition(None, new.state)
        if type_ is not None:
            events.record_event(tx, type_, list_id=new.list_id, edition_id=edition_id)
    return edition_id


def rewrite_edition(tx: Transaction, edition_id: int, new: NewEdition) -> None:
    """Give a draft other content; its state, secret and age stay. Raises Conflict if it is no longer a draft."""
    tx.update("editions.rewrite", **asdict(new), id=edition_id)
    tx.run("editions.rewrite_content", **asdict(new), edition_id=edition_id)
    tx.run("editions.delete_assets", edition_id=edition_id)
    _insert_assets(tx, edition_id, new.assets)
    search.forget_edition(tx, edition_id)
    _index(tx, edition_id, new)


def delete_cancelled(tx: Transaction, edition_id: int) -> None:
    """Delete a cancelled edition that never went out."""
    search.forget_edition(tx, edition_id)
    tx.run("editions.delete_cancelled", id=edition_id)


def _insert_assets(tx: Transaction, edition_id: int, assets: Sequence[tuple[str, str, bytes]]) -> None:
    tx.run_many(
        "editions.insert_asset",
        [
            {"edition_id": edition_id, "number": number, "name": name, "media_type": media_type, "content": content}
            for number, (name, media_type, content) in enumerate(assets)
        ],
    )


def _index(tx: Transaction, edition_id: int, new: NewEdition) -> None:
    search.index_edition(tx, edition_id, new.list_id, new.title, f"{new.preheader} {new.text}")


def find_edition(tx: Transaction, edition_id: int) -> Edition | None:
    return tx.parsed(Edition, "editions.get", id=edition_id)


def find_by_digest(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The id of the first edition of a list with the same content."""
    edition_id: int | None = tx.value("editions.find_by_digest", list_id=list_id, source_digest=digest)
    return edition_id


def find_by_subject(tx: Transaction, list_id: int, subject: str, *, since: int) -> int | None:
    """The id of the latest edition of a list with this subject, stored at that time or later; no draft."""
    edition_id: int | None = tx.value("editions.find_by_subject", list_id=list_id, subject=subject, since=since)
    return edition_id


def next_id(tx: Transaction) -> int:
    """The id of the next edition, unless another one is stored before it."""
    return int(tx.value("editions.last_id")) + 1


def used_slugs(tx: Transaction, list_id: int, slug: str, *, but: Collection[int] = ()) -> frozenset[str]:
    """The slugs of a list that begin with this one, without those of the editions in `but`."""
    rows = tx.rows("editions.slugs", list_id=list_id, slug=slug)
    return frozenset(row["slug"] for row in rows if row["id"] not in but)


def give_up_slug(tx: Transaction, edition_id: int) -> None:
    """Free the slug of an edition that nobody will ever see."""
    tx.run("editions.give_up_slug", id=edition_id)


def all_editions(tx: Transaction, list_id: int | None = None) -> list[Edition]:
    """Every edition, or those of one list, newest first; without welcome mails."""
    if list_id is None:
        return tx.parsed_rows(Edition, "editions.all")
    return tx.parsed_rows(Edition, "editions.of_list", list_id=list_id)


def page_of_editions(
    tx: Transaction, list_id: int, *, before: int, limit: int, state: str | None, since: int
) -> list[Edition]:
    """Editions of a list with lower ids, newest first, in one state or any, made at that time or later."""
    return tx.parsed_rows(
        Edition, "editions.page", list_id=list_id, before=before, limit=limit, state=state, since=since
    )


def count_editions(tx: Transaction, list_id: int, *, state: str | None, since: int) -> int:
    """How many there are of these."""
    return int(tx.value("editions.count", list_id=list_id, state=state, since=since))


def live_editions(tx: Transaction) -> list[Edition]:
    """The editions that are scheduled or being sent, oldest first."""
    return tx.parsed_rows(Edition, "editions.live")


def paused_editions(tx: Transaction) -> list[Edition]:
    """The paused editions, oldest first."""
    return tx.parsed_rows(Edition, "editions.paused")


def record_edition(tx: Transaction, before: Edition, changed: Edition, *, how: str = "") -> None:
    """Write the new state of an edition that was read as `before`; raises Conflict if it has changed since.

    `how` it came to that, for the journal of events.
    """
    tx.update(
        "editions.move",
        **asdict(changed),
        was_state=before.state,
        was_audience=before.audience,
        was_scheduled_at=before.scheduled_at,
    )
    type_ = of_edition(before.state, changed.state)
    if type_ is None and changed.state is EditionState.SCHEDULED and changed.scheduled_at != before.scheduled_at:
        type_ = EventType.EDITION_SCHEDULED  # for another hour
    if type_ is not None and not changed.is_welcome:
        events.record_event(tx, type_, list_id=changed.list_id, edition_id=changed.id, how=how)


def extend_audience(tx: Transaction, edition_id: int, number: int, canary_copies: int | None = None) -> None:
    """Count `number` more readers of an edition, `canary_copies` of them for its canary."""
    tx.run("editions.extend_audience", id=edition_id, number=number, canary_copies=canary_copies)


def publish(tx: Transaction, edition_id: int, now: int) -> None:
    """Let the page of an edition exist, because a copy may go out from here on. A welcome mail has no page."""
    tx.run("editions.publish", id=edition_id, now=now)


def record_auto_pause(tx: Transaction, edition_id: int, now: int) -> None:
    """Record that an edition was paused by itself, which happens only once; raises Conflict for a second time."""
    tx.update("editions.record_auto_pause", id=edition_id, now=now)


class CountedEvent(StrEnum):
    """What happens to an edition and is counted by the second, because the rows of its copies do not keep it."""

    DEFERRED = "deferred"  # a copy's row keeps only its last attempt
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


class IndexedEdition(ShownEdition, frozen=True, kw_only=True):
    """An edition in the index of its archive."""

    picture: str | None  # the name of its first file, if that is a picture of at most `MOST_OF_PICTURE` octets


class EditionContent(ShownEdition, frozen=True, kw_only=True):
    """An edition of an archive with its content."""

    text: str
    html: str | None  # None for plain text


class Neighbour(Struct, frozen=True, kw_only=True):
    """The edition before or after another one."""

    slug: str
    title: str
    language: str


class ArchiveYear(Struct, frozen=True, kw_only=True):
    """A year of an archive and its number of editions."""

    year: int
    number: int


class ListedFile(Struct, frozen=True, kw_only=True):
    """An image or file of an edition, without its content."""

    name: str
    size_bytes: int


class ArchivedFile(Struct, frozen=True, kw_only=True):
    """An image or file of an edition."""

    name: str
    media_type: str
    content: bytes


def count_event(tx: Transaction, edition_id: int, what: CountedEvent, at: int, number: int = 1) -> None:
    """Count events of one second; does nothing for an edition that is gone."""
    tx.run("editions.count_event", edition_id=edition_id, what=what, at=at, number=number)


def event_counts(tx: Transaction, edition_id: int) -> Mapping[CountedEvent, dict[int, int]]:
    """How often each event happened in each second; every kind of event has an entry."""
    counts: dict[CountedEvent, dict[int, int]] = {what: {} for what in CountedEvent}
    for row in tx.rows("editions.event_counts", edition_id=edition_id):
        counts[CountedEvent(row["what"])][row["at"]] = row["number"]
    return counts


def count_unsubscribed(tx: Transaction, edition_id: int, now: int, number: int) -> None:
    """Count readers who unsubscribed by a link of this edition."""
    tx.run("editions.count_unsubscribed", id=edition_id, number=number)
    count_event(tx, edition_id, CountedEvent.UNSUBSCRIBED, now, number)


def uncount_unsubscribed(tx: Transaction, edition_id: int, left_at: int) -> None:
    """Take back one reader who unsubscribed at that time and has undone it."""
    tx.run("editions.uncount_unsubscribed", id=edition_id)
    count_event(tx, edition_id, CountedEvent.UNSUBSCRIBED, left_at, -1)


def count_complaint(tx: Transaction, edition_id: int, now: int) -> None:
    """Count a complaint about an edition; does nothing for one that is gone."""
    tx.run("editions.count_complaint", id=edition_id)
    count_event(tx, edition_id, CountedEvent.COMPLAINED, now)


def load_skeleton(tx: Transaction, edition_id: int) -> bytes:
    """The encoded skeleton of the copies."""
    skeleton: bytes = tx.value("editions.skeleton", edition_id=edition_id)
    return skeleton


def load_text_skeleton(tx: Transaction, edition_id: int) -> bytes | None:
    """The encoded skeleton without the HTML part; None when the edition has no HTML part."""
    skeleton: bytes | None = tx.value("editions.text_skeleton", edition_id=edition_id)
    return skeleton


def archived_editions(
    tx: Transaction, list_id: int, *, limit: int, offset: int = 0, between: tuple[int, int] = ALWAYS
) -> list[IndexedEdition]:
    """The editions that the archive shows, newest first.

    `between` are the first second that counts and the first one that no longer does.
    """
    since, until = between
    return tx.parsed_rows(
        IndexedEdition,
        "editions.archived",
        list_id=list_id,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
        most_of_picture=MOST_OF_PICTURE,
    )


def archived_years(tx: Transaction, list_id: int) -> list[ArchiveYear]:
    """The years of the editions that the archive shows, newest first."""
    return tx.parsed_rows(ArchiveYear, "editions.archived_years", list_id=list_id)


def latest_archived(tx: Transaction) -> dict[int, int]:
    """When the latest edition of each archive came out, by the id of the list."""
    return {row["list_id"]: row["published_at"] for row in tx.rows("editions.latest_archived")}


def newer_archived(tx: Transaction, list_id: int, edition_id: int, published_at: int) -> Neighbour | None:
    """The edition that follows this one in the archive."""
    return tx.parsed(Neighbour, "editions.newer_archived", list_id=list_id, id=edition_id, published_at=published_at)


def older_archived(tx: Transaction, list_id: int, edition_id: int, published_at: int) -> Neighbour | None:
    """The edition before this one in the archive."""
    return tx.parsed(Neighbour, "editions.older_archived", list_id=list_id, id=edition_id, published_at=published_at)


def find_archived(tx: Transaction, list_id: int, slug: str) -> EditionContent | None:
    """An edition of the archive."""
    return tx.parsed(EditionContent, "editions.find_archived", list_id=list_id, slug=slug)


def load_assets(tx: Transaction, edition_id: int) -> list[ArchivedFile]:
    """An edition's images and files with their content, in their order."""
    return tx.parsed_rows(ArchivedFile, "editions.assets", edition_id=edition_id)


def recent_archived(tx: Transaction, list_id: int, *, limit: int) -> list[EditionContent]:
    """The newest editions of the archive."""
    return tx.parsed_rows(EditionContent, "editions.recent_archived", list_id=list_id, limit=limit)


def asset_names(tx: Transaction, edition_id: int) -> list[ListedFile]:
    """An edition's images and files, in their order."""
    return tx.parsed_rows(ListedFile, "editions.asset_names", edition_id=edition_id)


def find_archived_asset(tx: Transaction, list_id: int, slug: str, name: str) -> ArchivedFile | None:
    """An image or file of an archived edition by its name."""
    return tx.parsed(ArchivedFile, "editions.asset_of_archived", list_id=list_id, slug=slug, name=name)
