"""Random lives of the readers of a newsletter in two languages, in the middle of two editions.

Whatever they change, and however far their copies are, everybody gets what they read when it started, once.

A slice of an audience has one row. The first reader's copies are put off all the time, so that no edition finishes.
"""

from __future__ import annotations

import random
from collections import Counter

from tests.delivery.harness import LATER, TAKEN, UNSENT, DeliveryHarness
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.services.editions import lifecycle
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.smtp.handover import Outgoing
from pressrun.store.transaction import Transaction

WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")
OFTEN = Rate(100_000, 3600.0)
PLENTY = LimitSettings(
    confirmations_per_address=OFTEN,
    confirmations=OFTEN,
    unsubscribe_notes_per_address=OFTEN,
    address_changes_per_reader=OFTEN,
    pause_notes_per_address=OFTEN,
)
LISTS = ("news", "boletim")
LANGUAGES = {"news": "en", "boletim": "pt", "gaceta": "es"}
SLOW = "slow@slow.example"
STEPS = 50
OF_COPY = (
    "select edition_id, subscriber_id from delivery join subscription on subscription.id = subscription_id"
    " where delivery.id = ?"
)


class Lives:
    """What readers do, and what they must have got. People who have shared an address count as one.

    `due` has for each edition the readers of its list when it started, and `may` those who may get it, too, because
    they were about to come back. `bilingual` are readers of both lists when the later edition started, also by taking
    over the address of a reader of the other list: they may get an issue in each language. `lost` are people who may
    end up without a copy, because they unsubscribed or paused for good.
    """

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        self.harness, self.dice, self.merges, self.is_issue = harness, dice, merges, is_issue
        self.lists: tuple[str, ...] = LISTS
        context = harness.services.context
        self.changes, self.preferences = AddressChanges(context), Preferences(context)
        self.undo_unsubscribe = UndoUnsubscribe(context)
        self.story: list[str] = []
        self.in_flight: list[Outgoing] = []
        self.editions: dict[str, int] = {}
        self.due: dict[int, set[int]] = {}
        self.may: dict[int, set[int]] = {}
        self.bilingual: set[int] = set()
        self.got: Counter[tuple[int, int]] = Counter()
        self.left: dict[int, int] = {}
        self.lost: set[int] = set()
        self.joined: dict[int, int] = {}
        self.addresses = 0

    async def begin(self) -> None:
        """Three readers of one language, one of the other where readers may meet, and an edition in each."""
        harness = self.harness
        change(harness.services.settings, limits=PLENTY)
        for name in self.lists[1:]:
            await harness.services.make_list(name, language=LANGUAGES[name])
        await harness.change("update list set family = 'f', leaving_note = 1")
        for name in self.lists:
            await harness.add_readers([SLOW], name)
        await harness.readers(3)
        if self.merges:
            await harness.add_readers(["q@other.example"], "boletim")
        await harness.change("update subscription set since = since - 100")
        for name in self.lists:
            await self.plan_edition(name)
        if self.is_issue:
            await harness.change("update edition set issue = 'one'")

    async def plan_edition(self, name: str) -> None:
        number = await self.harness.edition(f"In {name}", name, scheduled_at=int(self.harness.services.now) + 500_000)
        self.editions[name], self.due[number], self.may[number] = number, set(), set()

    def person(self, subscriber: int) -> int:
        """Whom a subscriber counts as."""
        while subscriber in self.joined:
            subscriber = self.joined[subscriber]
        return subscriber

    def join(self, number: int, other: int) -> None:
        number, other = self.person(number), self.person(other)
        if number != other:
            self.joined[number] = other

    async def choose(self, sql: str) -> tuple[int, ...] | None:
        rows = await self.harness.rows(sql)
        return self.dice.choice(rows) if rows else None

    async def link(self) -> PreferenceLink:
        reader = await self.choose(f"select id, epoch from subscriber where address <> '{SLOW}' order by id")
        assert reader is not None
        return PreferenceLink(subscriber_id=reader[0], epoch=reader[1])

    # ------------------------------------------------------------------ what may happen

    async def switch(self) -> object:
        link, name = await self.link(), self.dice.choice(self.lists)
        [(last,)] = await self.harness.rows("select coalesce(max(id), 0) from delivery")
        await self.preferences.save(link, PreferenceChanges(families={"f": name}), WEB)
        if self.is_issue:  # where the other list has sent the issue already, they get a copy of it
            made = "select edition_id from delivery where id > ? and state = 'queued' and edition_id is not null"
            for (edition,) in await self.harness.rows(made, last):
                self.due[edition].add(link.subscriber_id)
        return link.subscriber_id, name

    async def pause(self) -> object:
        return await self.preferences.pause(link := await self.link(), 3, WEB) and link.subscriber_id

    async def resume(self) -> object:
        return await self.preferences.resume(link := await self.link(), WEB) and link.subscriber_id

    async def leave(self) -> object:
        """By any link of theirs."""
        link, ended = await self.link(), "select id, subscriber_id from subscription where state = 'unsubscribed'"
        before = await self.harness.rows(ended)
        chosen = await self.choose(
            f"select id from subscription where subscriber_id = {link.subscriber_id} order by id"
        )
        assert chosen is not None
        await self.harness.services.unsubscribes.unsubscribe(chosen[0], WEB)
        self.left.update(set(await self.harness.rows(ended)) - set(before))
        return chosen

    async def undo_leaving(self) -> object:
        unsubscribe = await self.choose("select id, subscription_id from unsubscribe order by id")
        if unsubscribe is None:
            return None
        outcome, _ = await self.undo_unsubscribe.undo(unsubscribe[0], WEB)
        if outcome is UndoOutcome.RESTORED:
            self.left.pop(unsubscribe[1], None)
        return unsubscribe, outcome

    async def ask_for_address(self) -> object:
        link = await self.link()
        known = [address for (address,) in await self.harness.rows("select address from subscriber where id > 1")]
        self.addresses += 1
        is_known = self.merges and self.dice.random() < 0.6 and bool(known)
        new = self.dice.choice(known) if is_known else f"n{self.addresses}@new.example"
        await self.changes.request(link.subscriber_id, parse_address(new), WEB)
        return link.subscriber_id, new

    async def move(self) -> object:
        asked = await self.choose("select id from address_change where state = 'asked' order by id")
        return asked and await self.follow(asked[0], "new_address", self.changes.confirm)

    async def move_back(self) -> object:
        done = await self.choose("select id, subscriber_id from address_change where state = 'done' order by id")
        if done is None:
            return None
        for (edition,) in await self.harness.rows("select edition_id from bulk_change where kind = 'audience'"):
            self.may[edition].add(done[1])
        return await self.follow(done[0], "old_address", self.changes.undo)

    async def follow(self, number: int, address: str, work: object) -> object:
        """This person and the one with the other address become one; if either has paused, so has the result."""
        meeting = (
            "select address_change.subscriber_id, subscriber.id from address_change"
            f" join subscriber on subscriber.address = {address} where address_change.id = ?"
        )
        pairs = await self.harness.rows(meeting, number)
        resting = {
            reader
            for (reader,) in await self.harness.rows("select subscriber_id from subscription where state = 'suspended'")
        }
        outcome, _ = await work(number, WEB)  # type: ignore[operator]
        if outcome is AddressChangeOutcome.DONE:
            for pair in pairs:
                self.join(*pair)
                self.lost |= set(pair) if resting & set(pair) else set()
        return number, outcome

    async def start(self) -> object:
        harness, name = self.harness, self.dice.choice(self.lists)
        edition = self.editions[name]
        if await harness.state(edition) != "scheduled":
            return None

        def work(tx: Transaction) -> None:
            lifecycle.start(tx, lifecycle.require_edition(tx, edition), int(harness.services.now))

        reading = (
            "select subscriber_id, may_be_mailed from recipient join list on list.id = list_id where list.name = ?"
            " and subscriber_id > 1 and (state = 'active'"
            " or subscription_id in (select subscription_id from unsubscribe))"
        )
        started = {reader for readers in (*self.due.values(), *self.may.values()) for reader in readers}
        here = await harness.rows(reading, name)
        elsewhere = [row for other in self.lists if other != name for row in await harness.rows(reading, other)]
        self.bilingual |= started & {reader for reader, _ in here} & {reader for reader, _ in elsewhere}
        for subscriber, may_be_mailed in here:
            (self.due if may_be_mailed else self.may)[edition].add(subscriber)
        await harness.services.database.write(work)
        return name

    async def take_slice(self) -> object:
        return await self.harness.services.database.record(lifecycle.continue_oldest, int(self.harness.services.now))

    async def claim(self) -> object:
        await self.harness.run_cycle()
        for outgoing in self.harness.all_outgoing():
            if outgoing.rcpt_to == SLOW:
                self.harness.answer(outgoing, LATER)
            else:
                self.in_flight.append(outgoing)
        return [outgoing.delivery_id for outgoing in self.in_flight]

    async def answer(self) -> object:
        self.dice.shuffle(self.in_flight)
        told = []
        for outgoing in [self.in_flight.pop() for _ in range(self.dice.randint(0, len(self.in_flight)))]:
            result = self.dice.choice([TAKEN, TAKEN, LATER, UNSENT])
            if result is TAKEN:
                await self.count(outgoing)
            self.harness.answer(outgoing, result)
            told.append((outgoing.delivery_id, result.outcome.value))
        await self.harness.run_cycle()
        return told

    async def wait(self) -> object:
        self.harness.pass_time(self.dice.choice([1, 400, 2000]))
        return None

    async def count(self, outgoing: Outgoing) -> None:
        for edition, subscriber in await self.harness.rows(OF_COPY, outgoing.delivery_id):
            if edition is not None:
                self.got[subscriber, edition] += 1

    # ------------------------------------------------------------------ what must be so

    async def live(self) -> None:
        steps = [
            *(self.switch, self.pause, self.resume, self.leave, self.undo_leaving),
            *(self.ask_for_address, self.move, self.move_back),
            *(self.start, self.take_slice, self.claim, self.answer, self.wait),
        ]
        for _ in range(STEPS):
            step = self.dice.choice(steps)
            self.story.append(f"{step.__name__}: {await step()}")
            self.harness.pass_time(1)
        await self.end()

    async def end(self) -> None:
        """Whoever has paused comes back, and everything goes out."""
        for number, epoch in await self.harness.rows("select id, epoch from subscriber"):
            await self.preferences.resume(PreferenceLink(subscriber_id=number, epoch=epoch), WEB)
        while await self.take_slice():
            pass
        for _ in range(4):
            await self.claim()
            for outgoing in self.in_flight:
                await self.count(outgoing)
                self.harness.answer(outgoing, TAKEN)
            self.in_flight = []
            self.harness.pass_time(7200)
        await self.harness.run_cycle()

    def together(self) -> list[tuple[int, ...]]:
        """The editions of which a reader gets one: those of an issue, or each alone."""
        editions = tuple(self.editions.values())
        return [editions] if self.is_issue else [(edition,) for edition in editions]

    def gone(self, editions: tuple[int, ...]) -> set[int]:
        """Who may have none of these editions."""
        return {self.person(reader) for reader in (*self.left.values(), *self.lost)}

    def faults(self) -> list[str]:
        """Who got an edition, or an issue, too often or not at all."""
        faults = []
        for editions in self.together():
            due = {reader for edition in editions for reader in self.due[edition]}
            most = Counter(map(self.person, due | {reader for edition in editions for reader in self.may[edition]}))
            most.update(map(self.person, self.bilingual if self.is_issue else ()))
            got: Counter[int] = Counter()
            for (subscriber, edition), times in self.got.items():
                got[self.person(subscriber)] += times if edition in editions else 0
            faults += [
                f"{reader} got {editions} {times} times" for reader, times in got.items() if times > most[reader]
            ]
            missed = {*map(self.person, due)} - self.gone(editions)
            faults += [f"{reader} lacks {editions}" for reader in missed if not got[reader]]
        return faults
