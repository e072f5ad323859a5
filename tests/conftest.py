"""What every test gets: a plain environment, an engine for its databases, the marks `needs` and `thorough`, and at the
end of a run how many tests ran on each engine and what was skipped.
"""

from __future__ import annotations

import gc
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet
from hypothesis import settings
from tests import engines, postgresql, shared
from tests.browser.chromium import Browser, open_browser
from tests.engines import IS_THOROUGH
from tests.needs import NEEDS, SLOW, missing
from tests.order import long_ones_first
from tests.sink import compile_sink

from pressrun.observe.log import QUIET
from pressrun.store.queue.journal import Journal

_OURS = (
    "PRESSRUN_CONFIG",
    "CREDENTIALS_DIRECTORY",
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "WATCHDOG_USEC",
    "NO_COLOR",
)

# A busy machine must not fail a test. The inputs are the same in each run, so that a failure can be repeated and is due
# to the change at hand; PRESSRUN_EXPLORE tries others, and more of them.
settings.register_profile("pressrun", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("explore" if os.environ.get("PRESSRUN_EXPLORE") else "pressrun")


_HERE = Path(__file__).parent
# Where each test that has a folder, and so perhaps a database in it, runs on both engines: always, or only thoroughly.
# All others run on SQLite, unless they choose.
_ON_BOTH = ("store", "services", "delivery/queue")
_ON_BOTH_THOROUGHLY = ("cli", "control", "daemon", "delivery", "e2e", "faults", "inbound", "operations", "web")
_ON_ONE = {"store/sqlite": "sqlite", "store/postgresql": "postgresql"}

_LEFT_OUT = pytest.StashKey[int]()  # how many tests that are thorough
_ENDS = pytest.StashKey[str]()  # the file with the exit code of each run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests take `engine` as a parameter where there is a choice."""
    if {"tmp_path", "engine"} <= set(metafunc.fixturenames) and (chosen := _engines_of(metafunc.definition)):
        metafunc.parametrize("engine", chosen, indirect=True)


def _engines_of(test: pytest.Item) -> list[ParameterSet]:
    folder = test.path.parent.relative_to(_HERE).as_posix()
    marks = [pytest.mark.needs("postgresql")]
    if (only := test.get_closest_marker("only_on")) is not None:
        chosen = [only.args[0]]
    elif folder in _ON_ONE:
        chosen = [_ON_ONE[folder]]
    elif f"{folder}/".startswith(tuple(f"{folder_on_both}/" for folder_on_both in _ON_BOTH)):
        chosen = list(engines.ENGINES)
    elif f"{folder}/".startswith(tuple(f"{folder_on_both}/" for folder_on_both in _ON_BOTH_THOROUGHLY)):
        chosen = list(engines.ENGINES)
        marks.append(pytest.mark.thorough("postgresql"))
    else:
        chosen = []
    if test.get_closest_marker("slow_on_postgresql") is not None:
        marks.append(pytest.mark.thorough("postgresql"))
    return [pytest.param(name, marks=marks if name == "postgresql" else ()) for name in chosen]


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which this test makes its databases, by name."""
    name: str = getattr(request, "param", "sqlite")
    with engines.use(name):
        yield name


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Restore the handlers and levels of the log, which a daemon in the test's process changes."""
    root = logging.getLogger()
    handlers, root_level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET}
    yield
    logging.captureWarnings(False)  # else it goes on capturing what pytest has put back since
    for handler in [added for added in root.handlers if added not in handlers]:
        root.removeHandler(handler)
    root.setLevel(root_level)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def plain_collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore the garbage collector, which a worker in the test's process tunes. It excludes nothing: only its own
    process lasts as long as what is there then.
    """
    threshold = gc.get_threshold()
    monkeypatch.setattr(gc, "freeze", lambda: None)
    yield
    gc.set_threshold(*threshold)


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    """The file of the journal."""
    return tmp_path / "handovers"


@pytest.fixture
def journal(journal_path: Path) -> Iterator[Journal]:
    """A new journal."""
    with closing(Journal.open(journal_path)) as opened:
        yield opened


@pytest.fixture(scope="session")
def sink_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The relay that only counts, compiled."""
    if (reason := missing("cc")) is not None:
        pytest.skip(reason)
    return compile_sink(tmp_path_factory.mktemp("sink"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each window has cookies and a cache of its own."""
    async with open_browser() as opened:
        yield opened


def pytest_configure(config: pytest.Config) -> None:
    """The process that was called, not one of its workers, is the run."""
    if not hasattr(config, "workerinput"):
        config.stash[_ENDS] = os.environ.pop("PRESSRUN_TEST_ENDS", "")  # not for what tests start
        for run in (postgresql.Run(), shared.Run()):
            config.add_cleanup(run.end)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    engines.end_run()
    if ends := session.config.stash.get(_ENDS, ""):  # for .ci/run
        with Path(ends).open("a", encoding="utf-8") as file:
            file.write(f"{int(exitstatus)}\n")
    if hasattr(session.config, "workeroutput"):  # goes to the process that was called
        session.config.workeroutput["left out"] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended; each of them leaves out the same tests."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end, so the garbage collector looks at it neither now nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs a slow program is slow. What is slow is left out of other runs: 3,000 skips take their time, too."""
    for item in items:
        if any(NEEDS[name].is_slow for marker in item.iter_markers("needs") for name in marker.args):
            item.add_marker(pytest.mark.thorough)
    left_out = [] if IS_THOROUGH else [item for item in items if item.get_closest_marker("thorough") is not None]
    config.stash[_LEFT_OUT] = len(left_out)
    if left_out:
        items[:] = [item for item in items if item.get_closest_marker("thorough") is None]
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(specname="pytest_collection_modifyitems", wrapper=True, tryfirst=True)
def pytest_begin_with_long_ones(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Where tests run side by side, and once they are in their order: with those that have more time than usual."""
    yield
    if (workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))) > 1:
        long_ones = [item for item in items if _has_much_time(item)]
        others = [item for item in items if not _has_much_time(item)]
        items[:] = long_ones_first(long_ones, others, workers)


def _has_much_time(item: pytest.Item) -> bool:
    limit = item.get_closest_marker("timeout")
    return limit is not None and limit.args[0] > float(item.config.getini("timeout"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in [name for marker in item.iter_markers("needs") for name in marker.args]:
        if (reason := missing(name)) is not None:
            pytest.skip(reason)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note for the end of the run on which engine the test was."""
    if call.when == "call" and (name := engines.used()) is not None:
        item.user_properties.append(("engine", name))
        if (only := item.get_closest_marker("only_on")) is not None:
            item.user_properties.append(("only_on", f"on {only.args[0]} alone: {only.args[1]}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Say how many tests ran on which engine, and how many were skipped for which reason and what to do about it."""
    _say_engines(terminalreporter)
    skipped = Counter(_reason(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    left_out = terminalreporter.config.stash.get(_LEFT_OUT, 0)
    skipped.update({SLOW: left_out} if left_out else {})
    if skipped:
        terminalreporter.section("skipped")
        for reason, count in skipped.most_common():
            terminalreporter.write_line(f"{count:5}  {reason}")
    if left_out and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        terminalreporter.write_line("All of the chosen tests are slow. To run them, set PRESSRUN_THOROUGH=1")


def _say_engines(reporter: pytest.TerminalReporter) -> None:
    properties = [
        dict(report.user_properties) for report in reporter.stats.get("passed", []) + reporter.stats.get("failed", [])
    ]
    ran = Counter(test_properties["engine"] for test_properties in properties if "engine" in test_properties)
    if ran:
        reporter.section("engines")
        for name, count in ran.most_common():
            reporter.write_line(f"{count:5}  {name}")
        for reason, count in Counter(
            test_properties["only_on"] for test_properties in properties if "only_on" in test_properties
        ).most_common():
            reporter.write_line(f"{count:5}  {reason}")


def _reason(skip: object) -> str:
    text = skip[2] if isinstance(skip, tuple) else str(skip)
    return str(text).removeprefix("Skipped: ")
