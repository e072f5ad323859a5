"""Logging in by a password, a mailed code or a passkey: who gets in, and what others learn."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.log_ins.log_in_harness import PASSWORD, VISITOR, LogInHarness

from pressrun.core.access.login_codes import mailed_code, secret_digest
from pressrun.core.access.rights import Right
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotPermitted, Unavailable
from pressrun.core.quantities import Rate, RateExceeded
from pressrun.services.log_ins.context import FRESH_SECONDS, is_recent
from pressrun.services.log_ins.log_in import CODE_SECONDS, CodeRequested
from pressrun.services.log_ins.passwords import MOST_WAITING
from pressrun.services.log_ins.sessions import Entered, LoggedIn
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.store.people.log_ins import Method

# ------------------------------------------------------------------ passwords


async def test_a_person_gets_in_by_name_or_address(harness: LogInHarness) -> None:
    """Either, in any spelling of the letters, and with the rights that they have now."""
    await harness.set_password(await harness.add_person("ann"))
    for name in ("ann", " Ann ", "ANN@town.example"):
        logged_in = await harness.who(await harness.by_password(name))
        assert logged_in is not None
        assert ("ann", Method.PASSWORD, True) == (
            logged_in.session.name,
            logged_in.session.method,
            logged_in.holdings.has(Right.DRAFTS, "news"),
        )


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "seven mild harbour"), ("ann", ""), ("bob", PASSWORD), ("", ""), ("carl", PASSWORD), ("x" * 5000, "\0")],
)
async def test_nobody_else_gets_in(harness: LogInHarness, name: str, password: str) -> None:
    """Not with another password, as somebody unknown, or as somebody without a password or a log-in."""
    await harness.set_password(await harness.add_person("ann"))
    await harness.add_person("bob")
    await harness.add_person("carl", may_log_in=False)
    assert await harness.by_password(name, password) is None


@pytest.mark.parametrize("way", ["password", "code"])
async def test_an_account_has_one_limit_in_all_spellings_of_its_address(harness: LogInHarness, way: str) -> None:
    """Letters of another width or case lead to the same account, and there are thousands of such spellings."""
    harness.limit(Rate(3, 900))
    await harness.set_password(await harness.add_person("ann"))
    for number, spelling in enumerate(
        ("ann@town.example", "Ann@ｔown.example", "ann@tｏwn.ＥXAMPLE", "ann@towｎ.example")
    ):
        visitor = replace(VISITOR, network=f"192.0.2.{number}")
        if way == "password":
            outcome = await harness.by_password(spelling, "wrong", visitor=visitor)
        else:
            outcome = await harness.log_ins.request_code(parse_address(spelling), visitor)
        assert isinstance(outcome, RateExceeded) == (number == 3)


async def test_an_attempt_that_nobody_looked_at_does_not_count(harness: LogInHarness) -> None:
    """While very many log in, people are told to come back, and can."""
    harness.limit(Rate(3, 900))
    await harness.set_password(await harness.add_person("ann"))
    harness.hashes._waiting = MOST_WAITING
    for _ in range(4):
        with pytest.raises(Unavailable):
            await harness.by_password("ann")
    harness.hashes._waiting = 0
    assert isinstance(await harness.by_password("ann"), Entered)


async def test_who_is_in_stays_in_when_their_hash_cannot_be_renewed(
    harness: LogInHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed another time."""
    await harness.set_password(await harness.add_person("ann"))

    async def make(_: str) -> str:
        raise Unavailable("too many people are logging in")

    monkeypatch.setattr(harness.hashes, "is_outdated", lambda _: True)
    monkeypatch.setattr(harness.hashes, "make", make)
    assert isinstance(await harness.by_password("ann"), Entered)


