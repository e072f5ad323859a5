"""Random lives with jobs and editions of programs, which a restore takes back in the middle: programs that repeat what
they asked for before it do nothing again, and files that are handed in after it are carried out exactly.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.acts.cases import cases_of
from tests.acts.test_keyed import token
from tests.delivery.harness import DeliveryHarness, open_delivery
from tests.operations.backup_tools import make_backup
from tests.operations.test_lives_after_restore import MAILABLE, reopened, send_all, wrongs
from tests.operations.test_restore import put_back
from tests.services.jobs.job_lives import JobLives

from pressrun.acts.call import Call
from pressrun.acts.door import Door
from pressrun.acts.readers.jobs import JobId
from pressrun.control.protocol import encode_arguments
from pressrun.core.errors import PressrunError
from pressrun.operations.backup import restore as restoring
from pressrun.services.editions import audience, lifecycle
from pressrun.services.jobs import job_work
from pressrun.store.programs.idempotency import KEPT_SECONDS
from pressrun.store.upkeep.datadir import DataDir

pytestmark = pytest.mark.only_on("sqlite", "those on a server are restored there by the tests of restores")

STEPS = 60
EDITIONS = "select id, state, started_at is not null from edition where is_welcome = 0 order by id"
JOBS = "select id, state from job order by id"


class ProgrammedLives(JobLives):
    """Programs also draft editions and send them, each under a key. `asked` is what they may repeat."""

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        self.asked: list[tuple[str, dict[str, Any], str, float]] = []
        self.has_begun: dict[str, bool] = {}  # editions, by the key of their draft

    async def ask(self, act: str, key: str, **arguments: Any) -> Any:
        raw: Any = encode_arguments(arguments)
        return await Door(cases_of(self.services)).carry_out(Call(act=act, arguments=raw, caller=token(), key=key))

    async def ask_once(self, act: str, key: str, **arguments: Any) -> Any:
        self.asked.append((act, arguments, key, self.services.now))
        return await self.ask(act, key, **arguments)

    async def send_edition(self) -> object:
        """A program hands in an edition and sends it, in two requests."""
        self.numbers += 1
        name, number = self.dice.choice(self.lists), self.numbers
        source = f"---\nsubject: Of a program {number}\n---\nHello\n".encode()
        draft: dict[str, Any] = {"list": name, "source": source, "source_name": "a.md"}
        try:
            made = await self.ask_once("edition.draft", f"draft-{number}", **draft)
            await self.ask_once("edition.release", f"send-{number}", id=made.id)
        except PressrunError as problem:
            return f"no: {problem}"
        return made.id

    async def repeat_all(self) -> list[str]:
        """Every request once more, and drafts are sent again by whatever number they have now."""
        faults = []
        for act, arguments, key, at in self.asked:
            if self.services.now >= at + KEPT_SECONDS:
                continue
            before = await self.harness.rows(EDITIONS)
            with suppress(PressrunError):
                made = await self.ask(act, key, **arguments)
                if act == "edition.draft" and self.has_begun.get(key):
                    await self.ask("edition.release", key.replace("draft", "send"), id=made.id)
                    if (made.id,) not in [row[:1] for row in before]:
                        faults.append(f"{key} is sent twice")
        for key, (act, make, _, at) in self.kept.items():
            if self.services.now >= at + KEPT_SECONDS:
                continue
            before = await self.harness.rows(JOBS)
            with suppress(PressrunError):
                await self.call(act, make(), key)
            if await self.harness.rows(JOBS) != before:
                faults.append(f"{act} was carried out again")
        return faults


async def live(harness: DeliveryHarness, folder: Path, seed: int) -> ProgrammedLives:
    """A random life, in the middle of which there was a backup, and which a kill has ended."""
    lives = ProgrammedLives(harness, dice := random.Random(seed), merges=bool(seed & 2), is_issue=bool(seed & 1))
    await lives.begin()
    doors, moment = [*lives.doors(), lives.send_edition, lives.send_edition], dice.randrange(5, STEPS - 20)
    for number in range(STEPS):
        if number == moment:
            make_backup(DataDir(harness.services.path), folder / "backup.tar")
        await lives.run_step(dice.choice(doors))
    assert [] == lives.wrongs, "\n".join([f"seed {seed}", *lives.story])
    await lives.end_runners()
    await lives.kill()
    await harness.run_cycle()  # what the journal has is recorded
    begun = {number for number, _, has_begun in await harness.rows(EDITIONS) if has_begun}
    for act, arguments, key, _ in lives.asked:
        if act == "edition.release":
            lives.has_begun[key.replace("send", "draft")] = arguments["id"] in begun
    await harness.change("update session set state = 'gone'")
    return lives


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1, 6))])
async def test_programs_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(job_work, "BATCH", 2)
    async with open_delivery(tmp_path) as harness:
        lives, data, now = await live(harness, tmp_path, seed), DataDir(harness.services.path), harness.services.now
        before = set(await harness.rows(MAILABLE))
    monkeypatch.setattr(restoring, "utc_now", lambda: now)
    report = await asyncio.to_thread(put_back, data, tmp_path / "backup.tar")
    async with reopened(data, now) as harness:
        lives.harness = harness
        faults = await lives.repeat_all()
        more = set(await harness.rows(MAILABLE)) - before
        assert ([], [], set(), []) == (report.problems, faults, more, await wrongs(harness)), seed
        faults = await send_all(harness, lives, {address for _, address in before})
        assert ([], []) == (faults, await wrongs(harness)), seed
        for (number,) in await harness.rows("select id from job where state = 'ready'"):
            await lives.call("job.cancel", JobId(id=number), None)  # the backup did not have its files
        for _ in range(4):
            await lives.hand_in()
            await lives.finish()
            await lives.apply()
            await lives.finish()
        assert [] == lives.wrongs, "\n".join([f"seed {seed}", *lives.story])
        await lives.end_runners()
