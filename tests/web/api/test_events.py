"""The journal of events by API: what a program sees of it, in which order, and how it waits for more."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from tests.database import execute, select
from tests.services.harness import ServiceHarness
from tests.web.api.served import BASE, ServedApi

from pressrun.core.access.rights import Holdings, Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.events import EventType
from pressrun.store.programs import events
from pressrun.store.programs.events import EventInfo
from pressrun.web.api import streams

EVENT_PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "follow-events.md"
ADA, BOB = parse_address("ada@reader.example"), parse_address("bob@reader.example")
STATS = Holdings(by_list={"news": frozenset({Right.STATS})})
READER = Holdings(by_list={"news": frozenset({Right.STATS, Right.SEE_READERS})})


async def make_events(services: ServiceHarness) -> None:
    """Two lists with a reader each, one of whom is suppressed; and a relay that fails."""
    for name, address in (("news", ADA), ("river", BOB)):
        await services.make_list(name)
        await services.subscribers.add(name, address)
    await services.suppressions.add(ADA, "operator")
    await services.database.write(events.record_event, EventType.RELAY_FAILED, name="relay primary")


async def test_what_happened_in_order(served: ServedApi) -> None:
    """With the id to go on after, which then has nothing until something happens."""
    await make_events(served.services)
    async with served.client() as client:
        first = (await client.get("/events?limit=3")).json()
        rest = (await client.get(f"/events?after={first['next']}")).json()
        none = (await client.get(f"/events?after={rest['next']}")).json()
    assert ["subscription.started", "subscription.started", "subscriber.suppressed", "relay.failed"] == [
        event["type"] for event in (*first["items"], *rest["items"])
    ]
    assert set(EventInfo.__struct_fields__) == first["items"][0].keys()
    assert ("news", "ada@reader.example", "clock", "operator") == tuple(
        first["items"][0][name] for name in ("list", "email", "actor", "how")
    )
    assert ("relay primary", None) == (rest["items"][0]["object"], rest["items"][0]["how"])
    assert ([], rest["next"]) == (none["items"], none["next"])


async def test_filters(served: ServedApi) -> None:
    """By types, and by a list, to which what happens to its readers belongs; others than these are 422."""
    await make_events(served.services)
    async with served.client() as client:
        by_type = (await client.get("/events?type=relay.failed&type=subscriber.suppressed")).json()["items"]
        by_list = (await client.get("/events?list=news")).json()["items"]
        unknown = await client.get("/events?type=subscription.opened")
        assert 404 == (await client.get("/events?list=none")).status_code
    assert [3, 4] == [event["id"] for event in by_type]
    assert [1, 3] == [event["id"] for event in by_list]
    assert (422, "?type/0") == (unknown.status_code, unknown.json()["errors"][0]["pointer"])


@pytest.mark.parametrize(
    ("holdings", "seen"),
    [
        (STATS, [(1, None), (5, None)]),
        (READER, [(1, "ada@reader.example"), (3, "ada@reader.example"), (5, "bob@reader.example")]),
        (Holdings(everywhere=frozenset({Right.STATS})), [(number, None) for number in range(1, 6)]),
    ],
)
async def test_a_program_sees_what_its_rights_reach(
    served: ServedApi, holdings: Holdings, seen: list[tuple[int, str | None]]
) -> None:
    """Events of its lists, addresses only where it may see readers, and the service itself only everywhere.

    What its readers do on other lists is none of these.
    """
    await make_events(served.services)
    await served.services.subscribers.add("news", BOB)
    async with served.client(holdings) as client:
        items = (await client.get("/events")).json()["items"]
    assert seen == [(event["id"], event["email"]) for event in items]


async def test_a_foreign_list_is_like_an_unknown_one(served: ServedApi) -> None:
    await make_events(served.services)
    async with served.client(READER) as client:
        foreign, unknown = await client.get("/events?list=river"), await client.get("/events?list=rivet")
    assert (404, foreign.text.replace("river", "rivet")) == (foreign.status_code, unknown.text)


async def test_an_erased_reader_has_no_address(served: ServedApi) -> None:
    """In no event, whenever it was written."""
    await make_events(served.services)
    await served.services.subscribers.erase(ADA)
    async with served.client() as client:
        items = (await client.get("/events")).json()["items"]
    assert ["subscription.ended", "subscriber.erased"] == [event["type"] for event in items[-2:]]
    assert {"bob@reader.example", None} == {event["email"] for event in items}


async def test_a_removal_by_a_program_names_it(served: ServedApi) -> None:
    """As all that programs do, in the journal and in the evidence; one by the shell is the operator's."""
    await make_events(served.services)
    before = (await served.services.subscribers.remove("news", ADA))["state"]
    async with served.client() as client:
        await client.delete("/lists/river/subscribers/bob@reader.example")
        items = (await client.get("/events")).json()["items"]
    assert ("unsubscribed", ["operator", "api:pr_0"]) == (before, [event["how"] for event in items[-2:]])
    rows = await select(served.services.database, "select content from consent where event = 'removed' order by number")
    assert ["operator", "api:pr_0"] == [json.loads(content)["source"] for (content,) in rows]


