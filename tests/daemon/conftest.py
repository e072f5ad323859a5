"""Fixtures that the tests of the daemon's loops share with those of delivery: a queue, workers, a relay."""

from __future__ import annotations

from tests.delivery.conftest import press
from tests.delivery.worker.conftest import house

__all__ = ["house", "press"]
