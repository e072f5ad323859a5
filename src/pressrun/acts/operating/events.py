"""Actions on the journal of events: what has happened, for programs that follow it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from pressrun.acts.act import SOME_LIST, ActList, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.http import Page, PageLength
from pressrun.core.access.rights import Right
from pressrun.core.lifecycles.events import EventType
from pressrun.services.reports.event_feed import EventQuery
from pressrun.store.programs.events import EventInfo

LONGEST_WAIT_SECONDS = 30


class EventsAfter(Arguments, frozen=True, kw_only=True):
    """The events after an id; `wait` is for how many seconds there may be none."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: PageLength = 100
    type: tuple[EventType, ...] = ()
    list: str | None = None
    wait: Annotated[int, Meta(ge=0, le=LONGEST_WAIT_SECONDS)] = 0


EVENT_ACTS = ActList()


@EVENT_ACTS.add(
    "event.list",
    "Show what has happened since an event, or wait until something does",
    Right.STATS,
    SOME_LIST,
    http=Http(method="GET", path="events", query=("after", "limit", "type", "list", "wait")),
)
async def _read(doing: Doing, args: EventsAfter) -> Page[EventInfo]:
    query = EventQuery(after=args.after, limit=args.limit, types=args.type, list=args.list)
    page = await doing.cases.events.read(query, doing.caller.holdings, args.wait)
    return Page(items=list(page.items), next=page.next)
