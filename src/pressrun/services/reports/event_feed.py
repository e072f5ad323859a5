"""The journal of events as programs follow it: a page of what they may see, or a wait until there is more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.access.rights import Holdings, Right
from pressrun.core.errors import Gone, NotFound, Unavailable
from pressrun.core.lifecycles.events import EventType
from pressrun.store.database import Database
from pressrun.store.lists import lists
from pressrun.store.programs import events
from pressrun.store.programs.events import EventInfo
from pressrun.store.transaction import Transaction

POLL_SECONDS = 0.25  # how often the newest id is read while somebody waits: one short statement, for all who do
WINDOW = 10_000  # ids that one statement goes through, so that a filter that matches few holds up nobody


class EventQuery(Struct, frozen=True, kw_only=True):
    """Which events somebody asks for: those after an id, of these types (none: all), and of one list or any."""

    after: int
    limit: int
    types: tuple[EventType, ...] = ()
    list: str | None = None


class EventPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the id to go on after: that of the last event that was looked at."""

    items: Sequence[EventInfo]
    next: int
    is_last: bool


class _Sight(Struct, frozen=True, kw_only=True):
    """What somebody may see: events of these lists, and readers of those; None: of all, and of the service itself."""

    lists: tuple[str, ...] | None
    readers: tuple[str, ...] | None


class EventFeed:
    """Reads the journal. Those who wait share one look at it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._look: asyncio.Task[int] | None = None

    async def read(self, query: EventQuery, holdings: Holdings, wait_seconds: float = 0) -> EventPage:
        """The next events, at once or as soon as there are some within a time.

        Raises NotFound for an unknown list and an id that no event has yet, and Gone where events after `after` are no
        longer kept.
        """
        ends_at = asyncio.get_running_loop().time() + wait_seconds
        while True:
            page = await self._database.read(_read_page, query, holdings)
            if page.items or (page.is_last and not await self._is_more(page.next, ends_at)):
                return page
            query = replace(query, after=page.next)

    async def _is_more(self, after: int, ends_at: float) -> bool:
        """Wait for a newer event; False when the time is over before."""
        try:
            async with asyncio.timeout_at(ends_at):
                while await self._newest_soon() <= after:
                    pass
        except TimeoutError:
            return False
        return True

    async def _newest_soon(self) -> int:
        """The newest id in a moment."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_up(), name="newest event")
        return await asyncio.shield(self._look)

    async def _look_up(self) -> int:
        await asyncio.sleep(POLL_SECONDS)
        try:
            return await self._database.read(events.newest)
        except Unavailable:
            return 0  # callers that wait for it learn that when they read


def _read_page(tx: Transaction, query: EventQuery, holdings: Holdings) -> EventPage:
    newest = events.newest(tx)
    _require_kept(tx, query.after, newest)
    sight = _sight(tx, query.list, holdings)
    through = min(newest, query.after + WINDOW)
    rows = events.page(
        tx,
        after=query.after,
        through=through,
        limit=query.limit,
        types=query.types,
        lists=sight.lists,
        reader_lists=sight.readers,
    )
    last = rows[-1].id if len(rows) == query.limit else through
    shows = _shows_address(sight, holdings)
    items = [item if shows(item.list) else replace(item, email=None) for item in rows]
    return EventPage(items=items, next=last, is_last=last == newest)


def _require_kept(tx: Transaction, after: int, newest: int) -> None:
    if after > newest:
        raise NotFound(f"no event has the id {after} yet: the newest is {newest}")
    if not after:
        return  # from the oldest one on
    oldest = events.oldest(tx)
    last_removed = newest if oldest is None else oldest - 1
    if after < last_removed:
        raise Gone(
            f"events up to {last_removed} are no longer kept ([retention] events), so some after {after} are missing. "
            f"Compare everything, then go on after {last_removed}"
        )


def _sight(tx: Transaction, list_name: str | None, holdings: Holdings) -> _Sight:
    chosen: tuple[str, ...]
    if list_name is not None:
        chosen = (lists.get_list(tx, list_name).name,)
    elif holdings.has(Right.STATS):
        return _Sight(lists=None, readers=None)
    else:
        chosen = tuple(target.name for target in lists.all_lists(tx) if holdings.has(Right.STATS, target.name))
    return _Sight(lists=chosen, readers=tuple(name for name in chosen if holdings.has(Right.SEE_READERS, name)))


def _shows_address(sight: _Sight, holdings: Holdings) -> Callable[[str | None], bool]:
    """Whether the address of an event of a list, or of none, may be seen."""

    def shows(list_name: str | None) -> bool:
        if list_name is None:
            return sight.readers is not None or holdings.has(Right.SEE_READERS)
        return holdings.has(Right.SEE_READERS, list_name)

    return shows
