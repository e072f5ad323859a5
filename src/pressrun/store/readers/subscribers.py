"""People: one row for each address that any list knows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.events import EventType
from pressrun.core.signing.tokens import Digests
from pressrun.store.programs import events
from pressrun.store.transaction import Transaction, in_json


class PersonProfile(NamedTuple):
    """Name, language and imported columns of a person."""

    name: str
    language: str
    attributes: Mapping[str, str]


class Subscriber(Struct, frozen=True, kw_only=True):
    """One person as stored; `attributes` are the imported columns."""

    id: int
    address: str
    address_key: str
    domain: str
    suppression_digest: bytes
    mailbox_digest: bytes | None  # None: the same
    name: str
    language: str
    attributes: Mapping[str, str]
    epoch: int
    created_at: int
    text_only: bool = False

    @property
    def digests(self) -> Digests:
        """The digests under which suppressions would hold the address and the mailbox."""
        return Digests(self.suppression_digest, self.mailbox_digest or self.suppression_digest)

    @property
    def profile(self) -> PersonProfile:
        """Name, language and imported columns."""
        return PersonProfile(self.name, self.language, self.attributes)


class AddressCopy(Struct, frozen=True, kw_only=True):
    """What became of a copy."""

    edition: int
    list: str
    state: str
    code: int | None
    at: str | None


ERASED = "erased"  # how the subscriptions of an erased person end


def insert_subscriber(
    tx: Transaction,
    address: Address,
    *,
    digests: Digests,
    now: int,
    name: str = "",
    language: str = "",
) -> Subscriber:
    """Store a new person, who has no columns; the address must be unknown."""
    stored = tx.parsed(
        Subscriber,
        "subscribers.insert",
        address=address.typed,
        address_key=address.key,
        domain=address.domain,
        suppression_digest=digests.own,
        mailbox_digest=digests.mailbox,
        name=name,
        language=language,
        now=now,
    )
    assert stored is not None
    return stored


def find_subscriber(tx: Transaction, address: Address) -> Subscriber | None:
    """The person with this address, in any spelling."""
    return tx.parsed(Subscriber, "subscribers.find", address_key=address.key)


def find_subscribers(tx: Transaction, addresses: Iterable[Address]) -> dict[str, Subscriber]:
    """The people with these addresses, in any spelling, by their keys."""
    people = tx.parsed_rows(Subscriber, "subscribers.find_all", keys=in_json([(address.key,) for address in addresses]))
    return {person.address_key: person for person in people}


def find_subscriber_by_id(tx: Transaction, subscriber_id: int) -> Subscriber | None:
    return tx.parsed(Subscriber, "subscribers.get", id=subscriber_id)


def of_mailbox(tx: Transaction, mailbox: bytes) -> list[Subscriber]:
    """Everybody whose address, in any spelling, leads to one mailbox."""
    return tx.parsed_rows(Subscriber, "subscribers.of_mailbox", mailbox=mailbox, beginning=mailbox[:4])


def update_profile(tx: Transaction, before: Subscriber, changed: Subscriber, *, how: str = "") -> None:
    """Write what has changed of name, language, attributes and the choice of plain text, and leave the rest alone.

    `how` it came to that.
    """
    attributes = json.dumps(dict(changed.attributes), ensure_ascii=False)
    tx.run(
        "subscribers.update_profile",
        id=before.id,
        name=changed.name if changed.name != before.name else None,
        language=changed.language if changed.language != before.language else None,
        attributes=attributes if changed.attributes != before.attributes else None,
        text_only=int(changed.text_only) if changed.text_only != before.text_only else None,
    )
    if changed != before:
        events.record_event(tx, EventType.SUBSCRIBER_CHANGED, subscriber_id=before.id, how=how)


def end_links(tx: Transaction, subscriber_id: int) -> None:
    """End every preferences link of a person, including those in past editions."""
    tx.run("subscribers.bump_epoch", id=subscriber_id)


def move_to_address(tx: Transaction, subscriber_id: int, address: Address, digests: Digests) -> None:
    """Give a person another address, which nobody else may have. Waiting copies go there, and old links end."""
    tx.run(
        "subscribers.move",
        id=subscriber_id,
        address=address.typed,
        address_key=address.key,
        domain=address.domain,
        suppression_digest=digests.own,
        mailbox_digest=digests.mailbox,
    )
    tx.run("subscribers.move_copies", id=subscriber_id, domain=address.domain)
    events.record_event(tx, EventType.SUBSCRIBER_ADDRESS_CHANGED, subscriber_id=subscriber_id)
    end_links(tx, subscriber_id)


def language_of(tx: Transaction, address: Address, otherwise: str) -> str:
    """The language that a person chose as a reader of any list, else `otherwise`: for mail to editors and owners."""
    return tx.value("subscribers.language", address_key=address.key) or otherwise


def delete_subscriber(tx: Transaction, subscriber_id: int) -> None:
    """Delete a person with everything that belongs to them; counts of past editions stay."""
    events.record_ended(tx, tx.rows("subscribers.subscriptions", id=subscriber_id), ERASED)
    events.record_event(tx, EventType.SUBSCRIBER_ERASED, subscriber_id=subscriber_id)
    tx.run("subscribers.delete", id=subscriber_id)


def delete_unsubscribed(tx: Transaction, subscriber_ids: Collection[int]) -> list[int]:
    """Delete those of these people who have no subscription, not even one that went with its list lately."""
    if not subscriber_ids:
        return []
    rows = tx.rows("subscribers.delete_without_subscription", ids=in_json(sorted(subscriber_ids)))
    return [row["id"] for row in rows]


def known_columns(tx: Transaction, list_id: int) -> frozenset[str]:
    """The imported columns that at least one active member of the list has."""
    return frozenset(row["name"] for row in tx.rows("subscribers.columns", list_id=list_id))


def list_deliveries(tx: Transaction, subscriber_id: int) -> list[AddressCopy]:
    """The copies of a person, newest first."""
    return tx.parsed_rows(AddressCopy, "subscribers.deliveries", subscriber_id=subscriber_id)
