"""Mail from anywhere neither harms the daemon nor is lost by a kill; `tests.faults` runs the same for longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.attacks import MIB
from tests.faults.hostile import attack
from tests.faults.mails import kill_after_each

pytestmark = pytest.mark.thorough


def test_kills_right_after_the_250(sink_program: Path, tmp_path: Path) -> None:
    """Each mail of every kind is processed once, also one that comes again after the kill."""
    account = kill_after_each(sink_program, tmp_path, kills=5, seed=1, within_seconds=0.02, again_every=5)
    assert account.is_good, str(account)


@pytest.mark.timeout(1000)  # beyond what the attack itself waits for
def test_hostile_mail(sink_program: Path, tmp_path: Path) -> None:
    """Replies come in time, the daemon lives and logs no fault, and large mails hold no more than they may."""
    damage = attack(sink_program, tmp_path, connections=30, size=8 * MIB, hold=0.5)
    assert damage.is_none, str(damage)
    assert damage.latency.failed == 0, str(damage)
    assert damage.memory_mib[2] < 300, str(damage)  # 60 mails of 8 MiB are 480
