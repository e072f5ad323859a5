"""What people change about their own log-in, and what that ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.database import select
from tests.services.log_ins.lobby import PASSWORD, VISITOR, Lobby

from pressrun.core.access.login_codes import app_secret
from pressrun.core.access.passwords import WeakPassword
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.errors import BadInput, NotFound, NotPermitted, Refused
from pressrun.services.log_ins.account import AppIsOn, AppSetup
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people import log_ins, people

Change = Callable[[Lobby, int, int], Awaitable[object]]


async def _new_password(lobby: Lobby, person_id: int, session_id: int) -> None:
    await lobby.account.set_password(person_id, session_id, "other words entirely")


async def _no_password(lobby: Lobby, person_id: int, session_id: int) -> None:
    await lobby.account.remove_password(person_id, session_id)


async def _new_app(lobby: Lobby, person_id: int, session_id: int) -> None:
    setup = lobby.account.begin_app(person_id)
    await lobby.account.add_app(person_id, session_id, setup.sealed, _shown(lobby, setup))


def _shown(lobby: Lobby, setup: AppSetup) -> str:
    """The code that the app shows now."""
    return code_at(setup.secret, int(lobby.now // STEP_SECONDS))


async def _no_app(lobby: Lobby, person_id: int, session_id: int) -> None:
    await lobby.account.remove_app(person_id, session_id)


async def _new_passkey(lobby: Lobby, person_id: int, session_id: int) -> None:
    await lobby.add_passkey(person_id, session_id)


async def _others(lobby: Lobby, person_id: int, session_id: int) -> None:
    await lobby.account.end_other_sessions(person_id, session_id)


@pytest.mark.parametrize("change", [_new_password, _no_password, _new_app, _no_app, _new_passkey, _others])
async def test_a_change_ends_all_other_sessions_of_the_person(lobby: Lobby, change: Change) -> None:
    """The one in which it is made goes on, and so do those of others."""
    ann, bob = await lobby.add_person("ann"), await lobby.add_person("bob")
    for person_id in (ann, bob):
        await lobby.set_password(person_id)
    secrets = [await lobby.enter(name) for name in ("ann", "ann", "bob")]
    await change(lobby, ann, secrets[0][1])
    assert [True, False, True] == [await lobby.sessions.find(secret) is not None for secret, _ in secrets]


@pytest.mark.parametrize("change", [_new_password, _no_password, _new_app, _no_app, _new_passkey, _others])
async def test_a_session_that_has_ended_meanwhile_changes_nothing(lobby: Lobby, change: Change) -> None:
    """Hashing takes time: a session that ends before it is done must not have the last word."""
    ann = await lobby.add_person("ann")
    await lobby.set_password(ann)
    _, stale = await lobby.enter("ann")
    await lobby.database.write(people.end_sessions, ann)
    kept, _ = await lobby.enter("ann")
    before = await _ways(lobby)
    with pytest.raises(NotPermitted):
        await change(lobby, ann, stale)
    assert before == await _ways(lobby)
    assert await lobby.sessions.find(kept) is not None


async def _ways(lobby: Lobby) -> list[list[tuple[object, ...]]]:
    return [
        await select(lobby.database, f"select * from {table}") for table in ("password", "authenticator_app", "passkey")
    ]


async def test_a_log_in_that_a_change_overtakes_opens_nothing(lobby: Lobby) -> None:
    """A password that was right a moment ago, a passkey that was there: what ends all sessions ends theirs as well."""
    ann = await lobby.add_person("ann")
    await lobby.set_password(ann)
    _, mine = await lobby.enter("ann")
    authenticator = await lobby.add_passkey(ann, mine)
    answer = authenticator.get(lobby.ceremonies.login_options())
    owner = await lobby.database.read(log_ins.find_by_passkey, lobby.ceremonies.credential_id(answer))
    assert owner is not None
    await lobby.account.end_other_sessions(ann, mine)
    entered = await lobby.database.write(lobby.log_ins._enter_by_passkey, owner, 0, [], lobby.now, VISITOR)
    assert entered is not None
    assert await lobby.sessions.find(entered.secret) is None


async def test_one_session_can_be_ended(lobby: Lobby) -> None:
    """One's own alone."""
    ann, bob = await lobby.add_person("ann"), await lobby.add_person("bob")
    await lobby.set_password(ann)
    secret, session_id = await lobby.enter("ann")
    with pytest.raises(NotFound):
        await lobby.account.end_session(bob, session_id)
    assert await lobby.sessions.find(secret) is not None
    await lobby.account.end_session(ann, session_id)
    assert await lobby.sessions.find(secret) is None


