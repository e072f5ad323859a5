"""Editions and their copies for tests: the services with editors, readers and the queue, whose cycles the test runs.

`run_cycle` records results and claims; `next_outgoing` and `answer` play the part of a connection. Nothing sleeps, and
there is no relay.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.database import begin_session, execute, select
from tests.delivery.direct import DirectWorker
from tests.editions.inline_builder import builder_at, preparer_of
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.core.site import Site
from pressrun.delivery.queue.dispatcher import Dispatcher, DispatchHooks
from pressrun.delivery.queue.recovery import Journaled, recover
from pressrun.delivery.queue.scheduler import RelayTerms, Scheduler
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.mails.notices_to_people import queue_pause_notices
from pressrun.services.ports import RelayStatus
from pressrun.services.readers.requests import Origin
from pressrun.services.settings import DeliverySettings
from pressrun.services.suppression import may_be_sent
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.database import Database
from pressrun.store.editions.editions import Edition, find_edition
from pressrun.store.lists.lists import find_list
from pressrun.store.queue.copy_counts import count_copies
from pressrun.store.queue.inbound import InboundMail
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Transaction

SITE = Site(base_url="https://n.example", mail_domain="lists.example", receives_mail=True)
FAST = Rate(100_000, 1.0)
RELAY = "primary"
TAKEN = HandOver(Outcome.DELIVERED, Stage.CONTENT, Reply(250, "ok", "2.0.0"))
LATER = HandOver(Outcome.DEFERRED, Stage.RCPT, Reply(450, "try later", "4.2.0"))
GONE = HandOver(Outcome.REFUSED, Stage.RCPT, Reply(550, "no such user", "5.1.1"))
LOST = HandOver(Outcome.UNKNOWN, Stage.CONTENT)
UNSENT = HandOver(Outcome.UNSENT, Stage.MAIL)


@dataclass(slots=True)
class FakePool:
    """Connections that only count how often they were woken and probed."""

    wakes: int = 0
    probes: int = 0
    drained: list[float] = field(default_factory=list)
    status: RelayStatus = field(
        default_factory=lambda: RelayStatus(name=RELAY, connections=1, failing_since=None, last_error=None)
    )

    def wake(self) -> None:
        self.wakes += 1

    def capacity(self, relay: str | None = None) -> int:
        return 16

    def recall(self) -> None:
        """There is nothing to recall."""

    def probe_relays(self) -> None:
        self.probes += 1

    def statuses(self) -> list[RelayStatus]:
        return [self.status]

    async def drain(self, seconds: float) -> None:
        self.drained.append(seconds)


@dataclass(slots=True)
class FakeOwner:
    """A session that has its lease until the test takes it away."""

    session: int
    is_leased: bool = True
    is_set_back: bool = False

    def may_hand_out(self) -> bool:
        return self.is_leased and not self.is_set_back

    def end_set_back(self) -> None:
        self.is_set_back = True


@dataclass(slots=True, kw_only=True)
class DeliveryHarness:
    """Services, queue and worker, with what a test needs to drive them."""

    services: ServiceHarness
    edition_admin: EditionAdmin
    housekeeping: Housekeeping
    bounce_handler: BounceHandler
    owner: FakeOwner = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    worker: DirectWorker = field(init=False)
    pool: FakePool = field(default_factory=FakePool)
    outcomes: Counter[str] = field(default_factory=Counter)
    bounces: Counter[tuple[str, str]] = field(default_factory=Counter)
    site: Site = SITE
    settings: DeliverySettings = field(default_factory=lambda: DeliverySettings(rates=(FAST,)))
    relays: Mapping[str, tuple[Rate, ...]] = field(default_factory=lambda: {RELAY: ()})
    weights: dict[str, int] = field(default_factory=dict)
    taken: list[JournalEntry] = field(default_factory=list)  # what the journal holds
    oldest: tuple[Claim, ...] = ()  # of it, where it has held more

    # ------------------------------------------------------------------ time and the process

    def clock(self) -> float:
        return self.services.now

    def pass_time(self, seconds: float) -> None:
        self.services.now += seconds

    def terms(self) -> dict[str, RelayTerms]:
        """What the queue knows of the relays."""
        return {name: RelayTerms(rates, self.weights.get(name, 1)) for name, rates in self.relays.items()}

    async def start(self) -> Dispatcher:
        """Start as a process does, and forget the previous one, as after a kill."""
        self.owner = FakeOwner(await begin_session(self.services.database))
        known = Journaled(entries=self.journaled(), oldest=self.oldest)
        recovered = await recover(self.services.database, self.owner.session, known, self.services.now)
        self.dispatcher = Dispatcher(
            database=self.services.database,
            scheduler=Scheduler(self.settings, self.terms(), recovered),
            settings=self.settings,
            clock=self.clock,
            owner=self.owner,
            hooks=DispatchHooks(
                draw_consequences=self.bounce_handler.draw_consequences,
                may_go=partial(may_be_sent, keys=self.services.keys),
                on_paused=partial(queue_pause_notices, context=replace(self.services.context, site=self.site)),
                on_outcome=lambda outcome, number: self.outcomes.update({outcome.value: number}),
                on_bounce=lambda name, bounce, number: self.bounces.update({(name, bounce.value): number}),
            ),
            journaled=self.journaled,
        )
        self.worker = DirectWorker(
            self.dispatcher.broker, self.pool, site=SITE, keys=self.services.keys, clock=self.clock
        )
        self.dispatcher.broker.connect(self.worker)
        self.dispatcher.broker.intake.random = random.Random(7)  # type: ignore[assignment]  # the same jitter on every run
        return self.dispatcher

    def journaled(self) -> dict[Claim, JournalEntry]:
        return {entry.claim: entry for entry in self.taken}

    async def run_cycle(self) -> None:
        """Run one cycle that claims whatever may go, as after a wake-up or when something is due."""
        self.dispatcher.broker.wake_ups.advance()
        await self.dispatcher.cycle()

    def next_outgoing(self, relay: str = RELAY) -> Outgoing | None:
        return self.worker.next(relay)

    def all_outgoing(self) -> list[Outgoing]:
        return list(iter(self.next_outgoing, None))

    async def outgoing_after_cycle(self) -> list[Outgoing]:
        """Run a cycle, and return everything that it claimed."""
        await self.run_cycle()
        return self.all_outgoing()

    def answer(self, outgoing: Outgoing, result: HandOver, relay: str = RELAY, *, seconds: float = 0.0) -> None:
        self.worker.record(relay, [RecipientOutcome(outgoing, result, seconds)])

    async def send_all(self, result: HandOver = TAKEN) -> list[Outgoing]:
        """Run cycles until nothing more may go now, and give every copy the same answer."""
        sent: list[Outgoing] = []
        while True:
            await self.run_cycle()
            taken = self.all_outgoing()
            for outgoing in taken:
                self.answer(outgoing, result)
            if not taken:
                await self.run_cycle()
                return sent
            sent += taken

    # ------------------------------------------------------------------ readers and editions

    async def readers(self, count: int, name: str = "news") -> list[str]:
        addresses = [f"r{number}@reader.example" for number in range(count)]
        await self.add_readers(addresses, name)
        return addresses

    async def add_readers(self, addresses: Iterable[str], name: str = "news") -> None:
        """Add them all in one transaction, since some tests begin with thousands of readers."""
        parsed = [parse_address(address) for address in addresses]

        def add(tx: Transaction) -> None:
            for address in parsed:
                self.services.subscribers._add(tx, name, address, "", False)

        await Database.write(self.services.database, add)  # not TwiceDatabase's, since this is not under test

    async def edition(self, text: str = "Hello {{ name }}", name: str = "news", **changes: Any) -> int:
        body = f"---\nsubject: Boats\n---\n{text}\n".encode()
        return await self.edition_admin.send(name, Manuscript(source=body, source_name="a.md", assets={}), **changes)

    async def counts(self, edition_id: int) -> dict[str, int]:
        counts = await self.services.database.read(count_copies, edition_id)
        return {state: number for state, number in counts.items() if number}

    async def state(self, edition_id: int) -> str:
        return (await self.stored(edition_id)).state.value

    async def stored(self, edition_id: int) -> Edition:
        edition = await self.services.database.read(find_edition, edition_id)
        assert edition is not None
        return edition

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return await select(self.services.database, sql, *values)

    async def change(self, sql: str, *values: object) -> None:
        await execute(self.services.database, sql, *values)

    async def subscription(self, address: str, name: str = "news") -> int:
        def find(tx: Transaction) -> int:
            target, person = find_list(tx, name), subscribers.find_subscriber(tx, parse_address(address))
            assert target is not None
            assert person is not None
            subscription = subscriptions.find_subscription(tx, list_id=target.id, subscriber_id=person.id)
            assert subscription is not None
            return subscription.id

        return await self.services.database.read(find)

    async def leave(self, address: str) -> None:
        await self.services.unsubscribes.unsubscribe(await self.subscription(address), Origin(source="web"))


def mail_to_owner(number: int) -> InboundMail:
    """Somebody's mail to the owner of `news`, which is passed on."""
    return InboundMail(
        id=number,
        mail_from="eve@else.example",
        recipient="news-owner",
        peer="192.0.2.1",
        utf8=False,
        received_at=1,
        content=b"Subject: Hello\r\n\r\nHello\r\n",
        content_digest=b"",
    )


