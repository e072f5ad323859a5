"""Editions: what was written, where it stands, and what its pages show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pressrun.core.edition import EditionState
from pressrun.store import search
from pressrun.store.transaction import Row, Transaction

ALWAYS = (-(1 << 62), 1 << 62)
MOST_OF_PICTURE = 200_000  # octets: an index shows it small, but a browser has to fetch it whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition as stored, with the name of its list."""

    id: int
    list_id: int
    list_name: str
    list_relay: str | None
    list_hours: str | None
    list_timezone: str
    slug: str
    state: EditionState
    subject: str
    title: str
    preheader: str
    language: str
    source_name: str
    source_digest: bytes
    message_secret: bytes
    audience: int
    unsubscribed: int
    complaints: int
    canary_percent: float | None
    canary_copies: int | None
    pause_reason: str | None
    braked_at: int | None
    dated_at: int | None
    created_at: int
    scheduled_at: int | None
    started_at: int | None
    first_claim_at: int | None
    finished_at: int | None
    issue: str | None = None
    is_welcome: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """What is stored of an edition when it is taken; `assets` are (name, media type, content)."""

    list_id: int
    slug: str
    state: EditionState
    subject: str
    title: str
    preheader: str
    language: str
    source_name: str
    source: bytes
    source_digest: bytes
    message_secret: bytes
    skeleton: bytes
    text: str
    html: str | None
    assets: Sequence[tuple[str, str, bytes]]
    canary_percent: float | None
    dated_at: int | None
    scheduled_at: int | None
    text_skeleton: bytes | None = None
    is_welcome: bool = False
    issue: str | None = None


def _from_row(row: Row) -> Edition:
    values = dict(row)
    values["state"] = EditionState(values["state"])
    values["is_welcome"] = bool(values["is_welcome"])
    return Edition(**values)


def insert_edition(tx: Transaction, new: NewEdition, now: int) -> int:
    """Store a new edition with its content; returns its id."""
    edition_id = tx.insert(
        "editions.insert",
        list_id=new.list_id,
        slug=new.slug,
        state=new.state,
        subject=new.subject,
        title=new.title,
        preheader=new.preheader,
        language=new.language,
        source_name=new.source_name,
        source_digest=new.source_digest,
        message_secret=new.message_secret,
        canary_percent=new.canary_percent,
        dated_at=new.dated_at,
        now=now,
        scheduled_at=new.scheduled_at,
        is_welcome=new.is_welcome,
        issue=new.issue,
    )
    tx.run(
        "editions.insert_content",
        edition_id=edition_id,
        source=new.source,
        skeleton=new.skeleton,
        text=new.text,
        html=new.html,
        text_skeleton=new.text_skeleton,
    )
    tx.run_many(
        "editions.insert_asset",
        [
            {"edition_id": edition_id, "number": number, "name": name, "media_type": media_type, "content": content}
            for number, (name, media_type, content) in enumerate(new.assets)
        ],
    )
    if not new.is_welcome:
        search.index_edition(tx, edition_id, new.list_id, new.title, f"{new.preheader} {new.text}")
    return edition_id


def get_edition(tx: Transaction, edition_id: int) -> Edition | None:
    """The edition of that id."""
    row = tx.row("editions.get", id=edition_id)
    return None if row is None else _from_row(row)


