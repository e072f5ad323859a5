"""Collections: pages and cursors, members by name, whole ones as lines and as CSV, and those that go on."""

from __future__ import annotations

import asyncio
import csv
import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message
from tests.web.api.desk import TOKEN, Desk, JournalEntry, Reader
from tests.web.api.served import ServedApi

from pressrun.acts.call import Call, ReportProgress
from pressrun.core.errors import Unavailable
from pressrun.core.signing.encodings import base64url, octets_of
from pressrun.web.api.cursors import digest_of_query
from pressrun.web.api.streams import MOST_FOLLOWERS_OF_TOKEN, preferred

READERS = "/lists/news/subscribers"
NAMES = ("ada", "bob", "cyd", "dan", "eve")


@pytest.fixture
def desk() -> Desk:
    readers = {f"{name}@reader.example": Reader(email=f"{name}@reader.example", name=name.title()) for name in NAMES}
    return Desk(readers=readers)


async def test_pages_lead_to_each_other(desk: Desk) -> None:
    """By `next` and by the link; the last page has neither."""
    async with desk.client() as client:
        first = await client.get(f"{READERS}?limit=2&fields=email")
        second = await client.get(f"{READERS}?limit=2&fields=email&after={first.json()['next']}")
        third = await client.get(second.links["next"]["url"])
    assert [["ada", "bob"], ["cyd", "dan"], ["eve"]] == [
        [item["email"].partition("@")[0] for item in page.json()["items"]] for page in (first, second, third)
    ]
    assert {"email"} == {name for item in first.json()["items"] for name in item}
    assert (None, {}) == (third.json()["next"], third.links)


@pytest.mark.parametrize(
    "change", [lambda after: after[:-1] + ("A" if after[-1] != "A" else "B"), lambda _: "AAAAAAAAAAAA"]
)
async def test_a_cursor_of_another_query_leads_nowhere(desk: Desk, change: object) -> None:
    """Nor does one that was made up: filters that change on the way would skip readers."""
    assert callable(change)
    async with desk.client() as client:
        after = (await client.get(f"{READERS}?limit=2")).json()["next"]
        refused = await client.get(f"{READERS}?limit=2&state=active&after={after}")
        assert (422, ["?after"]) == (refused.status_code, [fault["pointer"] for fault in refused.json()["errors"]])
        assert 422 == (await client.get(f"/lists/other/subscribers?limit=2&after={after}")).status_code
        assert 422 == (await client.get(f"{READERS}?limit=2&after={change(after)}")).status_code
        assert 200 == (await client.get(f"{READERS}?limit=3&after={after}")).status_code


@pytest.mark.parametrize("text", ["", "not a number", "\0", "queued 99999999999999999999 1 x"])
@pytest.mark.parametrize("path", ["lists/news/editions", "lists/news/subscribers", "lists", "people", "suppressions"])
async def test_nobody_makes_up_a_cursor(served: ServedApi, path: str, text: str) -> None:
    """Not even whoever knows the program, and so what no action expects never comes to it."""
    await served.services.make_list()
    forged = text.encode() + digest_of_query(f"/api/v1/{path}", [])
    async with served.client() as client:
        for octets in (forged, forged[:-20], forged[:-26], text.encode() + bytes(12)):
            after = base64url(octets)
            assert 422 == (await client.get(f"/{path}?after={after}")).status_code


async def test_a_cursor_shows_nothing(desk: Desk) -> None:
    """It may be somebody on another list whose place it holds."""
    async with desk.client() as client:
        after = (await client.get(f"{READERS}?limit=2")).json()["next"]
    octets = octets_of(after)
    assert octets is not None
    assert b"bob" not in octets
    assert b"reader" not in octets


async def test_a_whole_collection_as_lines(desk: Desk) -> None:
    """One object a line, of all pages."""
    async with desk.client() as client:
        response = await client.get(READERS, headers={"Accept": "application/x-ndjson"})
    assert "application/x-ndjson" == response.headers["content-type"]
    assert list(NAMES) == [json.loads(line)["email"].partition("@")[0] for line in response.text.splitlines()]
    assert 3 == len(desk.calls)  # two readers a page, because the action knows that it makes them all


async def test_a_whole_collection_as_csv(desk: Desk) -> None:
    """A header row, objects as JSON, and nothing that a spreadsheet would run."""
    desk.readers["ada@reader.example"].name = "=SUM(A1)"
    desk.readers["bob@reader.example"].fields = {"plan": 'gold, "new"'}
    async with desk.client() as client:
        response = await client.get(READERS, headers={"Accept": "text/csv;q=0.9, application/json;q=0.1"})
        narrow = await client.get(f"{READERS}?fields=name", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(response.text.splitlines()))
    assert ("'=SUM(A1)", '{"plan":"gold, \\"new\\""}', "{}") == (rows[0]["name"], rows[1]["fields"], rows[2]["fields"])
    assert ["name", "'=SUM(A1)", "Bob"] == narrow.text.split()[:3]


