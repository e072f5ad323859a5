"""Jobs by HTTP: following one until it is ready or has ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message
from tests.web.api.served import ServedApi

from pressrun.core.access.rights import TokenScope
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.web.api import streams

CSV = {"Content-Type": "text/csv"}
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.01)


async def hand_in(served: ServedApi) -> None:
    """A dry run that waits for its turn."""
    await served.services.make_list()
    async with served.client() as client:
        answer = await client.post("/lists/news/imports?dry_run=true", content=b"email\nada@x.example\n", headers=CSV)
    assert 202 == answer.status_code


async def follow(
    served: ServedApi, meanwhile: Callable[[], Awaitable[object]], closing: asyncio.Event | None = None
) -> list[dict[str, Any]]:
    """What a client hears of the first job; `meanwhile` happens once it has heard something."""
    scope = _scope(closing or asyncio.Event())
    heard: list[bytes] = []

    async def send(message: Message) -> None:
        heard.append(message.get("body", b""))
        if heard[-1]:
            await meanwhile()

    async with served.client():  # makes the token
        response = await served.api.answer(Request(scope))
        async with asyncio.timeout(20):
            await response(scope, _never, send)
    lines = b"".join(heard).decode().split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def _scope(closing: asyncio.Event) -> dict[str, Any]:
    class Transfer:
        def __init__(self) -> None:
            self.closing = closing

    return {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/jobs/1",
        "raw_path": b"/api/v1/jobs/1",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer pr_1"), (b"accept", b"text/event-stream")],
        "state": {"transfer": Transfer()},
    }


async def _never() -> Message:
    await asyncio.Event().wait()
    return {}


async def test_a_job_is_followed_until_it_is_ready(served: ServedApi) -> None:
    """It is told whenever it has changed, the last time with its result."""
    await hand_in(served)
    heard = await follow(served, served.services.runner.carry_out_all)
    assert ["queued", "ready"] == [job["state"] for job in heard]
    assert [None, 1] == [job["result"] and job["result"]["added"] for job in heard]


async def test_a_job_that_has_ended_is_told_once(served: ServedApi) -> None:
    """Without the header as JSON, as always."""
    await hand_in(served)
    async with served.client() as client:
        await client.delete("/jobs/1")
        followed = await client.get("/jobs/1", headers=EVENTS)
        plain = await client.get("/jobs/1")
        unknown = await client.get("/jobs/9", headers=EVENTS)
    assert "text/event-stream; charset=utf-8" == followed.headers["content-type"]
    assert plain.json() == json.loads(followed.text.removeprefix("data: "))
    assert (404, "application/problem+json") == (unknown.status_code, unknown.headers["content-type"])


async def test_whoever_may_not_see_the_job_any_more_hears_no_end(served: ServedApi) -> None:
    await hand_in(served)

    async def revoke() -> None:
        served.tokens.clear()

    with pytest.raises(ClientDisconnect):
        await follow(served, revoke)


async def test_a_server_that_stops_ends_the_stream(served: ServedApi) -> None:
    """And whoever follows counts no more."""
    await hand_in(served)
    for _ in range(streams.MOST_FOLLOWERS_OF_TOKEN + 1):
        closing = asyncio.Event()

        async def stop(closing: asyncio.Event = closing) -> None:
            closing.set()

        assert ["queued"] == [job["state"] for job in await follow(served, stop, closing)]


async def test_what_was_streamed_can_be_handed_in_again(served: ServedApi) -> None:
    """As lines of JSON, with the states of the readers, except the suppressed, who are refused."""
    services, lines = served.services, {"Accept": "application/x-ndjson"}
    await services.make_list()
    await services.make_list("other")
    await services.tokens.create(TokenRequest(name="pr_0", scope=TokenScope.WRITE), TokenMaker())  # behind the job
    async with served.client() as client:
        for name, fields in (("ada", {"plan": "gold"}), ("bob", {}), ("cyd", {}), ("dan", {})):
            await client.put(f"/lists/news/subscribers/{name}@x.example", json={"name": name, "fields": fields})
        await client.delete("/lists/news/subscribers/bob@x.example")
        await client.post("/lists/news/subscribers/cyd@x.example/pause", json={"days": 7})
        streamed = (await client.get("/lists/news/subscribers", headers=lines)).text
        await client.put("/suppressions/dan@x.example", json={"reason": "complaint"})
        marked = (await client.get("/lists/news/subscribers/dan@x.example")).text
        content = "\n".join((*(line for line in streamed.splitlines() if "dan@" not in line), marked))
        job = (
            await client.post("/lists/other/imports", content=content, headers={"Content-Type": "application/x-ndjson"})
        ).json()
        await services.runner.carry_out_all()
        result = (await client.get(f"/jobs/{job['id']}")).json()["result"]
        again = (await client.get("/lists/other/subscribers")).json()["items"]
    assert [{"line": 4, "reason": "is suppressed. Import suppressed addresses as suppressions"}] == result["invalid"]
    assert [("ada", "active"), ("cyd", "suspended"), ("bob", "unsubscribed")] == [
        (item["name"], item["state"]) for item in again
    ]
