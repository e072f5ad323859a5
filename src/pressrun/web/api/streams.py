"""Whole collections in one answer: a JSON object a line, CSV, or events that go on for as long as the program listens.

Also one answer as it changes, until it is final.

A stream is made of pages, each of which is a call of its own, so memory does not grow with the collection. Before each
page the token is checked again: what it may no longer do ends at once.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct, structs
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from pressrun.acts.http import JSON, CsvPage, Page
from pressrun.core.errors import PressrunError
from pressrun.core.text.cells import escape_cell
from pressrun.web.api.problems import ApiProblem

NDJSON = "application/x-ndjson"
CSV = "text/csv"
EVENTS = "text/event-stream"
MOST_FOLLOWERS = 50  # in all: each holds a connection and a task
MOST_FOLLOWERS_OF_TOKEN = 3
MOST_FOLLOWERS_OF_PERSON = 12  # with all of their tokens, of which anybody who manages a list can make many
MOST_WAITS = 200  # in all: each holds one of 1,000 connections
MOST_WAITS_OF_TOKEN = 20
MOST_WAITS_OF_PERSON = 60
WAIT_SECONDS = 25  # for the next event: a proxy closes what is silent for long
LOOK_SECONDS = 0.5  # between two looks at an answer that is followed

HEADERS = {"X-Accel-Buffering": "no"}  # of what a proxy is to pass on as it comes
_RETRY_SECONDS = "60"


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The media type that an Accept header prefers; the first one offered if it names none (RFC 9110)."""
    if not accept or len(offered) == 1:
        return offered[0]
    weights: dict[str, float] = {}
    for item in accept.split(","):
        kind, _, parameters = item.partition(";")
        match = re.search(r"(?:\A|;)\s*q=([01](?:\.\d{0,3})?)\s*(?:;|\Z)", parameters)
        weights[kind.strip().lower()] = float(match[1]) if match else 1.0
    best = max(offered, key=lambda kind: weights.get(kind, 0.0))
    return best if weights.get(best, 0.0) > weights.get("*/*", 0.0) or best == JSON else offered[0]


class PageSource:
    """The pages of a collection, one after the other, by a function of the arguments that differ from page to page."""

    def __init__(self, page_of: Callable[[Mapping[str, Any]], Awaitable[Page[Any]]], after: object) -> None:
        self._page_of = page_of
        self._after = after
        self._first: Page[Any] | None = None
        self._is_over = False

    async def begin(self, more: Mapping[str, Any]) -> None:
        """Get the first page; raises what refuses it."""
        self._first = await self._page_of(more)

    async def next_page(self, more: Mapping[str, Any] | None = None) -> Page[Any]:
        """The page that follows; the same again while a collection does not grow.

        Raises ClientDisconnect where the stream may not go on: the client sees that it is not complete.
        """
        page, self._first = self._first, None
        if page is None:
            after = {} if self._after is None else {"after": self._after}
            try:
                page = await self._page_of({**(more or {}), **after})
            except (PressrunError, ApiProblem) as problem:
                raise ClientDisconnect from problem
        self._is_over = page.next is None or page.next == self._after
        self._after = self._after if page.next is None else page.next
        return page

    async def pages(self) -> AsyncIterator[Page[Any]]:
        """All pages up to the last one."""
        yield await self.next_page()
        while not self._is_over:
            yield await self.next_page()


async def lines(source: PageSource, names: Sequence[str] | None) -> AsyncIterator[bytes]:
    """A JSON object a line; `names` are the members to show, None: all."""
    encode = msgspec.json.Encoder().encode_lines
    async for page in source.pages():
        if page.items:
            yield encode(page.items if names is None else [shown(item, names) for item in page.items])


async def rows(source: PageSource, columns: Sequence[str] | None) -> AsyncIterator[bytes]:
    """CSV with a header row; without `columns`, those of the first page. Cells hold text, or else JSON."""
    if columns is not None:
        yield _csv_lines([columns])
    async for page in source.pages():
        if columns is None:
            assert isinstance(page, CsvPage)
            columns = page.columns
            yield _csv_lines([list(map(_cell, columns))])
        members = _members_of(page.items, columns)
        yield _csv_lines([[_cell(value) for value in members(item)] for item in page.items])


async def events(source: PageSource, closing: asyncio.Event | None) -> AsyncIterator[bytes]:
    """Server-sent events (WHATWG HTML §9.2) until the client leaves or the server stops; a comment in every silence."""
    stopped = asyncio.ensure_future((closing or asyncio.Event()).wait())
    try:
        yield _events_of(await source.next_page())
        while True:
            coming = asyncio.ensure_future(source.next_page({"wait": WAIT_SECONDS}))
            try:
                await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if stopped.done():
                    return
                yield _events_of(coming.result())
            finally:
                coming.cancel()
    finally:
        stopped.cancel()


