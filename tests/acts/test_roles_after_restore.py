"""Random histories with a restore in the middle: nobody gets back what they lost after the backup, and the rules hold
afterwards.
"""

from __future__ import annotations

import asyncio
import copy
import random
from pathlib import Path

import pytest
from tests.acts.roles_model import READERS, ROLES, Model
from tests.acts.test_roles_machine import EDITIONS, Life, live, live_on
from tests.database import TwiceDatabase, select
from tests.operations.backup_tools import make_backup
from tests.operations.test_restore import put_back
from tests.services.harness import build_services, open_services

from pressrun.operations.backup import restore as restoring
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys


@pytest.mark.only_on("sqlite", "those on a server are restored there by the tests of restores")
@pytest.mark.parametrize("seed", [100, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(101, 104))])
async def test_a_restore_gives_nobody_back_what_they_have_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A backup from the middle of a history is restored at its end, and the history goes on."""
    async with open_services(tmp_path) as services:
        life = Life(services, random.Random(seed))
        await live(life)
        data, then = DataDir(services.path), copy.deepcopy(life.model)
        await asyncio.to_thread(make_backup, data, tmp_path / "backup.tar")
        await live_on(life)
        now = services.now
    monkeypatch.setattr(restoring, "utc_now", lambda: now)
    report = await asyncio.to_thread(put_back, data, tmp_path / "backup.tar")
    assert [] == report.problems
    database = await TwiceDatabase.open(data.database)
    try:
        services = build_services(database, load_keys(data), data.root)
        services.now = now
        life.story.append("a restore")
        life.open(services)
        await adopt(life, then)
        await live_on(life)
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
    finally:
        await database.close()


async def adopt(life: Life, then: Model) -> None:
    """Apply a restore to the model: nobody may do more than at the backup, or than right before the restore."""
    now, life.model = life.model, then
    then.now = now.now
    for visit in now.visits:
        then.visits.append(visit) if visit.secret not in {each.secret for each in then.visits} else None
    for visit in then.visits:
        visit.is_open = False
    for person in list(then.people.values()):
        former = now.people.get(person.number)
        if former is None:
            then.remove(person.number)
            continue
        person.is_operator &= former.is_operator
        person.has_password &= former.has_password
        person.link = None
        person.grants = {
            name: (min(role, former.grants[name][0], key=order_of), min(readers, former.grants[name][1], key=order_of))
            for name, (role, readers) in person.grants.items()
            if name in former.grants
        }
    then.programs = {number: each for number, each in then.programs.items() if number in now.programs}
    stored = dict(await select(life.services.database, "select name, closed_at from list"))
    for name, target in then.lists.items():
        target.is_closed = stored[name] is not None
    for number, state, started_at in await select(life.services.database, EDITIONS):
        then.works[number].state = state if started_at is None else "gone"
    await life.check()


def order_of(grant: str) -> int:
    """How much a role or an access allows, compared with others of its kind."""
    return [*ROLES, *READERS].index(grant)
