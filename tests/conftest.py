"""What every test has: nothing of the caller's environment, and the marks that skip and say why.

`needs` names a program that is missing; `thorough` is for what takes long, which CI runs and a person may.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from tests import opensmtpd
from tests.browser.chromium import Browser, open_browser
from tests.e2e import under_unit

from pressrun.observe.log import QUIET
from pressrun.store.journal import Journal

# The Debian package that brings each program.
_PACKAGES = {
    "caddy": "caddy",
    "cc": "gcc libc6-dev",
    "chromium": "chromium",
    "nginx": "nginx",
    "openssl": "openssl",
    "postfix": "postfix",
    "spamassassin": "spamassassin",
    "systemd-analyze": "systemd",
}
_OURS = (
    "PRESSRUN_CONFIG",
    "CREDENTIALS_DIRECTORY",
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "WATCHDOG_USEC",
    "NO_COLOR",
)

# A busy machine is no error. The inputs are the same in each run, so that a change is judged by what it changes, and a
# failure comes again on the next run; PRESSRUN_EXPLORE looks at others, and at more.
settings.register_profile("pressrun", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("explore" if os.environ.get("PRESSRUN_EXPLORE") else "pressrun")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """What a test, or a daemon that it runs in this process, makes of the log ends with it: handlers and levels."""
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
    """What a press in this process takes out of the sight of the collector, and how seldom it looks, ends with it."""
    frozen, threshold = gc.get_freeze_count(), gc.get_threshold()
    yield
    if gc.get_freeze_count() > frozen:
        gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    """Where the journal of hand-overs is."""
    return tmp_path / "handovers"


@pytest.fixture
def journal(journal_path: Path) -> Iterator[Journal]:
    """A new one."""
    with closing(Journal.open(journal_path)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each window has cookies and a cache of its own."""
    async with open_browser() as opened:
        yield opened


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("thorough") is not None and not os.environ.get("PRESSRUN_THOROUGH"):
        pytest.skip("takes long: set PRESSRUN_THOROUGH=1, as CI does")
    for marker in item.iter_markers("needs"):
        for program in marker.args:
            if program == "opensmtpd":
                _need_opensmtpd()
            elif program == "libseccomp":
                _need_library(under_unit.LIBRARY, "libseccomp2")
            elif shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") is None:
                package = _PACKAGES.get(program)
                hint = f" (apt-get install {package})" if package else ""
                pytest.skip(f"{program} is not installed{hint}")


def _need_library(name: str, package: str) -> None:
    try:
        ctypes.CDLL(name)
    except OSError:
        pytest.skip(f"{name} is not installed (apt-get install {package})")


def _need_opensmtpd() -> None:
    """It cannot be installed beside another mail server, only unpacked; its paths want a namespace of their own."""
    if not opensmtpd.PROGRAM.exists():
        pytest.skip(f"OpenSMTPD is not unpacked in {opensmtpd.UNPACKED} (PRESSRUN_OPENSMTPD; .ci/run does it)")
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("OpenSMTPD needs root, and a mount namespace of its own")
