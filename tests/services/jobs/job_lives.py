"""Random lives in which programs hand in files, and the newsletter changes in every possible way between their pages.

What each page did is compared with `job_rules`, row by row. A job advances by one database statement at a time, and its
process may die before or after each, or not hear of a commit.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

from msgspec.structs import replace
from tests.acts.cases import cases_of
from tests.acts.test_keyed import token
from tests.delivery.harness import DeliveryHarness
from tests.services.harness import ServiceHarness, build_services
from tests.services.jobs.job_rules import Counts, Line, Terms, lists_member
from tests.services.jobs.stepped import WAYS, Dies, SteppedDatabase, arrival
from tests.services.jobs.watched_jobs import TRACES, HandedIn, Moved, WatchedJobs
from tests.services.readers.doors import Step

from pressrun.acts.arguments import Arguments
from pressrun.acts.call import Call
from pressrun.acts.door import Door
from pressrun.acts.http import Upload
from pressrun.acts.readers.jobs import JobApply, JobId, ListImport, ListSync
from pressrun.core.access.rights import TokenScope
from pressrun.core.errors import BadInput, Gone, NotFound, Refused, Unavailable
from pressrun.operations.sources.rosters import read_roster
from pressrun.services.jobs.job_runner import JobQueue, JobRunner
from pressrun.services.members.member_changes import Confirm
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.store.database import Database
from pressrun.store.programs.idempotency import KEPT_SECONDS
from pressrun.store.programs.job_files import LEAVERS, MARKS
from pressrun.store.readers import address_changes

JOBS = "select id, state, position, total, result, file, list_id from job order by id"


class JobLives(WatchedJobs):
    """A life with jobs. `kept` is what each key must go on to say."""

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.kept: dict[str, tuple[str, Callable[[], Arguments], int, int]] = {}
        self.deleted: set[int] = set()
        self.runners: list[tuple[asyncio.Task[None], SteppedDatabase]] = []
        self.queue = JobQueue()
        self.numbers = 0

    def doors(self) -> list[Step]:
        usual = self.dice.sample(super().doors(), 12)
        jobs: list[Step] = [self.hand_in, self.hand_in, *6 * [self.go_on], self.finish, self.kill_jobs, self.apply]
        return [*usual, *2 * jobs, self.cancel, self.repeat, self.repeat, self.pass_hours]

    async def begin(self) -> None:
        """The token of `call` has to be there as long as its jobs go on."""
        await super().begin()
        await self.services.tokens.create(TokenRequest(name="crm", scope=TokenScope.WRITE), TokenMaker())

    async def end(self) -> None:
        for _ in range(3):
            await self.finish()
        await super().end()
        await self.end_runners()

    # ------------------------------------------------------------------ what programs do

    @property
    def services(self) -> ServiceHarness:
        return self.harness.services

    async def call(
        self, act: str, arguments: Arguments, key: str | None, services: ServiceHarness | None = None
    ) -> Any:
        return await Door(cases_of(services or self.services)).carry_out(
            Call(act=act, arguments=arguments, caller=token(), key=key)
        )

    def draw_lines(self, *, is_sync: bool) -> list[Line]:
        states = ["", "", "", "", "active", "unsubscribed", "suspended"]
        chosen = [self.address().key for _ in range(self.dice.randint(0, 7))]
        lines = [
            Line(key=key, name=self.dice.choice(["", "Ann", "Bob"]), state=self.dice.choice(states)) for key in chosen
        ]
        if not is_sync and self.dice.random() < 0.3:
            lines.insert(self.dice.randint(0, len(lines)), Line(key=None))
        return lines

    async def hand_in(self) -> object:
        name, is_sync, is_dry = self.dice.choice(self.lists), self.dice.random() < 0.5, self.dice.random() < 0.5
        lines, asks = self.draw_lines(is_sync=is_sync), not is_sync and self.dice.random() < 0.3
        content = "email,name,state\n" + "".join(line.csv for line in lines)
        terms = Terms(is_sync=is_sync, source="sync" if is_sync else "api:crm", asks=asks)
        leavers = await self.find_leavers(name, lines) if is_sync else []

        def arguments() -> Arguments:
            file = Upload(media_type="text/csv", pieces=_pieces(content))
            if is_sync:
                return ListSync(list=name, file=file, dry_run=is_dry, max_leave="100%")
            return ListImport(list=name, file=file, dry_run=is_dry, confirm=Confirm.SEND if asks else Confirm.VOUCH)

        self.numbers += 1
        key, act = f"key-{self.numbers}", "list.sync" if is_sync else "list.import"
        [(last,)] = await self.harness.rows("select coalesce(max(id), 0) from job")
        told = await self.first_try(act, arguments, key)
        made = await self.harness.rows("select id, file, list_id from job where id > ?", last)
        if len(made) > 1:
            self.wrongs.append(f"two jobs of one request: {made}")
        for number, file, list_id in made:
            self.files[number] = HandedIn(name, lines, terms, leavers, list_id, is_dry=is_dry)
            self.kept[key] = (act, arguments, number, int(self.services.now))
            with self.services.job_files.lines(file + LEAVERS) as listed:
                if list(listed) != leavers:
                    self.wrongs.append(f"leavers of {number}")
        return name, terms, is_dry, [line.csv.strip() for line in lines], leavers, told

    async def first_try(self, act: str, arguments: Callable[[], Arguments], key: str) -> object:
        """A request that is answered, whose process dies, or that its client or the server gives up."""
        way = self.dice.choice(["", "", "", *WAYS])
        if not way:
            return await self.attempt(self.call(act, arguments(), key))
        stepped = SteppedDatabase(self.services.database)
        services = build_services(cast("Database", stepped), self.services.keys, self.services.path)
        services.now, drop = self.services.now, services.job_files.drop
        # A dead process does not tidy up.
        services.job_files.drop = lambda names: None if stepped.is_dead else drop(names)  # type: ignore[method-assign]
        request = asyncio.ensure_future(self.call(act, arguments(), key, services))
        moment = self.dice.randint(1, 7)
        for number in itertools.count():
            await arrival(request, stepped)
            if request.done():
                break
            stepped.release(way if number == moment else "")
        with suppress(Dies, Refused, NotFound, BadInput, Unavailable):
            return way, await request
        return way, moment

    async def find_leavers(self, name: str, lines: list[Line]) -> list[str]:
        """The members of syncs who are not in a file, in which a former address stands for its reader."""
        moved = await self.services.database.read(address_changes.moved_addresses)
        listed = {line.key for line in lines if lists_member(line)}
        listed |= {moved[key].key for key in listed if key in moved}
        there = await self.standings(name)
        return sorted(
            key
            for key, here in there.items()
            if here.source == "sync" and here.state not in (None, "unsubscribed") and key not in listed
        )

    async def choose_job(self, *states: str) -> int | None:
        rows = [row[0] for row in await self.harness.rows(JOBS) if not states or row[1] in states]
        return self.dice.choice(rows) if rows else None

    async def apply(self) -> object:
        number = await self.choose_job("ready")
        if number is None:
            return None
        self.numbers += 1
        key, arguments = f"key-{self.numbers}", lambda: JobApply(id=number)
        told = await self.first_try("job.apply", arguments, key)
        [(state,)] = await self.harness.rows("select state from job where id = ?", number)
        if state == "applying":
            self.kept[key] = ("job.apply", arguments, number, int(self.services.now))
            self.files[number].counts = Counts()
        return number, told

    async def cancel(self) -> object:
        number = await self.choose_job()
        if number is None:
            return None
        told = await self.attempt(self.call("job.cancel", JobId(id=number), None))
        if not await self.harness.rows("select 1 from job where id = ?", number):
            self.deleted.add(number)
        return number, told

    async def repeat(self) -> object:
        """For a day, a key gets the same answer and has no further effect."""
        if not self.kept or self.is_set_back:  # it may have been later before
            return None
        key = self.dice.choice(list(self.kept))
        act, arguments, number, at = self.kept[key]
        if self.services.now >= at + KEPT_SECONDS:
            return None
        before = await self.harness.rows(JOBS)
        gone = number in self.deleted or self.files[number].list_id not in [
            list_id for (list_id,) in await self.harness.rows("select id from list")
        ]
        try:
            told = (await self.call(act, arguments(), key)).id
        except (Gone, NotFound) as problem:
            told = None if gone else problem
        except (Refused, BadInput) as problem:
            told = problem
        if told not in (number, None) or await self.harness.rows(JOBS) != before:
            self.wrongs.append(f"{key} of job {number} says {told!r} {await self.harness.rows(JOBS)} {before}")
        self.tally["repeats"] += 1
        return key, number, told

    async def pass_hours(self) -> object:
        hours = self.dice.choice([1, 13, 25])
        self.harness.pass_time(hours * 3600)
        await self.services.runner.sweep_files()
        await self.harness.housekeeping.step()
        return hours

    # ------------------------------------------------------------------ how jobs go on

    def runner(self) -> tuple[asyncio.Task[None], SteppedDatabase]:
        """One of two runners, in the middle of a job or about to begin one."""
        self.forget_ended()
        if len(self.runners) < 2 and (not self.runners or self.dice.random() < 0.3):
            stepped = SteppedDatabase(self.services.database)
            context = replace(self.services.context, database=cast("Database", stepped))
            runner = JobRunner(1, context, self.services.job_files, read_roster, self.queue)
            self.runners.append((asyncio.ensure_future(runner.carry_out_all()), stepped))
        return self.dice.choice(self.runners)

    def forget_ended(self) -> None:
        """Runners that have nothing to do, or did not hear of a commit, begin anew."""
        for task, _ in self.runners:
            if task.done() and not isinstance(problem := task.exception(), Unavailable | None):
                self.wrongs.append(f"a runner raised {problem!r}")
        self.runners = [pair for pair in self.runners if not pair[0].done()]

    async def go_on(self) -> object:
        """One statement of one job."""
        task, stepped = self.runner()
        await arrival(task, stepped)
        if task.done():
            return "idle"
        return await self.step(task, stepped, "")

    async def finish(self) -> object:
        """Everything that waits."""
        live = "select id from job where state in ('queued', 'running', 'applying')"
        for number in range(400):
            is_busy = bool(await self.harness.rows(live))
            self.forget_ended()
            if self.wrongs or not (is_busy or self.runners):
                return number
            task, stepped = self.runner() if is_busy else self.runners[0]
            await arrival(task, stepped)
            if not task.done():
                await self.step(task, stepped, "")
        self.wrongs.append("jobs never end")
        return None

    async def kill_jobs(self) -> object:
        """The process dies, before or after what it does next; or one runner does not hear of a commit."""
        task, stepped = self.runner()
        await arrival(task, stepped)
        if task.done():
            return None
        way = self.dice.choice(WAYS)
        told = await self.step(task, stepped, way)
        if stepped.is_dead:
            await self.end_runners()
            await self.cut_marks()
            for job in self.files.values():
                job.overlay = {}
        self.tally["kills"] += 1
        return way, told

    async def end_runners(self) -> None:
        """What a process knew is gone."""
        for task, stepped in self.runners:
            stepped.is_dead = True
            stepped.release()
            with suppress(BaseException):
                await task
        self.runners, self.queue = [], JobQueue()

    async def cut_marks(self) -> None:
        """What a process has written to a file but not synced to the disk may be lost."""
        for _, state, _, _, _, file, _ in await self.harness.rows(JOBS):
            marks = self.services.path / "jobs" / (file + MARKS)
            if state == "running" and marks.exists():
                marks.write_bytes(marks.read_bytes()[: self.dice.randint(0, 3)])

    async def step(self, task: asyncio.Task[None], stepped: SteppedDatabase, way: str) -> object:
        """Let one statement through, and compare what it did with the rule."""
        places = {name: await self.standings(name) for name in self.lists}
        moved = cast("Moved", await self.services.database.read(address_changes.moved_addresses))
        before, [traces] = await self.harness.rows(JOBS), await self.harness.rows(TRACES)
        stepped.release(way)
        await arrival(task, stepped)
        self.tally["steps"] += 1
        what, args = stepped.last
        ends = {row[0]: row for row in await self.harness.rows(JOBS)}
        for row in before:
            job = self.files.get(row[0])
            if job is not None and row[0] in ends and row != ends[row[0]]:
                await self.compare(job, row, ends[row[0]], places, moved, traces)
        if what == "_preview":
            self.preview(args[0], len(args[1].lines), moved, places)
        return what, [(row[0], row[1], row[2]) for row in ends.values()]


async def _pieces(text: str) -> AsyncIterator[bytes]:
    yield text.encode()
