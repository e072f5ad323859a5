"""`doctor` once a week: when, whether at all, and what becomes of its findings."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.config import Settings, load_settings, write_initial_config
from pressrun.core.current import Holder
from pressrun.core.errors import Unavailable
from pressrun.core.upkeep.alerts import ALERT_SECONDS, Cause
from pressrun.daemon.health import doctor_rounds
from pressrun.daemon.health.doctor_rounds import (
    WEEK_SECONDS,
    DoctorRounds,
    RoundFailed,
    WeeklyFindings,
    is_wanted,
    next_round,
    run_doctor,
)
from pressrun.services.upkeep.readiness import Obstacle

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")

NOW = 1_790_000_000.0
FOUND: dict[str, Any] = {
    "checked_at": "2026-09-21T00:00:00Z",
    "counts": {"pass": 1, "warn": 1, "fail": 1},
    "findings": [
        {"check": "disk", "severity": "pass", "message": "room", "remedy": ""},
        {"check": "clock", "severity": "warn", "message": "no NTP", "remedy": "chrony"},
        {"check": "mx", "severity": "fail", "message": "no MX", "remedy": "a record"},
    ],
}


def settings_of(folder: Path, *lines: str, mail_domain: str = "news.harbour.se") -> Settings:
    path = write_initial_config(folder)
    text = path.read_text(encoding="utf-8").replace("lists.example.test", mail_domain)
    text = text.replace("\n[doctor]\n", "\n[doctor]\n" + "\n".join(lines) + "\n")
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


class Rounds:
    """Rounds whose clock stands at their hour, or a moment before it."""

    def __init__(self, settings: Settings, run: Callable[[Settings], Awaitable[bytes]]) -> None:
        self.now = NOW
        self.shown: list[tuple[dict[str, int], float]] = []
        self.mailed: list[Obstacle] = []
        self.is_database_there = True
        self.has_arrived = False
        self.rounds = DoctorRounds(Holder(settings), lambda: self.now, self._show, self._mail, run)

    def _show(self, counts: Mapping[str, int], at: float) -> None:
        self.shown.append((dict(counts), at))

    async def _mail(self, obstacle: Obstacle) -> bool:
        if not self.is_database_there:
            raise Unavailable("the database does not answer")
        if not self.has_arrived:
            self.mailed.append(obstacle)
        return not self.has_arrived

    async def at_its_hour(self) -> None:
        self.now = self.rounds.due_at
        await self.rounds.step()


async def findings(_: Settings) -> bytes:
    return json.dumps(FOUND).encode()


def test_an_installation_has_an_hour_of_its_own() -> None:
    """The same each week, after now and within a week, and another than that of most others."""
    hours = {next_round(NOW, f"{number}.harbour.se") for number in range(50)}
    assert len(hours) == 50
    assert all(NOW < hour <= NOW + WEEK_SECONDS for hour in hours)
    first = next_round(NOW, "news.harbour.se")
    assert first + WEEK_SECONDS == next_round(first, "news.harbour.se")
    assert first == next_round(first - 1, "news.harbour.se")


async def test_a_clock_that_was_set_back_does_not_end_the_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a clock of its own may start in a later year."""
    monkeypatch.setattr(doctor_rounds, "POLL_SECONDS", 0.0)
    rounds = Rounds(settings_of(tmp_path), findings)
    rounds.now = NOW - 52 * WEEK_SECONDS
    await rounds.rounds.step()
    assert next_round(rounds.now, "news.harbour.se") == rounds.rounds.due_at
    await rounds.at_its_hour()
    assert 1 == len(rounds.shown)


@pytest.mark.parametrize(
    ("mail_domain", "lines", "expected"),
    [
        ("news.harbour.se", (), True),
        ("news.harbour.se", ("weekly = false",), False),
        ("lists.example.test", (), False),
        ("news.example.org", (), False),
        ("lists.example.test", ("weekly = true",), True),
    ],
)
def test_whether_at_all(mail_domain: str, lines: tuple[str, ...], expected: bool, tmp_path: Path) -> None:
    """About a reserved name nobody outside can say anything, unless somebody asks for it."""
    assert expected is is_wanted(settings_of(tmp_path, *lines, mail_domain=mail_domain))


