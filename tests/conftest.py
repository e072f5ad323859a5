"""What every test gets: a plain environment, the marks `needs` and `thorough`, and a list of what was skipped."""

from __future__ import annotations

import gc
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from tests.browser.chromium import Browser, open_browser
from tests.needs import NEEDS, SLOW, missing
from tests.sink import compile_sink

from pressrun.observe.log import QUIET
from pressrun.store.journal import Journal

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


IS_THOROUGH = bool(os.environ.get("PRESSRUN_THOROUGH"))


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
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
    root.setLevel(root_level)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def plain_collector() -> Iterator[None]:
    """Restore the garbage collector, which a worker in the test's process tunes."""
    frozen, threshold = gc.get_freeze_count(), gc.get_threshold()
    yield
    if gc.get_freeze_count() > frozen:
        gc.unfreeze()
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a slow program is slow."""
    for item in items:
        if any(NEEDS[name].is_slow for marker in item.iter_markers("needs") for name in marker.args):
            item.add_marker(pytest.mark.thorough)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("thorough") is not None and not IS_THOROUGH:
        pytest.skip(SLOW)
    for name in [name for marker in item.iter_markers("needs") for name in marker.args]:
        if (reason := missing(name)) is not None:
            pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for which reason, and what to do about it."""
    skipped = Counter(_reason(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.section("skipped")
        for reason, count in skipped.most_common():
            terminalreporter.write_line(f"{count:5}  {reason}")


def _reason(skip: object) -> str:
    text = skip[2] if isinstance(skip, tuple) else str(skip)
    return str(text).removeprefix("Skipped: ")
