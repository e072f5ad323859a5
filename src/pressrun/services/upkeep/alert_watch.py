"""Alerts about what keeps email from going out, by the program of `[alerts]`, and about what others report, by both.

What counts as an alert, and by which way it goes, is the table of core.upkeep.alerts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from pressrun import __version__
from pressrun.core.current import Current
from pressrun.core.errors import Unavailable
from pressrun.core.site import Site
from pressrun.core.text.masking import without_addresses
from pressrun.core.timestamps import is_within, rfc3339
from pressrun.core.upkeep.alerts import ALERT_SECONDS, CAUSES, Cause, Way
from pressrun.observe.log import event
from pressrun.runtime.program import ProgramEnd
from pressrun.services.background import BackgroundLoop, until_next
from pressrun.services.ports import Clock
from pressrun.services.settings import AlertSettings
from pressrun.services.upkeep.readiness import Obstacle, Readiness
from pressrun.store.upkeep.alert_history import AlertHistory

log = logging.getLogger("pressrun.alerts")

POLL_SECONDS = 10.0
LASTING_SECONDS = 60.0  # an obstacle that is gone by then need not wake anybody
ANSWER_SECONDS = 10.0  # a database that takes longer does not answer
RETRY_SECONDS = 300.0  # after a program that failed
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 60.0, 3600.0  # after emails that could not be queued, doubling
_EACH_CAUSES_THE_NEXT = (Cause.DATABASE, Cause.QUEUE, Cause.LOOP)  # one outage is one alert
MOST_TEXT = 2000  # characters of what is wrong

MailAlert = Callable[[Obstacle], Awaitable[bool]]
"""Queues an email about a cause, unless one waits or arrived within a day, and returns whether it did."""


class _MailAttempt(Struct, frozen=True):
    """When an email was last tried, and how long to wait before the next try."""

    at: float
    wait_seconds: float


class AlertReports:
    """What other parts know to be wrong: one line for each cause, until it is over."""

    def __init__(self) -> None:
        self._texts: dict[Cause, str] = {}

    def set(self, cause: Cause, text: str | None) -> None:
        """Report what is wrong or, with None, that nothing is."""
        if text is None:
            self._texts.pop(cause, None)
        else:
            self._texts[cause] = text

    def obstacles(self) -> list[Obstacle]:
        return [Obstacle(cause, text) for cause, text in self._texts.items()]


class AlertWays(Struct, frozen=True, kw_only=True):
    """How alerts go out: `run` starts the program with what it gets on stdin; `count` gets the outcome of each run."""

    settings: Current[AlertSettings]
    history: AlertHistory
    run: Callable[[Sequence[str], bytes, float], Awaitable[ProgramEnd]]
    mail: MailAlert
    count: Callable[[str], None]


class AlertWatch(BackgroundLoop):
    """Looks every few seconds at what is wrong. It never waits for the database for long, as that may be what fails."""

    name = "alerts"
    unavailable = "housekeeping.database_unavailable"

    def __init__(
        self, *, readiness: Readiness, reports: AlertReports, ways: AlertWays, site: Site, clock: Clock
    ) -> None:
        super().__init__(clock)
        self._readiness = readiness
        self._reports = reports
        self._ways = ways
        self._site = site
        self._clock = clock
        self._since: dict[Cause, float] = {}
        self._mail_attempts: dict[Cause, _MailAttempt] = {}
        self._tried: dict[Cause, float] = {}

    async def step(self) -> bool:
        """Wait a moment, then look once."""
        await asyncio.sleep(until_next(POLL_SECONDS))
        await self.check()
        return True

    async def check(self) -> None:
        """Alert the operator to each cause that has lasted, unless that was done within a day."""
        now = self._clock()
        obstacles = _without_effects({obstacle.cause: obstacle for obstacle in reversed(await self._obstacles())})
        self._since = {cause: min(self._since.get(cause, now), now) for cause in obstacles}
        self._mail_attempts = {cause: made for cause, made in self._mail_attempts.items() if cause in obstacles}
        for cause, obstacle in obstacles.items():
            if now - self._since[cause] >= LASTING_SECONDS:
                way = CAUSES[cause].way
                if way is not Way.MAIL:
                    await self._pass_on(obstacle, now)
                if way is not Way.PROGRAM:
                    await self._mail(obstacle, now)

    async def _obstacles(self) -> list[Obstacle]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                obstacles = await self._readiness.obstacles()
        except TimeoutError:
            obstacles = [Obstacle(Cause.DATABASE, f"the database has not answered for {ANSWER_SECONDS:g} s")]
        return [*obstacles, *self._reports.obstacles()]

    async def _pass_on(self, obstacle: Obstacle, now: float) -> None:
        """Have the program pass an alert on, and try again until it succeeds."""
        settings, cause = self._ways.settings.value, obstacle.cause
        if not settings.exec or is_within(self._tried.get(cause), now, RETRY_SECONDS):
            return
        if is_within(self._ways.history.passed_on_at(cause), now, ALERT_SECONDS):
            return
        self._tried[cause] = now
        event(log, "alert.raised", level=logging.WARNING, cause=cause, way="program")
        description = json.dumps(self._describe(obstacle), ensure_ascii=False).encode()
        end = await self._ways.run(settings.exec, description, settings.timeout_seconds)
        self._ways.count("failed" if end.problem else "done")
        if end.problem:
            event(log, "alert.not_passed_on", level=logging.ERROR, cause=cause, problem=end.problem, output=end.output)
            return
        event(log, "alert.passed_on", cause=cause, output=end.output)
        await asyncio.to_thread(self._ways.history.record, cause, now)

    async def _mail(self, obstacle: Obstacle, now: float) -> None:
        """Queue an email. If there is no operator or no list, or one was queued today, try again, at growing intervals.

        Try again after a queued email, too: it may fail, and then another one is due.
        """
        last = self._mail_attempts.get(obstacle.cause)
        if last is not None and is_within(last.at, now, last.wait_seconds):
            return
        try:
            is_queued = await self._ways.mail(obstacle)
        except Unavailable:  # tried again with the next poll
            return
        if is_queued:
            event(log, "alert.raised", level=logging.WARNING, cause=obstacle.cause, way="mail")
        self._mail_attempts[obstacle.cause] = _MailAttempt(now, LONGEST_WAIT_SECONDS if is_queued else _longer(last))

    def _describe(self, obstacle: Obstacle) -> Mapping[str, Any]:
        rule = CAUSES[obstacle.cause]
        return {
            "cause": obstacle.cause,
            "when": rule.when,
            "since": rfc3339(int(self._since[obstacle.cause])),
            "text": without_addresses(obstacle.text)[:MOST_TEXT],
            "advice": rule.advice,
            "base_url": self._site.base_url,
            "host": socket.gethostname(),
            "version": __version__,
        }


def _without_effects(obstacles: dict[Cause, Obstacle]) -> dict[Cause, Obstacle]:
    """The obstacles that are not the effect of another: a silent database also holds up the queue and the loops."""
    first = next((cause for cause in _EACH_CAUSES_THE_NEXT if cause in obstacles), None)
    return {
        cause: obstacle for cause, obstacle in obstacles.items() if cause not in _EACH_CAUSES_THE_NEXT or cause is first
    }


def _longer(last: _MailAttempt | None) -> float:
    """How long to wait after an attempt that failed: twice as long as after the one before."""
    return FIRST_WAIT_SECONDS if last is None else min(2 * last.wait_seconds, LONGEST_WAIT_SECONDS)
