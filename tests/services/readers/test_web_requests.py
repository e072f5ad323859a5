"""What anybody asks for by an address: taken at once and alike, carried out a moment later, whatever happens."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import execute, select, watched
from tests.services.harness import ServiceHarness
from tests.settings import change

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Unavailable
from pressrun.core.quantities import Rate, RateExceeded
from pressrun.services.background import LEAST_WAIT, MOST_WAIT
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.ports import Waker
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer, SignUps
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import pending_requests
from pressrun.store.transaction import Transaction

ADA = parse_address("Ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", language="de", words="Subscribe to News")


def asking_of(services: ServiceHarness, wake: Waker | None = None) -> WebRequests:
    context = replace(services.context, wake=wake or services.wake)
    return WebRequests(context, sign_ups=services.sign_ups)


async def rows(services: ServiceHarness, sql: str) -> list[tuple[object, ...]]:
    return await select(services.database, sql)


async def test_a_sign_up_is_kept_until_it_is_carried_out(services: ServiceHarness) -> None:
    """A process that dies between the two leaves it to the next one."""
    await services.make_list()
    assert SignUpAnswer.ACCEPTED is await asking_of(services).sign_up(
        ["news"], Applicant(ADA, WEB, name="Ada"), network=None
    )
    assert [(1,)] == await rows(services, "select count(*) from pending_request")
    assert [] == await rows(services, "select * from notice")
    await asking_of(services).carry_out()
    assert [] == await rows(services, "select * from pending_request")
    notices = await rows(services, "select kind, address, language from notice")
    assert [("confirmation", "Ada@reader.example", "de")] == notices
    assert [("Ada",)] == await rows(services, "select name from confirmation")
    [(ip, content)] = await rows(services, "select ip, content from consent")
    assert ("192.0.2.7", "Subscribe to News") == (ip, json.loads(str(content))["text"])


@pytest.mark.parametrize("before", ["stranger", "member", "suppressed", "limited"])
async def test_what_an_answer_waits_for_is_the_same_for_every_address(services: ServiceHarness, before: str) -> None:
    """Statement by statement: nothing that could show in time or in the answer depends on the address."""
    await services.make_list()
    other = parse_address("bob@reader.example")
    if before == "member":
        await services.subscribers.add("news", ADA)
    elif before == "suppressed":
        await services.suppressions.add(ADA, "complaint")
    elif before == "limited":
        for _ in range(4):
            await services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    web_requests = asking_of(services)
    answers, statements = [], []
    for address in (ADA, other):
        with watched() as said:
            answers.append(await web_requests.sign_up(["news"], Applicant(address, WEB), network="192.0.2.7"))
        statements.append([text.replace(address.typed, "A") for text in said])
    assert answers[0] == answers[1]
    assert statements[0] == statements[1]


async def test_a_network_over_its_limit_is_told_at_once(services: ServiceHarness) -> None:
    await services.make_list()
    change(services.context.settings, limits=LimitSettings(sign_ups_per_ip=Rate(1, 60.0)))
    web_requests = asking_of(services)
    answers = [await web_requests.sign_up(["news"], Applicant(ADA, WEB), network="192.0.2.7") for _ in range(2)]
    assert [SignUpAnswer.ACCEPTED, RateExceeded(services.now + 60)] == answers


async def test_a_list_that_closed_meanwhile_takes_nobody(services: ServiceHarness) -> None:
    await services.make_list()
    web_requests = asking_of(services)
    await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    await services.lists.close_list("news")
    await web_requests.carry_out()
    assert [] == await rows(services, "select * from notice")
    assert SignUpAnswer.CLOSED is await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    assert SignUpAnswer.UNKNOWN_LIST is await web_requests.sign_up(["olds"], Applicant(ADA, WEB), network=None)


async def test_a_trap_gets_the_answer_and_no_mail(services: ServiceHarness) -> None:
    await services.make_list()
    web_requests = asking_of(services)
    assert SignUpAnswer.ACCEPTED is await web_requests.sign_up(
        ["news"], Applicant(ADA, WEB, trust=Trust.TRAP), network=None
    )
    await web_requests.carry_out()
    assert [] == await rows(services, "select * from notice")


async def send_twice(web_requests: WebRequests, target: MailingList, form: int | None) -> None:
    """Each request of our pages, as a double click sends it."""
    for _ in range(2):
        await asyncio.gather(
            *(web_requests.sign_up(["news"], Applicant(ADA, WEB), network="192.0.2.7", form=form) for _ in range(2)),
            *(web_requests.preferences_link(ADA, WEB, network="192.0.2.7", form=form) for _ in range(2)),
            *(web_requests.unsubscribe_link(target, ADA, WEB, network="192.0.2.7", form=form) for _ in range(2)),
        )


async def test_a_form_that_is_sent_twice_is_one_request(services: ServiceHarness) -> None:
    """Also at the same time. After three seconds, or in another copy of the form, it is the reader's wish."""
    await services.make_list()
    target = await services.database.read(lists.find_list, "news")
    assert target is not None
    web_requests = asking_of(services)
    start, sent = services.now, []
    for form, seconds in ((7, 0), (7, 2), (7, 4), (8, 4), (None, 4)):
        services.now = start + seconds
        await send_twice(web_requests, target, form)
        sent.append(await rows(services, "select kind, count(*) from pending_request group by kind order by kind"))
    kinds = ("preferences", "sign-up", "unsubscribe")
    assert [[(kind, number) for kind in kinds] for number in (1, 1, 2, 3, 7)] == sent


