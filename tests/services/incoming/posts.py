"""Editions by mail to try things with: an editor, readers, mails of the editor, and what goes out for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.database import select
from tests.inbound.mailroom import Mailroom, mail, message_of

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import digests_of
from pressrun.services.people import editors
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists import lists
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction

EVE = "eve@harbour.example"  # the editor
RELAY = "198.51.100.4"
BELIEVED = {"authserv_id": "mx.harbour.example", "trusted_relays": ("198.51.100.0/24", "unix")}
DKIM = "mx.harbour.example; dkim=pass header.d=harbour.example header.s=x"


async def set_list(room: Mailroom, **changes: object) -> None:
    def change(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        values = {item: getattr(target, item) for item in lists.MailingList.__struct_fields__}
        lists.update_list(tx, target, lists.MailingList(**{**values, **changes}))

    await room.database.write(change)


async def make_editor(room: Mailroom, address: str = EVE) -> None:
    def add(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        editors.add_editor(tx, target.id, parse_address(address), 1)

    await room.database.write(add)


async def add_readers(room: Mailroom, number: int) -> None:
    def add(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        for index in range(number):
            address = parse_address(f"r{index}@reader.example")
            digests = digests_of(room.keys, address)
            person = subscribers.insert_subscriber(tx, address, digests=digests, now=int(room.now)).id
            tx.insert(
                "subscriptions.insert",
                list_id=target.id,
                subscriber_id=person,
                state="active",
                source="operator",
                now=int(room.now),
            )

    await room.database.write(add)


async def prepare(room: Mailroom) -> None:
    await room.make_list()
    await set_list(room, postal_address="1 Quay Street")
    await make_editor(room)
    await add_readers(room, 3)


def post(
    body: str = "The boats are back.\n", header: Mapping[str, str] | None = None, *, number: int = 1, **fields: str
) -> bytes:
    """A mail of the editor; `header` and `fields` replace or add to its header."""
    changes = {"From": f"Eve <{EVE}>", "Subject": "Boats", **(header or {}), **fields}
    return mail(body, number=number, **changes)


async def answers(room: Mailroom, content: bytes, **changes: Any) -> list[Outgoing]:
    """Hand a mail over, deal with it, and return what goes out for it."""
    replies = await room.accept(content, "news", **{"mail_from": EVE, **changes})
    assert [250] == [reply.code for reply in replies]
    await room.processing.recover()
    return await room.outgoing()


async def rows(room: Mailroom, sql: str) -> list[tuple[Any, ...]]:
    return await select(room.database, sql)


async def states(room: Mailroom) -> list[str]:
    return [state for (state,) in await rows(room, "select state from edition order by id")]


def words(outgoing: Outgoing) -> str:
    """The text of a mail on one line."""
    text = message_of(outgoing).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    return " ".join(text.split())


def token_in(outgoing: Outgoing) -> str:
    match = re.search(r"/approve/(\S+)", words(outgoing))
    assert match is not None
    return match[1]
