"""People: one row for each mail address that any list knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pressrun.core.address import Address
from pressrun.core.tokens import Digests
from pressrun.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
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
        """Where this person's address and mailbox would stand in the suppressions."""
        return Digests(self.suppression_digest, self.mailbox_digest or self.suppression_digest)


COLUMNS = tuple(field.name for field in fields(Subscriber))


def _from_row(row: Row) -> Subscriber:
    return subscriber_from_values([row[name] for name in COLUMNS])


def subscriber_from_values(found: Sequence[Any]) -> Subscriber:
    """The person whose COLUMNS have these values."""
    values = dict(zip(COLUMNS, found, strict=True))
    values["attributes"] = json.loads(values["attributes"])
    values["text_only"] = bool(values["text_only"])
    return Subscriber(**values)


def insert_subscriber(
    tx: Transaction,
    address: Address,
    *,
    digests: Digests,
    now: int,
    name: str = "",
    language: str = "",
    attributes: Mapping[str, str] | None = None,
) -> int:
    """Store a new person; the address must be unknown."""
    return tx.insert(
        "subscribers.insert",
        address=address.typed,
        address_key=address.key,
        domain=address.domain,
        suppression_digest=digests.own,
        mailbox_digest=digests.mailbox,
        name=name,
        language=language,
        attributes=json.dumps(attributes or {}, ensure_ascii=False),
        now=now,
    )


def find_subscriber(tx: Transaction, address: Address) -> Subscriber | None:
    """The person with that address, however it is spelt."""
    row = tx.row("subscribers.find", address_key=address.key)
    return None if row is None else _from_row(row)


def get_subscriber(tx: Transaction, subscriber_id: int) -> Subscriber | None:
    """The person of that id."""
    row = tx.row("subscribers.get", id=subscriber_id)
    return None if row is None else _from_row(row)


def of_mailbox(tx: Transaction, mailbox: bytes) -> list[Subscriber]:
    """Everybody who gets mail in one mailbox, under whatever spelling."""
    return [_from_row(row) for row in tx.rows("subscribers.of_mailbox", mailbox=mailbox)]


def update_profile(tx: Transaction, person: Subscriber) -> None:
    """Write name, language, attributes and the wish for plain text back."""
    tx.run(
        "subscribers.update_profile",
        id=person.id,
        name=person.name,
        language=person.language,
        attributes=json.dumps(dict(person.attributes), ensure_ascii=False),
        text_only=int(person.text_only),
    )


def end_links(tx: Transaction, subscriber_id: int) -> None:
    """Let every preferences link of a person end, also those in past editions."""
    tx.run("subscribers.bump_epoch", id=subscriber_id)


def move_to_address(tx: Transaction, subscriber_id: int, address: Address, digests: Digests) -> None:
    """Give a person another address, which nobody else must have; copies that wait go there, and old links end."""
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
    end_links(tx, subscriber_id)


def delete_subscriber(tx: Transaction, subscriber_id: int) -> None:
    """Remove a person from every list, with all that hangs on them; counts of past editions stay."""
    tx.run("subscribers.delete", id=subscriber_id)


def delete_if_unsubscribed(tx: Transaction, subscriber_id: int) -> bool:
    """Forget a person whom no list knows any more; False when one does."""
    return tx.run("subscribers.delete_without_subscription", id=subscriber_id) > 0


def known_columns(tx: Transaction, list_id: int) -> frozenset[str]:
    """The imported columns that some active member of the list has."""
    return frozenset(row["name"] for row in tx.rows("subscribers.columns", list_id=list_id))


def list_deliveries(tx: Transaction, subscriber_id: int) -> list[Row]:
    """The copies of a person, newest first: edition, list, state, code, enhanced, reply, at."""
    return tx.rows("subscribers.deliveries", subscriber_id=subscriber_id)
