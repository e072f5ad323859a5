"""What the tests of faults share: the sink and the houses of the tests from outside."""

from __future__ import annotations

from tests.e2e.conftest import furnished, house, make_house

__all__ = ["furnished", "house", "make_house"]
