"""What people change about their own log-in, and what that ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.database import select
from tests.services.log_ins.log_in_harness import PASSWORD, VISITOR, LogInHarness

from pressrun.core.access.login_codes import app_secret
from pressrun.core.access.passwords import WeakPassword
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.errors import BadInput, NotFound, NotPermitted, Refused
from pressrun.services.log_ins.account import AppIsOn, AppSetup
from pressrun.services.log_ins.context import Attempt
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people import log_ins, people

Change = Callable[[LogInHarness, int, int], Awaitable[object]]


async def _new_password(harness: LogInHarness, person_id: int, session_id: int) -> None:
    await harness.account.set_password(person_id, session_id, "other words entirely")


async def _no_password(harness: LogInHarness, person_id: int, session_id: int) -> None:
    await harness.account.remove_password(person_id, session_id)


async def _new_app(harness: LogInHarness, person_id: int, session_id: int) -> None:
    setup = harness.account.begin_app(person_id)
    await harness.account.add_app(person_id, session_id, setup.sealed, _shown(harness, setup))


def _shown(harness: LogInHarness, setup: AppSetup) -> str:
    """The code that the app shows now."""
    return code_at(setup.secret, int(harness.now // STEP_SECONDS))


async def _no_app(harness: LogInHarness, person_id: int, session_id: int) -> None:
    await harness.account.remove_app(person_id, session_id)


async def _new_passkey(harness: LogInHarness, person_id: int, session_id: int) -> None:
    await harness.add_passkey(person_id, session_id)


async def _others(harness: LogInHarness, person_id: int, session_id: int) -> None:
    await harness.account.end_other_sessions(person_id, session_id)


@pytest.mark.parametrize("change", [_new_password, _no_password, _new_app, _no_app, _new_passkey, _others])
async def test_a_change_ends_all_other_sessions_of_the_person(harness: LogInHarness, change: Change) -> None:
    """The one in which it is made goes on, and so do those of others."""
    ann, bob = await harness.add_person("ann"), await harness.add_person("bob")
    for person_id in (ann, bob):
        await harness.set_password(person_id)
    secrets = [await harness.enter(name) for name in ("ann", "ann", "bob")]
    await change(harness, ann, secrets[0][1])
    assert [True, False, True] == [await harness.sessions.find(secret) is not None for secret, _ in secrets]


@pytest.mark.parametrize("change", [_new_password, _no_password, _new_app, _no_app, _new_passkey, _others])
async def test_a_session_that_has_ended_meanwhile_changes_nothing(harness: LogInHarness, change: Change) -> None:
    """Hashing takes time: a session that ends before it is done must not have the last word."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    _, stale = await harness.enter("ann")
    await harness.database.write(people.end_sessions, ann)
    kept, _ = await harness.enter("ann")
    before = await _ways(harness)
    with pytest.raises(NotPermitted):
        await change(harness, ann, stale)
    assert before == await _ways(harness)
    assert await harness.sessions.find(kept) is not None


async def _ways(harness: LogInHarness) -> list[list[tuple[object, ...]]]:
    return [
        await select(harness.database, f"select * from {table}")
        for table in ("password", "authenticator_app", "passkey")
    ]


async def test_a_log_in_that_a_change_overtakes_opens_nothing(harness: LogInHarness) -> None:
    """A password that was right a moment ago, a passkey that was there: what ends all sessions ends theirs as well."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    _, mine = await harness.enter("ann")
    authenticator = await harness.add_passkey(ann, mine)
    answer = authenticator.get(harness.ceremonies.login_options())
    owner = await harness.database.read(log_ins.find_by_passkey, harness.ceremonies.credential_id(answer))
    assert owner is not None
    await harness.account.end_other_sessions(ann, mine)
    attempt = Attempt([], harness.now)
    entered = await harness.database.write(harness.log_ins._enter_by_passkey, owner, 0, attempt, VISITOR)
    assert entered is not None
    assert await harness.sessions.find(entered.secret) is None


async def test_one_session_can_be_ended(harness: LogInHarness) -> None:
    """One's own alone."""
    ann, bob = await harness.add_person("ann"), await harness.add_person("bob")
    await harness.set_password(ann)
    secret, session_id = await harness.enter("ann")
    with pytest.raises(NotFound):
        await harness.account.end_session(bob, session_id)
    assert await harness.sessions.find(secret) is not None
    await harness.account.end_session(ann, session_id)
    assert await harness.sessions.find(secret) is None


