"""Random lives of readers and editions with sending hours that change, domains that block, canaries and kills.

Beside all other promises, no copy goes out at another hour than its list allows at that moment, in the local time of
its readers and across changes of summer time, and no more copies than the canary has before somebody has looked at it.
"""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.delivery.harness import DeliveryHarness, open_delivery
from tests.delivery.queue.test_destination_limits import BLOCK
from tests.engines import release
from tests.services.readers.doors import DAY, Step
from tests.services.readers.test_doors_machine import WatchedDoors

from pressrun.services.editions import audience, lifecycle
from pressrun.smtp.handover import Outgoing

HOURS = ("", "08:00-20:00", "22:00-06:00", "02:00-03:00", "00:00-24:00", "23:30-00:30")
ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe")
SUMMER = 1_806_192_000  # 2027-03-28, on which clocks in Europe skip an hour
CANARY = """
    select canary_copies, (select count(*) from delivery where edition_id = edition.id and attempts > 0)
    from edition where id = ? and canary_copies is not null"""
OF_COPY = "select edition_id, list_id from delivery join edition on edition.id = edition_id where delivery.id = ?"


class TimedDoors(WatchedDoors):
    """A life by the clock. `hours` are those of each list, with their zone."""

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.hours: dict[str, tuple[str, str]] = {}

    def doors(self) -> list[Step]:
        timed: list[Step] = [self.set_hours, self.set_hours, self.let_hours_pass, self.let_hours_pass, self.block]
        return [*super().doors(), *timed]

    async def begin(self) -> None:
        self.harness.pass_time(SUMMER - DAY - self.harness.services.now)
        await super().begin()
        for _ in range(2):
            await self.set_hours()

    async def set_hours(self) -> object:
        name, hours, zone = self.dice.choice(self.lists), self.dice.choice(HOURS), self.dice.choice(ZONES)
        told = await self.attempt(self.harness.services.lists.set_list(name, {"hours": hours, "timezone": zone}))
        if not isinstance(told, str):
            self.hours[name] = (hours, zone)
        return name, hours, zone, isinstance(told, str) and told

    async def let_hours_pass(self) -> object:
        hours = self.dice.choice([0.5, 1, 2, 5, 9])
        self.harness.pass_time(hours * 3600)
        return hours

    async def block(self) -> object:
        """A provider blocks what is on its way to it, which pauses its domain."""
        blocked = [outgoing for outgoing in self.in_flight if outgoing.rcpt_to.endswith("@reader.example")]
        self.in_flight = [outgoing for outgoing in self.in_flight if outgoing not in blocked]
        for outgoing in blocked:
            self.harness.answer(outgoing, BLOCK)
        await self.harness.run_cycle()
        return [outgoing.delivery_id for outgoing in blocked]

    def is_open(self, name: str) -> bool:
        """Whether the clock on a wall there shows one of the hours."""
        hours, zone = self.hours.get(name, ("", "UTC"))
        wall = datetime.fromtimestamp(self.harness.services.now, ZoneInfo(zone)).strftime("%H:%M")
        first, _, last = hours.partition("-")
        if first <= last:
            return not hours or first <= wall < last
        return wall >= first or wall < last

    async def look_at(self, outgoing: Outgoing, *, is_new: bool) -> None:
        await super().look_at(outgoing, is_new=is_new)
        for edition, list_id in await self.harness.rows(OF_COPY, outgoing.delivery_id) if is_new else ():
            [(name,)] = await self.harness.rows("select name from list where id = ?", list_id)
            if not self.is_open(name):
                self.wrongs.append(f"a copy of {name} outside of {self.hours[name]} at {self.harness.services.now}")
            for most, begun in await self.harness.rows(CANARY, edition):
                self.wrongs += [f"{begun} copies of a canary of {most}"] if begun > most else []

    async def make_anew(self) -> object:
        told = await super().make_anew()
        names = await self.harness.rows("select name from list where hours is null")
        for (name,) in names:
            self.hours.pop(name, None)
        return told

    async def end(self) -> None:
        for name in self.lists:
            await self.attempt(self.harness.services.lists.set_list(name, {"hours": ""}))
            self.hours.pop(name, None)
        self.harness.pass_time(DAY)
        await super().end()


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize(
    "seeds", [range(3), *(pytest.param(range(first, first + 3), marks=pytest.mark.thorough) for first in (3, 6, 9))]
)
async def test_copies_keep_to_the_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_delivery(folder) as harness:
            lives = TimedDoors(harness, random.Random(seed), merges=bool(seed & 2), is_issue=bool(seed & 1))
            await lives.begin()
            await lives.live_by(lives.plan())
            assert [] == lives.faults(), "\n".join([f"seed {seed}", *lives.story])
        release(folder)
