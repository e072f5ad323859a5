"""What anybody asks for by an address: taken at once and alike, carried out a moment later, whatever happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.services.office import Office

from pressrun.core.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.core.sign_up import Trust
from pressrun.services.ports import Waker
from pressrun.services.readers.asking import Asking
from pressrun.services.readers.preferring import Preferring
from pressrun.services.readers.subscribing import Origin, SignUp
from pressrun.services.settings import LimitSettings
from pressrun.services.throttled import Throttled

ADA = parse_address("Ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", language="de", words="Subscribe to News")


def asking_of(office: Office, wake: Waker | None = None) -> Asking:
    desk = replace(office.desk, wake=wake or office.wake)
    return Asking(desk, subscribing=office.subscribing, preferring=Preferring(desk), leaving=office.leaving)


async def rows(office: Office, sql: str) -> list[tuple[object, ...]]:
    return await office.database.read(lambda tx: [tuple(row) for row in tx._connection.execute(sql)])


async def test_a_sign_up_is_kept_until_it_is_carried_out(office: Office) -> None:
    """A process that dies between the two leaves it to the next one."""
    await office.make_list()
    assert SignUp.TAKEN is await asking_of(office).sign_up("news", ADA, WEB, network=None, name="Ada")
    assert [(1,)] == await rows(office, "select count(*) from errand")
    assert [] == await rows(office, "select * from notice")
    await asking_of(office).carry_out()
    assert [] == await rows(office, "select * from errand")
    found = await rows(office, "select kind, address, language from notice")
    assert [("confirmation", "Ada@reader.example", "de")] == found
    assert [("Ada",)] == await rows(office, "select name from confirmation")
    evidence = await rows(office, "select ip, json_extract(content, '$.text') from consent")
    assert [("192.0.2.7", "Subscribe to News")] == evidence


@pytest.mark.parametrize("before", ["stranger", "member", "suppressed", "limited"])
async def test_what_an_answer_waits_for_is_the_same_for_every_address(office: Office, before: str) -> None:
    """Statement by statement: nothing that could show in time or in the answer depends on the address."""
    await office.make_list()
    other = parse_address("bob@reader.example")
    if before == "member":
        await office.enrolling.add("news", ADA)
    elif before == "suppressed":
        await office.suppressing.add(ADA, "complaint")
    elif before == "limited":
        for _ in range(4):
            await office.subscribing.request("news", ADA, WEB, network=None)
    said: list[str] = []
    asking = asking_of(office)
    office.database._writer._conn.set_trace_callback(said.append)
    answers, statements = [], []
    for address in (ADA, other):
        answers.append(await asking.sign_up("news", address, WEB, network="192.0.2.7"))
        statements.append([text.replace(address.typed, "A") for text in said])
        said.clear()
    office.database._writer._conn.set_trace_callback(None)
    assert answers[0] == answers[1]
    assert statements[0] == statements[1]


async def test_a_network_over_its_limit_is_told_at_once(office: Office) -> None:
    await office.make_list()
    office.desk.limits = LimitSettings(sign_ups_per_ip=Rate(1, 60.0))
    asking = asking_of(office)
    answers = [await asking.sign_up("news", ADA, WEB, network="192.0.2.7") for _ in range(2)]
    assert [SignUp.TAKEN, Throttled(office.now + 60)] == answers


async def test_a_list_that_closed_meanwhile_takes_nobody(office: Office) -> None:
    await office.make_list()
    asking = asking_of(office)
    await asking.sign_up("news", ADA, WEB, network=None)
    await office.administering.close_list("news")
    await asking.carry_out()
    assert [] == await rows(office, "select * from notice")
    assert SignUp.CLOSED is await asking.sign_up("news", ADA, WEB, network=None)
    assert SignUp.UNKNOWN_LIST is await asking.sign_up("olds", ADA, WEB, network=None)


async def test_a_trap_gets_the_answer_and_no_mail(office: Office) -> None:
    await office.make_list()
    asking = asking_of(office)
    assert SignUp.TAKEN is await asking.sign_up("news", ADA, WEB, network=None, trust=Trust.TRAP)
    await asking.carry_out()
    assert [] == await rows(office, "select * from notice")


async def test_links_asked_for_from_one_network_have_a_limit_that_does_not_show(office: Office) -> None:
    await office.make_list()
    asking = asking_of(office)
    for number in range(25):
        address = parse_address(f"reader{number}@reader.example")
        await office.enrolling.add("news", address)
        await asking.preferences_link(address, WEB, network="192.0.2.7")
    await asking.carry_out()
    assert [("preferences_link", 20)] == await rows(office, "select kind, count(*) from notice group by 1")


async def test_what_is_asked_for_is_carried_out_by_itself(office: Office) -> None:
    await office.make_list()
    done = asyncio.Event()
    asking = asking_of(office, done.set)
    running = asyncio.create_task(asking.run())
    await asking.sign_up("news", ADA, WEB, network=None)
    await asyncio.wait_for(done.wait(), 10)
    running.cancel()
    assert [("confirmation",)] == await rows(office, "select kind from notice")
