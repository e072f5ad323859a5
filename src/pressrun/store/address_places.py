"""Every place where an address can be, and how it is forgotten there.

A column that holds text or octets stands in exactly one table below; a test compares them with schema.sql, so that a
new column is not forgotten here. What other people's rows say is looked through in every spelling (core.spellings),
mail in every encoding (message.incoming.mentions). Large tables to which rows are only added can be looked through
before the transaction that forgets, which then reads the rows since: nobody waits for the database meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pressrun.core.spellings import SIGNS, Spellings
from pressrun.message.incoming.mentions import mentions
from pressrun.store import consent, subscribers, suppressions
from pressrun.store.transaction import Row, Transaction, in_json

_MANY, _FEW = 5000, 5  # rows that are read in one go: of the few each may be as large as the largest mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Rows that may name anybody: `select` gives their ids and the columns, `forget` forgets rows by their ids.

    `grows`: a row is never changed so that it would name somebody.
    """

    name: str
    columns: tuple[str, ...]
    select: str
    forget: str = ""
    page: int = _MANY
    grows: bool = False


CONSENT = Place(name="consent", select="address_places.consent", columns=("consent content",), grows=True)
NOTICE = Place(
    name="notice",
    select="address_places.notice",
    columns=("notice address", "notice payload"),
    forget="address_places.forget_notice",
    grows=True,
)
NOTICE_CONTENT = Place(
    name="notice_content",
    select="address_places.notice_content",
    columns=("notice content",),
    forget="address_places.forget_notice",
    page=_FEW,
    grows=True,
)
INBOUND = Place(
    name="inbound",
    select="address_places.inbound",
    columns=("inbound mail_from", "inbound recipient", "inbound outcome"),
    forget="address_places.forget_inbound",
)
INBOUND_CONTENT = Place(
    name="inbound_content",
    select="address_places.inbound_content",
    columns=("inbound_content content",),
    forget="address_places.forget_inbound_content",
    page=_FEW,
    grows=True,
)
ADDRESS_CHANGE = Place(
    name="address_change",
    select="address_places.address_change",
    columns=("address_change old_address", "address_change new_address"),
    forget="address_places.forget_address_change",
)
PENDING_REQUEST = Place(
    name="errand",
    select="address_places.errand",
    columns=("errand address", "errand name", "errand words"),
    forget="address_places.forget_errand",
)
CONFIRMATION = Place(
    name="confirmation",
    select="address_places.confirmation",
    columns=("confirmation name",),
    forget="address_places.forget_confirmation",
)
SUBSCRIBER = Place(
    name="subscriber", select="address_places.subscriber", columns=("subscriber name", "subscriber attributes")
)
SUPPRESSION = Place(name="suppression", select="address_places.suppression", columns=("suppression address",))
EDITOR = Place(name="editor", select="address_places.editor", columns=("editor address", "editor address_key"))
LIST = Place(
    name="list",
    select="address_places.list",
    columns=(
        "list title", "list description", "list from_address", "list owner", "list reply_to", "list postal_address",
        "list footer", "list cadence",
    ),
)  # fmt: skip
EDITION = Place(
    name="edition",
    select="address_places.edition",
    columns=(
        "edition subject", "edition title", "edition preheader", "edition issue", "edition_content text",
        "edition_content html", "edition_content source",
    ),
    page=_FEW,
)  # fmt: skip

PLACES = (
    CONSENT, NOTICE, NOTICE_CONTENT, INBOUND, INBOUND_CONTENT, ADDRESS_CHANGE, PENDING_REQUEST, CONFIRMATION,
    SUBSCRIBER, SUPPRESSION, EDITOR, LIST, EDITION,
)  # fmt: skip

# What goes with the row of a reader or an editor, or is blanked on the copies whose counts stay.
WITH_THE_READER = frozenset(
    {
        "subscriber address", "subscriber address_key", "delivery reply", "delivery domain", "handover reply",
        "draft_editor address_key",
    }
)  # fmt: skip

# The same words again, made of a column that is looked through above.
SAID_ABOVE = {
    "edition slug": "made of the subject",
    "edition_content skeleton": "built from the source",
    "edition_content text_skeleton": "built from the source",
    "archive_search list": "the id of a list",
    "archive_search title": "the title of an edition",
    "archive_search text": "the text of an edition",
    "draft findings": "about the source",
    "edition_asset content": "a file of the author's",
    "edition_asset name": "a file of the author's",
    "edition source_name": "a file of the author's",
    "list_logo content": "a file of the operator's",
    "list_logo name": "a file of the operator's",
}