@pytest.mark.parametrize("password", ["short", "ann@town.example", "1q2w3e4r5t6y", "x" * 2000])
async def test_a_weak_password_is_refused(lobby: Lobby, password: str) -> None:
    """And the former one stays."""
    ann = await lobby.add_person("ann")
    await lobby.set_password(ann)
    with pytest.raises(WeakPassword):
        await lobby.account.set_password(ann, 0, password)
    assert await lobby.by_password("ann", PASSWORD) is not None


async def test_an_app_must_show_its_code_first(lobby: Lobby) -> None:
    """A secret that was not scanned must not shut anybody out."""
    ann = await lobby.add_person("ann")
    setup = lobby.account.begin_app(ann)
    right, sealed = _shown(lobby, setup), setup.sealed
    for typed, offered in (("000000" if right != "000000" else "1", sealed), (right, sealed[:16]), (right, b"")):
        with pytest.raises(BadInput):
            await lobby.account.add_app(ann, 0, offered, typed)
    assert (await lobby.account.overview(ann)).credentials.app_added_at is None


async def test_recovery_codes_need_an_app_and_replace_the_former(lobby: Lobby) -> None:
    """There are ten at any time, and none in plain in the database."""
    ann = await lobby.add_person("ann")
    with pytest.raises(Refused):
        await lobby.account.renew_recovery_codes(ann, 0)
    await _new_app(lobby, ann, 0)
    codes = await lobby.account.renew_recovery_codes(ann, 0)
    assert 10 == (await lobby.account.overview(ann)).credentials.recovery_codes
    assert codes[0] not in str(await select(lobby.database, "select * from recovery_code"))
    await lobby.account.remove_app(ann, 0)
    assert 0 == (await lobby.account.overview(ann)).credentials.recovery_codes


async def test_the_database_has_no_secret_of_an_app(lobby: Lobby) -> None:
    """What is stored is a salt, from which only the key makes the secret."""
    ann = await lobby.add_person("ann")
    await _new_app(lobby, ann, 0)
    ((salt,),) = await select(lobby.database, "select salt from authenticator_app")
    secret = app_secret(lobby.keys, bytes(salt))
    assert (16, 20, False) == (len(salt), len(secret), bytes(salt) in secret)


async def test_a_salt_from_the_database_shows_nobody_a_secret(lobby: Lobby) -> None:
    """Neither as it is nor with the seal of somebody else's setup: a copy of the database must let nobody in."""
    ann, bob = await lobby.add_person("ann"), await lobby.add_person("bob")
    await _new_app(lobby, ann, 0)
    ((salt,),) = await select(lobby.database, "select salt from authenticator_app")
    seal = lobby.account.begin_app(bob).sealed[16:]
    for sealed in (bytes(salt), bytes(salt) + seal, bytes(salt) + bytes(16)):
        assert lobby.account.find_setup(bob, sealed) is None
    own = lobby.account.begin_app(bob)
    assert (own, None) == (lobby.account.find_setup(bob, own.sealed), lobby.account.find_setup(ann, own.sealed))


async def test_the_form_of_an_app_that_is_posted_twice_makes_no_used_code_valid(lobby: Lobby) -> None:
    """The code that set the app up, and each after it, counts once."""
    ann = await lobby.add_person("ann")
    await lobby.set_password(ann)
    setup = lobby.account.begin_app(ann)
    first = _shown(lobby, setup)
    codes = await lobby.account.add_app(ann, 0, setup.sealed, first)
    lobby.now += STEP_SECONDS
    used = _shown(lobby, setup)
    assert isinstance(await lobby.by_password("ann", code=used), Entered)
    for code in (first, used, "000000"):
        with pytest.raises(AppIsOn):
            await lobby.account.add_app(ann, 0, setup.sealed, code)
    assert await lobby.by_password("ann", code=used) is None
    assert isinstance(await lobby.by_password("ann", code=codes[0]), Entered)


async def test_a_passkey_is_made_once(lobby: Lobby) -> None:
    """The same answer adds nothing a second time, and the browser is told which there are."""
    ann = await lobby.add_person("ann")
    authenticator = await lobby.add_passkey(ann)
    options = await lobby.account.passkey_options(ann)
    assert 1 == len(options["excludeCredentials"])
    with pytest.raises(Refused, match="known"):
        await lobby.account.add_passkey(ann, 0, authenticator.create(options), "Firefox")


async def test_an_operator_with_a_passkey_changes_no_log_in_by_password_alone(lobby: Lobby) -> None:
    """Otherwise a leaked password would be enough to add a passkey, and so to do everything."""
    ann = await lobby.add_person("ann", is_operator=True)
    await lobby.set_password(ann)
    _, session = await lobby.enter("ann")
    await lobby.add_passkey(ann, session)
    _, session = await lobby.enter("ann")
    with pytest.raises(NotPermitted, match="you have a passkey"):
        await lobby.add_passkey(ann, session)
