"""Link keys that rotate and retire."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.database import select
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.core.errors import NotFound, Refused
from pressrun.core.signing.keys import KeyRing
from pressrun.services.upkeep import housekeeping
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.services.upkeep.link_keys import LinkKeys, list_link_keys
from pressrun.store.upkeep import key_files
from pressrun.store.upkeep.datadir import DataDir


def link_keys(services: ServiceHarness, told: list[int]) -> LinkKeys:
    async def make_key() -> KeyRing:
        return key_files.rotate_link_key(DataDir(services.path, services.database.location))

    return LinkKeys(
        services.context,
        make_key=make_key,
        on_new_key=lambda: told.append(services.keys.newest),
    )


async def test_a_key_retires_after_its_time_and_stays_so_after_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a daemon that runs, housekeeping sees to it."""
    monkeypatch.setattr(housekeeping, "POLL_SECONDS", 0.001)
    async with open_services(tmp_path) as services:
        told: list[int] = []
        keys = link_keys(services, told)
        assert {"number": 2} == await keys.rotate()
        assert [2] == told
        assert {"number": 1, "retires_at": NOW + 60} == await keys.retire(1, 60.0)
        assert frozenset() == services.keys.retired
        assert [(1, "retires"), (2, "signs")] == [
            (row["number"], row["state"]) for row in await services.database.read(list_link_keys, services.now)
        ]
        upkeep = Housekeeping(services.context)
        services.now = NOW + 59
        await upkeep.step()
        assert frozenset() == services.keys.retired
        services.now = NOW + 60
        await upkeep.step()
        assert {1} == services.keys.retired
        assert [(1, "retired"), (2, "signs")] == [
            (row["number"], row["state"]) for row in await services.database.read(list_link_keys, NOW + 60)
        ]
        data = DataDir(services.path, services.database.location)
        assert {1: NOW + 60} == key_files.load_keys(data).retires_at


async def test_without_grace_it_retires_at_once(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        keys = link_keys(services, [])
        await keys.rotate()
        await keys.retire(1, 0.0)
        assert {1} == services.keys.retired


async def test_the_time_may_be_changed_until_then_and_never_after(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        keys = link_keys(services, [])
        await keys.rotate()
        await keys.retire(1, 3600.0)
        await keys.retire(1, 10.0)
        services.now += 10
        with pytest.raises(Refused, match="for good"):
            await keys.retire(1, 3600.0)
        assert [(1, NOW + 10), (2, None)] == await select(
            services.database, "select number, retires_at from keyring where number > 0 order by number"
        )


async def test_the_newest_and_unknown_ones_cannot_retire(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        keys = link_keys(services, [])
        with pytest.raises(Refused, match="rotate"):
            await keys.retire(1, 60.0)
        for number in (0, 2, 127):
            with pytest.raises(NotFound):
                await keys.retire(number, 60.0)
        assert {} == services.keys.retires_at
