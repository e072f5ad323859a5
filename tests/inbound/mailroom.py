"""A mail room to try things in: listeners and services over a real database, and a client that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from tests.database import TwiceDatabase, select
from tests.editions.inline_builder import builder_at
from tests.engines import new_data_dir
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.addresses.mail_routes import read_local_part
from pressrun.core.current import Holder
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.quantities import Rate
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, digests_of
from pressrun.core.site import Site
from pressrun.inbound.listeners import Listeners
from pressrun.inbound.settings import SmtpSettings
from pressrun.message.editions.posted import Posted, read_posted
from pressrun.message.incoming.reading import IncomingMail, read_mail
from pressrun.message.reports.reading import read_report
from pressrun.message.reports.report import Report
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.context import ServiceContext
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.editions.sender_check import SenderCheck
from pressrun.services.incoming.mail_acceptance import ArrivedMail, MailAcceptance
from pressrun.services.incoming.mail_commands import MailCommands
from pressrun.services.incoming.mail_processing import MailProcessing
from pressrun.services.incoming.mailed_editions import MailedEditions
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.mails.notice_composer import NoticeComposer
from pressrun.services.ports import MailParser
from pressrun.services.readers.confirmations import Confirmations
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUps
from pressrun.services.settings import ServiceSettings, TokenSettings
from pressrun.services.suppression import NewSuppression, SuppressionReason, may_be_sent, suppress
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.reply import Reply
from pressrun.store.database import Database
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.queue import deliveries, notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Transaction

D = "news.example.org"
NOW = 1_780_000_000.0
CLAIMANT = 1  # the session in whose name tests claim
ADA = "ada@reader.example"
LOCAL = TcpEndpoint("127.0.0.1", 0)


class InlineReader:
    """Reads mail in this process: for mails that a test has written itself."""

    async def read(self, content: bytes) -> IncomingMail:
        return read_mail(content)

    async def read_report(self, content: bytes) -> Report:
        return read_report(content)

    async def read_edition(self, content: bytes) -> Posted:
        return read_posted(content)


@dataclass(slots=True, kw_only=True)
class Mailroom:
    """Everything that a test of inbound mail touches."""

    database: Database
    keys: KeyRing
    site: Site
    now: float = NOW
    counted: list[str] = field(default_factory=list)
    bounced: list[tuple[str, str]] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)
    on_count: Callable[[str], object] = len
    woken: int = 0
    settings: Holder[ServiceSettings] = field(default_factory=lambda: Holder(ServiceSettings()))
    context: ServiceContext = field(init=False)
    sign_ups: SignUps = field(init=False)
    confirmations: Confirmations = field(init=False)
    acceptance: MailAcceptance = field(init=False)
    processing: MailProcessing = field(init=False)

    def wake(self) -> None:
        self.woken += 1

    def count_inbound(self, kind: str) -> None:
        self.counted.append(kind)
        self.on_count(kind)

    def count_bounce(self, list_name: str, bounce: str) -> None:
        self.bounced.append((list_name, bounce))

    def count_complaint(self, list_name: str) -> None:
        self.complained.append(list_name)

    async def make_list(self, name: str = "news", *, owner: str | None = "owner@harbour.example") -> None:
        def make(tx: Transaction) -> None:
            sender = f"The Letter <{name}@{D}>"
            stored = lists.insert_list(tx, name=name, title="The Letter", from_address=sender, now=int(self.now))
            lists.update_list(tx, stored, replace(stored, owner=owner))

        await self.database.write(make)

    async def close_list(self, name: str = "news") -> None:
        def close(tx: Transaction) -> None:
            target = lists.find_list(tx, name)
            assert target is not None
            values = {item: getattr(target, item) for item in MailingList.__struct_fields__}
            lists.update_list(tx, target, MailingList(**{**values, "closed_at": int(self.now)}))

        await self.database.write(close)

    async def speak(self, language: str, name: str = "news") -> None:
        """Give the list another language."""

        def change(tx: Transaction) -> None:
            target = lists.find_list(tx, name)
            assert target is not None
            lists.update_list(tx, target, replace(target, language=language))

        await self.database.write(change)

    async def delete_list(self, name: str = "news") -> None:
        def delete(tx: Transaction) -> None:
            target = lists.find_list(tx, name)
            assert target is not None
            lists.delete_list(tx, target.id)

        await self.database.write(delete)

    async def subscribe(self, address: str = ADA) -> int:
        """Make an active member; returns the id of the subscription. The confirmation is taken out of the queue."""
        await self.sign_ups.request(["news"], Applicant(parse_address(address), Origin(source="web")), network=None)
        sent = await self.outgoing()
        token = str(message_of(sent[-1])["Reply-To"]).partition("+")[2].partition("@")[0]
        number = AddressTokens(self.keys).read(AddressPurpose.CONFIRM, "news", token)
        assert number is not None
        _, standing = await self.confirmations.confirm(number, Origin(source="web"))
        assert standing is not None
        return standing.subscription.id

    async def state_of(self, address: str = ADA) -> str | None:
        """What an address is to `news`."""

        def find(tx: Transaction) -> str | None:
            target, person = lists.find_list(tx, "news"), subscribers.find_subscriber(tx, parse_address(address))
            if target is None or person is None:
                return None
            subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
            return None if subscription is None else subscription.state.value

        return await self.database.read(find)

    async def suppress(self, address: str, reason: str) -> None:
        digests, now = digests_of(self.keys, parse_address(address)), int(self.now)
        await self.database.write(suppress, [NewSuppression(digests, SuppressionReason(reason), address, now)], now)

    async def insert_notice(self, kind: str) -> int:
        """Queue a notice of ours; returns the id of its delivery."""
        payload = {"null_sender": False, "utf8": False}
        new = NewNotice(kind=kind, address=parse_address(ADA), message_secret=b"s" * 16, content=b"x", payload=payload)
        return await self.database.write(notices.insert_notice, new, int(self.now))

    def token(self, purpose: AddressPurpose, number: int, name: str = "news") -> str:
        return AddressTokens(self.keys).make(purpose, name, number)

    async def accept(
        self,
        content: bytes,
        *locals_: str,
        mail_from: str = ADA,
        replies_each: bool = False,
        utf8: bool = False,
        peer: str = "192.0.2.7",
    ) -> list[Reply]:
        """Hand a mail over as a listener would, for local parts that are ours."""
        routes = tuple(read_local_part(local) for local in locals_)
        return await self.acceptance.accept(
            ArrivedMail(
                mail_from=mail_from,
                recipients=tuple(route for route in routes if route is not None),
                content=content,
                peer=peer,
                utf8=utf8,
                replies_each=replies_each,
            )
        )

    async def deliver(self, content: bytes, *locals_: str, mail_from: str = ADA) -> list[EmailMessage]:
        """Hand a mail over, deal with it, and return the mails that go out for it."""
        await self.accept(content, *locals_, mail_from=mail_from)
        await self.processing.recover()
        return [message_of(outgoing) for outgoing in await self.outgoing()]

    async def outgoing(self) -> list[Outgoing]:
        """Everything queued, as it would be handed over."""
        composer = NoticeComposer(site=self.site, keys=self.keys, tokens=TokenSettings())

        def claim(tx: Transaction) -> list[Outgoing]:
            may_go = partial(may_be_sent, keys=self.keys)
            rows, _ = deliveries.claim_notices(
                tx, session=CLAIMANT, now=int(self.now), limit=1000, octets=1 << 30, may_go=may_go
            )
            composed = []
            for row in rows:
                target = None if row.list_id is None else lists.find_list_by_id(tx, row.list_id)
                composed.append(composer.compose(row, target, int(self.now)))
            return composed

        return await self.database.write(claim)

    async def counts(self) -> dict[str, int]:
        """How many accepted mails are in each state, without states that none is in."""
        return dict(await select(self.database, "select state, count(*) from inbound group by state"))


def message_of(outgoing: Outgoing) -> EmailMessage:
    """An outgoing mail, read back."""
    message = message_from_bytes(outgoing.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def mail(body: str = "hello\n", *, number: int = 1, **fields: str) -> bytes:
    """A mail with a Message-ID; `fields` replace or add to its header, `_` stands for `-`."""
    header = {"From": ADA, "To": f"news@{D}", "Subject": "hello", "Message-ID": f"<m{number}@reader.example>"}
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    text = "".join(f"{name}: {value}\n" for name, value in header.items()) + "\n" + body
    return text.encode().replace(b"\n", b"\r\n")


@asynccontextmanager
async def open_mailroom(
    folder: Path,
    *,
    operator: str | None = "ops@harbour.example",
    replies: Rate = Rate(10, 86400.0),
    posts: Rate = Rate(20, 86400.0),
    believed: Mapping[str, Any] = MappingProxyType({}),
    reader: MailParser | None = None,
    readers: Mapping[MailQueue, MailParser] | None = None,
    signed: Sequence[str] = (),
) -> AsyncIterator[Mailroom]:
    """The services over a new database, or the one that is there."""
    data, keys = new_data_dir(folder / "data")
    database = await TwiceDatabase.open(data.database)
    site = Site(base_url=f"https://{D}", mail_domain=D, operator=operator, receives_mail=True)
    room = Mailroom(database=database, keys=keys, site=site)
    limits = LimitSettings(replies_per_sender=replies, posts_per_editor=posts)
    change(room.settings, limits=limits, signed_domains=frozenset(signed), **believed)
    context = room.context = ServiceContext(
        database=database,
        keys=keys,
        site=site,
        settings=room.settings,
        clock=lambda: room.now,
        entropy=os.urandom,
        wake=room.wake,
    )
    room.sign_ups, room.confirmations = SignUps(context), Confirmations(context)
    clock = lambda: room.now  # noqa: E731 - the room's own clock, wherever it is set
    room.processing = MailProcessing(
        context,
        parsers=readers or dict.fromkeys(MailQueue, reader or InlineReader()),
        mail_commands=MailCommands(context, sign_ups=room.sign_ups),
        bounce_handler=BounceHandler(context),
        mailed_editions=MailedEditions(
            EditionPreparer(
                context=context,
                builder=builder_at(site, folder / "layouts"),
                sender_check=SenderCheck(site=site, settings=room.settings, records=None, clock=clock),
            ),
            parser=reader or InlineReader(),
        ),
        counter=room,
    )
    room.acceptance = MailAcceptance(context, count=room.count_inbound, accepted=room.processing.accepted)
    try:
        yield room
    finally:
        await database.close()


class Client:
    """A client of a listener, with nothing between the test and the wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """One whole reply, its lines joined by newlines; "" when the server has closed."""
        lines = []
        async with asyncio.timeout(20):
            while line := (await self.reader.readline()).decode("utf-8"):
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    break
        return "\n".join(lines)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, line: str) -> str:
        """Send one command and read its reply."""
        await self.send(line.encode("utf-8") + b"\r\n")
        return await self.reply()

    async def post(self, content: bytes, recipients: Sequence[str], mail_from: str = ADA) -> str:
        """A whole transaction; returns the reply to its content. `content` has no dot at its end."""
        await self.say(f"MAIL FROM:<{mail_from}>")
        for recipient in recipients:
            await self.say(f"RCPT TO:<{recipient}>")
        await self.say("DATA")
        await self.send(content + b".\r\n")
        return await self.reply()

    async def close(self) -> None:
        self.writer.close()
        await asyncio.wait_for(self._closed(), 10)

    async def _closed(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def listening(room: Mailroom, settings: SmtpSettings | None = None) -> AsyncIterator[Listeners]:
    """Listeners of a mail room, on loopback."""
    listeners = Listeners(settings or SmtpSettings(listen=LOCAL, lmtp=LOCAL), room.acceptance, {})
    await listeners.start()
    try:
        yield listeners
    finally:
        await listeners.stop(5)


@asynccontextmanager
async def connected(address: str, *, hello: str | None = "EHLO client.example") -> AsyncIterator[Client]:
    """A connection whose greeting was read, and which has said hello."""
    if address.startswith("unix:"):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    client = Client(reader, writer)
    try:
        if hello is not None:
            await client.reply()
            await client.say(hello)
        yield client
    finally:
        await client.close()
