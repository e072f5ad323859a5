"""Logging in by a passkey: whose it is, that it is still theirs, and that each answer counts once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.database import execute
from tests.services.log_ins.log_in_harness import VISITOR, LogInHarness

from pressrun.core.errors import NotFound
from pressrun.core.quantities import Rate, RateExceeded
from pressrun.services.log_ins.context import Attempt
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people.log_ins import Method, find_by_passkey


def _options(harness: LogInHarness) -> dict[str, Any]:
    return harness.ceremonies.login_options()


async def test_a_passkey_logs_in(harness: LogInHarness) -> None:
    """Without a name, and once for each challenge."""
    ann = await harness.add_person("ann", is_operator=True)
    authenticator = await harness.add_passkey(ann)
    answer = authenticator.get(harness.ceremonies.login_options())
    logged_in = await harness.who(await harness.log_ins.by_passkey(answer, VISITOR))
    assert logged_in is not None
    assert ("ann", Method.PASSKEY) == (logged_in.session.name, logged_in.session.method)
    assert await harness.log_ins.by_passkey(answer, VISITOR) is None


async def test_a_removed_passkey_does_not(harness: LogInHarness) -> None:
    """Not even when it was removed while its answer was on the way; only who has it removes it."""
    ann, bob = await harness.add_person("ann"), await harness.add_person("bob")
    authenticator = await harness.add_passkey(ann)
    (passkey,) = (await harness.account.overview(ann)).passkeys
    with pytest.raises(NotFound):
        await harness.account.remove_passkey(bob, 0, passkey.id)
    assert isinstance(await harness.log_ins.by_passkey(authenticator.get(_options(harness)), VISITOR), Entered)
    answer = authenticator.get(_options(harness))
    await harness.account.remove_passkey(ann, 0, passkey.id)
    assert await harness.log_ins.by_passkey(answer, VISITOR) is None


async def test_a_passkey_that_was_used_while_it_was_checked_does_not(harness: LogInHarness) -> None:
    """Two answers of one count cannot both come from the same authenticator."""
    authenticator = await harness.add_passkey(await harness.add_person("ann"))
    number = harness.ceremonies.credential_id(authenticator.get(_options(harness)))
    owner = await harness.database.read(find_by_passkey, number)
    assert owner is not None
    attempt = Attempt([], harness.now)
    entered = [
        await harness.database.write(harness.log_ins._enter_by_passkey, owner, owner.sign_count + 1, attempt, VISITOR)
        for _ in range(2)
    ]
    assert [True, False] == [isinstance(outcome, Entered) for outcome in entered]


async def test_the_passkey_of_somebody_who_may_not_log_in_does_not(harness: LogInHarness) -> None:
    """As after a restore that brought back data from before they were invited."""
    authenticator = await harness.add_passkey(await harness.add_person("ann"))
    await execute(harness.database, "update person set enrolled_at = null")
    assert await harness.log_ins.by_passkey(authenticator.get(_options(harness)), VISITOR) is None


async def test_failing_passkeys_are_limited(harness: LogInHarness) -> None:
    """By client, since they name no account."""
    harness.limit(Rate(2, 900))
    for _ in range(2):
        assert await harness.log_ins.by_passkey({"id": "AA"}, VISITOR) is None
    assert isinstance(await harness.log_ins.by_passkey({"id": "AA"}, VISITOR), RateExceeded)
