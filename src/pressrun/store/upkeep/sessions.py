"""Sessions: which process the database belongs to, and in whose name copies are claimed.

Each start of a process that writes is a session with an id of its own, and ids only grow. Only one session is live at a
time. A start ends the previous one if that is provably dead or its lease is over (core.upkeep.lease); otherwise it
learns who holds the database. Whatever a session has claimed when it ends may be claimed again by the next one.

If the machine went down with a session, the disk may lack rows that it had only recorded, while their ids are in links
and in what programs have read. So a start on another boot leaves a gap: nothing new gets such an id.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.errors import DatabaseSetBack, TryAgain
from pressrun.core.timestamps import rfc3339
from pressrun.core.upkeep.lease import LEASE_SECONDS, is_over
from pressrun.store.transaction import Row, Transaction
from pressrun.store.upkeep.chain_heads import NO_HEADS, Heads, lacks_rows, read_heads

KEPT_SESSIONS = 100  # ended ones, for people who want to know what ran when
SKIPPED_IDS = 1 << 20  # far more than are drawn between two waits for the disk


class Process(Struct, frozen=True, kw_only=True):
    """What starts a session. `lock` identifies the lock file that it holds: see the table `session`."""

    host: str
    pid: int
    lock: str
    version: str
    config: str
    keys: str


class SessionHolder(Struct, frozen=True, kw_only=True):
    """Who holds the database, and since when (UTC seconds)."""

    host: str
    pid: int
    started_at: int

    def refusal(self, database: object) -> TryAgain:
        """The error for somebody else who wants to write to this database."""
        return TryAgain(
            f"{database} has been in use by process {self.pid} on {self.host} since {rfc3339(self.started_at)}. Stop "
            f"it; if it cannot be reached, its lease ends within {LEASE_SECONDS:g} seconds"
        )


class SessionSettings(Struct, frozen=True, kw_only=True):
    """On which machine a session was, and the fingerprints of its settings (config.shared_settings)."""

    host: str
    config: str


def begin(tx: Transaction, process: Process, *, is_alone: bool) -> int | SessionHolder:
    """Begin a session and end the one before; returns its id, or who holds the database.

    `is_alone` says that nobody else can have the database open, since its file is locked.
    """
    now = read_clock(tx)
    tx.run("sessions.follow_clock", now=now)
    live = tx.row("sessions.live")
    if live is not None:
        if not is_alone and _holds(live, process.lock, now):
            return _holder(live)
        end(tx, live["id"])
        if _boot_of(live["lock"]) != _boot_of(process.lock):
            skip_ids(tx)
    session = tx.insert("sessions.begin", **asdict(process), now=now, started_at=int(now))
    tx.run("sessions.forget", before=session - KEPT_SESSIONS)
    return session


def find_holder(tx: Transaction, lock: str) -> SessionHolder | None:
    """Who holds the database, unless that is a session which the owner of this lock file may end."""
    live = tx.row("sessions.live")
    return _holder(live) if live is not None and _holds(live, lock, read_clock(tx)) else None


def _holds(live: Row, lock: str, now: float) -> bool:
    """Whether a session still holds the database against the owner of a lock file, its own or another one."""
    return bool(live["lock"] != lock) and not is_over(live["heartbeat_at"], now)


def _boot_of(lock: str) -> str:
    return lock.partition(":")[0]


def _holder(live: Row) -> SessionHolder:
    return SessionHolder(host=live["host"], pid=live["pid"], started_at=live["started_at"])


def read_clock(tx: Transaction) -> float:
    """UTC seconds by the clock of the database."""
    now: float = tx.value("sessions.now")
    return now


def skip_ids(tx: Transaction) -> None:
    """Leave a gap in the ids of events, and in those that links and the addresses of bounces name.

    A server does not undo the latter with the rest.
    """
    tx.run("sessions.skip_events", number=SKIPPED_IDS)
    tx.run("sessions.note_ids")
    tx.run("sessions.skip_ids", number=SKIPPED_IDS)


def find_before(tx: Transaction, session: int) -> SessionSettings | None:
    """The machine and the settings of the session before this one."""
    return tx.parsed(SessionSettings, "sessions.before", session=session)


def renew(tx: Transaction, session: int, former: Heads = NO_HEADS) -> Heads | None:
    """Record that a session lives; returns the heads of the chains, and None if the session has been ended.

    Raises DatabaseSetBack where rows are missing with which the chains once ended; the session may be among them.
    """
    if lacks_rows(tx, former):
        raise DatabaseSetBack("the database was set back to an earlier moment")
    is_live = tx.run("sessions.renew", session=session, now=read_clock(tx)) == 1
    return read_heads(tx) if is_live else None


def is_live(tx: Transaction, session: int) -> bool:
    """Whether a session has not been ended; nobody ends it before this transaction does."""
    return tx.value("sessions.is_live", session=session) is not None


def await_commits(tx: Transaction) -> None:
    """Wait for commits whose reply was lost with the connection, so that what they did can be seen."""
    tx.lock("sessions.live")


def end(tx: Transaction, session: int) -> None:
    """End a session: whatever it has claimed may be claimed again."""
    tx.run("sessions.end", session=session)
