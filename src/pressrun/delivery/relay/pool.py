"""The connections to one relay: how many, when to open one more, and what to do when it fails.

Connections pull their work themselves; the pool opens them, wakes the idle ones, and sees to it that each message
that the feed handed out is recorded exactly once. It never holds a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from pressrun.delivery.relay.connection import Connection
from pressrun.delivery.relay.fallback import Fallback
from pressrun.delivery.relay.health import Health
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.observe.authorities import log_ca_file
from pressrun.runtime.authorities import Authorities
from pressrun.services.ports import Feed, RelayStatus
from pressrun.smtp.auth import Credentials
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.errors import Fault, Problem
from pressrun.smtp.events import RecipientOutcome
from pressrun.smtp.handover import DELIVERED, Outgoing
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

log = logging.getLogger("pressrun.relay")

# A successor opens once the open connections may carry less than this share of what one may carry in all: of 100
# messages 80, which at 200/s last for as long as a greeting of 0.4 s.
AHEAD = 0.8


class Pool:
    """The connections to one relay; made and used on the event loop. Raises BadConfiguration for a bad ca_file."""

    def __init__(
        self,
        settings: RelaySettings,
        feed: Feed,
        *,
        helo_name: str,
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._feed = feed
        self._changed = changed
        self._terms = session_terms(settings, helo_name)
        self._authorities = None if settings.security == "none" else Authorities(settings.ca_file, log_ca_file)
        self._health = Health(settings.name, clock)
        self._fallback = Fallback(settings.name, self._terms.fastest, clock)
        self._window = Window()
        self._members: set[Connection] = set()  # until their socket is closed
        self._opening: set[Connection] = set()
        self._taking: Counter[DeliveryMode] = Counter()  # how many take messages now, by delivery mode
        self._idle: dict[Connection, None] = {}  # the one used last is the first to be used again,
        self._roomy: dict[Connection, None] = {}  # and behind those come what has messages in flight, and room for more
        self._careful = False  # a connection failed: one probe at a time, until one succeeds
        self._probe: Connection | None = None
        self._ahead: Connection | None = None  # the latest, opened before it was needed
        self._retry: asyncio.TimerHandle | None = None
        self._tasks: dict[asyncio.Task[None], Connection] = {}
        self._count = 0
        self._stopping = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def is_empty(self) -> bool:
        """Whether no connection is left."""
        return not self._members

    @property
    def capacity(self) -> int:
        """How many messages may be on their way together.

        What the open connections carry, and one more that opens the next: a message whose turn has come must not wait
        for a connection together with those whose turns come after it. After a failure it is what those carry that
        have proved to work, since a relay may refuse no more than one connection too many. If there are none, it is
        one for a probe, and none during the pause before it.
        """
        if self._stopping:
            return 0
        if not self._careful:
            return self._carried_by(self._taking) + (self._taking.total() < self.settings.connections)
        working = Counter(each.mode for each in self._members if each.is_connected and each.has_proved and each.mode)
        if working:
            return self._carried_by(working)
        return 0 if self._retry is not None and self._probe is None else 1

    def _carried_by(self, connections: Counter[DeliveryMode]) -> int:
        """With PIPELINING a second envelope goes behind the content of each message."""
        whole, behind, single = (connections[mode] for mode in DeliveryMode)
        return whole * self._window.size + behind * 2 + single

    def wake(self) -> None:
        """There is something to take: idle connections take it now, and others are opened for the rest."""
        while waiting := self._idle or self._roomy:
            connection, _ = waiting.popitem()
            if not connection.wake():
                break
        self._grow()

    def probe_now(self) -> None:
        """If the relay fails, do not wait any longer for the next probe; one that is on its way is enough."""
        self._health.restart_delays()
        if self._retry is not None:
            self._cancel_retry()
            self._try_again()

    def status(self) -> RelayStatus:
        return RelayStatus(
            name=self.settings.name,
            connections=sum(connection.is_connected for connection in self._members),
            failing_since=self._health.failing_since,
            last_error=self._health.last_error or self._fallback.note,
        )

    def retire(self) -> None:
        """Take nothing more; connections finish what is in flight, and close."""
        self._stopping = True
        self._cancel_retry()
        for connection in list(self._members):
            connection.finish()
        for task, connection in self._tasks.items():
            if not connection.is_open:
                task.cancel()

    async def drain(self, seconds: float) -> None:
        """As `retire`, and wait for it; what has no answer by then is given up and recorded as such."""
        self.retire()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            pass
        finally:
            for connection in list(self._members):
                connection.abort(Problem(Fault.TIMEOUT, "given up at the end of the drain"))
        await self._empty.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Connections call these.

    def next(self) -> Outgoing | None:
        if self._stopping:
            return None
        try:
            return self._feed.next(self.settings.name)
        except Exception:
            log.exception("relay.claim_error", extra={"fields": {"relay": self.settings.name}})
            return None

    def recorded(self, connection: Connection, outcomes: Sequence[RecipientOutcome]) -> None:
        try:
            self._feed.record(self.settings.name, outcomes)
        except Exception:
            numbers = [outcome.outgoing.delivery_id for outcome in outcomes]
            log.exception("relay.record_error", extra={"fields": {"relay": self.settings.name, "deliveries": numbers}})
        if self._careful and connection.has_proved:
            self._health.decided()
            if connection is self._probe:
                self._resume()
        elif any(outcome.result.outcome is DELIVERED for outcome in outcomes):
            self._open_ahead()

    def opened(self, connection: Connection) -> None:
        self._opening.discard(connection)
        if connection is not self._ahead and self._ahead not in self._opening:
            self._ahead = None
        if connection.mode is not None:
            self._taking[connection.mode] += 1
        if self._careful:
            self._health.opened()
            if connection is self._probe and not self._health.is_failing:
                self._resume()
        self._changed()

    def idled(self, connection: Connection) -> None:
        if connection.is_idle:
            self._roomy.pop(connection, None)
            self._idle[connection] = None
        else:
            self._idle.pop(connection, None)
            self._roomy[connection] = None

    def filled(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._roomy.pop(connection, None)

    def closed(self, connection: Connection, problem: Problem | None) -> None:
        self._leave(connection, problem)
        self._changed()

    def _leave(self, connection: Connection, problem: Problem | None) -> None:
        self._opening.discard(connection)
        if connection.mode is not None:
            self._taking[connection.mode] -= 1
        self.filled(connection)
        was_probe = connection is self._probe
        if was_probe:
            self._probe = None
        if problem is None or self._stopping:
            self._fallback.ended_well()
            return
        if connection is self._ahead and not connection.is_open and self._taking.total() > 0:
            return  # the relay may accept no further connection: the others go on, and nothing waited for this one
        if connection.mode is not None and connection.carried:
            self._judge(connection, connection.mode, problem)
        if connection.has_proved:
            self._health.broke(problem)
        elif not connection.is_open or connection.carried:
            others = self._taking.total() > 0
            self._health.failed(problem, while_open=connection.is_open, others_work=others)
            if (was_probe or not self._careful) and self._retry is None:
                delay = self._health.next_delay_seconds()
                self._retry = asyncio.get_running_loop().call_later(delay, self._try_again)
            self._careful = True

    def gone(self, connection: Connection) -> None:
        self._members.discard(connection)
        if not self._members:
            self._empty.set()
        self.wake()  # what it gave back may go through another that is idle

    # ---

    def _judge(self, connection: Connection, mode: DeliveryMode, problem: Problem) -> None:
        """Judge whether the delivery mode was to blame."""
        if problem.fault is Fault.PROTOCOL:
            self._fallback.protocol_violated(mode, problem)
        elif problem.fault is Fault.TIMEOUT or (problem.fault is not Fault.SHUT and not connection.has_proved):
            self._fallback.stalled(mode, problem)
        elif problem.fault is not Fault.SHUT and connection.unknown:
            self._fallback.broke_in_flight(mode, problem, connection.number, self._count)

    def _grow(self) -> None:
        """Open only what is missing: idle ones come first, and after a failure one probe at a time."""
        if self._stopping or self._idle or self._roomy:
            return
        room = self.settings.connections - len(self._members)
        if self._careful:
            room = min(room, 0 if self._probe is not None or self._retry is not None else 1)
        if room <= 0:
            return
        for _ in range(min(room, self._feed.waiting(self.settings.name) - len(self._opening))):
            connection = self._open()
            if self._careful:
                self._probe = connection

    def _open_ahead(self) -> None:
        """Have a successor ready when the open ones may carry little more: a rate would stand still until its greeting.

        At a rate nothing waits between two turns, so it is what was carried that tells that more will come.
        """
        if self._stopping or (self._ahead is not None and not self._ahead.carried):
            return  # the last one was refused, or timed out unused
        if len(self._members) >= self.settings.connections:
            return
        each = self.settings.messages_per_connection
        if sum(each - connection.carried for connection in self._members) < each * AHEAD:
            self._ahead = self._open()

    def _try_again(self) -> None:
        self._retry = None
        if not self._stopping and len(self._members) < self.settings.connections:
            self._probe = self._open()
            self._changed()

    def _open(self) -> Connection:
        terms = replace(self._terms, fastest=self._fallback.mode)
        self._count += 1
        tls = None if self._authorities is None else self._authorities.context()
        connection = Connection(self.settings, terms, tls, self, number=self._count, window=self._window)
        self._members.add(connection)
        self._opening.add(connection)
        self._empty.clear()
        task = asyncio.get_running_loop().create_task(
            connection.open(), name=f"relay {self.settings.name} connection {self._count}"
        )
        self._tasks[task] = connection
        task.add_done_callback(self._forget)
        return connection

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]

    def _resume(self) -> None:
        """The probe succeeded: open as many as there is work for."""
        self._careful = False
        self._probe = None
        self._health.restart_delays()
        self._cancel_retry()
        self._grow()

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


def session_terms(settings: RelaySettings, helo_name: str) -> SessionTerms:
    """The terms of sessions with a relay."""
    credentials = None
    if settings.username is not None:
        credentials = Credentials(username=settings.username, password=settings.password or "")
    return SessionTerms(
        helo_name=helo_name,
        security=settings.security,
        credentials=credentials,
        fastest=DeliveryMode.CHUNKING if settings.pipelining else DeliveryMode.LOCK_STEP,
        messages=settings.messages_per_connection,
    )
