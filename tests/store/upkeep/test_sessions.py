"""Sessions: one lives at a time, and only what is provably dead, or has not been heard of for long, is ended."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.database import REFUSALS, execute, select

from pressrun.core.upkeep.lease import LEASE_SECONDS
from pressrun.store.database import Database
from pressrun.store.programs import events
from pressrun.store.table_store import TableStore
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.sessions import KEPT_SESSIONS, SKIPPED_IDS, Process, SessionHolder

OURS = Process(host="one.example", pid=7, lock="boot:1:2", version="1.0", config="{}", keys="0:00")
IN_LINKS = {"address_change", "confirmation", "delivery", "enter_link", "subscriber", "subscription", "unsubscribe"}
THEIRS = replace(OURS, host="two.example", pid=8, lock="other:1:2")


async def begin(database: Database, process: Process, *, is_alone: bool = False) -> int | SessionHolder:
    return await database.write(sessions.begin, process, is_alone=is_alone)


async def begun(database: Database, process: Process = OURS) -> int:
    """A session that begins whatever was there before."""
    session = await begin(database, process, is_alone=True)
    assert isinstance(session, int)
    return session


async def states(database: Database) -> list[tuple[str, str]]:
    return [(host, state) for host, state in await select(database, "select host, state from session order by id")]


async def age(database: Database, seconds: float) -> None:
    """So much time passes for the database without a heartbeat."""
    await execute(database, "update session set heartbeat_at = heartbeat_at - ? where state = 'live'", seconds)


async def test_the_first_one_gets_the_database(database: Database) -> None:
    assert 1 == await begin(database, OURS)
    [row] = await select(database, "select host, pid, lock, version, config, keys, state from session")
    assert (OURS.host, OURS.pid, OURS.lock, OURS.version, OURS.config, OURS.keys, "live") == row


async def test_who_holds_the_lock_of_the_file_is_alone(database: Database) -> None:
    first = await begun(database)
    assert await begun(database, THEIRS) > first
    assert [("one.example", "gone"), ("two.example", "live")] == await states(database)


@pytest.mark.parametrize(
    ("lock", "is_ended", "is_gap"),
    [("rebooted:1:2", False, True), ("boot:5:6", False, False), ("rebooted:1:2", True, False)],
)
async def test_after_a_power_cut_no_id_of_a_link_is_drawn_again(
    database: Database, lock: str, *, is_ended: bool, is_gap: bool
) -> None:
    """The disk may lack the last rows, whose links are in mails that have gone out. A kill loses nothing."""
    session = await begun(database)
    if is_ended:
        await database.write(sessions.end, session)
    before = await database.with_tables(draw_some)
    await begun(database, replace(OURS, lock=lock))
    after = await database.with_tables(lambda tables: tables.last_ids())
    grown = {name for name in before if after[name] >= before[name] + SKIPPED_IDS} - {"event"}
    assert (IN_LINKS if is_gap else set()) == grown
    assert is_gap is (await database.read(events.newest) >= SKIPPED_IDS)


async def test_after_a_power_cut_the_first_id_of_all_is_not_drawn_again(database: Database) -> None:
    """The cut may have taken the only row that a table ever had."""
    await begun(database)
    await begun(database, replace(OURS, lock="rebooted:1:2"))
    last_ids = await database.with_tables(lambda tables: tables.last_ids())
    assert {name for name, last in last_ids.items() if last >= SKIPPED_IDS} - {"event"} == IN_LINKS


def draw_some(tables: TableStore) -> dict[str, int]:
    """Ids of all tables; the last ones."""
    tables.raise_ids(dict.fromkeys(tables.last_ids(), 7))
    return tables.last_ids()


async def test_another_machine_hears_who_holds_the_database(database: Database) -> None:
    await begin(database, OURS)
    [(started_at,)] = await select(database, "select started_at from session")
    assert SessionHolder(host="one.example", pid=7, started_at=started_at) == await begin(database, THEIRS)
    assert [("one.example", "live")] == await states(database)


async def test_who_holds_the_same_lock_need_not_wait(database: Database) -> None:
    """The lock is free only because the process that had it is gone."""
    await begin(database, OURS)
    assert 2 == await begin(database, replace(OURS, pid=9))
    assert [("one.example", "gone"), ("one.example", "live")] == await states(database)


@pytest.mark.parametrize(("seconds", "is_over"), [(LEASE_SECONDS - 2, False), (LEASE_SECONDS, True)])
async def test_the_lease_decides_between_machines(database: Database, seconds: float, is_over: bool) -> None:
    await begin(database, OURS)
    await age(database, seconds)
    assert is_over is isinstance(await begin(database, THEIRS), int)


async def test_a_renewal_starts_the_lease_anew(database: Database) -> None:
    first = await begun(database)
    await age(database, LEASE_SECONDS)
    assert await database.record(sessions.renew, first)
    assert isinstance(await begin(database, THEIRS), SessionHolder)


async def test_what_was_ended_is_not_renewed(database: Database) -> None:
    first = await begun(database)
    await database.write(sessions.end, first)
    assert not await database.record(sessions.renew, first)
    assert not await database.read(sessions.is_live, first)
    assert [("one.example", "gone")] == await states(database)


async def test_an_ended_session_keeps_nobody_waiting(database: Database) -> None:
    await database.write(sessions.end, await begun(database))
    assert isinstance(await begin(database, THEIRS), int)


async def test_a_lease_outlives_a_database_whose_clock_is_set_back_but_not_for_ever(database: Database) -> None:
    """Otherwise whoever renewed a moment ago would be ended, or a dead one would hold the database for an hour."""
    await begin(database, OURS)
    await age(database, -3600.0)
    assert isinstance(await begin(database, THEIRS), SessionHolder)
    await age(database, LEASE_SECONDS)
    assert isinstance(await begin(database, THEIRS), int)


async def test_two_never_live_at_once(database: Database) -> None:
    await begin(database, OURS)
    columns = "host, pid, lock, started_at, heartbeat_at, version, config, keys, state"
    with pytest.raises(REFUSALS):
        await execute(database, f"insert into session ({columns}) select {columns} from session")


async def test_ids_only_grow_and_old_sessions_are_forgotten(database: Database) -> None:
    ids = [await begun(database) for _ in range(KEPT_SESSIONS + 3)]
    assert [*range(1, KEPT_SESSIONS + 4)] == ids
    kept = await select(database, "select id from session order by id")
    assert [(number,) for number in ids[2:]] == kept