@pytest.mark.parametrize("difference", [{"name": "Ada"}, {"names": ["news", "other"]}, {"trust": Trust.WORKED}])
async def test_a_form_with_something_else_in_it_is_another_request(
    services: ServiceHarness, difference: dict[str, Any]
) -> None:
    """Nothing of the form is kept that would show an address."""
    await services.make_list()
    await services.make_list("other")
    web_requests = asking_of(services)
    for more in ({}, {**difference}, {}, {**difference}):
        names, applicant = more.pop("names", ["news"]), Applicant(ADA, WEB, **more)
        await web_requests.sign_up(names, applicant, network=None, form=7)
    await web_requests.sign_up(["news"], Applicant(parse_address("eve@reader.example"), WEB), network=None, form=7)
    assert [(3,)] == await rows(services, "select count(*) from pending_request")
    counted = await rows(services, "select length(subject) from limit_event where scope = 'requests_per_form'")
    assert [(32,)] * 3 == counted


async def test_links_asked_for_from_one_network_have_a_limit_that_does_not_show(services: ServiceHarness) -> None:
    await services.make_list()
    web_requests = asking_of(services)
    for number in range(25):
        address = parse_address(f"reader{number}@reader.example")
        await services.subscribers.add("news", address)
        await web_requests.preferences_link(address, WEB, network="192.0.2.7")
    await web_requests.carry_out()
    assert [("preferences_link", 20)] == await rows(services, "select kind, count(*) from notice group by 1")


async def test_what_is_asked_for_is_carried_out_by_itself(services: ServiceHarness) -> None:
    await services.make_list()
    done = asyncio.Event()
    web_requests = asking_of(services, done.set)
    running = asyncio.create_task(web_requests.run())
    await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    await asyncio.wait_for(done.wait(), 10)
    running.cancel()
    assert [("confirmation",)] == await rows(services, "select kind from notice")


