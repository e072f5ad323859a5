"""Waiting for an edition: read the database, now and then, until the edition has ended."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pressrun.cli.shared.invocation import Invocation, acting_for_data, reading
from pressrun.cli.shared.output import ProgressLine, print_info
from pressrun.cli.shared.write_verbs import is_daemon_running
from pressrun.core.errors import TryAgain
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import rfc3339
from pressrun.runtime.clock import utc_now
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.editions.sending_hours import held_until
from pressrun.store.location import open_for_reading
from pressrun.store.queue.copy_counts import count_copies
from pressrun.store.transaction import Transaction

if TYPE_CHECKING:
    from pressrun.store.editions.editions import Edition

POLL_SECONDS = 0.2
DAEMON_GONE_SECONDS = 60.0  # long enough for a restart
_SHOW_EVERY_SECONDS = 1.0


def wait_for_edition(invocation: Invocation, edition_id: int) -> bool:
    """Wait for the end of an edition: True when it is finished or its canary is out, False when it is cancelled.

    Raises TryAgain when the daemon stays away. An interrupt ends only the wait, and says so.
    """
    try:
        return _wait(invocation, edition_id)
    except KeyboardInterrupt:
        print_info(
            f"edition {edition_id} goes on. See how it goes with `pressrun edition show {edition_id}`, "
            f"or stop it with `pressrun edition pause {edition_id}`"
        )
        raise


def _wait(invocation: Invocation, edition_id: int) -> bool:
    with acting_for_data(invocation), ProgressLine() as progress:
        wait = _Wait(invocation, edition_id, progress)
        while True:
            with _opened(invocation) as tx:
                edition = require_edition(tx, edition_id)
                counts = count_copies(tx, edition_id) if wait.is_due() else None
            if _is_over(edition):
                return edition.state is not EditionState.CANCELLED
            if counts is not None:
                wait.show(edition, counts)
            time.sleep(POLL_SECONDS)


def _opened(invocation: Invocation) -> AbstractContextManager[Transaction]:
    """What reads the database, which was checked when the edition was sent."""
    return reading(invocation) if invocation.group_socket else open_for_reading(invocation.data.database)


class _Wait:
    """What the person who waits has been shown."""

    def __init__(self, invocation: Invocation, edition_id: int, progress: ProgressLine) -> None:
        self._invocation = invocation
        self._name = f"edition {edition_id}"
        self._progress = progress
        self._shown_at = 0.0
        self._daemon_seen_at = time.monotonic()
        self._reasons: set[str] = set()

    def is_due(self) -> bool:
        return time.monotonic() - self._shown_at >= _SHOW_EVERY_SECONDS

    def show(self, edition: Edition, counts: dict[str, int]) -> None:
        """Show how far the edition is, and why it waits; raises TryAgain when the daemon stays away."""
        now = self._shown_at = time.monotonic()
        done = sum(counts[state] for state in ("delivered", "failed", "cancelled"))
        self._progress(f"{self._name}: {done:,} of {edition.audience:,}, {counts['deferred']:,} deferred")
        opens_at = held_until(edition, utc_now())
        if opens_at is not None:
            self._print_once(f"{self._name} waits for the sending hours of its list, until {rfc3339(opens_at)}")
        if edition.pause_reason:
            self._print_once(f"{self._name} is paused: {edition.pause_reason}")
        if is_daemon_running(self._invocation):
            self._daemon_seen_at = now
        elif now - self._daemon_seen_at > DAEMON_GONE_SECONDS:
            raise TryAgain(f"the daemon has stopped. {self._name} continues when `pressrun serve` is started")

    def _print_once(self, reason: str) -> None:
        if reason not in self._reasons:
            self._reasons.add(reason)
            self._progress.clear()
            print_info(reason)


def _is_over(edition: Edition) -> bool:
    if edition.state in (EditionState.FINISHED, EditionState.CANCELLED):
        return True
    return edition.state is EditionState.PAUSED and edition.canary_copies is not None
