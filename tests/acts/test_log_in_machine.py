"""Random histories of log-ins: nobody is in without all that was asked for, nothing that is used up or ended works
again, and nobody changes how somebody logs in with less than that.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import random
from contextlib import closing
from pathlib import Path

import pytest
from tests.acts.log_in_life import Life
from tests.acts.log_in_model import Factors, Limits
from tests.acts.roles_model import Model
from tests.database import TwiceDatabase
from tests.operations.backup_tools import make_backup
from tests.operations.test_restore import put_back
from tests.services.harness import build_services, open_services

from pressrun.operations.backup import restore as restoring
from pressrun.store.location import Location
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

STEPS = 120


async def live_on(life: Life, steps: int = STEPS) -> None:
    """More of a history; it ends at its first contradiction."""
    for _ in range(steps):
        await life.run_step(life.dice.choice(life.steps()))
        if life.wrongs:
            return


def leaked(location: Location, secrets: set[str], log: str) -> list[str]:
    """The secrets that a copy of the database or the log shows."""
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            rows = [
                tuple(row) for table in tables.tables() for row in tables.execute(f'select * from "{table}"').fetchall()
            ]
    text = log + "".join(
        bytes(value).decode("latin-1") + bytes(value).hex() if isinstance(value, bytes | memoryview) else f"\0{value}"
        for row in rows
        for value in row
    )
    return [secret for secret in secrets if secret in text]


ON_POSTGRESQL = pytest.mark.needs("postgresql")


@pytest.mark.parametrize(
    ("seed", "engine"),
    [
        (0, "sqlite"),
        pytest.param(1, "postgresql", marks=ON_POSTGRESQL),
        *(pytest.param(seed, "sqlite", marks=pytest.mark.thorough) for seed in range(2, 10)),
        *(pytest.param(seed, "postgresql", marks=[ON_POSTGRESQL, pytest.mark.thorough]) for seed in range(16, 20)),
    ],
    indirect=["engine"],
)
async def test_nobody_is_in_without_what_was_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    caplog.set_level(logging.INFO)
    async with open_services(tmp_path) as services:
        life = Life(services, random.Random(seed))
        await life.begin()
        await live_on(life)
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
        log = "".join(str(vars(record)) for record in caplog.records)
        assert "192.0.2.1" in log  # the fields of events are looked at
        assert [] == await asyncio.to_thread(leaked, services.database.location, life.secrets, log)


@pytest.mark.only_on("sqlite", "those on a server are restored there by the tests of restores")
@pytest.mark.parametrize("seed", [50, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(51, 56))])
async def test_a_restore_brings_no_log_in_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """A backup from the middle of a history is restored at its end, and the history goes on."""
    async with open_services(tmp_path) as services:
        life = Life(services, random.Random(seed))
        await life.begin()
        await live_on(life)
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
        data, then = DataDir(services.path), copy.deepcopy((life.model, life.factors, life.limits))
        await asyncio.to_thread(make_backup, data, tmp_path / "backup.tar")
        await live_on(life, life.dice.choice((5, 20, STEPS)))
        now = services.now
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
    monkeypatch.setattr(restoring, "utc_now", lambda: now)
    report = await asyncio.to_thread(put_back, data, tmp_path / "backup.tar")
    assert [] == report.problems
    database = await TwiceDatabase.open(data.database)
    try:
        services = build_services(database, load_keys(data), data.root)
        services.now = now
        life.story.append("a restore")
        life.open(services)
        adopt(life, *then)
        await life.check()
        for _ in range(len(life.spent)):
            await life.replay()
        await live_on(life)
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
    finally:
        await database.close()


def adopt(life: Life, model: Model, factors: dict[int, Factors], limits: Limits) -> None:
    """Apply a restore to the model: what was taken away, replaced or used up since the backup does not come back."""
    before, life.model, life.limits = life.model, model, limits
    former, life.factors = life.factors, factors
    model.now = before.now
    known = {visit.secret for visit in model.visits}
    model.visits += [visit for visit in before.visits if visit.secret not in known]
    for visit in model.visits:
        visit.is_open = False
    for asked in life.codes:
        asked.is_over = True
    for person in list(model.people.values()):
        life.replace_link(person, None)
        there = before.people.get(person.number)
        if there is None:
            model.remove(person.number)
            factors.pop(person.number)
            continue
        person.is_operator &= there.is_operator
        person.is_enrolled &= there.is_enrolled
        factors[person.number].fall_back(former[person.number], is_operator=person.is_operator)
