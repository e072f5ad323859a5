"""Connections that rest between tests: nobody notices what was done on one before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.engines import new_database
from tests.postgresql import Session, Sessions

from pressrun.store.postgresql.location import PostgresDatabase


@pytest.fixture
def address(tmp_path: Path) -> str:
    location = new_database(tmp_path / "db")
    assert isinstance(location, PostgresDatabase)
    return location.address


@pytest.fixture
def sessions(address: str) -> Iterator[Sessions]:
    kept = Sessions()
    kept.allow(address)
    yield kept
    kept.end(address)


def _borrow(sessions: Sessions, address: str) -> Session:
    return sessions.borrow(address, lambda: psycopg.connect(address, autocommit=True))


def test_what_is_given_back_is_lent_again_as_good_as_new(sessions: Sessions, address: str) -> None:
    with closing(_borrow(sessions, address)) as first:
        pid = first.info.backend_pid
        first.execute("set application_name = 'other'; select pg_advisory_lock(7); create temporary table own (id int)")
    assert [pid] == sessions.pids(address)
    with closing(_borrow(sessions, address)) as second:
        assert pid == second.info.backend_pid
        query = """select current_setting('application_name') <> 'other', to_regclass('own') is null,
            not exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())"""
        assert (True, True, True) == second.execute(query).fetchone()


def test_who_has_closed_it_has_none(sessions: Sessions, address: str) -> None:
    """The one who borrowed it before must not take the other's for their own."""
    first = _borrow(sessions, address)
    first.close()
    with closing(_borrow(sessions, address)) as second:
        first.close()
        assert (True, False) == (first.closed, second.closed)
        with pytest.raises(psycopg.OperationalError, match="is closed"):
            first.execute("select 1")
        assert [] == sessions.pids(address)


def test_one_in_a_transaction_or_ended_is_not_kept(sessions: Sessions, address: str) -> None:
    with closing(_borrow(sessions, address)) as open_one:
        open_one.execute("begin")
    assert [] == sessions.pids(address)
    with closing(_borrow(sessions, address)) as ended, psycopg.connect(address) as other:
        pid = ended.info.backend_pid
        ended.close()
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with closing(_borrow(sessions, address)) as new:
        assert pid != new.info.backend_pid
        assert (1,) == new.execute("select 1").fetchone()
