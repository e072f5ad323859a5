"""The keys that limit what building an edition may cost reach the processes that build."""

from __future__ import annotations

from pressrun.daemon.services import limits_of_editions
from pressrun.sandbox.helper import HelperLimits
from pressrun.services.limit_settings import LimitSettings


def test_each_key_is_a_limit_of_the_process() -> None:
    """Processor time in whole seconds, as the system counts it."""
    found = limits_of_editions(
        LimitSettings(edition_seconds=7.5, edition_cpu_seconds=0.2, edition_memory_bytes=1 << 28)
    )
    assert HelperLimits(wall_seconds=7.5, cpu_seconds=1, memory_bytes=1 << 28) == found
