"""What the tests of faults share: the sink and the instances of the tests from outside."""

from __future__ import annotations

from tests.e2e.conftest import (
    furnished,
    furnished_on_server,
    instance,
    make_instance,
    own_databases,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)

__all__ = [
    "furnished",
    "furnished_on_server",
    "instance",
    "make_instance",
    "own_databases",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]