async def changes(
    first: Any, look: Callable[[], Awaitable[Any]], is_final: Callable[[Any], bool], closing: asyncio.Event | None
) -> AsyncIterator[bytes]:
    """Server-sent events of one answer whenever it has changed, until it is final, or the client leaves or we stop.

    It sends a comment in every silence. If the caller may no longer look at it, the stream breaks off.
    """
    stopped = asyncio.ensure_future((closing or asyncio.Event()).wait())
    value, told, silent_seconds = first, b"", 0.0
    try:
        while True:
            said = msgspec.json.encode(value)
            if said != told:
                yield b"data: %b\n\n" % said
                told, silent_seconds = said, 0.0
            elif silent_seconds >= WAIT_SECONDS:
                yield b":\n\n"
                silent_seconds = 0.0
            if is_final(value):
                return
            await asyncio.wait({stopped}, timeout=LOOK_SECONDS)
            if stopped.done():
                return
            silent_seconds += LOOK_SECONDS
            try:
                value = await look()
            except (PressrunError, ApiProblem) as problem:
                raise ClientDisconnect from problem
    finally:
        stopped.cancel()


def shown(item: Any, names: Sequence[str]) -> dict[str, Any]:
    """The named members of an item. A struct leaves out those that are unset."""
    if isinstance(item, Mapping):
        return {name: item.get(name) for name in names}
    return {
        field.encode_name: value
        for field in structs.fields(item)
        if field.encode_name in names and (value := getattr(item, field.name)) is not msgspec.UNSET
    }


def _members_of(items: Sequence[Any], columns: Sequence[str]) -> Callable[[Any], Iterable[Any]]:
    """What gets the values of these columns from an item, worked out once for all of them."""
    if not items or isinstance(items[0], Mapping):
        return lambda item: [item.get(name) for name in columns]
    names = {field.encode_name: field.name for field in structs.fields(items[0])}
    values = attrgetter(*(names[column] for column in columns))
    return values if len(columns) > 1 else lambda item: (values(item),)


def _events_of(page: Page[Any]) -> bytes:
    return b"".join(map(_event, page.items)) or b":\n\n"


def _event(item: Any) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(item.id).encode(), item.type.encode(), msgspec.json.encode(item))


def _csv_lines(table: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(table)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return escape_cell(value)
    return "" if value is None else msgspec.json.encode(value).decode()


class StreamClient(Struct, frozen=True, kw_only=True):
    """Whom a client counts against: its token, and the person who made that; None: nobody who is limited."""

    token: int | None
    person: int | None = None


class _ClientCounts:
    """How many clients there are, in all, with each token and of each person."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, int | None]] = Counter()

    def find_full(self, listener: StreamClient, most: Mapping[str, int]) -> str | None:
        """Which of these limits leaves no room for a client; None if there is room."""
        return next((kind for kind, key in _keys_of(listener) if self._numbers[kind, key] >= most[kind]), None)

    def add(self, listener: StreamClient, number: int) -> None:
        for key in _keys_of(listener):
            self._numbers[key] += number
        self._numbers += Counter()  # forget those that have none


def _keys_of(listener: StreamClient) -> list[tuple[str, int | None]]:
    person = [] if listener.person is None else [("person", listener.person)]
    return [("token", listener.token), *person, ("all", None)]


class Followers:
    """How many clients listen to events."""

    def __init__(self) -> None:
        self._counts = _ClientCounts()

    def require_room(self, listener: StreamClient) -> None:
        """Raise ApiProblem 429 or 503 where there are too many."""
        most = {"token": MOST_FOLLOWERS_OF_TOKEN, "person": MOST_FOLLOWERS_OF_PERSON, "all": MOST_FOLLOWERS}
        full = self._counts.find_full(listener, most)
        if full == "all":
            raise ApiProblem(503, headers={"Retry-After": _RETRY_SECONDS})
        if full is not None:
            whose = "with one token" if full == "token" else "with the tokens of one person"
            said = f"at most {most[full]} streams of events {whose}"
            raise ApiProblem(429, said, headers={"Retry-After": _RETRY_SECONDS})

    def enter(self, listener: StreamClient) -> None:
        """Count a client from now on; raises as `require_room` does."""
        self.require_room(listener)
        self._counts.add(listener, 1)

    def leave(self, listener: StreamClient) -> None:
        """Stop counting it."""
        self._counts.add(listener, -1)


class Waits:
    """How many requests wait for events: each holds a connection that readers may need."""

    def __init__(self) -> None:
        self._counts = _ClientCounts()

    @contextmanager
    def granted(self, listener: StreamClient) -> Iterator[bool]:
        """Whether a request may wait, which counts inside the block; otherwise it is answered at once."""
        most = {"token": MOST_WAITS_OF_TOKEN, "person": MOST_WAITS_OF_PERSON, "all": MOST_WAITS}
        is_granted = self._counts.find_full(listener, most) is None
        self._counts.add(listener, int(is_granted))
        try:
            yield is_granted
        finally:
            self._counts.add(listener, -int(is_granted))


class FollowedStream(StreamingResponse):
    """A stream of events whose client counts until it has ended, even if that is before its first piece."""

    def __init__(self, pieces: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(pieces, 200, HEADERS, EVENTS)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()