async def test_a_password_changed_while_its_hash_was_renewed_stays_changed(
    harness: LogInHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the former one, which may have leaked, would let people in again."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    make = harness.hashes.make

    async def make_late(password: str) -> str:
        monkeypatch.undo()
        await harness.account.set_password(ann, 0, "other words entirely")
        return await make(password)

    monkeypatch.setattr(harness.hashes, "is_outdated", lambda _: True)
    monkeypatch.setattr(harness.hashes, "make", make_late)
    assert isinstance(await harness.by_password("ann"), Entered)
    assert await harness.by_password("ann") is None
    assert isinstance(await harness.by_password("ann", "other words entirely"), Entered)


async def test_failures_are_limited_for_each_account(harness: LogInHarness) -> None:
    """After so many no password is looked at, the right one included, until the window opens."""
    harness.limit(Rate(3, 900))
    await harness.set_password(await harness.add_person("ann"))
    for number in range(3):
        assert await harness.by_password("ann", "wrong", visitor=replace(VISITOR, network=f"192.0.2.{number}")) is None
    late = replace(VISITOR, network="192.0.2.99")
    assert RateExceeded(harness.now + 900) == await harness.by_password("ann", visitor=late)
    harness.now += 900
    assert isinstance(await harness.by_password("ann", visitor=late), Entered)


async def test_failures_are_limited_for_each_client(harness: LogInHarness) -> None:
    """Whichever names a client tries."""
    harness.limit(Rate(3, 900))
    await harness.set_password(await harness.add_person("ann"))
    for name in "xyz":
        assert await harness.by_password(name) is None
    assert isinstance(await harness.by_password("ann"), RateExceeded)
    assert isinstance(await harness.by_password("ann", visitor=replace(VISITOR, network="192.0.2.2")), Entered)


async def test_success_is_no_failure(harness: LogInHarness) -> None:
    """Whoever logs in often is not shut out."""
    harness.limit(Rate(1, 900))
    await harness.set_password(await harness.add_person("ann"))
    for _ in range(3):
        assert isinstance(await harness.by_password("ann"), Entered)


async def test_attempts_at_once_are_limited_too(harness: LogInHarness) -> None:
    """Of thirty at the same time only so many are looked at."""
    harness.limit(Rate(3, 900))
    await harness.set_password(await harness.add_person("ann"))
    answers = await asyncio.gather(*(harness.by_password("ann", "wrong") for _ in range(30)))
    assert (3, 27) == (answers.count(None), sum(isinstance(answer, RateExceeded) for answer in answers))


async def test_a_switched_off_way_lets_nobody_in(harness: LogInHarness) -> None:
    """`sign_in` decides, whatever a form says."""
    await harness.set_password(await harness.add_person("ann"))
    secret = await _request_code(harness)
    harness.offer("passkey")
    with pytest.raises(NotPermitted):
        await harness.by_password("ann")
    with pytest.raises(NotPermitted):
        await harness.log_ins.request_code(parse_address("ann@town.example"), VISITOR)
    with pytest.raises(NotPermitted):
        await harness.log_ins.by_code(secret, _code(harness, secret), VISITOR)
    harness.offer("code")
    with pytest.raises(NotPermitted):
        await harness.log_ins.by_passkey({}, VISITOR)


async def test_a_password_changed_while_it_was_checked_is_void(harness: LogInHarness) -> None:
    """What was right when it was hashed, and is no longer, lets nobody in."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    verify = harness.hashes.verify

    async def verify_late(hashed: str | None, password: str) -> bool:
        is_right = await verify(hashed, password)
        await harness.account.set_password(ann, 0, "other words entirely")
        return is_right

    harness.hashes.verify = verify_late  # type: ignore[method-assign]
    assert await harness.by_password("ann") is None


async def test_a_log_in_by_a_clock_that_was_ahead_is_not_recent(harness: LogInHarness) -> None:
    """Otherwise it would be enough for what is dangerous until the clock gets there."""
    await harness.set_password(await harness.add_person("ann"))
    logged_in = await harness.who(await harness.by_password("ann"))
    assert logged_in is not None
    assert [False, True, True, True, False] == [
        is_recent(logged_in.session, harness.now + passed)
        for passed in (-86_400, -1, 0, FRESH_SECONDS - 1, FRESH_SECONDS)
    ]


# ------------------------------------------------------------------ apps and recovery codes


async def _with_app(harness: LogInHarness, name: str = "ann") -> tuple[bytes, list[str]]:
    """The secret of somebody's app, and their recovery codes."""
    person = await harness.add_person(name, is_operator=True)
    await harness.set_password(person)
    setup = harness.account.begin_app(person)
    code = code_at(setup.secret, int(harness.now // STEP_SECONDS))
    codes = await harness.account.add_app(person, 0, setup.sealed, code)
    harness.now += 2 * STEP_SECONDS
    return setup.secret, codes


async def test_with_an_app_the_password_alone_is_not_enough(harness: LogInHarness) -> None:
    """The code is needed, and counts once."""
    secret, _ = await _with_app(harness)
    code = code_at(secret, int(harness.now // STEP_SECONDS))
    assert await harness.by_password("ann") is None
    assert await harness.by_password("ann", code="000000" if code != "000000" else "111111") is None
    logged_in = await harness.who(await harness.by_password("ann", code=f"{code[:3]} {code[3:]}"))
    assert logged_in is not None
    assert Method.PASSWORD_AND_APP is logged_in.session.method
    assert await harness.by_password("ann", code=code) is None


async def test_a_recovery_code_stands_for_the_app_once(harness: LogInHarness) -> None:
    """Each of the ten, however it is typed; no other, nor anybody else's."""
    _, codes = await _with_app(harness)
    _, of_bob = await _with_app(harness, "bob")
    assert (10, 10) == (len(codes), len(set(codes)))
    assert isinstance(await harness.by_password("ann", code=codes[0].lower().replace("-", " ")), Entered)
    assert await harness.by_password("ann", code=codes[0]) is None
    assert isinstance(await harness.by_password("ann", code=codes[9]), Entered)
    assert await harness.by_password("ann", code="AAAA-AAAA-AAAA-AAAA") is None
    assert await harness.by_password("ann", code=of_bob[0]) is None
    assert isinstance(await harness.by_password("bob", code=of_bob[0]), Entered)


# ------------------------------------------------------------------ mailed codes


async def _is_away(*_: object) -> None:
    raise Unavailable("away")


async def _request_code(harness: LogInHarness, address: str = "ann@town.example") -> str:
    asked = await harness.log_ins.request_code(parse_address(address), VISITOR)
    assert isinstance(asked, CodeRequested)
    await harness.mailed_codes.carry_out()
    return asked.secret


def _code(harness: LogInHarness, secret: str) -> str:
    return mailed_code(harness.keys, secret_digest(secret))


async def _enter(harness: LogInHarness, secret: str, code: str) -> LoggedIn | None:
    entered = await harness.log_ins.by_code(secret, code, VISITOR)
    return None if entered is None else await harness.sessions.find(entered.secret)


async def test_a_code_is_mailed_and_logs_in_once(harness: LogInHarness) -> None:
    """To whoever has an account and is no operator, in the browser that asked for it."""
    await harness.add_person("ann")
    secret = await _request_code(harness)
    assert [("login_code", "ann@Town.example", "en")] == await select(
        harness.database, "select kind, address, language from notice"
    )
    assert harness.woken
    code = _code(harness, secret)
    logged_in = await _enter(harness, secret, f" {code[:4]}-{code[4:].lower()} ")
    assert logged_in is not None
    assert Method.CODE is logged_in.session.method
    assert await _enter(harness, secret, code) is None


@pytest.mark.parametrize("name", ["op", "idle", "nobody"])
async def test_others_are_mailed_nothing(harness: LogInHarness, name: str) -> None:
    """Operators, people who cannot log in, and strangers; what is stored of the request is the same."""
    await harness.add_person("op", is_operator=True)
    await harness.add_person("idle", may_log_in=False)
    secret = await _request_code(harness, f"{name}@town.example")
    assert [] == await select(harness.database, "select id from notice")
    assert await _enter(harness, secret, _code(harness, secret)) is None


async def test_another_browser_has_no_use_for_a_code(harness: LogInHarness) -> None:
    """A code that somebody was talked out of works only where it was asked for."""
    await harness.add_person("ann")
    secret, other = await _request_code(harness), await _request_code(harness, "eve@town.example")
    assert await _enter(harness, other, _code(harness, secret)) is None


async def test_a_code_ends_after_ten_minutes(harness: LogInHarness) -> None:
    """And is not mailed any more either, if nobody got to that before."""
    await harness.add_person("ann")
    secret = await _request_code(harness)
    await harness.log_ins.request_code(parse_address("ann@town.example"), VISITOR)
    harness.now += CODE_SECONDS
    assert await _enter(harness, secret, _code(harness, secret)) is None
    await harness.mailed_codes.carry_out()
    assert [(1,)] == await select(harness.database, "select count(*) from notice")


async def test_a_code_waits_for_a_database_that_is_away(harness: LogInHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is mailed once it is back, whether or not anybody asks for another one."""
    await harness.add_person("ann")
    await harness.log_ins.request_code(parse_address("ann@town.example"), VISITOR)
    with monkeypatch.context() as patch:
        patch.setattr(type(harness.database), "record", _is_away)
        with pytest.raises(Unavailable):
            await harness.mailed_codes.step()
    async with asyncio.timeout(10):
        await harness.mailed_codes.step()
    assert [(1,)] == await select(harness.database, "select count(*) from notice")


async def test_a_code_allows_for_five_mistakes(harness: LogInHarness) -> None:
    """With the fifth, the right one is void, too."""
    await harness.add_person("ann")
    for mistakes, is_valid in ((4, True), (5, False)):
        secret = await _request_code(harness)
        for _ in range(mistakes):
            assert await _enter(harness, secret, "AAAAAAAA") is None
        assert (await _enter(harness, secret, _code(harness, secret)) is not None) is is_valid


async def test_codes_are_limited(harness: LogInHarness) -> None:
    """Nobody's mailbox is filled: asking counts like failing, until somebody gets in."""
    harness.limit(Rate(2, 900))
    await harness.add_person("ann")
    for _ in range(4):
        secret = await _request_code(harness)
        assert await _enter(harness, secret, _code(harness, secret)) is not None
    await _request_code(harness)
    await _request_code(harness)
    assert isinstance(await harness.log_ins.request_code(parse_address("ann@town.example"), VISITOR), RateExceeded)


async def test_a_mailbox_gets_few_codes_a_day(harness: LogInHarness) -> None:
    """However often a stranger asks for more, who is answered as before; the person logs in another way."""
    await harness.set_password(await harness.add_person("ann"))
    for _ in range(25):
        harness.now += 900  # `logins` would let ten through in this time
        await _request_code(harness)
    assert [(20,)] == await select(harness.database, "select count(*) from notice")
    assert isinstance(await harness.by_password("ann"), Entered)
    await harness.add_person("bob")
    await _request_code(harness, "bob@town.example")
    harness.now += 86_400
    await _request_code(harness)
    assert [(22,)] == await select(harness.database, "select count(*) from notice")


async def test_a_code_that_is_used_leaves_room_for_another(harness: LogInHarness) -> None:
    """Nobody is short of codes who logs in with them, whatever they typed as their address."""
    await harness.add_person("ann")
    for _ in range(30):
        secret = await _request_code(harness, "Ann@Town.example")
        assert await _enter(harness, secret, _code(harness, secret)) is not None
    assert [(30,)] == await select(harness.database, "select count(*) from notice")


async def test_the_database_has_no_code(harness: LogInHarness) -> None:
    """Neither the request nor the mail that waits holds what lets somebody in."""
    await harness.add_person("ann")
    secret = await _request_code(harness)
    stored = str(await select(harness.database, "select * from login_code")) + str(
        await select(harness.database, "select * from notice")
    )
    code = _code(harness, secret)
    assert (False, False, False) == (code in stored, f"{code[:4]}-{code[4:]}" in stored, secret in stored)


# ------------------------------------------------------------------ sessions


async def test_a_session_ends_when_it_is_idle_or_old(harness: LogInHarness) -> None:
    """After twelve hours without a request, and after thirty days at most."""
    await harness.set_password(await harness.add_person("ann"))
    secret, _ = await harness.enter("ann")
    for _ in range(60):
        harness.now += 12 * 3600 - 1
        assert await harness.sessions.find(secret) is not None
    harness.now += 60
    assert await harness.sessions.find(secret) is None
    again, _ = await harness.enter("ann")
    harness.now += 12 * 3600
    assert await harness.sessions.find(again) is None


async def test_a_session_lasts_while_nothing_can_be_written(
    harness: LogInHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk, when somebody has to see what is wrong."""
    await harness.set_password(await harness.add_person("ann"))
    secret, _ = await harness.enter("ann")
    harness.now += 3600
    with monkeypatch.context() as patch:
        patch.setattr(type(harness.database), "record", _is_away)
        assert await harness.sessions.find(secret) is not None


async def test_the_database_has_no_cookie(harness: LogInHarness) -> None:
    """What is stored of a session is a digest, and that is no cookie."""
    await harness.set_password(await harness.add_person("ann"))
    secret, _ = await harness.enter("ann")
    ((digest,),) = await select(harness.database, "select digest from login_session")
    assert (secret_digest(secret), None) == (bytes(digest), await harness.sessions.find(bytes(digest).hex()))


async def test_rights_and_their_end_are_in_force_at_once(harness: LogInHarness) -> None:
    """What a person may do is read for each request; a change of their epoch ends their sessions."""
    ann = await harness.add_person("ann")
    await harness.set_password(ann)
    secret, _ = await harness.enter("ann")
    await execute(harness.database, "update permission set role = 'publisher'")
    logged_in = await harness.sessions.find(secret)
    assert logged_in is not None
    assert logged_in.holdings.has(Right.RELEASE, "news")
    await execute(harness.database, "update person set epoch = epoch + 1")
    assert await harness.sessions.find(secret) is None


async def test_a_new_log_in_replaces_the_session_of_the_browser(harness: LogInHarness) -> None:
    """A cookie that somebody may have planted or seen is worth nothing after the log-in."""
    await harness.set_password(await harness.add_person("ann"))
    secret, _ = await harness.enter("ann")
    entered = await harness.by_password("ann", visitor=replace(VISITOR, former=secret))
    assert await harness.who(entered) is not None
    assert await harness.sessions.find(secret) is None


async def test_logging_out_ends_the_session(harness: LogInHarness) -> None:
    """And the audit log has both."""
    await harness.set_password(await harness.add_person("ann"))
    secret, _ = await harness.enter("ann")
    await harness.sessions.end(secret)
    await harness.sessions.end(secret)
    assert await harness.sessions.find(secret) is None
    assert [
        ("person:ann", "page", "session.begin", '["password"]'),
        ("person:ann", "page", "session.end", "[]"),
    ] == await select(harness.database, "select who, way, action, fields from audit where way = 'page' order by number")


async def test_a_reset_voids_codes_that_are_on_their_way(harness: LogInHarness) -> None:
    """An intruder who can read the mailbox may have asked for one. Other people's codes stay valid."""
    codes = {}
    for name in ("ann", "bob"):
        await harness.add_person(name)
        asked = await harness.log_ins.request_code(parse_address(f"{name.title()}@town.EXAMPLE"), VISITOR)
        assert isinstance(asked, CodeRequested)
        codes[name] = asked.secret
    await PeopleAdmin(harness.context).reset("ann")
    for name, secret in codes.items():
        code = mailed_code(harness.keys, secret_digest(secret))
        assert (name == "bob") is (await harness.log_ins.by_code(secret, code, VISITOR) is not None), name