async def test_findings_are_logged_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What passes is not named; the levels are those of the severities."""
    caplog.set_level(logging.INFO)
    rounds = Rounds(settings_of(tmp_path), findings)
    due_at = rounds.rounds.due_at
    await rounds.at_its_hour()
    assert [({"pass": 1, "warn": 1, "fail": 1}, due_at)] == rounds.shown
    lines = [(record.levelname, record.message, record.__dict__["fields"]) for record in caplog.records]
    assert [
        ("WARNING", "doctor.found", {"check": "clock", "finding": "no NTP", "remedy": "chrony"}),
        ("ERROR", "doctor.found", {"check": "mx", "finding": "no MX", "remedy": "a record"}),
        ("INFO", "doctor.finished", {"passed": 1, "warnings": 1, "failures": 1}),
    ] == lines
    assert due_at + WEEK_SECONDS == rounds.rounds.due_at


async def test_the_operator_is_mailed_what_failed(tmp_path: Path) -> None:
    """Who looks at neither log nor metrics would not learn that a DNS record has gone; a warning can wait for them."""
    rounds = Rounds(settings_of(tmp_path), findings)
    await rounds.at_its_hour()
    assert [Obstacle(Cause.DOCTOR, "mx: no MX. a record")] == rounds.mailed


async def test_a_mail_that_cannot_be_queued_is_queued_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a week later, and not as if doctor had not run."""
    monkeypatch.setattr(doctor_rounds, "POLL_SECONDS", 0)
    rounds = Rounds(settings_of(tmp_path), findings)
    rounds.is_database_there = False
    await rounds.at_its_hour()
    assert [] == rounds.mailed
    rounds.is_database_there = True
    await rounds.rounds.step()
    assert [Cause.DOCTOR] == [obstacle.cause for obstacle in rounds.mailed]
    assert "doctor.not_run" not in {record.message for record in caplog.records}


async def test_a_mail_that_does_not_arrive_is_followed_by_another_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step checks whether one is due; after a day, it would be a second one about the same run."""
    monkeypatch.setattr(doctor_rounds, "POLL_SECONDS", 0)
    rounds = Rounds(settings_of(tmp_path), findings)
    await rounds.at_its_hour()
    rounds.now += 3600
    await rounds.rounds.step()
    assert 2 == len(rounds.mailed)
    rounds.has_arrived = True
    await rounds.rounds.step()
    rounds.has_arrived = False
    rounds.now += ALERT_SECONDS - 3600
    await rounds.rounds.step()
    assert 2 == len(rounds.mailed)


async def test_without_a_failure_there_is_no_mail(tmp_path: Path) -> None:
    async def warned(_: Settings) -> bytes:
        return json.dumps({**FOUND, "findings": FOUND["findings"][:2]}).encode()

    rounds = Rounds(settings_of(tmp_path), warned)
    await rounds.at_its_hour()
    assert [] == rounds.mailed


async def test_a_start_is_not_followed_by_a_round(tmp_path: Path) -> None:
    """Nor is a moment before the hour."""
    rounds = Rounds(settings_of(tmp_path), findings)
    step = asyncio.create_task(rounds.rounds.step())
    for _ in range(20):
        await asyncio.sleep(0)
    assert (False, []) == (step.done(), rounds.shown)
    step.cancel()


async def test_where_it_is_off_the_hour_passes(tmp_path: Path) -> None:
    rounds = Rounds(settings_of(tmp_path, "weekly = false"), findings)
    await rounds.at_its_hour()
    assert rounds.shown == []
    assert rounds.rounds.due_at > rounds.now


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (b'{"error": "no such file"}', "no such file"),
        (b'{"findings": []}', '{"findings": []}'),
        (b"Traceback:\nMemoryError\n\n", "MemoryError"),
        (b"", "see `pressrun doctor`"),
    ],
)
async def test_what_is_no_answer_is_logged(
    printed: bytes, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With why, as far as it can be known. And the loop goes on."""

    async def run(_: Settings) -> bytes:
        return printed

    rounds = Rounds(settings_of(tmp_path), run)
    await rounds.at_its_hour()
    assert rounds.shown == []
    [record] = caplog.records
    assert ("doctor.not_run", f"it printed no findings: {reason}") == (
        record.message,
        record.__dict__["fields"]["problem"],
    )


async def test_a_command_that_crashes_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is that of warnings, and it has printed nothing."""
    (tmp_path / "click.py").write_text("raise OSError(24, 'Too many open files')", encoding="utf-8")
    settings = settings_of(tmp_path / "etc")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RoundFailed, match=r"it ended with 1: OSError: \[Errno 24\] Too many open files"):
        await run_doctor(settings)


async def test_the_command_itself_runs_beside_the_daemon(tmp_path: Path) -> None:
    """A process of its own; what it prints can be read."""
    settings = settings_of(tmp_path, mail_domain="lists.example.test")
    printed = msgspec.json.decode(await run_doctor(settings), type=WeeklyFindings)
    assert sum(printed.counts.values()) == len(printed.findings) > 10


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    """Here, because the configuration has become invalid."""
    settings = settings_of(tmp_path)
    settings.source.write_text("data_dir = 1\n", encoding="utf-8")
    with pytest.raises(RoundFailed, match=r"it ended with 78: .*base_url"):
        await run_doctor(settings)
