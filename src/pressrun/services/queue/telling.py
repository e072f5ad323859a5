"""What the queue says in the log: what followed from a turn."""

from __future__ import annotations

import logging

from pressrun.services.queue.claiming import Turn
from pressrun.services.settling import tell_aftermath, tell_change


def tell_turn(log: logging.Logger, turn: Turn) -> None:
    """Say what followed from the results that a turn recorded, and which editions it started, paused or finished."""
    tell_aftermath(log, turn.aftermath)
    for edition in turn.changed:
        tell_change(log, edition)
