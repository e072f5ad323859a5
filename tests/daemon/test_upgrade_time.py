"""systemd waits for an upgrade of the schema as long as it goes on, and no longer."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from pressrun.daemon.upgrade_time import STEP_SECONDS, start_extended
from pressrun.runtime.systemd import Notifier

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


class FakeNotifier(Notifier):
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__({})
        self.asked: list[tuple[float, str]] = []
        self.repeated = threading.Semaphore(0)

    def extend_timeout(self, seconds: float, status: str = "") -> None:
        self.asked.append((seconds, status))
        self.repeated.release()


def threads() -> list[threading.Thread]:
    """Those that extend a start."""
    return [thread for thread in threading.enumerate() if thread.name == "upgrade time"]


def test_a_start_is_extended_step_by_step_while_the_upgrade_goes_on() -> None:
    """Each step is short, because systemd takes no extension back."""
    notifier = FakeNotifier()
    with start_extended(notifier, repeat=0.001):
        for _ in range(3):
            assert notifier.repeated.acquire(timeout=10)
    assert [(STEP_SECONDS, "upgrading the database"), (STEP_SECONDS, ""), (STEP_SECONDS, "")] == notifier.asked[:3]
    assert [] == threads()


def test_nothing_is_extended_after_an_upgrade_that_fails() -> None:
    with suppress(ValueError), start_extended(FakeNotifier(), repeat=0.001):
        raise ValueError
    assert [] == threads()


def test_an_upgrade_that_never_ends_is_not_extended_for_ever() -> None:
    """Such as one that waits for a server that does not answer."""
    notifier = FakeNotifier()
    with start_extended(notifier, longest=0, repeat=0.001):
        for thread in threads():
            thread.join(10)
        assert [] == threads()
    assert [(STEP_SECONDS, "upgrading the database")] == notifier.asked
