"""Who a proxy has logged in."""

from __future__ import annotations

import pytest
from tests.services.log_ins.log_in_harness import LogInHarness

from pressrun.core.access.rights import Right
from pressrun.services.log_ins.context import is_proven, is_recent
from pressrun.services.log_ins.sessions import Sessions
from pressrun.store.people import people
from pressrun.store.people.log_ins import Method
from pressrun.store.transaction import Transaction


@pytest.mark.parametrize("name", ["ann", " Ann", "ann@TOWN.example"])
async def test_somebody_known_by_name_or_address(harness: LogInHarness, name: str) -> None:
    """With the rights that are ours to give, and at once without them."""
    number = await harness.add_person("ann", is_operator=True)
    logged_in = await Sessions(harness.context).find_proxied(name)
    assert logged_in is not None
    assert ("ann", Method.PROXY, True, True, True) == (
        logged_in.session.name,
        logged_in.session.method,
        is_proven(logged_in.session),
        is_recent(logged_in.session, harness.now),
        logged_in.holdings.has(Right.OPERATE),
    )
    await harness.database.write(_dismiss, number)
    logged_in = await Sessions(harness.context).find_proxied(name)
    assert logged_in is not None
    assert not logged_in.holdings.has(Right.OPERATE)


@pytest.mark.parametrize("name", ["", " ", "bob", "carl", "ann\0", "x" * 5000, "ann, bob", "ann;bob", "%", "_nn"])
async def test_anybody_else_is_nobody(harness: LogInHarness, name: str) -> None:
    """Who is unknown, and who only posts by mail."""
    await harness.add_person("ann")
    await harness.add_person("carl", may_log_in=False)
    assert await Sessions(harness.context).find_proxied(name) is None


def _dismiss(tx: Transaction, number: int) -> None:
    people.lock_person(tx, "ann")
    people.set_operator(tx, number, False)
