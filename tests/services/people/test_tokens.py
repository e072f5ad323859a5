"""Tokens of programs, over a real database."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.access.rights import Holdings, ReaderAccess, Right, Role, TokenScope
from pressrun.core.errors import BadInput, NotFound, NotPermitted, PressrunError, Refused, Unavailable
from pressrun.services.people.people_admin import Grant
from pressrun.services.people.token_lookups import TokenAnswer, list_tokens
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.store.people import people

SHELL = TokenMaker()
DAY = 86_400


async def make(services: ServiceHarness, maker: TokenMaker = SHELL, **wish: Any) -> TokenAnswer:
    return await services.tokens.create(TokenRequest(**{"name": "site", **wish}), maker)


async def rights(services: ServiceHarness, made: TokenAnswer, client: str | None = None) -> Holdings | None:
    program = await services.tokens.recognise(made.token or "", client)
    return None if program is None else program.holdings


async def ann(services: ServiceHarness, role: Role = Role.PUBLISHER) -> TokenMaker:
    """A publisher of the list."""
    await services.make_list()
    await services.people.add("ann", None)
    await services.people.grant("ann", Grant(list="news", role=role))
    person = await services.database.read(people.find_by_name, "ann")
    assert person is not None
    return TokenMaker(person_id=person.id)


async def test_a_token_is_shown_once_and_only_its_digest_is_stored(services: ServiceHarness) -> None:
    made = await make(services)
    token = made.token or ""
    assert ("pr_", 46) == (token[:3], len(token))
    (listed,) = await services.database.read(list_tokens)
    assert replace(made, token=None) == listed
    for row in await select(services.database, "select * from api_token"):
        assert token not in map(str, row)
        assert token.encode() not in row


async def test_a_token_is_recognised_until_it_is_revoked(services: ServiceHarness) -> None:
    made = await make(services)
    assert await rights(services, made) is not None
    await services.tokens.revoke(made.id)
    assert await rights(services, made) is None
    with pytest.raises(NotFound, match="no such token: 1"):
        await services.tokens.revoke(made.id)


@pytest.mark.parametrize("text", ["", "pr_", "x", "pr_" + "A" * 43, "pr_é", "Bearer", "pr_" + "A" * 10_000])
async def test_anything_else_is_no_token(services: ServiceHarness, text: str) -> None:
    await make(services)
    assert await services.tokens.recognise(text, None) is None


@pytest.mark.parametrize(("expires", "end"), [("90d", NOW + 90 * DAY), ("2027-02-01", 1_801_440_000), (None, None)])
async def test_a_token_ends_when_it_was_said(services: ServiceHarness, expires: str | None, end: int | None) -> None:
    made = await make(services, expires=expires)
    services.now = (end or NOW + 400 * DAY) - 1
    assert await rights(services, made) is not None
    services.now += 1
    assert (end is None) is (await rights(services, made) is not None)


@pytest.mark.parametrize(
    ("client", "is_there"),
    [
        ("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::1", True), ("2001:db8:1::1", False), (None, False),
        ("::ffff:192.0.2.7", True), ("nonsense", False), ("unix", False),
    ],
)  # fmt: skip
async def test_a_token_works_from_its_networks_alone(
    services: ServiceHarness, client: str | None, is_there: bool
) -> None:
    made = await make(services, networks=("192.0.2.0/24", "2001:db8::/48"))
    assert is_there is (await rights(services, made, client) is not None)


async def test_the_last_use_is_known_by_its_day(services: ServiceHarness) -> None:
    """And written once a day."""
    made = await make(services)
    for _ in range(3):
        await services.tokens.recognise(made.token or "", None)
    assert [(NOW - NOW % DAY,)] == await select(services.database, "select used_at from api_token")
    (listed,) = await services.database.read(list_tokens)
    assert "2027-01-15" == listed.last_used
    services.now += DAY
    await services.tokens.recognise(made.token or "", None)
    (listed,) = await services.database.read(list_tokens)
    assert "2027-01-16" == listed.last_used


async def test_a_token_works_while_nothing_can_be_written(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_away(*_: object) -> None:
        raise Unavailable("the disk is full")

    made = await make(services)
    monkeypatch.setattr(type(services.database), "record", is_away)
    assert await rights(services, made) is not None


async def test_a_token_that_writes_everywhere_operates(services: ServiceHarness) -> None:
    await services.make_list()
    everywhere = await rights(services, await make(services, name="a", scope=TokenScope.WRITE))
    limited = await rights(services, await make(services, name="b", scope=TokenScope.WRITE, lists=("news",)))
    assert everywhere is not None
    assert limited is not None
    assert (True, False) == (everywhere.has(Right.OPERATE), limited.has(Right.OPERATE, "news"))
    assert (True, False, False) == (
        limited.has(Right.RELEASE, "news"), limited.has(Right.RELEASE, "tides"), everywhere.has(Right.MACHINE),
    )  # fmt: skip


async def test_a_token_for_a_list_that_is_gone_is_not_for_all(services: ServiceHarness) -> None:
    await services.make_list()
    made = await make(services, scope=TokenScope.WRITE, lists=("news",))
    await services.lists.close_list("news")
    await services.lists.remove_list("news")
    assert Holdings() == await rights(services, made)
    (listed,) = await services.database.read(list_tokens)
    assert () == listed.lists


async def test_the_token_of_a_person_can_do_no_more_than_they_can_now(services: ServiceHarness) -> None:
    made = await make(services, await ann(services), scope=TokenScope.WRITE, lists=("news",))
    held = await rights(services, made)
    assert held is not None
    assert (True, False) == (held.has(Right.RELEASE, "news"), held.has(Right.SEE_READERS, "news"))
    await services.people.grant("ann", Grant(list="news", role=Role.VIEWER, readers=ReaderAccess.SEE))
    assert Holdings(by_list={"news": frozenset({Right.STATS, Right.SEE_READERS})}) == await rights(services, made)
    await services.people.revoke("ann", Grant(list="news"))
    assert Holdings() == await rights(services, made)
    await services.people.remove("ann")
    assert await rights(services, made) is None


async def test_a_person_makes_no_token_that_could_do_nothing(services: ServiceHarness) -> None:
    maker = await ann(services)
    for wish in ({"scope": TokenScope.SIGN_UP, "lists": ("news",)}, {"scope": TokenScope.RETURNS}):
        with pytest.raises(Refused, match="a token can do no more than you can"):
            await make(services, maker, **wish)
    assert [] == await services.database.read(list_tokens)


async def test_people_revoke_their_own_tokens_alone(services: ServiceHarness) -> None:
    maker = await ann(services)
    own, other = await make(services, maker, lists=("news",)), await make(services, name="other")
    assert ["ann", None] == [token.person for token in (own, other)]
    assert [own.id] == [token.id for token in await services.database.read(list_tokens, maker.person_id)]
    with pytest.raises(NotFound, match="no such token: 2"):
        await services.tokens.revoke(other.id, maker.person_id)
    await services.tokens.revoke(own.id, maker.person_id)


async def test_what_a_token_makes_ends_with_it_and_stays_in_its_networks(services: ServiceHarness) -> None:
    parent = await make(services, scope=TokenScope.WRITE, expires="10d", networks=("192.0.2.0/24",))
    by_token = TokenMaker(token_id=parent.id)
    child = await make(services, by_token, name="child", expires="90d")
    assert (parent.expires_at, ("192.0.2.0/24",)) == (child.expires_at, child.networks)
    narrow = await make(services, by_token, name="narrow", expires="1d", networks=("192.0.2.7",))
    assert (True, ("192.0.2.7/32",)) == ((narrow.expires_at or "") < (parent.expires_at or ""), narrow.networks)
    with pytest.raises(Refused, match=r"may not be used from 198\.51\.100\.0/24"):
        await make(services, by_token, name="outside", networks=("198.51.100.0/24",))


async def test_a_token_that_was_just_revoked_makes_no_other(services: ServiceHarness) -> None:
    """Its request had come in before; what it made would have neither its end nor its networks."""
    maker = await ann(services)
    parent = await make(services, maker, lists=("news",), expires="10d", networks=("192.0.2.0/24",))
    await services.tokens.revoke(parent.id)
    for person_id in (maker.person_id, None):
        with pytest.raises(NotPermitted, match="was revoked"):
            await make(services, TokenMaker(person_id=person_id, token_id=parent.id), name="child", lists=("news",))
    assert [] == await services.database.read(list_tokens)


@pytest.mark.parametrize(
    ("wish", "error", "words"),
    [
        ({"name": ""}, BadInput, "cannot name a token"),
        ({"name": "a@b.example"}, BadInput, "without '@'"),
        ({"name": "x" * 41}, BadInput, "1 to 40"),
        ({"name": "a\nb"}, BadInput, "control characters"),
        ({"lists": ("none",)}, NotFound, "no such list: 'none'"),
        ({"expires": "soon"}, BadInput, "is not a valid end for a token"),
        ({"expires": "9999-12-31T23:59:59-23:59"}, BadInput, "is not a valid end for a token"),
        ({"expires": "0s"}, BadInput, "has already passed"),
        ({"expires": "2020-01-01"}, BadInput, "has already passed"),
        ({"networks": ("192.0.2.1/24",)}, BadInput, "is not a network"),
        ({"networks": ("all",)}, BadInput, "is not a network"),
        ({"name": "taken"}, Refused, "there is a token named taken"),
    ],
)
async def test_a_wish_that_makes_no_token(
    services: ServiceHarness, wish: dict[str, Any], error: type[PressrunError], words: str
) -> None:
    await make(services, name="taken")
    with pytest.raises(error, match=words):
        await make(services, **wish)
    assert 1 == len(await services.database.read(list_tokens))


async def test_a_token_whose_person_was_lost_otherwise_is_none(services: ServiceHarness) -> None:
    """The row goes with that of the person, whatever removes it."""
    made = await make(services, await ann(services), lists=("news",))
    await execute(services.database, "delete from person")
    assert await rights(services, made) is None