_WORD = "one of the words that we have for it"
_DIGEST = "a keyed or salted digest, or chance"
_DOMAIN = "a domain, without the person"
NEVER_AN_ADDRESS = {
    "keyring fingerprint": _DIGEST,
    "list name": "a local part of our own",
    "list language": "a tag (BCP 47)",
    "list archive": _WORD,
    "list post_by_mail": _WORD,
    "list relay": "a name of the configuration",
    "list hours": "times of day",
    "list timezone": "a name of the IANA",
    "list layout": "a name",
    "list front": _WORD,
    "list typeface": _WORD,
    "list family": "a name",
    "list colour": "a colour",
    "list logo": _DIGEST,
    "list_logo media_type": "a media type",
    "subscriber domain": _DOMAIN,
    "subscriber suppression_digest": _DIGEST,
    "subscriber mailbox_digest": _DIGEST,
    "subscriber language": "a tag (BCP 47)",
    "subscription state": _WORD,
    "subscription state_before": _WORD,
    "subscription suspended_for": _WORD,
    "subscription source": _WORD,
    "confirmation language": "a tag (BCP 47)",
    "errand kind": _WORD,
    "errand language": "a tag (BCP 47)",
    "errand words_language": "a tag (BCP 47)",
    "errand also": "ids",
    "errand ip": "a network address",
    "errand trust": _WORD,
    "leaving former": "states and times",
    "leaving_reason month": "a month",
    "leaving_reason reason": _WORD,
    "leaving language": "a tag (BCP 47)",
    "address_change state": _WORD,
    "address_change former": "states and times",
    "consent event": _WORD,
    "consent salt": _DIGEST,
    "consent content_digest": _DIGEST,
    "consent chain": _DIGEST,
    "consent ip": "a network address",
    "consent ip_salt": _DIGEST,
    "consent ip_digest": _DIGEST,
    "suppression digest": _DIGEST,
    "suppression reason": _WORD,
    "edition state": _WORD,
    "edition language": "a tag (BCP 47)",
    "edition source_digest": _DIGEST,
    "edition message_secret": _DIGEST,
    "edition pause_reason": "ours, with a remote's words, in which no address is recorded",
    "edition_tally what": _WORD,
    "edition_asset media_type": "a media type",
    "notice kind": _WORD,
    "notice language": "a tag (BCP 47)",
    "notice message_secret": _DIGEST,
    "held_notice domain": _DOMAIN,
    "delivery state": _WORD,
    "delivery relay": "a name of the configuration",
    "delivery enhanced": "a status code",
    "delivery kind": _WORD,
    "delivery bounce": _WORD,
    "delivery lane": _DOMAIN,
    "handover enhanced": "a status code",
    "lane_domain domain": _DOMAIN,
    "lane_domain lane": _DOMAIN,
    "lane name": _DOMAIN,
    "lane state": "numbers, and a remote's words, in which no address is recorded",
    "pace scope": "the name of a relay or a lane",
    "pace state": "numbers",
    "limit_event scope": _WORD,
    "limit_event subject": "a keyed digest, a network or a domain",
    "inbound digest": _DIGEST,
    "inbound peer": "a network address",
    "inbound state": _WORD,
    "inbound queue": _WORD,
    "inbound_content digest": _DIGEST,
}


