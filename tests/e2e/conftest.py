"""What the tests from outside share: the compiled sink, and instances that have a list with three readers."""

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
from tests.e2e.instance import Instance, opened_instance, plain_environment

READERS = ("ada@readers.example", "bruno@readers.example", "chidi@readers.example")

MakeInstance = Callable[..., Instance]


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
    Instance.forks = None if is_thorough and not _has_a_twin(item) else fork_server()


def _has_a_twin(item: pytest.Item) -> bool:
    """Whether the same test runs on SQLite, too, and this is the other one."""
    callspec = getattr(item, "callspec", None)
    is_on_server = callspec is not None and callspec.params.get("engine") == "postgresql"
    return is_on_server and item.get_closest_marker("only_on") is None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    Instance.forks = None


def pytest_sessionfinish() -> None:
    if fork_server.cache_info().currsize:
        fork_server().close()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data_dir with the list `news` and its readers, made by the command line."""
    instance = Instance(folder=tmp_path_factory.mktemp("furnished"), relay_port=1)
    instance.create_list()
    instance.import_readers(*READERS)
    return instance.folder / "data"


@pytest.fixture(scope="session")
def furnished_on_server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same with its database on a server, by name: others are copied from it."""
    server = postgresql.shared_server()
    name = postgresql.OwnDatabases(server).new()
    instance = Instance(folder=tmp_path_factory.mktemp("furnished"), relay_port=1, server=server.url(name))
    instance.create_list()
    instance.import_readers(*READERS)
    return instance.folder / "data", name


@pytest.fixture(autouse=True)
def own_databases(engine: str) -> Iterator[postgresql.OwnDatabases | None]:
    """Instances are on the engine of the test."""
    if engine == "sqlite":
        yield None
        return
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        Instance.new_server = lambda: server.url(made.new())
        yield made
        Instance.new_server = None


@pytest.fixture
def make_instance(
    request: pytest.FixtureRequest,
    own_databases: postgresql.OwnDatabases | None,
    sink_program: Path,
    tmp_path: Path,
) -> Iterator[MakeInstance]:
    """`make_instance("--lint", delivery={…}, relay={…})`: options of the sink and tables of the configuration."""
    with ExitStack() as stack:

        def make(*sink_options: str, **tables: Any) -> Instance:
            if own_databases is None:
                data, server = request.getfixturevalue("furnished"), None
            else:
                data, name = request.getfixturevalue("furnished_on_server")
                server = postgresql.shared_server().url(own_databases.new(template=name))
            opened = opened_instance(tmp_path / "instance", sink_program, *sink_options, server=server, **tables)
            instance = stack.enter_context(opened)
            shutil.copytree(data, instance.folder / "data")
            return instance

        yield make


@pytest.fixture
def instance(make_instance: MakeInstance) -> Instance:
    """An instance as it comes."""
    return make_instance()
