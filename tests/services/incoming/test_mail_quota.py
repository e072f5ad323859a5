"""Accepted mail that waits has a limit for each queue, and what was accepted is never dropped for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.database import select
from tests.inbound.mailroom import CLAIMANT, D, Mailroom, connected, listening, mail, open_mailroom
from tests.settings import change

from pressrun.core.addresses.mail_queues import MailQueue
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import AddressPurpose, WebPurpose, WebTokens
from pressrun.services.incoming.mail_quota import MEASURE_AGAIN_SECONDS, MailQuota, drop_kept_mail
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue import deliveries, inbound
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

LIMIT = 10_000
BIG = "x" * 70 + "\n"  # a line of a body


def large(number: int, size: int = 4000) -> bytes:
    return mail(BIG * (size // 72), number=number)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        change(opened.settings, limits=replace(opened.settings.value.limits, waiting_mail_bytes=LIMIT))
        yield opened


async def codes(room: Mailroom, content: bytes, *locals_: str, replies_each: bool = False) -> list[int]:
    return [reply.code for reply in await room.accept(content, *locals_, replies_each=replies_each)]


async def fill(room: Mailroom, local: str = "news-owner") -> None:
    """Hand over mail until there is no room for more of it."""
    taken = [(await codes(room, large(number), local))[0] for number in range(3)]
    assert [250, 250, 452] == taken


async def deliver_all(room: Mailroom, outgoing: list[Outgoing]) -> None:
    """A relay has taken them, one a second."""
    for forward in outgoing:
        await record(room, forward, DeliveryState.DELIVERED)


async def record(room: Mailroom, forward: Outgoing, state: DeliveryState) -> None:
    """What a relay has answered, a second ago."""
    result = DeliveryResult(id=forward.delivery_id, state=state, due_at=int(room.now), relay="r", code=250, reply="ok")
    await room.database.write(deliveries.record_results, CLAIMANT, [result], int(room.now))
    room.now += 1


async def held(room: Mailroom) -> list[int]:
    """The delivered or waiting forwards whose content is still there."""
    forwards = await select(room.database, "select id from notice where content is not null order by id")
    return [number for (number,) in forwards]


async def test_what_is_stored_during_a_measurement_counts(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    quota, single, double = MailQuota(room.context), {MailQueue.STRANGERS: 1}, {MailQueue.STRANGERS: 2}
    assert not await quota.list_full(double, 1)
    read = room.database.read

    async def read_slowly(work: Callable[[Transaction], Any]) -> Any:
        result = await read(work)
        with quota.reserve(single, LIMIT):
            pass
        return result

    room.now += MEASURE_AGAIN_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(room.database, "read", read_slowly)
        assert await quota.list_full(double, LIMIT)
    assert await quota.list_full(single, 1)
    room.now += MEASURE_AGAIN_SECONDS
    assert not await quota.list_full(single, 1)


@pytest.mark.parametrize("is_dealt_with", [False, True], ids=["waits for us", "waits for the relay"])
async def test_beyond_the_limit_a_stranger_is_asked_to_come_later(room: Mailroom, is_dealt_with: bool) -> None:
    """Whether the mail was dealt with or not: what no relay has taken is still ours. Nothing accepted is lost."""
    for number in range(2):
        assert [250] == await codes(room, large(number), "news-owner")
        if is_dealt_with:
            await room.processing.recover()
    assert [452] == await codes(room, large(3), "news-owner")
    room.now += MEASURE_AGAIN_SECONDS
    assert [452] == await codes(room, large(3), "postmaster")
    await room.processing.recover()
    outgoing = await room.outgoing()
    assert 2 == len(outgoing)
    await deliver_all(room, outgoing)
    assert [250] == await codes(room, large(4), "postmaster")


async def test_a_forward_takes_room_until_a_relay_has_it(room: Mailroom) -> None:
    """Also while it is on its way, and after the relay has put it off."""
    await room.accept(large(1), "news-owner")
    await room.processing.recover()
    sizes = [await room.database.read(inbound.forwards_size)]
    (forward,) = await room.outgoing()
    sizes.append(await room.database.read(inbound.forwards_size))
    await record(room, forward, DeliveryState.DEFERRED)
    sizes.append(await room.database.read(inbound.forwards_size))
    assert sizes[0] > 4000
    assert sizes == sizes[:1] * 3


async def test_a_small_mail_is_taken_where_a_large_one_is_not(room: Mailroom) -> None:
    """Room is octets."""
    await fill(room)
    assert [250] == await codes(room, mail(number=9), "news-owner")


async def test_each_recipient_of_a_mail_takes_its_room(room: Mailroom) -> None:
    """Each is passed on by itself."""
    await room.make_list("other")
    assert [452] * 3 == await codes(room, large(1), "news-owner", "other-owner", "postmaster")
    assert {} == await room.counts()
    assert [250] * 2 == await codes(room, large(1), "news-owner", "other-owner")


async def test_a_mail_larger_than_the_limit_is_taken_when_nothing_waits(room: Mailroom) -> None:
    """It must get in at some time."""
    assert [250] == await codes(room, large(1, 2 * LIMIT), "news-owner")
    assert [452] == await codes(room, mail(number=2), "news-owner")


async def test_readers_bounces_and_complaints_have_room_of_their_own(room: Mailroom) -> None:
    """However much mail of strangers waits."""
    number = await room.subscribe()
    await fill(room)
    leave = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"
    bounces = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    assert [250] == await codes(room, large(10), leave)
    assert [250] == await codes(room, large(11), bounces)
    link = f"https://{D}/unsubscribe/{WebTokens(room.keys).make(WebPurpose.UNSUBSCRIBE, number, 1)}"
    for at, proof in enumerate(
        [
            f"Return-Path: <{bounces}@{D}>",
            f"List-Unsubscribe: <mailto:{leave.upper()}@{D}>",
            f"List-Unsubscribe: <{link}>",
            f"List-Id: The Letter <news.{D}>\nCFBL-Feedback-ID: {room.token(AddressPurpose.BOUNCES, 7)}",
        ]
    ):
        await room.processing.recover()
        room.now += MEASURE_AGAIN_SECONDS
        body = f"a report\n\n{proof}\nSubject: x\n\n{BIG * 30}"
        assert [250] == await codes(room, mail(body, number=20 + at), "abuse"), proof
    # A copy of a good form whose signature is not ours is a stranger's.
    forged = f"Return-Path: <news-bounces+{'a' * 27}@{D}>\n{BIG * 40}"
    assert [452] == await codes(room, mail(forged, number=30), "abuse")


async def test_their_room_has_an_end_as_well(room: Mailroom) -> None:
    """A reader must not fill the disk either."""
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    await fill(room, local)
    assert [250] == await codes(room, large(9), "news-owner")


async def test_what_was_taken_for_a_complaint_and_is_none_is_kept_where_forwards_are_full(room: Mailroom) -> None:
    """It was accepted, and it must not get round the limit."""
    await fill(room)
    await room.processing.recover()
    proof = f"Return-Path: <news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}@{D}>\n{BIG * 40}"
    assert [250] == await codes(room, mail(f"no report\n\n{proof}", number=9), "abuse")
    await room.processing.recover()
    assert {"done": 2, "kept": 1} == await room.counts()


async def test_lmtp_answers_for_each_recipient_and_smtp_for_all(room: Mailroom) -> None:
    """Where one reply stands for all, the client keeps the whole mail and tries again."""
    await fill(room)
    bounces = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    before = await room.counts()
    assert [452, 452] == await codes(room, large(5), "news-owner", bounces)
    assert before == await room.counts()
    assert [452, 250] == await codes(room, large(5), "news-owner", bounces, replies_each=True)


@pytest.mark.parametrize("first", ["news", "news-owner"])
async def test_smtp_asks_a_client_to_come_later_where_one_recipient_is_refused_for_good(
    room: Mailroom, first: str
) -> None:
    """A refusal of the whole mail would lose it for the recipient who only has no room at this moment."""
    await fill(room)
    recipients = [f"{local}@{D}" for local in sorted({"news", "news-owner"}, key=lambda local: local != first)]
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        assert "452 4.3.1" == (await client.post(large(5), recipients))[:9]


async def test_a_client_that_announces_the_size_is_told_at_rcpt(room: Mailroom) -> None:
    """For those recipients alone that have no room; a complaint shows when its content has come."""
    bounces = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    async with listening(room) as listeners, connected(listeners.addresses["smtp"]) as client:
        await client.say("MAIL FROM:<ada@reader.example> SIZE=6000")
        first = await client.say(f"RCPT TO:<news-owner@{D}>")
        second = await client.say(f"RCPT TO:<news-request@{D}>")
        others = [await client.say(f"RCPT TO:<{local}@{D}>") for local in (bounces, "abuse", "postmaster")]
    assert ("250", "452 4.3.1", ["250"] * 3) == (first[:3], second[:9], [other[:3] for other in others])


async def test_what_was_passed_on_is_dropped_after_its_time(room: Mailroom) -> None:
    """Then no bounce of it comes any more; what still waits stays, however long."""
    for number in range(2):
        await room.accept(mail(number=number), "news-owner")
    await room.processing.recover()
    first, second = await room.outgoing()
    await record(room, first, DeliveryState.DELIVERED)
    await record(room, second, DeliveryState.DEFERRED)
    limits = replace(room.settings.value.limits, forwarded_mail_seconds=100.0)
    await drop_kept_mail(room.database, limits, int(room.now) + 90)
    assert 2 == len(await held(room))
    await drop_kept_mail(room.database, limits, int(room.now) + 100)
    assert 1 == len(await held(room))
    await drop_kept_mail(room.database, limits, int(room.now) + 10**8)
    assert 1 == len(await held(room))


async def test_where_room_is_short_what_was_passed_on_first_goes_first(room: Mailroom) -> None:
    """Before mail that a person has to look at, with which it shares the size; never what still waits."""
    change(
        room.settings,
        limits=replace(room.settings.value.limits, waiting_mail_bytes=1_000_000, mails_per_token=Rate(9, 1.0)),
    )
    for number in range(4):
        await room.accept(large(number), "news-owner")
    await room.processing.recover()
    outgoing = await room.outgoing()
    await deliver_all(room, outgoing[:3])
    await room.accept(large(8), f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}")
    await room.processing.recover()
    assert {"done": 4, "kept": 1} == await room.counts()
    numbers = await held(room)
    await drop_kept_mail(room.database, replace(room.settings.value.limits, kept_mail_bytes=9000), int(room.now))
    assert numbers[2:] == await held(room)
    assert 1 == (await room.counts())["kept"]
    await drop_kept_mail(room.database, replace(room.settings.value.limits, kept_mail_bytes=1000), int(room.now))
    assert numbers[3:] == await held(room)
    await record(room, outgoing[3], DeliveryState.DEFERRED)
    await drop_kept_mail(room.database, replace(room.settings.value.limits, kept_mail_bytes=0), int(room.now))
    assert numbers[3:] == await held(room)
    assert 1 == len(outgoing) - 3 == len(await held(room))
    assert "kept" not in await room.counts()


async def test_mail_that_may_go_makes_room_before_anybody_is_turned_away(room: Mailroom) -> None:
    """However fast it comes in and is passed on, no more is held than the limits say."""
    change(room.settings, limits=replace(room.settings.value.limits, kept_mail_bytes=5000))
    for number in range(12):
        room.now += MEASURE_AGAIN_SECONDS
        assert [250] == await codes(room, large(number), "news-owner")
        await room.processing.recover()
        await deliver_all(room, await room.outgoing())
        sizes = await room.database.read(lambda tx: tx.value("inbound.forwards_size"))
        assert 0 == sizes
        assert 4300 * len(await held(room)) <= 5000 + LIMIT + 4300
    assert {"done": 12} == await room.counts()
    assert 0 == await room.database.read(inbound.count_kept)