@pytest.mark.parametrize("password", ["short", "ann@town.example", "1q2w3e4r5t6y", "x" * 2000])
async def test_a_weak_password_is_refused(harness: LogInHarness, password: str) -> None:
    """And the former one stays."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    with pytest.raises(WeakPassword):
        await harness.account.set_password(ann, 0, password)
    assert await harness.by_password("ann", PASSWORD) is not None


async def test_an_app_must_show_its_code_first(harness: LogInHarness) -> None:
    """A secret that was not scanned must not shut anybody out."""
    ann = await harness.add_person("ann")
    setup = harness.account.begin_app(ann)
    right, sealed = _shown(harness, setup), setup.sealed
    for typed, offered in (("000000" if right != "000000" else "1", sealed), (right, sealed[:16]), (right, b"")):
        with pytest.raises(BadInput):
            await harness.account.add_app(ann, 0, offered, typed)
    assert (await harness.account.overview(ann)).credentials.app_added_at is None


async def test_recovery_codes_need_an_app_and_replace_the_former(harness: LogInHarness) -> None:
    """There are ten at any time, and none in plain in the database."""
    ann = await harness.add_person("ann")
    with pytest.raises(Refused):
        await harness.account.renew_recovery_codes(ann, 0)
    await _new_app(harness, ann, 0)
    codes = await harness.account.renew_recovery_codes(ann, 0)
    assert 10 == (await harness.account.overview(ann)).credentials.recovery_codes
    assert codes[0] not in str(await select(harness.database, "select * from recovery_code"))
    await harness.account.remove_app(ann, 0)
    assert 0 == (await harness.account.overview(ann)).credentials.recovery_codes


async def test_the_database_has_no_secret_of_an_app(harness: LogInHarness) -> None:
    """What is stored is a salt, from which only the key makes the secret."""
    ann = await harness.add_person("ann")
    await _new_app(harness, ann, 0)
    ((salt,),) = await select(harness.database, "select salt from authenticator_app")
    secret = app_secret(harness.keys, bytes(salt))
    assert (16, 20, False) == (len(salt), len(secret), bytes(salt) in secret)


async def test_a_salt_from_the_database_shows_nobody_a_secret(harness: LogInHarness) -> None:
    """Neither as it is nor with the seal of somebody else's setup: a copy of the database must let nobody in."""
    ann, bob = await harness.add_person("ann"), await harness.add_person("bob")
    await _new_app(harness, ann, 0)
    ((salt,),) = await select(harness.database, "select salt from authenticator_app")
    seal = harness.account.begin_app(bob).sealed[16:]
    for sealed in (bytes(salt), bytes(salt) + seal, bytes(salt) + bytes(16)):
        assert harness.account.find_setup(bob, sealed) is None
    own = harness.account.begin_app(bob)
    assert (own, None) == (harness.account.find_setup(bob, own.sealed), harness.account.find_setup(ann, own.sealed))


async def test_the_form_of_an_app_that_is_posted_twice_makes_no_used_code_valid(harness: LogInHarness) -> None:
    """The code that set the app up, and each after it, counts once."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    setup = harness.account.begin_app(ann)
    first = _shown(harness, setup)
    codes = await harness.account.add_app(ann, 0, setup.sealed, first)
    harness.now += STEP_SECONDS
    used = _shown(harness, setup)
    assert isinstance(await harness.by_password("ann", code=used), Entered)
    for code in (first, used, "000000"):
        with pytest.raises(AppIsOn):
            await harness.account.add_app(ann, 0, setup.sealed, code)
    assert await harness.by_password("ann", code=used) is None
    assert isinstance(await harness.by_password("ann", code=codes[0]), Entered)


async def test_a_passkey_is_made_once(harness: LogInHarness) -> None:
    """The same answer adds nothing a second time, and the browser is told which there are."""
    ann = await harness.add_person("ann")
    authenticator = await harness.add_passkey(ann)
    options = await harness.account.passkey_options(ann)
    assert 1 == len(options["excludeCredentials"])
    with pytest.raises(Refused, match="known"):
        await harness.account.add_passkey(ann, 0, authenticator.create(options), "Firefox")


async def test_a_person_has_twenty_passkeys_at_most(harness: LogInHarness) -> None:
    """Nobody else's count."""
    ann, bob = await harness.add_person("ann"), await harness.add_person("bob")
    for _ in range(20):
        await harness.add_passkey(ann)
    with pytest.raises(Refused, match="at most 20"):
        await harness.add_passkey(ann)
    await harness.add_passkey(bob)


async def test_an_operator_with_a_passkey_changes_no_log_in_by_password_alone(harness: LogInHarness) -> None:
    """Otherwise a leaked password would be enough to add a passkey, and so to do everything."""
    ann = await harness.add_person("ann", is_operator=True)
    await harness.set_password(ann)
    _, session = await harness.enter("ann")
    await harness.add_passkey(ann, session)
    _, session = await harness.enter("ann")
    with pytest.raises(NotPermitted, match="you have a passkey"):
        await harness.add_passkey(ann, session)
