"""Random lives of a newsletter by every way of changing it: what holds after each step, and who got what at the end."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from tests.delivery.harness import TAKEN, open_delivery
from tests.services.readers.doors import GENTLE, LIVING, MAILABLE, Step
from tests.services.readers.lives import WEB
from tests.services.readers.rare_doors import RareDoors

from pressrun.services.editions import audience, lifecycle
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.store.queue import copy_counts

STEPS = 80
# What must never be: a query for each violation, by its name.
WRONG = {
    "waits for who may not be mailed": """
        select delivery.id from delivery left join recipient on recipient.subscription_id = delivery.subscription_id
        where edition_id is not null and delivery.state in ('queued', 'deferred')
            and (recipient.subscription_id is null or not may_be_mailed)""",
    "claimed by nobody who lives": """
        select delivery.id from delivery where state = 'claimed'
            and not exists (select 1 from session where session.id = claimed_by and session.state = 'live')""",
    "an audience is not the number of copies": """
        select id, audience from edition where copies_removed_at is null
            and audience <> (select count(*) from delivery where edition_id = edition.id)""",
    "an edition is over, and copies wait": """
        select edition.id, delivery.id from edition join delivery on edition_id = edition.id
        where (edition.state = 'finished' and delivery.state in ('queued', 'claimed', 'deferred'))
            or (edition.state = 'cancelled' and delivery.state in ('queued', 'deferred') and not exists
                (select 1 from bulk_change where bulk_change.edition_id = edition.id and kind = 'cancel'))""",
    "an edition is over, and its audience grows": """
        select edition.id from edition join bulk_change on edition_id = edition.id
        where edition.state in ('finished', 'cancelled') and kind = 'audience'""",
    "reads while suspended for bounces": """
        select subscription.id from subscription
        join suspension on suspension.subscriber_id = subscription.subscriber_id
        where ended_at is null and state = 'active'""",
    "waits in a closed list": """
        select delivery.id from delivery join edition on edition_id = edition.id join list on list.id = list_id
        where closed_at is not null and delivery.state in ('queued', 'deferred') and not exists
            (select 1 from bulk_change where bulk_change.edition_id = edition.id and kind = 'cancel')""",
}
BEYOND_PROOF = """
    select distinct subscription.subscriber_id from subscription left join suspension
        on suspension.subscriber_id = subscription.subscriber_id and ended_at is null
    where state = 'suspended' and suspended_for = 'bounces' and suspension.subscriber_id is null"""
IDLE = """
    select id from edition where state = 'sending'
        and not exists (select 1 from bulk_change where edition_id = edition.id) and not exists
        (select 1 from delivery where edition_id = edition.id and state in ('queued', 'claimed', 'deferred'))"""
TWICE = """
    select subscriber_id, coalesce(issue, cast(edition.id as text)) as content, count(*) from delivery
    join subscription on subscription.id = subscription_id join edition on edition.id = edition_id
    where delivery.state in ('queued', 'claimed', 'deferred', 'delivered') and edition.state <> 'cancelled'
    group by subscriber_id, content having count(*) > 1"""
FAILED = """
    select edition_id, subscriber_id from delivery join subscription on subscription.id = subscription_id
    where delivery.state = 'failed' and edition_id is not null"""


class WatchedDoors(RareDoors):
    """Checks every promise after each step. Each step has its own seed, so that a shortened plan repeats the rest."""

    def plan(self) -> list[tuple[str, int]]:
        doors = self.doors()
        return [(self.dice.choice(doors).__name__, self.dice.randrange(1 << 30)) for _ in range(STEPS)]

    async def live_by(self, plan: list[tuple[str, int]]) -> None:
        for name, seed in plan:
            self.dice = random.Random(seed)
            await self.run_step(getattr(self, name))
            if self.wrongs:
                return
        await self.end()

    async def run_step(self, step: Step) -> None:
        """Run a step. Readers whom it stops or starts, other than by their own links, may miss what is being sent."""
        before = await self.reading()
        self.story.append(f"{step.__name__}: …")
        self.story[-1] = f"{step.__name__}: {await step()}"
        self.harness.pass_time(1)
        if step.__name__ not in GENTLE:
            self.lost |= {subscriber for _, subscriber in before ^ await self.reading()}
        await self.check()

    async def reading(self) -> set[tuple[str, int]]:
        """The subscriptions that may be mailed now, and those that are live, with their readers."""
        return {
            (f"{number} {standing} {sql}", reader)
            for sql in (MAILABLE, LIVING)
            for number, reader, standing in await self.harness.rows(sql)
        }

    async def check(self) -> None:
        for reason, sql in WRONG.items():
            self.wrongs += [f"{reason}: {row}" for row in await self.harness.rows(sql)]
        beyond_proof = {reader for (reader,) in await self.harness.rows(BEYOND_PROOF)}
        self.wrongs += [f"suspended for bounces, and no proof ends it: {reader}" for reader in beyond_proof]
        mailable = await self.harness.rows(MAILABLE)
        self.bilingual |= {
            reader for reader, lists in Counter(reader for _, reader, _ in mailable).items() if lists > 1
        }
        for reader, content, _ in await self.harness.rows(TWICE):
            is_one = not (self.merges or reader == 1 or (self.is_issue and reader in self.bilingual))
            self.wrongs += [f"twice: {reader} {content}"] if is_one else []
        for edition in self.editions.values():
            difference = await self.harness.services.database.read(copy_counts.find_difference, edition)
            if difference is not None and not await self.is_removed(edition):
                self.wrongs.append(f"counts of {edition}: {difference}")
        self.excused |= set(await self.harness.rows(FAILED))
        await self.excuse_absent(mailable)

    async def is_removed(self, edition: int) -> bool:
        """Whether rows of its copies were removed for their age."""
        removed = "select 1 from edition where id = ? and copies_removed_at is not null"
        return bool(await self.harness.rows(removed, edition))

    async def excuse_absent(self, mailable: list[tuple[int, ...]]) -> None:
        """Excuse readers who are paused or have left when an edition ends, and all readers of a cancelled one."""
        resting = await self.harness.rows("select subscriber_id from subscription where state = 'suspended'")
        away = {reader for (reader,) in resting} | set(self.left.values())
        anywhere = {reader for _, reader, _ in mailable}
        over = "select id, list_id, state from edition where state in ('finished', 'cancelled')"
        for edition, list_id, state in await self.harness.rows(over):
            due = self.due.get(edition, set())  # a welcome email is nobody's due
            here = {reader for _, reader, its_list in mailable if its_list == list_id}
            absent = {reader for reader in due - here if reader in away or reader not in anywhere}
            excused = due if state == "cancelled" else absent
            self.excused |= {(edition, reader) for reader in excused}

    async def claim(self) -> object:
        taken = await super().claim()
        self.wrongs += [f"sends nothing: {row}" for row in await self.harness.rows(IDLE)]
        return taken

    async def end(self) -> None:
        """End all pauses, and send everything that has started."""
        harness = self.harness
        self.story.append("end")
        for number, epoch in await harness.rows("select id, epoch from subscriber"):
            await self.preferences.resume(PreferenceLink(subscriber_id=number, epoch=epoch), WEB)
        for _ in range(6):
            while await self.take_slice():
                pass
            for edition in self.editions.values():
                if await harness.state(edition) == "paused" and (await harness.stored(edition)).started_at is not None:
                    await harness.edition_admin.resume(edition)
            await self.claim()
            for outgoing in self.in_flight:
                await self.count(outgoing)
                harness.answer(outgoing, TAKEN)
            self.in_flight = []
            await harness.run_cycle()
            harness.pass_time(7200)
        await self.check()
        going = "select id, state from edition where started_at is not null and state in ('sending', 'paused')"
        self.wrongs += [f"never ends: {row}" for row in await harness.rows(going) if self.finishes]

    def gone(self, editions: tuple[int, ...]) -> set[int]:
        return super().gone(editions) | {self.person(reader) for edition, reader in self.excused if edition in editions}

    def faults(self) -> list[str]:
        """Faults; readers who joined while the clock was ahead may also get what starts after it was set back."""
        self.got = Counter({copy: times for copy, times in self.got.items() if copy[0] != 1})
        for edition, readers in self.may.items() if self.is_set_back else ():
            readers |= {reader for reader, number in self.got if number == edition}
        return self.wrongs or super().faults()


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("is_issue", [False, True])
@pytest.mark.parametrize("merges", [False, True])
async def test_every_door_keeps_the_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merges: bool, is_issue: bool
) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_delivery(folder) as harness:
            lives = WatchedDoors(harness, random.Random(seed), merges=merges, is_issue=is_issue)
            await lives.begin()
            await lives.live_by(lives.plan())
            assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
