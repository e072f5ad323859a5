"""Random lives with a restore in the middle go on: whoever resumes all editions sends nobody a second copy.

Nor does anybody get mail who did not before, or a mail to one person that nobody expects any more.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.database import TwiceDatabase
from tests.delivery.harness import SITE, TAKEN, DeliveryHarness, open_delivery
from tests.editions.inline_builder import builder_at, preparer_of
from tests.operations.backup_tools import make_backup
from tests.operations.test_restore import put_back
from tests.services.harness import build_services
from tests.services.readers.lives import SLOW
from tests.services.readers.test_doors_machine import WRONG, WatchedDoors

from pressrun.operations.backup import restore as restoring
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.editions import audience, lifecycle
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

pytestmark = pytest.mark.only_on("sqlite", "those on a server are restored there by the tests of restores")

STEPS = 80
MAILABLE = """
    select list_id, address from recipient
    where may_be_mailed and list_id in (select id from list where closed_at is null)"""
OF_COPY = """
    select edition_id, subscriber_id, is_welcome from delivery join edition on edition.id = edition_id
    left join subscription on subscription.id = subscription_id where delivery.id = ?"""
# After a restore, copies may wait for readers who have left and come back since. They are dropped when claimed.
ALWAYS_WRONG = {reason: sql for reason, sql in WRONG.items() if reason != "waits for who may not be mailed"}


async def live(harness: DeliveryHarness, folder: Path, seed: int) -> WatchedDoors:
    """A random life, in the middle of which there was a backup, and which a kill has ended."""
    lives = WatchedDoors(harness, dice := random.Random(seed), merges=bool(seed & 2), is_issue=bool(seed & 1))
    await lives.begin()
    doors, moment = lives.doors(), dice.randrange(5, STEPS - 10)
    for number in range(STEPS):
        if number == moment:
            make_backup(DataDir(harness.services.path), folder / "backup.tar")
        await lives.run_step(dice.choice(doors))
    assert [] == lives.wrongs, seed
    await lives.kill()
    await harness.run_cycle()  # what the journal has is recorded
    await harness.change("update session set state = 'gone'")
    return lives


@asynccontextmanager
async def reopened(data: DataDir, now: float) -> AsyncIterator[DeliveryHarness]:
    """The same newsletter by another process."""
    database = await TwiceDatabase.open(data.database)
    try:
        services, numbers = build_services(database, load_keys(data), data.root), itertools.count(1 << 100)
        services.now = now
        context = replace(services.context, site=SITE, entropy=lambda count: next(numbers).to_bytes(count, "big"))
        harness = DeliveryHarness(
            services=services,
            edition_admin=EditionAdmin(preparer_of(context, builder_at(SITE, data.root.parent / "layouts"))),
            housekeeping=Housekeeping(context),
            bounce_handler=BounceHandler(context),
        )
        await harness.start()
        yield harness
    finally:
        await database.close()


async def send_all(harness: DeliveryHarness, lives: WatchedDoors, mailable: set[str]) -> list[str]:
    """Resume all editions, and send what waits; returns what nobody should have got."""
    faults = []
    for (edition,) in await harness.rows("select id from edition where state = 'paused' and is_welcome = 0"):
        await harness.edition_admin.resume(edition, accepts_repeats=True)
    for _ in range(6):
        while await harness.services.database.record(lifecycle.continue_oldest, int(harness.services.now)):
            pass
        await harness.run_cycle()
        for outgoing in harness.all_outgoing():
            rows = await harness.rows(OF_COPY, outgoing.delivery_id)
            if not rows or rows[0][2]:
                faults.append(f"to one person: {outgoing.rcpt_to}")
            elif outgoing.rcpt_to not in mailable:
                faults.append(f"not asked for: {outgoing.rcpt_to}")
            elif outgoing.rcpt_to != SLOW and lives.got[rows[0][1], rows[0][0]] > 0:
                faults.append(f"twice: {rows[0]} {outgoing.rcpt_to}")
            harness.answer(outgoing, TAKEN)
        await harness.run_cycle()
        harness.pass_time(7200)
    return faults


async def wrongs(harness: DeliveryHarness) -> list[str]:
    return [f"{reason}: {row}" for reason, sql in ALWAYS_WRONG.items() for row in await harness.rows(sql)]


@pytest.mark.parametrize("first", [0, 8, 80, 300])
async def test_life_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in range(first, first + 4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with open_delivery(folder) as harness:
            lives, data, now = await live(harness, folder, seed), DataDir(harness.services.path), harness.services.now
            before = set(await harness.rows(MAILABLE))
        monkeypatch.setattr(restoring, "utc_now", lambda now=now: now)
        report = await asyncio.to_thread(put_back, data, folder / "backup.tar")
        async with reopened(data, now) as harness:
            more = set(await harness.rows(MAILABLE)) - before
            assert ([], set(), []) == (report.problems, more, await wrongs(harness)), seed
            faults = await send_all(harness, lives, {address for _, address in before})
            assert ([], []) == (faults, await wrongs(harness)), seed
