"""Names of actions that the command line needs without the table, which takes long to load."""

from __future__ import annotations

NOTE = "audit.note"
"""Records what the command line has done by itself."""

READING = frozenset(
    {
        "doctor.listeners",
        "doctor.seen",
        "edition.inspect",
        "read",
        "relay.statuses",
        "reload.try",
        "subscriber.show",
        "token.ls",
        "user.ls",
        "user.show",
    }
)
"""What the command line asks of the daemon only to read."""

MOVING = frozenset({"move.track", "move.stop", "move.switch", "move.resume"})
"""Steps of a move, which the command that moves records: nobody may write to what has moved."""

UNRECORDED = READING | MOVING | {NOTE}
"""What leaves no row in the audit log by itself."""
