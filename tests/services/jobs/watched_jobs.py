"""What each statement of a job did, compared with `job_rules`: to readers, counts, evidence and mails."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.delivery.harness import DeliveryHarness
from tests.services.jobs.job_rules import Counts, Effect, Line, Standing, Terms, carry_out, effect_of, lists_member
from tests.services.readers.test_doors_machine import WatchedDoors

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.signing.tokens import digests_of
from pressrun.store.programs.jobs import BulkJob
from pressrun.store.readers import enrolment
from pressrun.store.transaction import Transaction

STANDINGS = """
    select address_key, subscriber.name, subscription.state, state_before, source,
        case when paused_until is not null then 'paused' when exists (select 1 from suspension
            where suspension.subscriber_id = subscriber.id and ended_at is null) then 'bounces' end
    from subscriber left join subscription on subscription.subscriber_id = subscriber.id
        and list_id = (select id from list where name = ?)"""
FINISHED = "select count(*) from event where type = 'job.finished' and object = ?"
TRACES = """
    select (select count(*) from consent), (select count(*) from notice where kind = 'confirmation'),
        (select count(*) from subscription), (select count(*) from subscriber)"""
RESULTS = ("added", "updated", "unchanged", "skipped_suppressed", "skipped_unsubscribed", "refused", "changed_since")

Moved = Mapping[str | None, Address]
Standings = dict[str, Standing]


class HandedIn:
    """A file as it was handed in, what its dry run showed for each row, and the counts so far."""

    def __init__(
        self, name: str, lines: list[Line], terms: Terms, leavers: list[str], list_id: int, *, is_dry: bool
    ) -> None:
        self.list_id = list_id
        self.list, self.lines, self.terms, self.leavers, self.is_dry = name, lines, terms, leavers, is_dry
        self.shown: dict[int, Effect | None] = {}
        self.overlay: Standings = {}
        self.counts = Counts()

    def begin_again(self) -> None:
        """A dry run starts again."""
        self.shown, self.overlay, self.counts = {}, {}, Counts()


class WatchedJobs(WatchedDoors):
    """Checks every promise about jobs. `files` are those that were accepted, by job."""

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.files: dict[int, HandedIn] = {}
        self.tally: Counter[str] = Counter()

    def preview(self, shown: BulkJob, number: int, moved: Moved, places: dict[str, Standings]) -> None:
        """What a dry run must show of the next `number` lines."""
        job = self.files[shown.id]
        if shown.position == 0:
            job.begin_again()
        first, last = shown.position, shown.position + number
        there = places[job.list] | job.overlay
        lines = self.followed(job, job.lines[first:last], moved, there)
        acting = [line for line in job.lines if not job.terms.is_sync or lists_member(line)]
        repeated = Counter(key for line in acting for key in {line.key, getattr(moved.get(line.key), "key", None)})
        seen = set(job.overlay)
        for place, line in enumerate(lines, first):
            job.shown[place] = None
            if line.key is not None and (not job.terms.is_sync or lists_member(line)):
                job.shown[place] = effect_of(there.get(line.key, Standing()), line, job.terms)
                seen.add(line.key)
            job.counts.merge(carry_out([line], there, job.terms, None))
        job.overlay = {key: there[key] for key in seen if repeated[key] > 1}

    def followed(self, job: HandedIn, lines: list[Line], moved: Moved, there: Standings) -> list[Line]:
        """Rows with the current addresses of their people, unless the list knows the former one."""
        unknown = Standing()
        result = []
        for line in lines:
            here = there.get(line.key or "", unknown)
            goes = line.key in moved and here.state is None and not here.is_suppressed
            result.append(Line(key=moved[line.key].key, name=line.name, state=line.state) if goes else line)
        return result

    async def compare(
        self,
        job: HandedIn,
        before: Any,
        now: Any,
        places: dict[str, Standings],
        moved: Moved,
        traces: Any,
    ) -> None:
        """What a statement did to a job, its list and its readers."""
        number, state, position = now[:3]
        first = 0 if before[1] == "queued" else before[2]
        if state in ("applying", "done", "failed", "cancelled") and before[1] in ("applying", "queued"):
            there = dict(places[job.list])
            done = Counts()
            left = job.leavers[first:position]
            for key in left:
                here = there.get(key, Standing())
                if here.source == "sync" and here.state not in (None, "unsubscribed"):
                    there[key] = _left(here)
                    done.add("left")
                    done.add("moves")
            lines_first, lines_last = max(0, first - len(job.leavers)), max(0, position - len(job.leavers))
            lines = self.followed(job, job.lines[lines_first:lines_last], moved, there)
            shown = None
            if job.is_dry:
                shown = {place: job.shown.get(lines_first + place) for place in range(len(lines))}
            done.merge(carry_out(lines, there, job.terms, shown))
            job.counts.merge(done)
            self.tally["rows"] += position - first
            await self.require(number, job, there, done, traces)
        if state in ("ready", "done", "failed", "cancelled") and state != before[1]:
            await self.require_result(number, job, state, now)

    async def require(self, number: int, job: HandedIn, expected: Standings, done: Counts, traces: Any) -> None:
        there = await self.standings(job.list)
        for key in {*there, *expected}:
            here, wanted = there.get(key, Standing()), expected.get(key, Standing())
            if (here.state, here.state and here.source, here.name) != (
                wanted.state,
                wanted.state and wanted.source,
                wanted.name,
            ):
                self.wrongs.append(f"job {number}: {key} is {here}, not {wanted}")
        [after] = await self.harness.rows(TRACES)
        differences = [new - old for new, old in zip(after, traces, strict=True)]
        if differences[:2] != [done.of("moves"), done.of("asked")]:
            self.wrongs.append(f"job {number}: evidence and mails {differences}, not {done}")

    async def require_result(self, number: int, job: HandedIn, state: str, now: Any) -> None:
        result = json.loads(now[4]) if isinstance(now[4], str) else now[4]
        counts = job.counts
        if state == "ready":
            counts = Counts(dict(counts.numbers) | {"left": len(job.leavers)})
        names = (*RESULTS, "left") if job.terms.is_sync else RESULTS
        wrong = {
            name: (result.get(name, 0), counts.of(name)) for name in names if result.get(name, 0) != counts.of(name)
        }
        if wrong and (result or state in ("ready", "done")):  # a dry run that was broken off has shown nothing
            self.wrongs.append(f"job {number} reports {wrong} at {state}")
        [(problem,)] = await self.harness.rows("select problem from job where id = ?", number)
        if state == "failed" and "is closed" not in problem:
            self.wrongs.append(f"job {number} failed: {problem}")
        if state in ("ready", "done") and now[2] != now[3]:
            self.wrongs.append(f"job {number} is {state} at {now[2]} of {now[3]}")
        [(events,)] = await self.harness.rows(FINISHED, f"job {number}")
        if events != (state in ("done", "failed")):
            self.wrongs.append(f"job {number}: {events} events at {state}")
        self.tally[state] += 1

    async def standings(self, name: str) -> Standings:
        rows = await self.harness.rows(STANDINGS, name)
        universe = {row[0] for row in rows} | {f"n{number}@new.example" for number in range(1, 6)}
        universe |= {f"s{number}@sign.example" for number in (1, 2)} | {f"r{n}@reader.example" for n in range(3)}
        keys = sorted(universe)
        digests = [digests_of(self.harness.services.keys, parse_address(key)) for key in keys]

        def find(tx: Transaction) -> set[str]:
            return {keys[place] for place in enrolment.find_suppressed(tx, digests)}

        suppressed = await self.harness.services.database.read(find)
        there = {key: Standing(is_suppressed=True) for key in suppressed}
        for key, own_name, state, before, source, rests in rows:
            there[key] = Standing(
                state=state,
                source=source or "",
                has_left="unsubscribed" in (state, before),
                is_suppressed=key in suppressed,
                rests=rests,
                name=own_name,
            )
        return there


def _left(here: Standing) -> Standing:
    return Standing(
        state="unsubscribed",
        source="sync",
        has_left=True,
        is_suppressed=here.is_suppressed,
        rests=here.rests,
        name=here.name,
    )
