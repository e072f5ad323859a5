"""Bounces and complaints by API: only a token of ours, or what is derived from our keys, says whose copy it was."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock, call

import pytest
from tests.acts.cases import SITE, returns_of
from tests.database import execute, select
from tests.services.harness import ServiceHarness
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import Holdings, Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens
from pressrun.services.incoming.handed_in import Proof
from pressrun.services.incoming.mail_acceptance import ACCEPTED, DISK_FULL, ArrivedMail
from pressrun.services.mails.copy_composer import message_id
from pressrun.smtp.reply import Reply

HANDS_IN = Holdings(by_list={"news": frozenset({Right.RETURNS})})
FAILED = {"status": "5.1.1", "text": "550 5.1.1 no such user"}


async def deliver(services: ServiceHarness) -> str:
    """One copy that a relay took; returns the token of its return path."""
    await services.make_list()
    await services.subscribers.add("news", parse_address("ada@reader.example"))
    edition = await services.make_edition(state=EditionState.SENDING)
    await services.queue_audience(edition)
    await execute(services.database, "update delivery set state = 'delivered', first_attempt_at = 1800000000")
    return AddressTokens(services.keys).make(AddressPurpose.BOUNCES, "news", 1)


async def state_of(services: ServiceHarness) -> tuple[Any, ...]:
    columns = "delivery.state, delivery.bounce, subscription.state"
    return (await select(services.database, f"select {columns} from delivery, subscription where delivery.id = 1"))[0]


@pytest.mark.parametrize(
    "form", ["{token}", "news-bounces+{token}", "News-Bounces+{token}@lists.example", "message-id", "<message-id>"]
)
async def test_a_copy_that_bounced(served: ServedApi, form: str) -> None:
    """By its token in any form, or by its Message-ID and the address; the reader is suspended at the limit."""
    token = await deliver(served.services)
    named: dict[str, str] = {"token": form.format(token=token)}
    if "message-id" in form:
        named = {
            "message_id": form.replace("message-id", message_id(b"s" * 16, 1, SITE)),
            "address": "ADA@reader.example",
        }
    async with served.client(HANDS_IN) as client:
        first, again = [await client.post("/returns", json=named | FAILED) for _ in range(2)]
    assert (200, {"outcome": "gone"}) == (first.status_code, first.json())
    assert {"outcome": "gone of a copy that was final already"} == again.json()
    assert ("failed", "gone", "suspended") == await state_of(served.services)


@pytest.mark.parametrize("is_complaint", [False, True])
async def test_they_count_like_those_that_come_by_mail(served: ServedApi, is_complaint: bool) -> None:
    """Once each, by list and class."""
    token, counter = await deliver(served.services), Mock()
    returns = returns_of(served.services, counter)
    for _ in range(2):
        await returns.report(Proof(token=token), lambda _: True, status="5.1.1", text="", is_complaint=is_complaint)
    counted = call.count_complaint("news") if is_complaint else call.count_bounce("news", BounceClass.GONE)
    assert [counted] == counter.mock_calls


async def test_a_complaint(served: ServedApi) -> None:
    """Ends the subscription, as a feedback report does."""
    token = await deliver(served.services)
    async with served.client(HANDS_IN) as client:
        answer = await client.post("/returns", json={"token": token, "type": "complaint"})
    assert {"outcome": "complaint: abuse"} == answer.json()
    assert "unsubscribed" == (await state_of(served.services))[2]


@pytest.mark.parametrize(("status", "outcome"), [("4.2.2", "delayed"), ("2.0.0", "delivered")])
async def test_what_has_not_failed(served: ServedApi, status: str, outcome: str) -> None:
    token = await deliver(served.services)
    async with served.client(HANDS_IN) as client:
        answer = await client.post("/returns", json={"token": token, "status": status})
    assert ({"outcome": outcome}, "delivered") == (answer.json(), (await state_of(served.services))[0])


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({"token": "a" * 26}, 404),
        ({"token": "news-bounces+aaaa@else.example"}, 404),
        ({"message_id": "made-up@lists.example", "address": "ada@reader.example"}, 404),
        ({"message_id": "made-up@lists.example"}, 422),
        ({}, 422),
        ({"token": "x", "status": "bad"}, 422),
    ],
)
async def test_nobody_is_touched_without_proof(served: ServedApi, named: dict[str, str], status: int) -> None:
    await deliver(served.services)
    async with served.client(HANDS_IN) as client:
        assert status == (await client.post("/returns", json=FAILED | named)).status_code
    assert ("delivered", None, "active") == await state_of(served.services)


async def test_a_foreign_copy_is_like_an_unknown_one(served: ServedApi) -> None:
    """And who has no such right at all is told so."""
    token = await deliver(served.services)
    async with served.client(Holdings(by_list={"other": frozenset({Right.RETURNS})})) as client:
        foreign = await client.post("/returns", json=FAILED | {"token": token})
        unknown = await client.post("/returns", json=FAILED | {"token": "a" * 26})
    async with served.client(Holdings(by_list={"news": frozenset({Right.STATS})})) as client:
        assert 403 == (await client.post("/returns", json=FAILED | {"token": token})).status_code
    assert (404, foreign.text) == (foreign.status_code, unknown.text)
    assert ("delivered", None, "active") == await state_of(served.services)


@pytest.mark.parametrize(
    ("enclosed", "status"),
    [
        ("Return-Path: <news-bounces+{token}@lists.example>", 202),
        ("List-Id: News <news.lists.example>\r\nCFBL-Feedback-ID: {token}", 202),
        ("Return-Path: <news-bounces+aaaa@lists.example>", 404),
        ("List-Id: Other <other.lists.example>\r\nCFBL-Feedback-ID: {token}", 404),
    ],
)
async def test_a_mail_is_accepted_by_what_it_encloses(served: ServedApi, enclosed: str, status: int) -> None:
    """As if it had come to the return path; where no mail is parsed, and on a full disk, the program learns that."""
    token, arrived, replies = await deliver(served.services), list[ArrivedMail](), [ACCEPTED, DISK_FULL]
    content = f"Subject: failure\r\n\r\n{enclosed.format(token=token)}\r\n".encode()
    headers = {"Content-Type": "message/rfc822"}

    async def accept(mail: ArrivedMail) -> list[Reply]:
        arrived.append(mail)
        return [replies[len(arrived) - 1]]

    async with served.client(HANDS_IN) as client:
        assert 409 == (await client.post("/returns", content=content, headers=headers)).status_code
        served.cases.returns.connect(accept)
        assert status == (await client.post("/returns", content=content, headers=headers)).status_code
        if status == 202:
            assert 503 == (await client.post("/returns", content=content, headers=headers)).status_code
            assert [("news", token)] * 2 == [
                (mail.recipients[0].list_name, mail.recipients[0].token) for mail in arrived
            ]


async def test_a_mail_that_is_handed_in_again_is_answered_as_before(served: ServedApi) -> None:
    """Under its key it arrives once, and nothing more is known of it."""
    token, arrived = await deliver(served.services), list[ArrivedMail]()
    content = f"Subject: failure\r\n\r\nReturn-Path: <news-bounces+{token}@lists.example>\r\n".encode()
    headers = {"Content-Type": "message/rfc822", "Idempotency-Key": "mta-1"}

    async def accept(mail: ArrivedMail) -> list[Reply]:
        arrived.append(mail)
        return [ACCEPTED]

    served.cases.returns.connect(accept)
    async with served.client(HANDS_IN) as client:
        answers = [await client.post("/returns", content=content, headers=headers) for _ in range(2)]
    assert [(202, {"outcome": None})] * 2 == [(answer.status_code, answer.json()) for answer in answers]
    assert 1 == len(arrived)