async def test_a_wait_ends_with_the_next_event(served: ServedApi) -> None:
    """Long before its time, which would be too long for this test."""
    await make_events(served.services)
    async with served.client() as client:
        waiting = asyncio.create_task(client.get("/events?after=4&wait=30&list=river"))
        await served.services.subscribers.remove("river", BOB)
        items = (await waiting).json()["items"]
    assert [("subscription.ended", "bob@reader.example")] == [(event["type"], event["email"]) for event in items]


async def test_a_wait_that_the_stop_of_the_server_cuts_short_is_answered(served: ServedApi) -> None:
    """With what there is, so that a program goes on after it by the next start."""
    await make_events(served.services)
    closing = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await served.app({**scope, "state": {"transfer": SimpleNamespace(closing=closing)}}, receive, send)

    served.client()
    headers = {"Authorization": "Bearer pr_0"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE, headers=headers) as client:
        waiting = asyncio.create_task(client.get("/api/v1/events?after=4&wait=30"))
        await asyncio.sleep(0)
        closing.set()
        async with asyncio.timeout(20):
            answer = await waiting
    assert (200, {"items": [], "next": 4}) == (answer.status_code, answer.json())


async def test_few_requests_of_a_token_wait(served: ServedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds a connection. One more is answered at once, and another token is not affected."""
    monkeypatch.setattr(streams, "MOST_WAITS_OF_TOKEN", 2)
    await make_events(served.services)
    async with served.client() as client, served.client() as other, asyncio.timeout(20):
        waiting = [asyncio.create_task(client.get("/events?after=4&wait=30")) for _ in range(3)]
        (answered,), _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {"items": [], "next": 4} == answered.result().json()
        anothers = asyncio.create_task(other.get("/events?after=4&wait=30"))
        await served.services.subscribers.remove("river", BOB)
        answers = [await task for task in (*waiting, anothers) if task is not answered]
    assert [5, 5, 5] == [answer.json()["next"] for answer in answers]


async def test_what_is_no_longer_kept_is_410(served: ServedApi) -> None:
    """A program that was away for too long learns that it has missed something, and where to go on."""
    await make_events(served.services)
    await execute(served.services.database, "update event set at = 0 where id <= 3")
    await served.services.database.write(events.sweep, 1)
    async with served.client() as client:
        missed = await client.get("/events?after=2")
        assert [4] == [event["id"] for event in (await client.get("/events")).json()["items"]]
        assert [4] == [event["id"] for event in (await client.get("/events?after=3")).json()["items"]]
        ahead = await client.get("/events?after=5")
    assert (410, True) == (missed.status_code, "go on after 3" in missed.json()["error"])
    assert 404 == ahead.status_code


async def test_a_removed_list_takes_its_events_along(served: ServedApi) -> None:
    """Otherwise a later list of the same name would tell who read the first."""
    await make_events(served.services)
    await served.services.lists.close_list("news")
    await served.services.lists.remove_list("news")
    async with served.client() as client:
        assert [2, 3, 4] == [event["id"] for event in (await client.get("/events")).json()["items"]]


def test_every_type_is_explained() -> None:
    """In the page for those who write programs."""
    explained = re.findall(r"`([a-z]+\.[a-z_]+)`", EVENT_PAGE.read_text(encoding="utf-8").partition("## The types")[2])
    assert {type_.value for type_ in EventType} == set(explained)


async def test_what_a_program_does_is_explained(served: ServedApi) -> None:
    """The page says of each of these types that `how` can be the source of a program, or null."""
    await make_events(served.services)
    async with served.client() as client:
        bob = "/lists/river/subscribers/bob@reader.example"
        for response in (
            await client.put(bob, json={"name": "Bob"}),
            await client.post(f"{bob}/pause", json={"days": 7}),
            await client.post(f"{bob}/resume"),
        ):
            assert 200 == response.status_code
        hows = {event["type"]: event["how"] for event in (await client.get("/events?after=4")).json()["items"]}
    assert ["subscriber.changed", "subscription.paused", "subscription.resumed"] == list(hows)
    rows = EVENT_PAGE.read_text(encoding="utf-8").partition("## The types")[2].splitlines()
    for type_, how in hows.items():
        (row,) = (row for row in rows if row.startswith(f"| `{type_}` |"))
        assert ("null" if how is None else "or the source of a program") in row
        assert how is None or how.startswith("api:")