@dataclass(slots=True)
class EarlierScan:
    """What was found before the transaction that forgets: by the search's name, rows up to an id, and those found."""

    through: dict[str, int] = field(default_factory=dict)
    found: dict[str, list[int]] = field(default_factory=dict)

    def add(self, place: Place, rows: Sequence[Row], rows_naming: Sequence[int]) -> None:
        self.through[place.name] = rows[-1]["id"]
        self.found.setdefault(place.name, []).extend(rows_naming)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many rows of others named the person: of evidence, mails that were held, other mails, changes of address."""

    evidence: int = 0
    mails: int = 0
    notices: int = 0
    changes: int = 0
    others: int = 0

    @property
    def is_nothing(self) -> bool:
        return self == Forgotten()


def read_page(tx: Transaction, place: Place, spellings: Spellings, after: int) -> list[Row]:
    """Rows after an id, some at a time; columns that cannot name the address may be None."""
    values: dict[str, object] = {"after": after, "limit": place.page}
    if place in (CONSENT, NOTICE):
        values["hint"] = f"%{spellings.hint}%"
    if place in (CONFIRMATION, SUBSCRIBER):
        values["signs"] = SIGNS
    return tx.rows(place.select, **values)


def rows_naming(rows: Sequence[Row], spellings: Spellings) -> list[int]:
    """The ids of those rows that name an address."""
    return [row["id"] for row in rows if any(_names(value, spellings) for value in tuple(row)[1:])]


def _names(value: object, spellings: Spellings) -> bool:
    if isinstance(value, bytes):
        return mentions(value, spellings)
    return isinstance(value, str) and spellings.name(value)


def settings_naming(tx: Transaction, spellings: Spellings) -> list[str]:
    """What lists say of themselves that names an address, as `news (owner, footer)`."""
    found = []
    for row in tx.rows(LIST.select):
        fields = [name for name in row.keys() if name != "name" and _names(row[name], spellings)]  # noqa: SIM118
        if fields:
            found.append(f"{row['name']} ({', '.join(fields)})")
    return found


def forget(
    tx: Transaction, spellings: Spellings, subscriber_id: int | None, earlier: EarlierScan, *, now: int, salt: bytes
) -> Forgotten:
    """Forget an address in every place, and the reader whose it is; `salt` is 16 random octets for the evidence."""
    if subscriber_id is not None:
        tx.run("address_places.forget_handovers", subscriber_id=subscriber_id)
        tx.run("address_places.forget_replies", subscriber_id=subscriber_id)
    own = set() if subscriber_id is None else set(consent.numbers_of(tx, subscriber_id))
    evidence = set(_all_naming(tx, CONSENT, spellings, earlier)) - own
    consent.erase_rows(tx, own | evidence, now=now, salt=salt)
    if subscriber_id is not None:
        subscribers.delete_subscriber(tx, subscriber_id)
    mails = _forget_rows(tx, INBOUND_CONTENT, spellings, earlier, now=now)
    mails += _forget_rows(tx, INBOUND, spellings, earlier, now=now)
    tx.run("address_places.delete_orphans")
    notices = _forget_rows(tx, NOTICE, spellings, earlier) + _forget_rows(tx, NOTICE_CONTENT, spellings, earlier)
    changes = _forget_rows(tx, ADDRESS_CHANGE, spellings, earlier)
    others = _forget_rows(tx, PENDING_REQUEST, spellings, earlier) + _forget_rows(tx, CONFIRMATION, spellings, earlier)
    others += _forget_in_profiles(tx, spellings) + _forget_editor(tx, spellings) + _forget_suppressed(tx, spellings)
    return Forgotten(evidence=len(evidence), mails=mails, notices=notices, changes=changes, others=others)


def forget_unpublished(tx: Transaction, earlier: EarlierScan) -> list[int]:
    """Forget cancelled editions that name the address and never went out; returns the others that name it."""
    found = in_json(earlier.found.get(EDITION.name, ()))
    tx.run("address_places.forget_search", ids=found)
    tx.run("address_places.forget_edition", ids=found)
    return [row["id"] for row in tx.rows("address_places.left_editions", ids=found)]


def _all_naming(tx: Transaction, place: Place, spellings: Spellings, earlier: EarlierScan) -> list[int]:
    found = list(earlier.found.get(place.name, ()))
    after = earlier.through.get(place.name, 0)
    while rows := read_page(tx, place, spellings, after):
        after = rows[-1]["id"]
        found += rows_naming(rows, spellings)
    return found


def _forget_rows(tx: Transaction, place: Place, spellings: Spellings, earlier: EarlierScan, **values: int) -> int:
    found = _all_naming(tx, place, spellings, earlier)
    return tx.run(place.forget, ids=in_json(found), **values) if found else 0


def _forget_in_profiles(tx: Transaction, spellings: Spellings) -> int:
    after = changed = 0
    while rows := read_page(tx, SUBSCRIBER, spellings, after):
        after = rows[-1]["id"]
        for row in rows:
            given: Mapping[str, str] = json.loads(row["attributes"])
            kept = {name: value for name, value in given.items() if not spellings.name(f"{name} {value}")}
            name = "" if spellings.name(row["name"]) else row["name"]
            if (name, kept) != (row["name"], given):
                words = json.dumps(kept, ensure_ascii=False)
                changed += tx.run("address_places.forget_subscriber", id=row["id"], name=name, attributes=words)
    return changed


def _forget_editor(tx: Transaction, spellings: Spellings) -> int:
    rows = [row for row in tx.rows(EDITOR.select) if spellings.name(row["address"])]
    return sum(
        tx.run("address_places.forget_editor", list_id=row["list_id"], address_key=row["address_key"]) for row in rows
    )


def _forget_suppressed(tx: Transaction, spellings: Spellings) -> int:
    rows = [row for row in tx.rows(SUPPRESSION.select) if spellings.name(row["address"])]
    for row in rows:
        suppressions.forget_address(tx, row["digest"])
    return len(rows)
