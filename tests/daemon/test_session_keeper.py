"""The keeper of a session: nothing goes out without a lease, and whoever was replaced ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import TwiceDatabase, execute, select
from tests.engines import new_database

from pressrun.core.errors import TryAgain, Unavailable
from pressrun.core.upkeep.lease import LEASE_SECONDS, MARGIN_SECONDS, Instant, Lease
from pressrun.daemon.session_keeper import SessionKeeper, SessionWatcher
from pressrun.store.database import Database
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.chain_heads import Heads
from pressrun.store.upkeep.sessions import Process

OURS = Process(host="one.example", pid=7, lock="boot:1:2", version="1.0", config="{}", keys="0:00")
THEIRS = replace(OURS, host="two.example", pid=8, lock="other:1:2")
_OR_UPDATE = "on conflict (id) do update set number = excluded.number"
USABLE = LEASE_SECONDS - MARGIN_SECONDS


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await TwiceDatabase.open(new_database(tmp_path / "db"))
    yield opened
    await opened.close()


@dataclass
class Watched:
    """A keeper whose clocks the test sets, and what it has reported."""

    keeper: SessionKeeper
    now: Instant
    reports: list[str] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    lost: list[Heads] = field(default_factory=list)

    def pass_time(self, boot: float, wall: float | None = None) -> None:
        self.now = Instant(self.now.boot + boot, self.now.wall + (boot if wall is None else wall))


async def watch(database: Database) -> Watched:
    """A session with a lease that began a moment ago."""
    number = await database.write(sessions.begin, OURS, is_alone=False)
    assert isinstance(number, int)
    start = Instant(100.0, 1e9)
    watched = Watched(SessionKeeper(database, number, Lease(start), lambda: watched.now), start)
    watched.keeper.connect(
        SessionWatcher(
            on_renewed=watched.leases.append,
            on_suspended=lambda: watched.reports.append("suspended"),
            on_resumed=lambda: watched.reports.append("resumed"),
            on_set_back=watched.lost.append,
            on_ended=lambda: watched.reports.append("ended"),
        )
    )
    return watched


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pressrun.daemon.session_keeper.LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("_at_once")
async def test_a_session_of_a_locked_file_needs_no_lease(database: Database) -> None:
    keeper = await SessionKeeper.begin(database, OURS, is_alone=True)
    assert keeper.may_hand_out()
    assert await keeper.step()
    await keeper.close()
    assert [("gone",)] == await select(database, "select state from session")


@pytest.mark.usefixtures("_at_once")
async def test_who_loses_a_locked_file_to_another_process_ends(database: Database) -> None:
    """As where somebody has removed the lock file of a running service."""
    keeper = await SessionKeeper.begin(database, OURS, is_alone=True)
    reports: list[str] = []
    keeper.connect(SessionWatcher(on_ended=lambda: reports.append("ended")))
    other = await SessionKeeper.begin(database, THEIRS, is_alone=True)
    assert (False, ["ended"], False) == (await keeper.step(), reports, keeper.may_hand_out())
    with pytest.raises(TryAgain, match="its lock file was removed"):
        keeper.require_kept()
    await other.close()


async def test_who_comes_second_hears_who_holds_the_database(database: Database) -> None:
    first = await SessionKeeper.begin(database, OURS, is_alone=False)
    with pytest.raises(TryAgain, match=r"in use by process 7 on one\.example since \d{4}-") as caught:
        await SessionKeeper.begin(database, THEIRS, is_alone=False)
    assert 75 == caught.value.exit_code
    await first.close()
    second = await SessionKeeper.begin(database, THEIRS, is_alone=False)
    assert second.may_hand_out()


@pytest.mark.parametrize("clock", ["boot", "wall"])
async def test_nothing_goes_out_without_a_lease(database: Database, clock: str) -> None:
    watched = await watch(database)
    watched.pass_time(USABLE - 0.1)
    assert watched.keeper.may_hand_out()
    watched.pass_time(**{"boot": 0.0, "wall": 0.0, clock: 0.2})
    assert not watched.keeper.may_hand_out()


@pytest.mark.parametrize("table", ["consent_head", "audit_head"])
async def test_who_finds_an_earlier_database_ends(database: Database, table: str) -> None:
    """Somebody has set it back: rows are missing that were there when the lease was last renewed. They are told, since
    those that are kept elsewhere are older.
    """
    await execute(database, f"insert into {table} (id, number, chain) values (1, 7, ?) {_OR_UPDATE}", bytes(32))
    watched = await watch(database)
    for _ in range(2):
        await watched.keeper.renew()
    assert watched.keeper.may_hand_out()
    await execute(database, f"update {table} set number = 6")
    await watched.keeper.renew()
    assert (False, ["ended"]) == (watched.keeper.may_hand_out(), watched.reports)
    [heads] = watched.lost
    assert 7 in (heads.consent.number, heads.audit.number)
    with pytest.raises(TryAgain, match=r"set back to an earlier moment\. The next start holds back") as caught:
        watched.keeper.require_kept()
    assert 75 == caught.value.exit_code


async def test_who_has_read_no_heads_keeps_none(database: Database) -> None:
    """Those that are kept say more."""
    watched = await watch(database)
    watched.keeper.end_set_back()
    assert ([], ["ended"]) == (watched.lost, watched.reports)


@pytest.mark.parametrize("since", [(), ("second",), ("second", "third")])
async def test_who_finds_a_database_that_went_on_from_an_earlier_moment_ends(
    database: Database, tmp_path: Path, since: tuple[str, ...]
) -> None:
    """Also where it has as many rows as before, some of which are others, and where it lacks the session, too."""
    watched = await watch(database)
    await database.write(audit.append, _entry("first"))
    await watched.keeper.renew()
    earlier = await TwiceDatabase.open(new_database(tmp_path / "earlier"))
    try:
        for action in since:
            await earlier.write(audit.append, _entry(action))
        watched.keeper._database = earlier
        await watched.keeper.renew()
        assert (1, ["ended"]) == (len(watched.lost), watched.reports)
        with pytest.raises(TryAgain, match="set back"):
            watched.keeper.require_kept()
    finally:
        await earlier.close()


def _entry(action: str) -> Entry:
    return Entry(at=1, actor=Actor(who="somebody", uid=1, claimed=None, way="start"), action=action)


async def test_a_renewal_counts_from_before_it_was_asked_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = await watch(database)
    renew = sessions.renew

    def slow(tx: Transaction, session: int, former: Heads) -> Heads | None:
        watched.now = Instant(106.0, 1e9 + 6.0)
        return renew(tx, session, former)

    monkeypatch.setattr(sessions, "renew", slow)
    watched.pass_time(2.0)
    await watched.keeper.renew()
    assert [Lease(Instant(100.0, 1e9)), Lease(Instant(102.0, 1e9 + 2.0))] == watched.leases
    watched.now = Instant(102.0 + USABLE, 1e9 + 6.0)
    assert not watched.keeper.may_hand_out()


async def test_what_was_suspended_goes_on_with_the_next_renewal(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watched = await watch(database)
    watched.pass_time(60.0)  # the machine slept: nobody has noticed yet, and nothing goes out
    assert not watched.keeper.may_hand_out()
    watched.keeper._check()
    watched.keeper._check()
    assert ["suspended"] == watched.reports
    await watched.keeper.renew()
    assert watched.keeper.may_hand_out()
    assert ["suspended", "resumed"] == watched.reports
    assert ["session.suspended", "session.resumed"] == [record.getMessage() for record in caplog.records]


async def test_a_renewal_that_comes_in_time_is_no_news(database: Database) -> None:
    watched = await watch(database)
    watched.pass_time(2.0)
    await watched.keeper.renew()
    assert [] == watched.reports


async def test_who_was_replaced_hands_out_nothing_and_ends(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    watched = await watch(database)
    watched.keeper.require_kept()
    await execute(database, "update session set heartbeat_at = heartbeat_at - ?", LEASE_SECONDS)
    other = await SessionKeeper.begin(database, THEIRS, is_alone=False)
    await watched.keeper.renew()
    assert not watched.keeper.may_hand_out()
    assert ["ended"] == watched.reports
    with pytest.raises(TryAgain, match="another process has begun"):
        watched.keeper.require_kept()
    await watched.keeper.close()  # which is not the end of the other one
    assert await database.record(sessions.renew, other.session)
    assert ["session.taken"] == [record.getMessage() for record in caplog.records]


async def test_a_database_that_does_not_answer_ends_nothing_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = await watch(database)

    def fail(tx: Transaction, session: int, former: Heads) -> bool:
        raise Unavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "renew", fail)
        watched.pass_time(5.0)
        with pytest.raises(Unavailable):
            await watched.keeper.renew()
    assert watched.keeper.may_hand_out()
    assert [] == watched.reports
    await watched.keeper.renew()
    assert watched.leases[-1].asked == watched.now


async def test_the_timer_suspends_by_itself(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before any renewal would say so."""
    monkeypatch.setattr("pressrun.core.upkeep.lease.LEASE_SECONDS", MARGIN_SECONDS + 0.01)
    watched = await watch(database)
    suspended = asyncio.Event()
    watched.keeper.connect(SessionWatcher(on_suspended=suspended.set))
    watched.keeper._check()
    watched.pass_time(0.02)
    async with asyncio.timeout(10):
        await suspended.wait()


async def test_why_the_lease_is_not_held_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = await watch(database)
    assert watched.keeper.why_not_held() is None
    watched.pass_time(LEASE_SECONDS)
    assert "" == watched.keeper.why_not_held()

    failed = asyncio.Event()

    async def refuse(*_: object, **__: object) -> None:
        failed.set()
        raise Unavailable("the server accepts no changes")

    monkeypatch.setattr("pressrun.daemon.session_keeper.RENEW_SECONDS", 0.0)
    monkeypatch.setattr(database, "write", refuse)
    running = asyncio.create_task(watched.keeper.run())
    await failed.wait()
    assert "the server accepts no changes" == watched.keeper.why_not_held()
    running.cancel()