def find_by_digest(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The id of the first edition of this list with the same content."""
    found: int | None = tx.value("editions.find_by_digest", list_id=list_id, source_digest=digest)
    return found


def next_id(tx: Transaction) -> int:
    """The id that the next edition gets, as long as no other comes first."""
    found: int | None = tx.value("editions.last_id")
    return (found or 0) + 1


def taken_slugs(tx: Transaction, list_id: int, slug: str, *, but: Collection[int] = ()) -> frozenset[str]:
    """The slugs of a list that begin with this one, except those of these editions."""
    rows = tx.rows("editions.slugs", list_id=list_id, slug=slug)
    return frozenset(row["slug"] for row in rows if row["id"] not in but)


def give_up_slug(tx: Transaction, edition_id: int) -> None:
    """Leave the slug of an edition that nobody will ever see to others."""
    tx.run("editions.give_up_slug", id=edition_id)


def all_editions(tx: Transaction, list_id: int | None = None) -> list[Edition]:
    """Every edition, or those of one list, newest first; what greets new readers is none of them."""
    rows = tx.rows("editions.all") if list_id is None else tx.rows("editions.of_list", list_id=list_id)
    return [_from_row(row) for row in rows]


def live_editions(tx: Transaction) -> list[Edition]:
    """The editions that are scheduled or being sent, oldest first."""
    return [_from_row(row) for row in tx.rows("editions.live")]


def paused_editions(tx: Transaction) -> list[Edition]:
    """The editions that wait for a person, oldest first."""
    return [_from_row(row) for row in tx.rows("editions.paused")]


def record_edition(tx: Transaction, changed: Edition) -> None:
    """Write an edition's new state back."""
    tx.run(
        "editions.move",
        id=changed.id,
        state=changed.state,
        scheduled_at=changed.scheduled_at,
        started_at=changed.started_at,
        finished_at=changed.finished_at,
        pause_reason=changed.pause_reason,
        audience=changed.audience,
        canary_copies=changed.canary_copies,
    )


def publish(tx: Transaction, edition_id: int, now: int) -> None:
    """Let the edition's page exist: a copy of it may go out from here on. A welcome mail has none."""
    tx.run("editions.publish", id=edition_id, now=now)


def note_brake(tx: Transaction, edition_id: int, now: int) -> None:
    """Note that an edition paused because it fared badly: it does so once."""
    tx.run("editions.brake", id=edition_id, now=now)


class CountedEvent(StrEnum):
    """What happens to an edition and is counted by the second, because the rows of its copies do not keep it."""

    DEFERRED = "deferred"  # a copy's row keeps only its last attempt
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


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
    """So many more readers left by a link of this edition."""
    tx.run("editions.count_unsubscribed", id=edition_id, number=number)
    count_event(tx, edition_id, CountedEvent.UNSUBSCRIBED, now, number)


def uncount_unsubscribed(tx: Transaction, edition_id: int, left_at: int) -> None:
    """One reader who left by a link of this edition, at that time, has undone that."""
    tx.run("editions.uncount_unsubscribed", id=edition_id)
    count_event(tx, edition_id, CountedEvent.UNSUBSCRIBED, left_at, -1)


def count_complaint(tx: Transaction, edition_id: int, now: int) -> None:
    """Count a complaint about an edition; one that is gone is left alone."""
    tx.run("editions.count_complaint", id=edition_id)
    count_event(tx, edition_id, CountedEvent.COMPLAINED, now)


def load_skeleton(tx: Transaction, edition_id: int) -> bytes:
    """The encoded skeleton that copies are spliced from."""
    found: bytes = tx.value("editions.skeleton", edition_id=edition_id)
    return found


def load_text_skeleton(tx: Transaction, edition_id: int) -> bytes | None:
    """The same without the HTML part; None where there is none to leave out."""
    found: bytes | None = tx.value("editions.text_skeleton", edition_id=edition_id)
    return found


def archived_editions(
    tx: Transaction, list_id: int, *, limit: int, offset: int = 0, between: tuple[int, int] = ALWAYS
) -> list[Row]:
    """id, slug, title, preheader, language, published_at, picture of editions that the archive shows, newest first.

    `between` are the first second that counts, and the first one that does not any more; `picture` is null where there
    is none, or none of at most `MOST_OF_PICTURE` octets.
    """
    since, until = between
    return tx.rows(
        "editions.archived",
        list_id=list_id,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
        most_of_picture=MOST_OF_PICTURE,
    )


def archived_years(tx: Transaction, list_id: int) -> list[Row]:
    """year and number of the editions that the archive shows, newest first."""
    return tx.rows("editions.archived_years", list_id=list_id)


def latest_archived(tx: Transaction) -> dict[int, int]:
    """When the latest edition of each archive came out, by the list's id."""
    return {row["list_id"]: row["published_at"] for row in tx.rows("editions.latest_archived")}


def newer_archived(tx: Transaction, list_id: int, edition_id: int, published_at: int) -> Row | None:
    """slug, title and language of the edition that follows this one in the archive."""
    return tx.row("editions.newer_archived", list_id=list_id, id=edition_id, published_at=published_at)


def older_archived(tx: Transaction, list_id: int, edition_id: int, published_at: int) -> Row | None:
    """The same of the one before it."""
    return tx.row("editions.older_archived", list_id=list_id, id=edition_id, published_at=published_at)


def find_archived(tx: Transaction, list_id: int, slug: str) -> Row | None:
    """One edition of the archive with its text and html."""
    return tx.row("editions.find_archived", list_id=list_id, slug=slug)


def load_asset(tx: Transaction, edition_id: int, number: int) -> Row | None:
    """name, media_type and content of an edition's image or file."""
    return tx.row("editions.asset", edition_id=edition_id, number=number)


def recent_archived(tx: Transaction, list_id: int, *, limit: int) -> list[Row]:
    """The newest editions of the archive with their text and html."""
    return tx.rows("editions.recent_archived", list_id=list_id, limit=limit)


def asset_names(tx: Transaction, edition_id: int) -> list[Row]:
    """name, media_type and size in octets of an edition's images and files, in their order."""
    return tx.rows("editions.asset_names", edition_id=edition_id)


def find_archived_asset(tx: Transaction, list_id: int, slug: str, name: str) -> Row | None:
    """name, media_type and content of an image or file of an archived edition."""
    return tx.row("editions.asset_of_archived", list_id=list_id, slug=slug, name=name)