def identity(outgoing: Outgoing) -> tuple[str, str]:
    """Message-ID and Date, which stay the same on every retry."""
    message = message_from_bytes(outgoing.content)
    return message["Message-ID"], message["Date"]


def admin_of(services: ServiceHarness, admin: EditionAdmin) -> EditionAdmin:
    """The same services in another process."""
    return EditionAdmin(replace(admin._preparer, context=replace(services.context, site=SITE)))


@asynccontextmanager
async def open_delivery(folder: Path, **changes: Any) -> AsyncIterator[DeliveryHarness]:
    """A list `news` without readers, and a process that has just started."""
    async with open_services(folder) as services:
        numbers = itertools.count(1)
        context = replace(services.context, site=SITE, entropy=lambda count: next(numbers).to_bytes(count, "big"))
        edition_admin = EditionAdmin(preparer_of(context, builder_at(SITE, folder / "layouts")))
        bounce_handler = BounceHandler(context)
        harness = DeliveryHarness(
            services=services,
            edition_admin=edition_admin,
            housekeeping=Housekeeping(context),
            bounce_handler=bounce_handler,
            **changes,
        )
        await services.make_list()
        # Tests count copies, and notes about unsubscribing would be among them.
        await services.lists.set_list("news", {"leaving_note": "false"})
        await harness.start()
        yield harness
