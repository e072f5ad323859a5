"""What the tests from outside share: the compiled sink, and houses that have a list with three readers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests import postgresql
from tests.e2e.fork_server import ForkServer
from tests.e2e.house import House, opened_house, plain_environment

READERS = ("ada@readers.example", "bruno@readers.example", "chidi@readers.example")

MakeHouse = Callable[..., House]


@cache
def fork_server() -> ForkServer:
    """One in each worker, for all of its tests."""
    return ForkServer(plain_environment())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Processes are forked instead of started anew, except in tests that are thorough for more than their engine.

    Such a test starts them anew on SQLite alone, if it runs on both: a start is the same on any engine.
    """
    is_thorough = any(mark.args != ("postgresql",) for mark in item.iter_markers("thorough"))
    House.forks = None if is_thorough and not _has_a_twin(item) else fork_server()


def _has_a_twin(item: pytest.Item) -> bool:
    """Whether the same test runs on SQLite, too, and this is the other one."""
    callspec = getattr(item, "callspec", None)
    is_on_server = callspec is not None and callspec.params.get("engine") == "postgresql"
    return is_on_server and item.get_closest_marker("only_on") is None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    House.forks = None


def pytest_sessionfinish() -> None:
    if fork_server.cache_info().currsize:
        fork_server().close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data_dir with the list `news` and its readers, made by the command line."""
    house = House(folder=tmp_path_factory.mktemp("furnished"), relay_port=1)
    house.create_list()
    house.import_readers(*READERS)
    return house.folder / "data"


@pytest.fixture(scope="session")
def furnished_on_server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same with its database on a server, by name: others are copied from it."""
    server = postgresql.shared_server()
    name = postgresql.OwnDatabases(server).new()
    house = House(folder=tmp_path_factory.mktemp("furnished"), relay_port=1, server=server.url(name))
    house.create_list()
    house.import_readers(*READERS)
    return house.folder / "data", name


@pytest.fixture(autouse=True)
def own_databases(engine: str) -> Iterator[postgresql.OwnDatabases | None]:
    """Houses are on the engine of the test."""
    if engine == "sqlite":
        yield None
        return
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        House.new_server = lambda: server.url(made.new())
        yield made
        House.new_server = None


@pytest.fixture
def make_house(
    request: pytest.FixtureRequest,
    own_databases: postgresql.OwnDatabases | None,
    sink_program: Path,
    tmp_path: Path,
) -> Iterator[MakeHouse]:
    """`make_house("--lint", delivery={…}, relay={…})`: options of the sink and tables of the configuration."""
    with ExitStack() as stack:

        def make(*sink_options: str, **tables: Any) -> House:
            if own_databases is None:
                data, server = request.getfixturevalue("furnished"), None
            else:
                data, name = request.getfixturevalue("furnished_on_server")
                server = postgresql.shared_server().url(own_databases.new(template=name))
            opened = opened_house(tmp_path / "house", sink_program, *sink_options, server=server, **tables)
            house = stack.enter_context(opened)
            shutil.copytree(data, house.folder / "data")
            return house

        yield make


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A house as it comes."""
    return make_house()
