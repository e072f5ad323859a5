"""Random steps of everybody but readers: commands of operators and programs, editions, bounces, and daemon failures.

`services.readers.lives` has what readers do with their own links. Readers who stop or start to read by one of these
steps may end up without the editions sent at that time.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from msgspec.structs import replace
from tests.delivery.direct import DirectWorker
from tests.delivery.harness import GONE, LATER, LOST, RELAY, TAKEN, UNSENT, DeliveryHarness, FakeOwner
from tests.services.bounces.test_bounce_handler import FULL, report, route_of
from tests.services.readers.lives import SLOW, WEB, Lives
from tests.settings import change

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import BadInput, NotFound, Refused
from pressrun.delivery.queue.dispatcher import Dispatcher
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.members.member_puts import PutRequest
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.settings import BounceSettings, RetentionSettings
from pressrun.services.upkeep.retention import Retention
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.upkeep import key_files
from pressrun.store.upkeep.datadir import DataDir

DAY = 86_400
YEARS = 400_000_000
CRM = Origin(source="api:crm")
MAILABLE = "select subscription_id, subscriber_id, list_id from recipient where may_be_mailed and subscriber_id > 1"
LIVING = "select subscription_id, subscriber_id, is_suppressed from recipient where state in ('active', 'suspended')"
COPY = (
    "select edition_id, subscriber_id, may_be_mailed, address, edition.state from delivery"
    " join edition on edition.id = edition_id"
    " left join recipient on recipient.subscription_id = delivery.subscription_id where delivery.id = ?"
)
SUPPRESSED_NOTICE = (
    "select notice.kind from delivery join notice on notice.id = notice_id"
    " join suppression on suppression.address = notice.address"
    " where delivery.id = ? and (reason not in ('hard-bounce', 'erased')"
    " or notice.kind not in ('confirmation', 'still_there'))"
)
# Steps after which readers still get what they were due, or are back where they were.
GENTLE = frozenset(
    "switch pause resume leave undo_leaving move move_back ask_for_address start take_slice wait note".split()
)
Step = Callable[[], Awaitable[object]]


class Doors(Lives):
    """A life whose steps are drawn from a random subset, so that many lives reach places where few doors meet.

    `excused` are pairs of an edition and a reader who may end up without it. `wrongs` are broken promises.
    """

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.finishes = dice.random() < 0.6
        self.excused: set[tuple[int, int]] = set()
        self.of_copy: dict[int, tuple[int, int]] = {}
        self.delivered: list[Outgoing] = []
        self.dead: list[tuple[Dispatcher, DirectWorker, FakeOwner, list[Outgoing]]] = []
        self.wrongs: list[str] = []
        self.is_set_back = False

    async def begin(self) -> None:
        await super().begin()
        change(
            self.harness.services.settings,
            bounces=BounceSettings(hard_limit=self.dice.choice([1, 3]), soft_limit=3),
            retention=RetentionSettings(copies_seconds=2.0 * DAY),
        )
        for edition in self.editions.values():
            canary = self.dice.choice([None, None, 40.0])
            await self.harness.change(
                "update edition set scheduled_at = scheduled_at + ?, canary_percent = ? where id = ?",
                YEARS,
                canary,
                edition,
            )

    def doors(self) -> list[Step]:
        """What may happen in this life."""
        usual: list[Step] = [self.start, self.start, self.take_slice, self.claim, self.answer, self.wait]
        return usual + 2 * self.dice.sample(self.rare_doors(), self.dice.randint(4, 14))

    def rare_doors(self) -> list[Step]:
        return [
            *(self.switch, self.pause, self.resume, self.leave, self.undo_leaving, self.leave_by_old_link, self.note),
            *(self.ask_for_address, self.move, self.move_back, self.sign_up, self.confirm),
            *(self.add, self.remove, self.take_in, self.drop_synced, self.put, self.pause_by_program, self.send_copy),
            *(self.erase, self.suppress, self.lift, self.close),
            *(self.pause_edition, self.resume_edition, self.cancel_edition, self.resend),
            *(self.bounce_late, self.kill, self.reply_late, self.lose_lease, self.rotate_key),
            *(self.keep_instance, self.remove_aged, self.set_clock),
        ]

    def address(self) -> Address:
        known = [f"r{number}@reader.example" for number in range(3)]
        new = [f"n{self.dice.randint(1, 5)}@new.example", f"s{self.dice.randint(1, 2)}@sign.example"]
        return parse_address(self.dice.choice(known + new))

    async def attempt(self, work: Awaitable[object]) -> object:
        """What somebody tries, allowed or not."""
        try:
            return await work
        except (Refused, NotFound, BadInput) as problem:
            return f"no: {problem}"

    async def at_list(self, work: Callable[[str, Address], Awaitable[object]]) -> object:
        """What somebody tries with an address of a list."""
        name, address = self.dice.choice(self.lists), self.address()
        return name, address.typed, await self.attempt(work(name, address))

    # ------------------------------------------------------------------ readers

    async def link(self) -> PreferenceLink:
        return await super().link() if await self.harness.rows(MAILABLE) else PreferenceLink(subscriber_id=0, epoch=0)

    async def leave(self) -> object:
        """By any link of somebody who has one: a request that the end of its list has ended leaves none."""
        without = "select 1 from subscriber where id not in (select subscriber_id from subscription)"
        can = await self.harness.rows(MAILABLE) and not await self.harness.rows(without)
        return await super().leave() if can else None

    async def sign_up(self) -> object:
        origin = replace(WEB, source=self.dice.choice(["web", "mail"]))
        also = self.dice.choice([(), (), self.lists])
        sign_ups = self.harness.services.sign_ups
        return await self.at_list(
            lambda name, address: sign_ups.request([name, *also], Applicant(address, origin), network=None)
        )

    async def confirm(self) -> object:
        """Any link that was ever mailed."""
        chosen = await self.choose("select id from confirmation order by id")
        return chosen and (chosen, (await self.harness.services.confirmations.confirm(chosen[0], WEB))[0])

    async def leave_by_old_link(self) -> object:
        """By the link of any copy, whatever has become of its subscription."""
        chosen = await self.choose("select id from subscription union select id from removed_subscription order by 1")
        assert chosen is not None  # that of the first reader
        edition = self.dice.choice([0, *self.editions.values()])
        return chosen, await self.harness.services.unsubscribes.unsubscribe(chosen[0], WEB, edition_id=edition)

    async def note(self) -> object:
        """What the loop of web requests does: it queues the notices about those who have left."""
        return await self.harness.services.database.record(self.harness.services.web_requests._carry_out_batch)

    # ------------------------------------------------------------------ operators and programs

    async def add(self) -> object:
        asks, subscribers = self.dice.random() < 0.3, self.harness.services.subscribers
        return asks, await self.at_list(lambda name, address: subscribers.add(name, address, asks=asks))

    async def remove(self) -> object:
        return await self.at_list(self.harness.services.subscribers.remove)

    async def take_in(self) -> object:
        """A file has somebody, perhaps as one who has left."""
        source, state = self.dice.choice(["import", "sync"]), self.dice.choice(["", "", "", "unsubscribed"])
        subscribers = self.harness.services.subscribers
        return (
            source,
            state,
            await self.at_list(
                lambda name, address: subscribers.import_batch(
                    name, [ImportRow(line=2, email=address.typed, state=state)], source=source
                )
            ),
        )

    async def drop_synced(self) -> object:
        """A synced file has somebody no longer."""
        subscribers = self.harness.services.subscribers
        return await self.at_list(lambda name, address: subscribers.remove_synced(name, [address.key]))

    async def put(self) -> object:
        confirm, members = self.dice.choice([None, Confirm.SEND, Confirm.VOUCH]), self.harness.services.members

        def work(name: str, address: Address) -> Awaitable[object]:
            changes = MemberChanges()
            request = PutRequest(list_name=name, address=address, changes=changes, confirm=confirm, origin=CRM)
            return members.put(request)

        return confirm, await self.at_list(work)

    async def pause_by_program(self) -> object:
        members, ends = self.harness.services.members, self.dice.random() < 0.5
        return ends, await self.at_list(
            lambda name, address: members.resume(name, address, CRM) if ends else members.pause(name, address, 2, CRM)
        )

    async def send_copy(self) -> object:
        """A program sends somebody an edition that has started without them."""

        async def work(name: str, address: Address) -> object:
            edition = self.editions[name]
            answer = await self.harness.services.members.send_copy(name, address, edition)
            ids = await self.harness.rows("select id from subscriber where address_key = ?", address.key)
            self.may[edition] |= {number for (number,) in ids}
            return answer

        return await self.at_list(work)

    async def erase(self) -> object:
        return await self.at_list(lambda _, address: self.harness.services.subscribers.erase(address))

    async def suppress(self) -> object:
        reason = self.dice.choice(["operator", "never-again", "complaint", "hard-bounce"])
        return reason, await self.at_list(lambda _, address: self.harness.services.suppressions.add(address, reason))

    async def lift(self) -> object:
        return await self.at_list(lambda _, address: self.harness.services.suppressions.remove(address))

    async def close(self) -> object:
        if self.dice.random() < 0.8:
            return None
        return await self.at_list(lambda name, _: self.harness.services.lists.close_list(name))

    # ------------------------------------------------------------------ editions

    async def with_edition(self, work: Callable[[int], Awaitable[object]]) -> object:
        edition = self.editions[self.dice.choice(self.lists)]
        return edition, await self.attempt(work(edition))

    async def start(self) -> object:
        """What kept somebody from editions so far does not keep them from this one."""
        live = {subscription for subscription, _, _ in await self.harness.rows(MAILABLE)}
        gone = self.lost | {reader for subscription, reader in self.left.items() if subscription in live}
        for edition in self.editions.values():
            if (await self.harness.stored(edition)).started_at is not None:
                self.excused |= {(edition, reader) for reader in gone}
        self.lost.clear()
        for subscription in live & set(self.left):
            del self.left[subscription]
        return await super().start()

    async def pause_edition(self) -> object:
        return await self.with_edition(self.harness.edition_admin.pause)

    async def resume_edition(self) -> object:
        async def work(edition: int) -> object:
            if (await self.harness.stored(edition)).started_at is None:
                return "not yet"  # it would start by itself
            await self.harness.edition_admin.resume(edition)
            return "resumed"

        return await self.with_edition(work)

    async def cancel_edition(self) -> object:
        return await self.with_edition(self.harness.edition_admin.cancel) if self.dice.random() < 0.1 else None

    async def resend(self) -> object:
        return await self.with_edition(self.harness.edition_admin.resend)

    # ------------------------------------------------------------------ copies and bounces

    async def claim(self) -> object:
        taken = [*await self.hand_out(), *await self.hand_out()]
        await self.harness.run_cycle()
        return [(outgoing.delivery_id, outgoing.rcpt_to) for outgoing in taken]

    async def hand_out(self) -> list[Outgoing]:
        """Claim and hand out what may go: all of it to people who may be mailed now."""
        claimed = await self.harness.rows("select id from delivery where state = 'claimed'")
        await self.harness.run_cycle()
        taken = self.harness.all_outgoing()
        for outgoing in taken:
            await self.look_at(outgoing, is_new=(outgoing.delivery_id,) not in claimed)
            if outgoing.rcpt_to == SLOW:
                self.harness.answer(outgoing, TAKEN if self.finishes else LATER)
            else:
                self.in_flight.append(outgoing)
        return taken

    async def look_at(self, outgoing: Outgoing, *, is_new: bool) -> None:
        number, rows = outgoing.delivery_id, self.harness.rows
        for edition, subscriber, may_be_mailed, address, state in await rows(COPY, number):
            if subscriber is not None:
                self.of_copy[number] = subscriber, edition
            if is_new and not (may_be_mailed and address == outgoing.rcpt_to and state == "sending"):
                self.wrongs.append(f"handed out: {number} to {outgoing.rcpt_to} {address} {state}")
        for (kind,) in await rows(SUPPRESSED_NOTICE, number) if is_new else ():
            self.wrongs.append(f"suppressed, and mailed: {number} {kind}")

    async def count(self, outgoing: Outgoing) -> None:
        copy = self.of_copy.get(outgoing.delivery_id)
        if copy is not None:
            self.got[copy] += 1
            self.delivered.append(outgoing)

    async def answer(self) -> object:
        self.dice.shuffle(self.in_flight)
        told = []
        for outgoing in [self.in_flight.pop() for _ in range(self.dice.randint(0, len(self.in_flight)))]:
            result = self.dice.choice([TAKEN, TAKEN, TAKEN, LATER, UNSENT, LOST, GONE, FULL])
            if result is TAKEN:
                await self.count(outgoing)
            self.harness.answer(outgoing, result)
            told.append((outgoing.delivery_id, result.outcome.value))
        await self.hand_out()
        return told

    async def bounce_late(self) -> object:
        """A notification about a copy that a relay had taken: its reader does not have it."""
        if not self.delivered:
            return None
        outgoing = self.dice.choice(self.delivered)
        notification = report(self.dice.choice([BounceClass.GONE, BounceClass.FULL]), outgoing.rcpt_to)
        process = self.harness.bounce_handler.process
        result = await self.harness.services.database.write(process, route_of(outgoing), notification, "")
        if result.failed is not None:
            self.delivered = [other for other in self.delivered if other is not outgoing]
            subscriber, edition = self.of_copy[outgoing.delivery_id]
            self.got[subscriber, edition] -= 1
            self.excused.add((edition, subscriber))
        return outgoing.delivery_id, result.outcome

    # ------------------------------------------------------------------ the daemon

    async def kill(self) -> object:
        """The process dies with what it has claimed; the journal has some of what relays had taken."""
        harness = self.harness
        self.dice.shuffle(self.in_flight)
        number = self.dice.choice([0, self.dice.randint(0, len(self.in_flight))])
        taken, gone = self.in_flight[:number], self.in_flight[number:]
        harness.taken, self.in_flight = [], []
        sql = "select id, attempts, first_attempt_at, claimed_by from delivery where id = ? and state = 'claimed'"
        for outgoing in taken:
            for row in await harness.rows(sql, outgoing.delivery_id):
                harness.taken.append(JournalEntry(Claim(*row), RELAY, 250, "2.0.0"))
                await self.count(outgoing)
        self.dead.append((harness.dispatcher, harness.worker, harness.owner, gone))
        await harness.start()
        return [outgoing.delivery_id for outgoing in taken], [outgoing.delivery_id for outgoing in gone]

    async def reply_late(self) -> object:
        """A process that was taken for dead records what its relay has said."""
        if not self.dead:
            return None
        dispatcher, worker, owner, outgoings = self.dead.pop()
        owner.is_leased = False
        for outgoing in outgoings:
            worker.record(RELAY, [RecipientOutcome(outgoing, self.dice.choice([TAKEN, LATER, GONE]), 0.0)])
        dispatcher.broker.wake_ups.advance()
        await dispatcher.cycle()
        self.wrongs += ["handed out by a dead process"] if worker.next(RELAY) else []
        return [outgoing.delivery_id for outgoing in outgoings]

    async def lose_lease(self) -> object:
        self.harness.owner.is_leased = False
        await self.harness.run_cycle()
        self.wrongs += ["handed out without a lease"] if self.harness.all_outgoing() else []
        self.harness.owner.is_leased = True
        return None

    async def set_clock(self) -> object:
        seconds = self.dice.choice([-4 * DAY, -3600, 3600, 2 * DAY])
        self.harness.pass_time(seconds)
        if seconds < 0:
            self.is_set_back = True
            await self.harness.housekeeping._follow_clock(int(self.harness.services.now))
        elif self.is_set_back:  # nobody can tell any more who joined after the start of what is being taken
            self.excused |= {(edition, reader) for edition, due in self.due.items() for reader in due}
        return seconds

    async def rotate_key(self) -> object:
        services = self.harness.services
        services.keys.adopt(key_files.rotate_link_key(DataDir(services.path, services.database.location)))
        return services.keys.newest

    async def keep_instance(self) -> object:
        await self.harness.housekeeping.round()
        return None

    async def remove_aged(self) -> object:
        async def rest(_: float) -> None:
            """At once."""

        context = replace(self.harness.services.context, clock=self.harness.clock)
        await Retention(context, lambda _: [], rest).remove_what_aged()
        return None
