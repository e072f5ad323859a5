"""When a failing relay is tried again, and what of its troubles is worth a line in the log."""

from __future__ import annotations

import pytest

from pressrun.delivery.relay import health as health_module
from pressrun.delivery.relay.health import TOLD_AGAIN_SECONDS, Health
from pressrun.smtp.errors import Fault, Problem

AWAY = Problem(Fault.CONNECT, "cannot connect")


def test_a_relay_that_goes_on_failing_is_told_again_after_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """With how long it has failed; not at every probe in between."""
    now = [1000.0]
    health = Health("primary", lambda: now[0])
    for at in (0.0, 60.0, TOLD_AGAIN_SECONDS - 1, TOLD_AGAIN_SECONDS, TOLD_AGAIN_SECONDS + 60):
        now[0] = 1000.0 + at
        health.failed(AWAY, while_open=False, others_work=False)
    told = [record.__dict__["fields"]["seconds"] for record in caplog.records if record.message == "relay.failing"]
    assert [0, TOLD_AGAIN_SECONDS] == told


def test_the_delays_double_and_begin_anew_when_somebody_wants_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first to the longest; and again from the first."""
    monkeypatch.setattr(health_module, "FIRST_DELAY_SECONDS", 1.0)
    health = Health("primary", lambda: 1000.0)
    assert [1, 2, 4, 8, 16, 32, 60, 60] == [health.next_delay_seconds() for _ in range(8)]
    health.restart_delays()
    assert [1, 2] == [health.next_delay_seconds() for _ in range(2)]
