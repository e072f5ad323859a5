"""Problems of a server that nobody notices until it is too late, as far as the role of the program sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from tests.postgresql import ROLE, Server, new_server

from pressrun.store.postgresql import risks
from pressrun.store.postgresql.location import PostgresDatabase

_OF_TESTS = "so a power cut may damage"  # what a server of tests has switched off


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that keeps WAL for a standby, and rows for prepared transactions."""
    with new_server(wal_level="replica", max_wal_senders="1", max_prepared_transactions="1", autovacuum="on") as server:
        with server.connect() as admin:
            admin.execute(f"create database press owner {ROLE}")
        yield server


@pytest.fixture
def place(server: Server) -> PostgresDatabase:
    return PostgresDatabase(server.url("press"))


def found(place: PostgresDatabase) -> list[str]:
    return [risk.state for risk in place.find_risks() if _OF_TESTS not in risk.state]


def test_a_good_server_has_no_risks(place: PostgresDatabase) -> None:
    assert [] == found(place)


def test_tables_that_nobody_vacuums(server: Server, place: PostgresDatabase) -> None:
    """Unless something else, such as a timer, has vacuumed within a week."""
    with server.connect("press") as admin:
        admin.execute(f"create table crowd (id int) with (autovacuum_enabled = off); alter table crowd owner to {ROLE}")
        assert ["autovacuum is off for the table crowd, so dead rows pile up"] == found(place)
        admin.execute("vacuum crowd")
        _flush(server)
        assert [] == found(place)
        admin.execute("drop table crowd")


def test_a_transaction_that_does_not_end(
    server: Server, place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction of another role, whose sessions ours may not see, shows in the rows that vacuum cannot remove."""
    monkeypatch.setattr(risks, "MOST_DEAD_ROWS", 50)
    with server.connect("press") as admin, closing(psycopg.connect(server.url("press", "postgres"))) as foreign:
        admin.execute(f"create table crowd (id int); alter table crowd owner to {ROLE}")
        foreign.execute("select pg_current_xact_id()")
        admin.execute("insert into crowd select generate_series(1, 100); delete from crowd")
        admin.execute("vacuum crowd")
        _flush(server)
        assert ["vacuum cannot remove 100 dead rows from the table crowd, which has 0 live ones"] == found(place)
        foreign.rollback()
        admin.execute("vacuum crowd")
        _flush(server)
        assert [] == found(place)
        admin.execute("drop table crowd")


def test_a_transaction_that_somebody_prepared_and_forgot(
    server: Server, place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(risks, "LONG_SECONDS", -1)
    with server.connect("press") as admin:
        admin.execute("begin; select pg_current_xact_id(); prepare transaction 'forgotten'")
        states = found(place)
        admin.execute("rollback prepared 'forgotten'")
    expected = "the prepared transaction forgotten has been open for 0 hours, so dead rows pile up until it ends"
    assert expected in states


def test_wal_for_a_standby_that_has_gone(
    server: Server, place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fills the disk of the server."""
    monkeypatch.setattr(risks, "MOST_KEPT_BYTES", -1)
    with server.connect() as admin:
        admin.execute("select pg_create_physical_replication_slot('gone', true)")
        states = found(place)
        admin.execute("select pg_drop_replication_slot('gone')")
    assert ["the server keeps 0 GiB of WAL for the replication slot gone, which is inactive"] == states


def test_transactions_that_run_out(place: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risks, "OLD_AGE", 0)
    assert found(place)[0].startswith("no vacuum has frozen the database for ")


def _flush(server: Server) -> None:
    """Statistics are there at once: those of a session that has ended, too."""
    with server.connect("press") as admin:
        admin.execute("select pg_stat_force_next_flush()")
