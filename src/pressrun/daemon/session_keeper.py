"""The session of this process: begun at the start, renewed while its lease needs it, ended at the end.

A database file is locked, so the session lasts as long as the process. A database on a server may be opened from any
machine: there the session has a lease (core.upkeep.lease). A process that cannot renew it in time hands out nothing
more, and resumes when the database answers again, unless another process has begun a session by then.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from pressrun import __version__
from pressrun.config import fingerprint_settings
from pressrun.config.settings import Settings
from pressrun.core.errors import DatabaseSetBack, TryAgain, Unavailable
from pressrun.core.signing.keys import KeyRing
from pressrun.core.upkeep.lease import RENEW_SECONDS, Instant, Lease
from pressrun.delivery.queue.timer import Timer
from pressrun.observe.log import event
from pressrun.runtime.clock import read_instant, utc_now
from pressrun.services.background import BackgroundLoop
from pressrun.store.database import Database
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.chain_heads import NO_HEADS, Heads
from pressrun.store.upkeep.key_files import key_fingerprints
from pressrun.store.upkeep.sessions import Process, SessionHolder

log = logging.getLogger("pressrun.daemon")

LOOK_SECONDS = 5.0  # between two checks of a session that needs no lease


def describe_process(settings: Settings, keys: KeyRing) -> Process:
    """This process, which holds the lock of its data directory, as its session says who it is."""
    return Process(
        host=socket.gethostname(),
        pid=os.getpid(),
        lock=settings.data.lock_identity,
        version=__version__,
        config=fingerprint_settings(settings),
        keys=" ".join(f"{number}:{digest.hex()}" for number, digest in sorted(key_fingerprints(keys).items())),
    )


class SessionWatcher(Struct, frozen=True, kw_only=True):
    """Who has to know: that the lease was renewed, has run out, or was renewed after all; that the database was set
    back, and had these heads before; or that the session has ended, for that reason or because others have begun.
    """

    on_renewed: Callable[[Lease], None] = lambda _lease: None
    on_suspended: Callable[[], None] = lambda: None
    on_resumed: Callable[[], None] = lambda: None
    on_set_back: Callable[[Heads], None] = lambda _heads: None
    on_ended: Callable[[], None] = lambda: None


class SessionKeeper(BackgroundLoop):
    """Keeps one session, as services.ports.ClaimOwner promises; `lease` is None where the session needs none."""

    name = "session"
    unavailable = "session.not_renewed"

    def __init__(
        self,
        database: Database,
        session: int,
        lease: Lease | None,
        read_clocks: Callable[[], Instant] = read_instant,
    ) -> None:
        super().__init__(utc_now)
        self._database = database
        self._session = session
        self._lease = lease
        self._read_clocks = read_clocks
        self._why_ended: str | None = None
        self._is_suspended = False
        self._heads = NO_HEADS
        self._watcher = SessionWatcher()
        self._timer = Timer(self._check)

    @classmethod
    async def begin(cls, database: Database, process: Process, *, is_alone: bool) -> SessionKeeper:
        """Begin a session; raises TryAgain while another process holds the database."""
        asked = read_instant()
        session = await database.write(sessions.begin, process, is_alone=is_alone)
        if isinstance(session, SessionHolder):
            raise session.refusal(database.location)
        return cls(database, session, None if is_alone else Lease(asked))

    # ------------------------------------------------------------------ what the dispatcher asks

    @property
    def session(self) -> int:
        return self._session

    def may_hand_out(self) -> bool:
        if self._why_ended is not None:
            return False
        return self._lease is None or self._lease.seconds_left(self._read_clocks()) > 0

    def why_not_held(self) -> str | None:
        """Why copies may not be handed out, as the last renewal says; None while they may."""
        if self.may_hand_out():
            return None
        return "" if self.fault is None else self.fault.problem

    def lease_seconds_left(self) -> float | None:
        """How long copies may be handed out without another renewal; None if the session needs no lease."""
        return None if self._lease is None else max(0.0, self._lease.seconds_left(self._read_clocks()))

    # ------------------------------------------------------------------ the lease

    def connect(self, watcher: SessionWatcher) -> None:
        """Report the state of the lease to this watcher."""
        self._watcher = watcher
        if self._lease is not None:
            watcher.on_renewed(self._lease)

    async def step(self) -> bool:
        """Renew the lease, some time after the last renewal; at once after the pause that follows a failure.

        Without a lease, check that the session is still the current one: somebody may have removed the lock file that
        keeps other processes out, because it seemed to be left over.
        """
        if self._lease is None:
            await asyncio.sleep(LOOK_SECONDS)
            if not await self._database.read(sessions.is_live, self._session):
                self._end_taken()
            return self._why_ended is None
        self._check()
        if self.fault is None:
            await asyncio.sleep(RENEW_SECONDS)
        await self.renew()
        return self._why_ended is None

    async def renew(self) -> None:
        """Renew the lease, unless somebody has ended the session; raises Unavailable."""
        asked = self._read_clocks()
        # A server that crashes must not forget it: others would count from the renewal before.
        try:
            heads = await self._database.write(sessions.renew, self._session, self._heads)
        except DatabaseSetBack:
            self.end_set_back()
            return
        if heads is None:
            self._end_taken()
            return
        self._heads = heads
        had_run_out = self._is_suspended or not self.may_hand_out()
        self._lease = Lease(asked)
        self._watcher.on_renewed(self._lease)
        if had_run_out and self.may_hand_out():
            self._is_suspended = False
            event(log, "session.resumed", session=self._session)
            self._watcher.on_resumed()
        self._check()

    def _end_taken(self) -> None:
        if self._why_ended is None:
            event(log, "session.taken", level=logging.ERROR, session=self._session)
        how = "its lock file was removed" if self._lease is None else "this one could not reach it"
        self._end(f"another process has begun to use the database while {how}. Stop one of the two")

    def end_set_back(self) -> None:
        if self._why_ended is None:
            event(log, "session.set_back", level=logging.ERROR, session=self._session)
            if self._heads != NO_HEADS:  # they were read
                with suppress(OSError):  # housekeeping has reported what is wrong
                    self._watcher.on_set_back(self._heads)
        self._end(
            "the database was set back to an earlier moment. The next start holds back what may have gone out since"
        )

    def _end(self, why: str) -> None:
        if self._why_ended is None:
            self._why_ended = why
            self._watcher.on_ended()

    def _check(self) -> None:
        """Suspend everything if the lease has run out; otherwise check again when it does."""
        if self._lease is None or self._is_suspended or self._why_ended is not None:
            return
        self._timer.cancel()
        left = self._lease.seconds_left(self._read_clocks())
        if left > 0:
            self._timer.set(left, 0.0)
            return
        self._is_suspended = True
        event(log, "session.suspended", level=logging.WARNING, session=self._session)
        self._watcher.on_suspended()

    # ------------------------------------------------------------------ the end

    def require_kept(self) -> None:
        """Raise TryAgain if the session has ended by itself."""
        if self._why_ended is not None:
            raise TryAgain(self._why_ended)

    async def close(self) -> None:
        """End the session, so that the next one need not wait for its lease."""
        self._timer.cancel()
        with suppress(Unavailable):
            await self._database.record(sessions.end, self._session)
