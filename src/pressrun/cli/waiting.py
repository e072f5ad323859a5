"""Waiting for an edition: the database is looked at, read-only, until the edition has come to an end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pressrun.cli.acting import is_daemon_running
from pressrun.cli.output import ProgressLine, note
from pressrun.cli.owner import acting_as_owner
from pressrun.core.edition import EditionState
from pressrun.core.errors import TryAgain
from pressrun.core.timestamps import rfc3339
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.editions.opening import held_until
from pressrun.store.deliveries import count_copies
from pressrun.store.reading import open_for_reading

if TYPE_CHECKING:
    from pressrun.cli.invocation import Invocation
    from pressrun.store.editions import Edition

POLL_SECONDS = 0.2
DAEMON_GONE_SECONDS = 60.0  # a restart is waited for, a daemon that stays away is not
_SHOW_EVERY_SECONDS = 1.0


def wait_for_edition(invocation: Invocation, edition_id: int) -> bool:
    """Wait for the end: True when finished, or when a canary is out; False when cancelled.

    Raises TryAgain when the daemon stays away.
    """
    progress = ProgressLine()
    shown_at, seen_at, told, held = 0.0, time.monotonic(), "", 0
    with acting_as_owner(invocation.data.root):
        try:
            while True:
                now = time.monotonic()
                is_shown = now - shown_at >= _SHOW_EVERY_SECONDS
                edition, counts = _look(invocation, edition_id, counts=is_shown)
                if _is_over(edition):
                    return edition.state is not EditionState.CANCELLED
                if is_shown:
                    shown_at = now
                    done = sum(counts[state] for state in ("delivered", "failed", "cancelled"))
                    progress(f"edition {edition_id}: {done:,} of {edition.audience:,}, {counts['deferred']:,} deferred")
                    seen_at = now if is_daemon_running(invocation) else seen_at
                opens_at = held_until(edition, time.time()) if is_shown else None
                if opens_at is not None and opens_at != held:
                    held = opens_at
                    progress.clear()
                    note(f"edition {edition_id} waits for the sending hours of its list, until {rfc3339(held)}")
                if edition.pause_reason and edition.pause_reason != told:
                    told = edition.pause_reason
                    progress.clear()
                    note(f"edition {edition_id} is paused: {told}")
                if now - seen_at > DAEMON_GONE_SECONDS:
                    raise TryAgain(
                        f"the daemon has stopped. Edition {edition_id} continues when `pressrun serve` is started"
                    )
                time.sleep(POLL_SECONDS)
        finally:
            progress.clear()


def _look(invocation: Invocation, edition_id: int, *, counts: bool) -> tuple[Edition, dict[str, int]]:
    with open_for_reading(invocation.data.database) as tx:
        return require_edition(tx, edition_id), count_copies(tx, edition_id) if counts else {}


def _is_over(edition: Edition) -> bool:
    if edition.state in (EditionState.FINISHED, EditionState.CANCELLED):
        return True
    return edition.state is EditionState.PAUSED and edition.canary_copies is not None
