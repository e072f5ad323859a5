"""Fixtures that the tests of the daemon's loops share with those of delivery: a queue, workers, a relay."""

from __future__ import annotations

from tests.delivery.conftest import harness
from tests.delivery.worker.conftest import rig

__all__ = ["harness", "rig"]