@pytest.mark.parametrize(("drawn", "expected"), [(b"\0", LEAST_WAIT), (b"\xff", MOST_WAIT)])
async def test_it_is_carried_out_after_a_random_time(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch, drawn: bytes, expected: float
) -> None:
    """So that nobody who sends two learns from the second what the first was about."""
    waits: list[float] = []
    waiting: list[tuple[object, ...]] = []

    async def sleep(seconds: float) -> None:
        if not waits:
            waiting.extend(await rows(services, "select count(*) from pending_request"))
        waits.append(seconds)

    await services.make_list()
    context = replace(services.context, entropy=lambda number: drawn * number)
    web_requests = WebRequests(context, sign_ups=services.sign_ups)
    await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert await web_requests.step()
    assert [(1,)] == waiting
    assert pytest.approx(expected) == waits[0]
    assert [] == await rows(services, "select * from pending_request")


# ---------------------------------------------------------------------- requests that cannot be carried out

STORED = {
    "an address that is refused now": "bob@@reader",
    "an address with a control character": "\1@reader.example",
}


async def ask_for_three(web_requests: WebRequests) -> None:
    for name in ("ann", "bob", "cy"):
        await web_requests.sign_up(["news"], Applicant(parse_address(f"{name}@reader.example"), WEB), network=None)


@pytest.mark.parametrize("address", STORED.values(), ids=STORED)
async def test_a_request_that_is_read_no_more_is_set_aside(
    services: ServiceHarness, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept, counted and told; those beside it are carried out, and so are those after it."""
    await services.make_list()
    web_requests = asking_of(services)
    await ask_for_three(web_requests)
    await execute(services.database, "update pending_request set address = ? where id = 2", address)
    await web_requests.carry_out()
    told = await rows(services, "select address from notice order by address")
    assert [("ann@reader.example",), ("cy@reader.example",)] == told
    assert [(2, int(services.now))] == await rows(services, "select id, set_aside_at from pending_request")
    assert 1 == await services.database.read(pending_requests.count_set_aside)
    assert [2] == [
        record.__dict__["fields"]["request"] for record in caplog.records if record.message == "subscription.set_aside"
    ]
    await web_requests.sign_up(["news"], Applicant(ADA, WEB), network=None)
    await web_requests.carry_out()
    assert 3 == len(await rows(services, "select address from notice order by address"))
    assert 1 == await services.database.write(pending_requests.sweep_set_aside, int(services.now))


@pytest.mark.parametrize("problem", [ValueError("a fault of ours"), KeyError("name"), AssertionError()], ids=str)
async def test_a_request_that_meets_an_error_of_ours_is_set_aside(
    services: ServiceHarness, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what it had changed is kept."""
    await services.make_list()
    web_requests = asking_of(services)
    await ask_for_three(web_requests)
    sign_up = SignUps.sign_up

    def failing(self: SignUps, tx: Transaction, targets: Sequence[MailingList], applicant: Applicant) -> None:
        sign_up(self, tx, targets, applicant)
        if applicant.address.typed.startswith("bob"):
            raise problem

    monkeypatch.setattr(SignUps, "sign_up", failing)
    await web_requests.carry_out()
    assert [("ann@reader.example",), ("cy@reader.example",)] == await rows(
        services, "select address from subscriber order by id"
    )
    assert [(2,)] == await rows(services, "select id from pending_request where set_aside_at is not null")


@pytest.mark.parametrize(
    "problem",
    [OSError(errno.EMFILE, os.strerror(errno.EMFILE)), RuntimeError("can't start new thread"), Unavailable("locked")],
    ids=str,
)
async def test_a_machine_that_lacks_something_is_no_fault_of_a_request(
    services: ServiceHarness, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.make_list()
    web_requests = asking_of(services)
    await ask_for_three(web_requests)
    with monkeypatch.context() as patch:
        patch.setattr(SignUps, "sign_up", lambda *_, **__: (_ for _ in ()).throw(problem))
        with pytest.raises(type(problem)):
            await web_requests.carry_out()
    assert [(3, 0)] == await rows(services, "select count(*), count(set_aside_at) from pending_request")
    await web_requests.carry_out()
    assert 3 == len(await rows(services, "select address from notice order by address"))
