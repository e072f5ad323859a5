"""Requests of programs that come together: a set does what the same requests do one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.acts.cases import cases_of
from tests.database import select
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door
from pressrun.acts.readers.members import MemberPut
from pressrun.core.access.rights import OPERATOR, Holdings, TokenScope, rights_of_scope
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotPermitted, Refused
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.members.member_puts import MemberPuts, PutRequest
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.services.readers.requests import Origin
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.store.people.audit import program_by_api

SEND, VOUCH = Confirm.SEND, Confirm.VOUCH
CALLER = Caller(actor=program_by_api("crm"), holdings=OPERATOR, token_id=1)
_OF = "left join subscriber on subscriber.id = {}.subscriber_id"
TABLES = {  # ids follow the order in which people are stored, so people are told by their addresses
    "people": "select address, name, language, attributes, suppression_digest, mailbox_digest from subscriber",
    "members": f"select address, list_id, state, source, round from subscription {_OF.format('subscription')}",
    "evidence": f"select address, list_id, event, content, ip from consent {_OF.format('consent')}",
    "events": f"select address, list_id, type, actor, how from event {_OF.format('event')}",
    "mails": f"select subscriber.address, list_id, kind from notice {_OF.format('notice')}",
}


def ask(address: str, confirm: Confirm | None = VOUCH, name: str | None = None, **more: Any) -> PutRequest:
    changes = MemberChanges(name=name, fields=more.get("fields", {}))
    origin = Origin(source=f"api:{more.get('program', 'crm')}", words=more.get("words", ""))
    return PutRequest(
        list_name=more.get("to", "news"),
        address=parse_address(address),
        changes=changes,
        confirm=confirm,
        origin=origin,
    )


BEFORE = [
    ask("member@x.example", name="Before", fields={"plan": "gold"}),
    ask("asked@x.example", SEND),
    ask("left@x.example", name="Left"),
    ask("elsewhere@x.example", to="other"),
]
TOGETHER = [
    ask("new@x.example", name="New", words="Send me the news"),
    ask("New+tag@x.example", None, fields={"plan": "silver", "empty": ""}),
    ask("member@x.example", fields={"plan": "", "town": "Bath"}),
    ask("NEW@x.example", name="Newer"),
    ask("asked@x.example", VOUCH, name="Asked"),
    ask("asking@x.example", SEND),
    ask("asked@x.example", SEND),
    ask("asking@x.example", None, name="Asking"),  # who has not confirmed is no member by that
    ask("left@x.example", name="Back"),
    ask("gone@x.example", name="Nobody"),
    ask("elsewhere@x.example"),
    ask("new@x.example", to="other", program="shop"),
    ask("shopper@x.example", program="shop"),
]


async def _set_up(services: ServiceHarness) -> MemberPuts:
    await services.make_list()
    await services.make_list("other")
    puts = MemberPuts(replace(services.context, entropy=bytes), services.sign_ups.abuse_limits)
    await services.database.write(puts.put, BEFORE)
    (number,) = (
        await select(
            services.database,
            "select subscription.id from subscription join subscriber on subscriber.id = subscriber_id"
            " where address = 'left@x.example'",
        )
    )[0]
    await services.unsubscribes.unsubscribe(number, Origin(source="web"))
    await services.suppressions.add(parse_address("gone@x.example"), "operator")
    return puts


async def _outcome(folder: Path, sets: Sequence[Sequence[PutRequest]]) -> dict[str, Any]:
    async with open_services(folder) as services:
        puts = await _set_up(services)
        answers = [answer for requests in sets for answer in await services.database.write(puts.put, requests)]
        tables = {name: sorted(map(repr, await select(services.database, query))) for name, query in TABLES.items()}
        return {"answers": answers, **tables}


async def test_a_set_does_what_its_requests_do_one_after_the_other(tmp_path: Path) -> None:
    """Of one address in several spellings too, on several lists, and whatever was known of it."""
    together = await _outcome(tmp_path / "together", [TOGETHER])
    apart = await _outcome(tmp_path / "apart", [[request] for request in TOGETHER])
    assert [answer.state for answer in apart["answers"]].count("active") == 9
    people = "".join(apart["people"])
    said = [words for words in ("Newer", "Asked", "Asking", "Left", "Bath", "New'", "Back", "gold") if words in people]
    assert ["Newer", "Asked", "Asking", "Left", "Bath"] == said
    assert apart == together


async def put(door: Door, address: str, key: str | None = None, to: str = "news", caller: Caller = CALLER) -> Any:
    arguments = MemberPut(list=to, address=address, confirm=VOUCH)
    return await door.carry_out(Call(act="subscriber.put", arguments=arguments, caller=caller, key=key))


async def test_each_of_a_set_has_its_row_in_the_audit_log_and_its_key(services: ServiceHarness) -> None:
    await services.make_list()
    door = Door(cases_of(services))
    await asyncio.gather(*(put(door, f"r{number}@x.example", f"key-{number}") for number in range(20)))
    about = "select {} from {} where subscriber_id is not null order by 1"
    people = await select(services.database, "select id from subscriber order by id")
    assert 20 == len(people)
    assert people == await select(services.database, about.format("subscriber_id", "audit"))
    assert people == await select(services.database, about.format("subscriber_id", "idempotency_key"))
    assert [("subscription.started", "token:crm", 20)] == await select(
        services.database, "select type, actor, count(*) from event group by type, actor"
    )


async def test_one_that_is_refused_leaves_the_others_of_its_set_alone(services: ServiceHarness) -> None:
    for name in ("news", "closed"):
        await services.make_list(name)
    await services.lists.close_list("closed")
    door = Door(cases_of(services))
    wanted = [put(door, f"r{number}@x.example", to="closed" if number == 3 else "news") for number in range(6)]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [False, False, False, True, False, False] == [isinstance(answer, Refused) for answer in answers]
    outcomes = await select(
        services.database, "select outcome, count(*) from audit where action = 'subscriber.put' group by outcome"
    )
    assert {"done": 5, "refused": 1} == dict(outcomes)


async def test_a_token_that_is_revoked_while_its_requests_wait_puts_nobody(services: ServiceHarness) -> None:
    """And those of another program in the same set are carried out."""
    await services.make_list()
    later = AuditLog(replace(services.context, clock=partial(next, count(NOW))))  # each time it is asked
    door = Door(replace(cases_of(services), audit_log=later))
    made = [
        await services.tokens.create(TokenRequest(name=name, scope=TokenScope.WRITE), TokenMaker()) for name in "ab"
    ]
    holdings = Holdings(everywhere=rights_of_scope(TokenScope.WRITE, is_everywhere=True))
    callers = [Caller(actor=program_by_api(token.name), holdings=holdings, token_id=token.id) for token in made]
    await services.tokens.revoke(made[0].id)
    wanted = [put(door, f"r{number}@x.example", caller=callers[number % 2]) for number in range(6)]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [True, False] * 3 == [isinstance(answer, NotPermitted) for answer in answers]
    people = await select(services.database, "select address from subscriber order by address")
    assert [("r1@x.example",), ("r3@x.example",), ("r5@x.example",)] == people


async def test_a_set_leaves_known_who_may_do_what_and_a_revocation_does_not(services: ServiceHarness) -> None:
    """So a program that puts many members is looked up once, and refused at once when its token is revoked."""
    await services.make_list()
    made = await services.tokens.create(TokenRequest(name="crm", scope=TokenScope.WRITE), TokenMaker())
    assert await services.tokens.recognise(made.token or "", None) is not None
    known = services.database.changes
    await put(Door(cases_of(services)), "r1@x.example")
    assert known == services.database.changes
    await services.tokens.revoke(made.id)
    assert known != services.database.changes
    assert await services.tokens.recognise(made.token or "", None) is None


@pytest.mark.parametrize("wish", [[], TOGETHER[:1]])
async def test_a_set_of_none_or_one_is_a_set(services: ServiceHarness, wish: list[PutRequest]) -> None:
    await services.make_list()
    puts = MemberPuts(services.context, services.sign_ups.abuse_limits)
    assert len(wish) == len(await services.database.write(puts.put, wish))
