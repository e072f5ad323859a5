"""Two machines and one database on a server: one of them serves, and the other one hears which."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.e2e.instance import LIST_ARGUMENTS, Daemon, Instance, Result, until
from tests.ports import free_port
from tests.postgresql import ROLE, Server, new_server

from pressrun.core.upkeep.lease import LEASE_SECONDS

pytestmark = [
    pytest.mark.only_on("sqlite", "it brings a server of its own, and names it in its configurations"),
    pytest.mark.needs("postgresql"),
    pytest.mark.thorough,
]


@pytest.fixture
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    name = f"own_{uuid4().hex}"
    with server.connect() as admin:
        admin.execute(f"create database {name} owner {ROLE}")
    return server.url(name)


@pytest.fixture
def first(url: str, tmp_path: Path) -> Iterator[Instance]:
    """The first machine, which has made the tables and the keys."""
    instance = _machine(tmp_path / "one", url)
    instance.do("list", "create", "first", *LIST_ARGUMENTS)
    yield instance
    instance.close()


@pytest.fixture
def second(first: Instance, url: str, tmp_path: Path) -> Iterator[Instance]:
    """A second machine with the same keys."""
    instance = _machine(tmp_path / "two", url)
    shutil.copytree(first.folder / "data" / "keys", instance.folder / "data" / "keys")
    yield instance
    instance.close()


def _machine(folder: Path, url: str) -> Instance:
    instance = Instance(folder=folder, relay_port=free_port())
    instance.config.write_text(f'database = "{url}"\n{instance.config.read_text()}', encoding="utf-8")
    return instance


def _refused(result: Result, daemon: Daemon) -> bool:
    """Whether somebody was told that this daemon has the database."""
    return result.code == 75 and f"in use by process {daemon.process.pid} on " in result.err


def test_the_second_one_hears_who_serves(first: Instance, second: Instance) -> None:
    daemon = first.start()
    assert _refused(second.run("serve"), daemon)
    assert _refused(second.run("list", "create", "second", *LIST_ARGUMENTS), daemon)
    assert ["first"] == [each["name"] for each in second.json("list", "ls")]  # reading disturbs nobody
    assert 0 == daemon.stop()
    second.do("list", "create", "second", *LIST_ARGUMENTS)  # nobody waits for who has left
    assert 0 == first.start().stop()


def test_a_killed_one_starts_again_at_once_and_others_after_its_lease(
    first: Instance, second: Instance, url: str
) -> None:
    killed = first.start()
    killed.kill()
    assert _refused(second.run("serve"), killed)
    again = first.start()
    again.kill()
    with psycopg.connect(url) as connection:  # so much time passes
        connection.execute("update session set heartbeat_at = heartbeat_at - %s where state = 'live'", (LEASE_SECONDS,))
    assert 0 == second.start().stop()


def test_whoever_sleeps_for_too_long_is_replaced_and_ends(first: Instance, second: Instance) -> None:
    daemon = first.start()
    os.kill(daemon.process.pid, signal.SIGSTOP)
    until(lambda: second.run("list", "create", "second", *LIST_ARGUMENTS).code == 0 or None, 4 * LEASE_SECONDS)
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert 75 == daemon.process.wait(60)
    log = daemon.log.read_text(encoding="utf-8")
    assert (1, 0) == (log.count('"session.taken"'), log.count('"dispatch.not_recorded"'))
    assert "error: another process has begun to use the database" in log


def test_whoever_cannot_reach_the_database_waits_for_it(first: Instance, server: Server) -> None:
    daemon = first.start()
    until(lambda: first.run("list", "ls").code == 0 or None, 30)
    server.stop("immediate")
    until(lambda: daemon.events("session.suspended") or None, 4 * LEASE_SECONDS)
    server.start()
    until(lambda: daemon.events("session.resumed") or None, 4 * LEASE_SECONDS)
    assert 0 == daemon.stop()
