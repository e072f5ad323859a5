"""`pressrun doctor` once a week, for the log, the metrics and the operator: in a process of its own, so that nothing
waits for it.

Each installation has its own hour, derived from its mail_domain, so that not all of them ask the same servers at once.
A start does not cause a run: the next such hour does.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from pressrun.config.settings import Settings
from pressrun.core.current import Current
from pressrun.core.errors import Unavailable
from pressrun.core.upkeep.alerts import ALERT_SECONDS, Cause
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity
from pressrun.observe.log import event
from pressrun.operations.dns import is_reserved
from pressrun.runtime.child_process import CANNOT_START, kill
from pressrun.services.background import BackgroundLoop
from pressrun.services.ports import Clock
from pressrun.services.upkeep.alert_watch import MOST_TEXT, MailAlert
from pressrun.services.upkeep.readiness import Obstacle

log = logging.getLogger("pressrun.doctor")

WEEK_SECONDS = 7 * 86_400
POLL_SECONDS = 600.0  # so that a clock that was set, or a machine that was asleep, is noticed
ROUND_SECONDS = 600.0  # for all checks, which have limits of their own
_MOST_REASON = 200  # characters of a line
_LEVELS = {DoctorSeverity.WARN: logging.WARNING, DoctorSeverity.FAIL: logging.ERROR}

RunDoctor = Callable[[Settings], Awaitable[bytes]]
"""Runs `pressrun doctor --json` and returns what it printed; raises RoundFailed."""


class RoundFailed(Exception):
    """There were no findings; the message says why."""


class WeeklyFindings(msgspec.Struct, frozen=True):
    """What `doctor --json` prints."""

    findings: list[DoctorFinding]
    counts: dict[DoctorSeverity, int]


class DoctorRounds(BackgroundLoop):
    """Waits for the hour, runs doctor, and shows what it found; the operator gets an email if something failed."""

    name = "doctor"
    unavailable = "doctor.not_run"

    def __init__(
        self,
        settings: Current[Settings],
        clock: Clock,
        show: Callable[[Mapping[str, int], float], None],
        mail: MailAlert,
        run: RunDoctor | None = None,
    ) -> None:
        super().__init__(clock)
        self._settings = settings
        self._clock = clock
        self._show = show
        self._mail = mail
        self._run = run or run_doctor
        self._obstacle: Obstacle | None = None  # what the latest run found, for a day
        self._found_at = 0.0
        self.due_at = next_round(clock(), settings.value.site.mail_domain)

    async def step(self) -> bool:
        """Wait for a while, and run doctor if it is due."""
        await asyncio.sleep(min(POLL_SECONDS, max(0.0, self.due_at - self._clock())))
        now = self._clock()
        if self.due_at - now > WEEK_SECONDS:  # the clock was set back
            self.due_at = next_round(now, self._settings.value.site.mail_domain)
        if now >= self.due_at:
            self.due_at = next_round(now, self._settings.value.site.mail_domain)
            if is_wanted(self._settings.value):
                await self._run_round(now)
        if self._obstacle is not None:
            await self._say(self._obstacle, now)
        return True

    async def _run_round(self, now: float) -> None:
        try:
            weekly = _read_findings(await self._run(self._settings.value))
        except RoundFailed as problem:
            event(log, "doctor.not_run", level=logging.WARNING, problem=str(problem))
            return
        for each in weekly.findings:
            if each.severity in _LEVELS:
                event(
                    log,
                    "doctor.found",
                    level=_LEVELS[each.severity],
                    check=each.check,
                    finding=each.message,
                    remedy=each.remedy,
                )
        counts = {severity.value: weekly.counts.get(severity, 0) for severity in DoctorSeverity}
        event(log, "doctor.finished", passed=counts["pass"], warnings=counts["warn"], failures=counts["fail"])
        self._show(counts, now)
        failures = [each for each in weekly.findings if each.severity is DoctorSeverity.FAIL]
        self._obstacle = Obstacle(Cause.DOCTOR, _describe(failures)) if failures else None
        self._found_at = now

    async def _say(self, obstacle: Obstacle, now: float) -> None:
        """Queue the email. Each further step of the day queues it again, but it is due only if that one failed."""
        if now - self._found_at >= ALERT_SECONDS:
            self._obstacle = None
            return
        with suppress(Unavailable):  # tried again in the next step
            await self._mail(obstacle)


def _describe(failures: Sequence[DoctorFinding]) -> str:
    """The failures with their remedies: somebody who never sees the log must understand the email."""
    text = "; ".join(f"{each.check}: {each.message}. {each.remedy}".rstrip(". ") for each in failures)
    return text[:MOST_TEXT]


def is_wanted(settings: Settings) -> bool:
    """Whether the configuration asks for it, or says nothing about it and the installation is public."""
    weekly = settings.doctor.weekly
    return not is_reserved(settings.site.mail_domain) if weekly is None else weekly


def next_round(now: float, mail_domain: str) -> float:
    """The first moment after `now` that is the hour of an installation, in UTC seconds."""
    digest = hashlib.sha256(mail_domain.encode()).digest()
    hour = int.from_bytes(digest[:8], "big") % WEEK_SECONDS
    return hour + ((now - hour) // WEEK_SECONDS + 1) * WEEK_SECONDS


async def run_doctor(settings: Settings) -> bytes:
    """The command itself, as an operator would call it."""
    command = [sys.executable, "-P", "-m", "pressrun", "--config", str(settings.source), "doctor", "--json"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except CANNOT_START as problem:
        raise RoundFailed(f"it cannot be started ({type(problem).__name__})") from None
    try:
        async with asyncio.timeout(ROUND_SECONDS):
            printed, complaints = await process.communicate()
    except TimeoutError:
        raise RoundFailed(f"it took more than {ROUND_SECONDS:g} s") from None
    finally:
        await _end(process)
    if process.returncode not in (0, 1, 2) or not printed:  # 1 is also the end of a program that crashes
        raise RoundFailed(f"it ended with {process.returncode}: {_reason(printed, complaints)}")
    return printed


def _read_findings(printed: bytes) -> WeeklyFindings:
    try:
        return msgspec.json.decode(printed, type=WeeklyFindings)
    except msgspec.DecodeError:
        raise RoundFailed(f"it printed no findings: {_reason(printed, printed)}") from None


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the child process in any case, even if the daemon is stopped while it runs."""
    kill(process)
    await process.wait()


def _reason(printed: bytes, complaints: bytes) -> str:
    """The error that it printed as JSON, or else the last line of its complaints, as of a traceback."""
    try:
        answer: Any = msgspec.json.decode(printed)
    except msgspec.DecodeError:
        answer = None
    if isinstance(answer, dict) and "error" in answer:
        return str(answer["error"])
    lines = complaints.decode(errors="replace").split("\n")
    return next((line[:_MOST_REASON] for line in reversed(lines) if line.strip()), "see `pressrun doctor`")
