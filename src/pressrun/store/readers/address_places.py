"""Every place where an address can be, and how it is erased there.

Rows about other people are searched for every spelling of the address (core.addresses.spellings), and mail in every
encoding (message.incoming.mentions). Large tables that only grow can be searched before the erasing transaction, which
then reads only the rows added since, so that nobody waits for the database in the meantime.

tests/store/readers/test_address_places.py says of every column of text or octets whether it is searched here, deleted
with another row, or can never hold an address. A new column fails that test until it is listed there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.spellings import SIGNS, Spellings
from pressrun.message.incoming.mentions import mentions
from pressrun.store.readers import consent, subscribers, suppressions
from pressrun.store.transaction import Row, Transaction, in_json

_MANY, _FEW = 5000, 5  # rows that are read at once; each of the few may be as large as the largest mail


class Place(Struct, frozen=True, kw_only=True):
    """Rows that may name anybody. The statement `address_places.NAME` reads their ids and columns.

    `address_places.forget_NAME` erases rows by their ids, or that of another place. `grows` says that rows are only
    added: none is changed so that it would name somebody.
    """

    name: str
    erased_as: str = ""
    page: int = _MANY
    grows: bool = False

    @property
    def select(self) -> str:
        return f"address_places.{self.name}"

    @property
    def forget(self) -> str:
        return f"address_places.forget_{self.erased_as or self.name}"


CONSENT = Place(name="consent", grows=True)
NOTICE = Place(name="notice", grows=True)
NOTICE_CONTENT = Place(name="notice_content", erased_as="notice", page=_FEW, grows=True)
INBOUND = Place(name="inbound")
INBOUND_CONTENT = Place(name="inbound_content", page=_FEW, grows=True)
ADDRESS_CHANGE = Place(name="address_change")
PENDING_REQUEST = Place(name="pending_request")
LOGIN_CODE = Place(name="login_code")
CONFIRMATION = Place(name="confirmation")
SUBSCRIBER = Place(name="subscriber")
JOB = Place(name="job", page=_FEW)
SUPPRESSION = Place(name="suppression")
PERSON = Place(name="person")
IDENTITY = Place(name="identity")
LIST = Place(name="list")
EDITION = Place(name="edition", page=_FEW)
REVISION = Place(name="revision", page=_FEW)
PLACES = (
    CONSENT, NOTICE, NOTICE_CONTENT, INBOUND, INBOUND_CONTENT, ADDRESS_CHANGE, PENDING_REQUEST, LOGIN_CODE,
    CONFIRMATION, SUBSCRIBER, JOB, SUPPRESSION, PERSON, IDENTITY, LIST, EDITION, REVISION,
)  # fmt: skip


class EarlierScan(Struct):
    """A search before the erasing transaction: by the name of the place, how far it went, and which rows it found."""

    addresses: tuple[Address, ...] = ()
    through: dict[str, int] = field(default_factory=dict)
    ids: dict[str, list[int]] = field(default_factory=dict)

    def add(self, place: Place, rows: Sequence[Row], ids: Sequence[int]) -> None:
        self.through[place.name] = rows[-1]["id"]
        self.ids.setdefault(place.name, []).extend(ids)


class Forgotten(Struct, frozen=True, kw_only=True):
    """How many rows about others named the person: evidence, accepted mail, notices, changes of address, others."""

    evidence: int = 0
    mails: int = 0
    notices: int = 0
    changes: int = 0
    others: int = 0

    @property
    def is_nothing(self) -> bool:
        return self == Forgotten()


def read_page(tx: Transaction, place: Place, spellings: Spellings, after: int) -> list[Row]:
    """Rows after an id, a batch at a time; columns that cannot name the address may be None."""
    if place is CONSENT:
        tx.run_deferred()  # rows that this transaction will append may name it, too
    values: dict[str, object] = {"after": after, "limit": place.page}
    if place in (CONSENT, NOTICE):
        values["hint"] = f"%{spellings.hint}%"
    if place in (CONFIRMATION, SUBSCRIBER):
        values["signs"] = SIGNS
    return tx.rows(place.select, **values)


def rows_naming(rows: Sequence[Row], spellings: Spellings) -> list[int]:
    """The ids of the rows that name the address."""
    return [row["id"] for row in rows if any(_names(value, spellings) for value in tuple(row)[1:])]


def _names(value: object, spellings: Spellings) -> bool:
    if isinstance(value, bytes):
        return mentions(value, spellings)
    return isinstance(value, str) and spellings.name(value)


def settings_naming(tx: Transaction, spellings: Spellings) -> list[str]:
    """The settings of lists that name an address, as `news (owner, footer)`."""
    naming = []
    for row in tx.rows(LIST.select):
        fields = [name for name in row.keys() if name != "name" and _names(row[name], spellings)]  # noqa: SIM118
        if fields:
            naming.append(f"{row['name']} ({', '.join(fields)})")
    return naming


def forget(
    tx: Transaction,
    spellings: Spellings,
    subscriber_ids: Sequence[int],
    earlier: EarlierScan,
    *,
    now: int,
    salt: bytes,
) -> Forgotten:
    """Erase addresses in every place, and their readers; `salt` is 16 random octets for the evidence."""
    own: set[int] = set()
    for subscriber_id in subscriber_ids:
        tx.run("address_places.forget_handovers", subscriber_id=subscriber_id)
        tx.run("address_places.forget_replies", subscriber_id=subscriber_id)
        own |= set(consent.numbers_of(tx, subscriber_id))
    evidence = set(_all_naming(tx, CONSENT, spellings, earlier)) - own
    consent.erase_rows(tx, own | evidence, now=now, salt=salt)
    for subscriber_id in subscriber_ids:
        subscribers.delete_subscriber(tx, subscriber_id)
    mails = _forget_rows(tx, INBOUND_CONTENT, spellings, earlier, now=now)
    mails += _forget_rows(tx, INBOUND, spellings, earlier, now=now)
    tx.run("address_places.delete_orphans")
    notices = _forget_rows(tx, NOTICE, spellings, earlier) + _forget_rows(tx, NOTICE_CONTENT, spellings, earlier)
    changes, others = _forget_rows(tx, ADDRESS_CHANGE, spellings, earlier), 0
    for place in (PENDING_REQUEST, LOGIN_CODE, CONFIRMATION, JOB, REVISION):
        others += _forget_rows(tx, place, spellings, earlier)
    others += _forget_in_profiles(tx, spellings) + _forget_people(tx, spellings) + _forget_suppressed(tx, spellings)
    return Forgotten(evidence=len(evidence), mails=mails, notices=notices, changes=changes, others=others)


def forget_unpublished(tx: Transaction, earlier: EarlierScan) -> list[int]:
    """Erase cancelled editions that name the address and never went out; returns the others that name it."""
    ids = in_json(earlier.ids.get(EDITION.name, ()))
    tx.run("address_places.forget_search", ids=ids)
    tx.run("address_places.forget_edition", ids=ids)
    return [row["id"] for row in tx.rows("address_places.left_editions", ids=ids)]


def _all_naming(tx: Transaction, place: Place, spellings: Spellings, earlier: EarlierScan) -> list[int]:
    ids = list(earlier.ids.get(place.name, ()))
    after = earlier.through.get(place.name, 0)
    while rows := read_page(tx, place, spellings, after):
        after = rows[-1]["id"]
        ids += rows_naming(rows, spellings)
    return ids


def _forget_rows(tx: Transaction, place: Place, spellings: Spellings, earlier: EarlierScan, **values: int) -> int:
    ids = _all_naming(tx, place, spellings, earlier)
    return tx.run(place.forget, ids=in_json(ids), **values) if ids else 0


def _forget_in_profiles(tx: Transaction, spellings: Spellings) -> int:
    after = changed = 0
    while rows := read_page(tx, SUBSCRIBER, spellings, after):
        after = rows[-1]["id"]
        for row in rows:
            attributes: Mapping[str, str] = json.loads(row["attributes"])
            kept = {name: value for name, value in attributes.items() if not spellings.name(f"{name} {value}")}
            name = "" if spellings.name(row["name"]) else row["name"]
            if (name, kept) != (row["name"], attributes):
                words = json.dumps(kept, ensure_ascii=False)
                changed += tx.run("address_places.forget_subscriber", id=row["id"], name=name, attributes=words)
    return changed


def _forget_people(tx: Transaction, spellings: Spellings) -> int:
    """People who can log in stay, without the address: their work goes on, and they were not asked."""
    for row in tx.rows(IDENTITY.select):
        if spellings.name(row["subject"]):
            tx.run(IDENTITY.forget, issuer=row["issuer"], subject=row["subject"])
    person_ids = [row["id"] for row in tx.rows(PERSON.select) if spellings.name(row["address"])]
    if person_ids:
        ids = in_json(person_ids)
        tx.run("address_places.forget_links", ids=ids)
        tx.run(PERSON.forget, ids=ids)
        tx.run("address_places.withdraw_person", ids=ids)
        tx.run("address_places.forget_address_of_person", ids=ids)
    return len(person_ids)


def _forget_suppressed(tx: Transaction, spellings: Spellings) -> int:
    rows = [row for row in tx.rows(SUPPRESSION.select) if spellings.name(row["address"])]
    for row in rows:
        suppressions.forget_address(tx, row["digest"])
    return len(rows)
