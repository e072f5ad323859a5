"""The database that a move leaves, as the process that writes to it serves the command that moves it.

The command copies (operations.move_database). This process notes changes, stops for the last of them, and marks the
database as gone: the one commit that switches.
"""

from __future__ import annotations

from functools import partial

from pressrun.core.errors import Refused
from pressrun.services.ports import StoppableService
from pressrun.store.database import Database
from pressrun.store.table_store import MoveMark, MoveState, TableStore


class MoveSource:
    """The source of a move; `session` is that of this process, and `database` stays open while the service stops."""

    def __init__(self, database: Database, session: int, service: StoppableService) -> None:
        self._database = database
        self._session = session
        self._service = service

    async def track_changes(self) -> None:
        """Note which rows change from now on."""
        await self._database.with_tables(lambda tables: tables.track_changes())

    async def stop(self) -> None:
        """Stop the service until `resume`, or the end of the command."""
        await self._service.stop(self.resume)

    async def switch(self, place: str, move: str) -> None:
        """Mark the database as gone; raises Refused when it was not stopped all the time, and changes nothing then."""
        self._service.keep_stopped()
        await self._database.with_tables(partial(_switch, self._session, MoveMark(MoveState.GONE, place, move)))
        self._service.end(place)

    async def resume(self) -> None:
        """Note nothing more, and let the service go on."""
        try:
            await self._database.with_tables(lambda tables: tables.untrack_changes())
        finally:
            self._service.resume()


def _switch(session: int, mark: MoveMark, tables: TableStore) -> None:
    alive = "update session set state = 'live' where id = ? and state = 'live'"
    if tables.execute(alive, (session,)).rowcount != 1:  # its lease ran out: others may have written since the stop
        raise Refused("another process has begun to use the database meanwhile. Nothing was changed")
    tables.untrack_changes()
    tables.set_mark(mark)