async def test_a_stream_whose_token_was_revoked_breaks_off(desk: Desk) -> None:
    """The token is looked up before each page, and the client sees that something is missing."""
    carry_out = desk.carry_out

    async def once(call: Call, progress: ReportProgress) -> Any:
        page = await carry_out(call, progress)
        desk.tokens.clear()
        return page

    desk.carry_out = once  # type: ignore[method-assign]  # what takes the token away once the first page is made
    async with desk.client() as client:
        with pytest.raises(ClientDisconnect):
            await client.get(READERS, headers={"Accept": "application/x-ndjson"})
    assert 1 == len(desk.calls)


async def test_what_refuses_the_first_page_refuses_the_request(desk: Desk) -> None:
    """Before anything is streamed."""
    desk.failure = Unavailable("away")
    async with desk.client() as client:
        response = await client.get(READERS, headers={"Accept": "text/csv"})
    assert (503, "application/problem+json") == (response.status_code, response.headers["content-type"])


async def test_a_journal_has_plain_numbers_for_cursors(desk: Desk) -> None:
    """They mean something to programs, so they are not sealed; and a whole journal ends where it ends now."""
    desk.journal += [JournalEntry(id=number, type="edition.paused") for number in (3, 5, 9)]
    async with desk.client() as client:
        page = (await client.get("/events?after=3&limit=1")).json()
        lines = await client.get("/events", headers={"Accept": "application/x-ndjson"})
    assert ([{"id": 5, "type": "edition.paused"}], 5) == (page["items"], page["next"])
    assert [3, 5, 9] == [json.loads(line)["id"] for line in lines.text.splitlines()]


async def test_a_head_request_follows_nothing(desk: Desk) -> None:
    """It is answered at once, so that it holds no connection."""
    async with desk.client() as client, asyncio.timeout(20):
        response = await client.head("/events", headers={"Accept": "text/event-stream"})
    assert (200, "application/json") == (response.status_code, response.headers["content-type"])


async def test_a_journal_can_be_followed(desk: Desk) -> None:
    """From the last event that the client had; each with its id and type, until the server stops."""
    desk.journal += [JournalEntry(id=number, type="edition.paused") for number in (3, 5)]
    closing = asyncio.Event()
    sent: list[bytes] = []
    scope = _scope(closing, b"/api/v1/events")

    async def send(message: Message) -> None:
        body = message.get("body", b"")
        sent.append(body)
        if b"id: 5" in body:
            desk.journal.append(JournalEntry(id=8, type="copy.failed"))
        if b"id: 8" in body:
            closing.set()

    response = await desk.api.answer(Request(scope))
    async with asyncio.timeout(20):
        await response(scope, _never, send)
    text = b"".join(sent).decode()
    assert text.startswith('id: 5\nevent: edition.paused\ndata: {"id":5,"type":"edition.paused"}\n\n')
    assert "id: 8\nevent: copy.failed\n" in text
    assert [0, 25] == [getattr(call.arguments, "wait", None) for call in desk.calls[:2]]


async def test_few_streams_of_events_with_one_token(desk: Desk) -> None:
    """Each holds a connection, so there are few of them, even where all are asked for at once."""
    asked = [desk.api.answer(Request(_scope(asyncio.Event(), b"/api/v1/events"))) for _ in range(9)]
    answers = await asyncio.gather(*asked)
    streams = [answer for answer in answers if answer.status_code == 200]
    assert MOST_FOLLOWERS_OF_TOKEN == len(streams)
    assert {(429, "60")} == {
        (answer.status_code, answer.headers["retry-after"]) for answer in answers if answer not in streams
    }
    for stream in streams:
        await _lose(stream)
    assert 200 == (await desk.api.answer(Request(_scope(asyncio.Event(), b"/api/v1/events")))).status_code


async def _lose(stream: Response) -> None:
    """The client of a stream goes away before its first piece."""

    async def send(_: Message) -> None:
        raise OSError

    with suppress(OSError, ClientDisconnect):
        await stream(_scope(asyncio.Event(), b"/api/v1/events"), _never, send)


def _scope(closing: asyncio.Event, path: bytes) -> dict[str, Any]:
    class Closing:
        def __init__(self) -> None:
            self.closing = closing

    return {
        "type": "http",
        "method": "GET",
        "path": path.decode(),
        "raw_path": path,
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"accept", b"text/event-stream"),
            (b"last-event-id", b"3"),
        ],
        "state": {"transfer": Closing()},
    }


async def _never() -> Message:
    await asyncio.Event().wait()
    return {}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "a/json"),
        ("*/*", "a/json"),
        ("text/html, */*;q=0.1", "a/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; q=0.5, a/json;q=0.4", "text/csv"),
        ("text/csv;q=0", "a/json"),
        ("image/png", "a/json"),
        ("text/csv;q=nonsense", "text/csv"),
    ],
)
def test_the_media_type_that_is_preferred(accept: str, chosen: str) -> None:
    """By weight, and the usual one where nothing else is asked for by name."""
    assert chosen == preferred(accept, ("a/json", "text/csv"))


def test_httpx_follows_links() -> None:
    """The form of the link is one that clients read."""
    header = {"Link": '<https://news.example.org/api/v1/lists?after=x>; rel="next"'}
    assert "next" in httpx.Response(200, headers=header).links
