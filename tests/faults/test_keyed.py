"""Requests with keys have one effect each, however often the daemon is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.keyed import kill_while_clients_repeat


@pytest.mark.thorough
def test_a_request_with_a_key_has_one_effect_whatever_is_killed(tmp_path: Path) -> None:
    toll = kill_while_clients_repeat(tmp_path / "instance", requests=150, kills=6, rows=20_000, seed=7)
    assert toll.is_good, str(toll)
