"""Actions on the journal of events: what has happened, for programs that follow it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pressrun.acts.act import SOME_LIST, Act, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.http import Page, PageLength
from pressrun.core.access.rights import Right
from pressrun.core.lifecycles.events import EventType
from pressrun.services.reports.event_feed import EventQuery

LONGEST_WAIT_SECONDS = 30


class EventsAfter(Arguments, frozen=True, kw_only=True):
    """The events after an id; `wait` is for how many seconds there may be none."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: PageLength = 100
    type: tuple[EventType, ...] = ()
    list: str | None = None
    wait: Annotated[int, Meta(ge=0, le=LONGEST_WAIT_SECONDS)] = 0


class EventInfo(msgspec.Struct, kw_only=True):
    """Something that happened at `at` (RFC 3339). `actor` is reader, mail, shell, clock, person:NAME or token:NAME.

    `email` is the present address; null for an erased reader, and for callers who may not see readers. `how` says in
    which way or why. `object` is the subject of an event about no reader or edition, such as `relay primary` or
    `job 31`.
    """

    id: int
    type: str
    at: str
    list: str | None
    email: str | None
    edition: int | None
    actor: str
    how: str | None
    object: str | None


async def _read(doing: Doing, args: EventsAfter) -> Page[Any]:
    query = EventQuery(after=args.after, limit=args.limit, types=args.type, list=args.list)
    page = await doing.cases.events.read(query, doing.caller.holdings, args.wait)
    return Page(items=list(page.items), next=page.next)


EVENT_ACTS = (
    Act(
        id="event.list",
        summary="Show what has happened since an event, or wait until something does",
        right=Right.STATS,
        lists=SOME_LIST,
        arguments=EventsAfter,
        work=_read,
        answer=Page[EventInfo],
        http=Http(method="GET", path="events", query=("after", "limit", "type", "list", "wait")),
    ),
)
