"""Leaving together: what comes at one moment is carried out by few statements, and each fares as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import columns_in, file_of, held_by_another, watched
from tests.delivery.harness import DeliveryHarness, open_delivery

from pressrun.core.errors import Unavailable
from pressrun.services.evidence import verify
from pressrun.services.members.subscriber_admin import SubscriberAdmin
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.unsubscribes import (
    UnsubscribeOutcome,
    UnsubscribeRequest,
    Unsubscribes,
    notify_unsubscribers,
    unsubscribe,
)

WEB = Origin(source="web", ip="192.0.2.7", language="de", words="List-Unsubscribe=One-Click")
UNIX = Origin(source="web", words='[Unsubscribe] "\\ \0 é')
MAIL = Origin(source="mail", words="mail to news-unsubscribe", mail="sha256:00", in_reply_to="<a@reader.example>")
EVERYWHERE = (WEB, UNIX, MAIL)
TABLES = ("subscription", "consent", "unsubscribe", "delivery", "edition", "counted_event")


@pytest_asyncio.fixture
async def other(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path / "other") as opened:
        yield opened


async def set_up(harness: DeliveryHarness) -> list[UnsubscribeRequest]:
    """Nine readers in every state, an edition on its way, and wishes to leave: of strangers, and twice, too."""
    context = replace(harness.services.context, entropy=bytes)  # all zero
    harness.services.subscribers = SubscriberAdmin(context)
    harness.services.unsubscribes = Unsubscribes(context, harness.services.web_requests.wake)
    await harness.change("update list set leaving_note = 1")
    await harness.readers(9)
    edition = await harness.edition()
    await harness.run_cycle()
    await harness.change("update subscription set state = 'pending' where id = 2")
    await harness.change("update subscription set state = 'suspended', suspended_for = 'bounces' where id = 3")
    await harness.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = 9e9 where id = 4"
    )
    await harness.change("update subscription set state = 'unsubscribed' where id = 5")
    ids = [7, 2, 3, 777, 4, 5, 2, 1, 9]
    return [UnsubscribeRequest(number, EVERYWHERE[at % 3], edition * (at % 2)) for at, number in enumerate(ids)]


async def leave(harness: DeliveryHarness, departures: Sequence[UnsubscribeRequest]) -> list[UnsubscribeOutcome]:
    return await harness.services.database.write(
        unsubscribe, departures, replace(harness.services.context, entropy=bytes)
    )


async def contents(harness: DeliveryHarness) -> dict[str, list[Any]]:
    """All that leaving touches, but for what is drawn by chance elsewhere."""
    tables = {}
    for table in TABLES:
        columns = await harness.services.database.read(columns_in, table)
        kept = ", ".join(name for name in columns if not name.endswith(("_digest", "_secret")) or table == "consent")
        tables[table] = await harness.rows(f"select {kept} from {table} order by 1, 2")
    return tables


async def test_leaving_together_is_leaving_one_after_the_other(
    harness: DeliveryHarness, other: DeliveryHarness
) -> None:
    """The same answers and the same rows, the chain of evidence to the octet."""
    together = await leave(harness, await set_up(harness))
    alone = [answer for departure in await set_up(other) for answer in await leave(other, [departure])]
    assert together == alone
    assert await contents(harness) == await contents(other)


async def test_each_of_many_gets_its_own_answer(harness: DeliveryHarness) -> None:
    departures = await set_up(harness)
    answers = await asyncio.gather(
        *(
            harness.services.unsubscribes.unsubscribe(
                departure.subscription_id, departure.origin, edition_id=departure.edition_id
            )
            for departure in departures
        )
    )
    left, stranger = UnsubscribeOutcome.LEFT, UnsubscribeOutcome.NOT_SUBSCRIBED
    assert [left, left, left, stranger, left, stranger, stranger, left, left] == answers
    assert [(1, 0)] == await harness.rows("select unsubscribed, number - 1 from edition cross join counted_event")


async def test_the_chain_of_many_holds(harness: DeliveryHarness) -> None:
    await leave(harness, await set_up(harness))
    audit = await harness.services.database.read(verify, [])
    assert ([], 15) == (audit.problems, audit.rows)


async def test_copies_of_all_who_leave_are_cancelled_and_only_theirs(harness: DeliveryHarness) -> None:
    departures = await set_up(harness)
    await harness.change("update delivery set state = 'queued', claimed_by = null where subscription_id <> 9")
    await harness.change("update delivery set state = 'claimed' where subscription_id = 9")
    await leave(harness, departures)
    states = dict(await harness.rows("select subscription_id, state from delivery"))
    cancelled = dict.fromkeys((1, 2, 3, 4, 7), "cancelled")
    assert {**cancelled, **dict.fromkeys((5, 6, 8), "queued"), 9: "claimed"} == states


async def test_one_that_cannot_be_carried_out_leaves_the_others_alone(harness: DeliveryHarness) -> None:
    """Words that no database takes: the others leave all the same, each with its own row."""
    await harness.readers(3)
    bad = Origin(source="web", words="\ud800")
    answers = await asyncio.gather(
        *(
            harness.services.unsubscribes.unsubscribe(number, origin)
            for number, origin in ((1, WEB), (2, bad), (3, WEB))
        ),
        return_exceptions=True,
    )
    assert [UnsubscribeOutcome.LEFT, True, UnsubscribeOutcome.LEFT] == [
        answers[0],
        isinstance(answers[1], UnicodeEncodeError),
        answers[2],
    ]
    assert [("unsubscribed",), ("active",), ("unsubscribed",)] == await harness.rows(
        "select state from subscription order by id"
    )
    assert [] == (await harness.services.database.read(verify, [])).problems


@pytest.mark.only_on("sqlite", "PostgreSQL has no lock that holds up all who write")
async def test_a_database_that_cannot_write_fails_all_and_leaves_nothing(harness: DeliveryHarness) -> None:
    """One wait for the lock serves all: nobody waits for the time-outs of the others."""
    await harness.readers(3)
    await harness.change("pragma busy_timeout = 10")
    before = await contents(harness)
    with watched() as said, held_by_another(file_of(harness.services.database.location)):
        answers = await asyncio.gather(
            *(harness.services.unsubscribes.unsubscribe(number, WEB) for number in (1, 2, 3)), return_exceptions=True
        )
    assert [Unavailable] * 3 == [type(answer) for answer in answers]
    assert 1 == said.count("begin")
    assert before == await contents(harness)
    assert UnsubscribeOutcome.LEFT is await harness.services.unsubscribes.unsubscribe(1, WEB)


async def test_those_who_left_together_are_told_together_each_by_their_own_note(harness: DeliveryHarness) -> None:
    """In the reader's language, or the request's; who is back is not told, and cannot undo any more."""
    await harness.change("update list set leaving_note = 1")
    await harness.readers(4)
    await harness.change("update subscriber set language = 'fr' where id = 2")
    await leave(harness, [UnsubscribeRequest(number, WEB) for number in (1, 2, 3, 4)])
    await harness.change("update subscription set state = 'active' where id = 3")
    assert 4 == await harness.services.database.write(notify_unsubscribers, harness.services.context)
    assert 0 == await harness.services.database.write(notify_unsubscribers, harness.services.context)
    assert [
        ("left", 1, "r0@reader.example", "de", 1),
        ("left", 2, "r1@reader.example", "fr", 2),
        ("left", 4, "r3@reader.example", "de", 4),
    ] == await harness.rows(
        "select notice.kind, subscriber_id, address, notice.language, unsubscribe.id from notice"
        " join delivery on notice_id = notice.id"
        " join unsubscribe on cast(unsubscribe.id as text) = payload ->> 'unsubscribe'"
        " where delivery.domain = 'reader.example' and delivery.state = 'queued' and notice_queued = 1"
        " order by delivery.id"
    )
    assert [(1,), (2,), (4,)] == await harness.rows("select id from unsubscribe order by id")
