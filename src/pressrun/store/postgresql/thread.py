"""A connection to the server with a thread of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self, TypeVar

from pressrun.store.connection import EngineConnection
from pressrun.store.postgresql.connection import PostgresConnection
from pressrun.store.postgresql.silence import SILENT_SECONDS
from pressrun.store.server_password import ServerPassword

T = TypeVar("T")


class PostgresThread:
    """Runs functions of one connection on its thread, one after the other."""

    def __init__(self, executor: ThreadPoolExecutor, connection: PostgresConnection) -> None:
        self._executor = executor
        self._connection = connection

    @classmethod
    async def open(cls, address: str, password: ServerPassword | None) -> Self:
        """Connect and start the thread; raises Unavailable and BadConfiguration."""
        executor = ThreadPoolExecutor(1, "postgresql")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(
                executor, partial(PostgresConnection, address, password, patience=SILENT_SECONDS)
            )
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(executor, connection)

    async def run(self, function: Callable[[EngineConnection], T]) -> T:
        """Call the function on the thread; it runs to its end even when the awaiting task is cancelled."""
        running = asyncio.get_running_loop().run_in_executor(self._executor, self._run, function, time.monotonic())
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            running.add_done_callback(_forget)
            raise

    def _run(self, function: Callable[[EngineConnection], T], asked: float) -> T:
        self._connection.require_reachable(asked)
        return function(self._connection)

    async def close(self) -> None:
        """Run what is queued, close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._connection.close)
        self._executor.shutdown()


def _forget(running: asyncio.Future[T]) -> None:
    """Retrieve the exception of a future that nobody now waits for, or asyncio would report it."""
    if not running.cancelled():
        running.exception()
