"""The source of a move: how the process that writes to a database serves the command that moves it.

The command copies (operations.move_database). This process notes changes, stops for the last of them, and marks the
database as gone: the one commit that switches.
"""

from __future__ import annotations

import asyncio
from functools import partial

from pressrun.core.errors import Refused, Unavailable
from pressrun.services.ports import StoppableService
from pressrun.store.database import Database
from pressrun.store.table_store import MoveMark, MoveState, TableStore

LOOK_AGAIN_SECONDS = 1.0  # while a server that was lost in the middle of the switch is away


class MoveSource:
    """The source of a move; `session` is that of this process, and `database` stays open while the service stops."""

    def __init__(self, database: Database, session: int, service: StoppableService) -> None:
        self._database = database
        self._session = session
        self._service = service
        self._switching: asyncio.Task[None] | None = None

    async def track_changes(self) -> None:
        """Note which rows change from now on, until `resume` or until the command ends."""
        await self._database.with_tables(lambda tables: tables.track_changes())
        self._service.follow(self.resume)

    async def stop(self) -> None:
        """Stop the service until `resume`, or the end of the command."""
        await self._service.stop(self.resume)

    async def switch(self, place: str, move: str) -> None:
        """Mark the database as gone; raises Refused when it was not stopped all the time, and changes nothing then."""
        self._service.keep_stopped()
        self._switching = asyncio.create_task(self._switch(MoveMark(MoveState.GONE, place, move)), name="move")
        await asyncio.shield(self._switching)  # also when the command ends now

    async def _switch(self, mark: MoveMark) -> None:
        """Switch, or raise. The command is followed again then: if it is gone, nobody else lets the service go on."""
        try:
            await self._mark(mark)
        except Exception:
            self._service.follow(self.resume)
            raise
        self._service.end(mark.place)

    async def _mark(self, mark: MoveMark) -> None:
        """Mark the database. A commit whose answer was lost may be done, and then nobody may use this database."""
        try:
            await self._database.with_tables(partial(_mark_gone, self._session, mark))
        except Unavailable:
            if await self._find_mark() != mark:
                raise

    async def _find_mark(self) -> MoveMark | None:
        """The mark of the database, as soon as it answers."""
        while True:
            try:
                return await self._database.with_tables(lambda tables: tables.mark())
            except Unavailable:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def resume(self) -> None:
        """Note nothing more, and let the service go on; not before it is known that no switch was made."""
        if self._switching is not None:
            await asyncio.wait([self._switching])
        try:
            await self._database.with_tables(lambda tables: tables.untrack_changes())
        finally:
            self._service.resume()


def _mark_gone(session: int, mark: MoveMark, tables: TableStore) -> None:
    alive = "update session set state = 'live' where id = ? and state = 'live'"
    if tables.execute(alive, (session,)).rowcount != 1:  # its lease ran out: others may have written since the stop
        raise Refused("another process has begun to use the database in the meantime. Nothing was changed")
    tables.untrack_changes()
    tables.set_mark(mark)
