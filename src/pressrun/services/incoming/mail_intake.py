"""Storing accepted mail: those that come at the same moment share one commit, and one wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pressrun.store.database import Database
from pressrun.store.inbound import NewInbound, store_mail
from pressrun.store.transaction import Transaction

_MOST = 100  # mails in a transaction
_MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Waiting:
    rows: Sequence[NewInbound]
    content: bytes
    now: int
    stored: asyncio.Future[list[bool]]


class MailIntake:
    """The one way of mail into the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def store(self, rows: Sequence[NewInbound], content: bytes, now: int) -> list[bool]:
        """Store a mail for its recipients, durably; False for those who have it already. Raises Unavailable."""
        stored: asyncio.Future[list[bool]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(rows, content, now, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="inbound intake")
        return await stored

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                answers = await self._database.write(_store_all, batch)
            except Exception as problem:  # noqa: BLE001 - it belongs to those who wait, each of whom raises it
                for one in batch:
                    if not one.stored.done():
                        one.stored.set_exception(problem)
                continue
            for one, answer in zip(batch, answers, strict=True):
                if not one.stored.done():
                    one.stored.set_result(answer)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < _MOST and (not batch or size < _MOST_BYTES):
            batch.append(self._waiting.pop(0))
            size += len(batch[-1].content)
        return batch


def _store_all(tx: Transaction, batch: Sequence[_Waiting]) -> list[list[bool]]:
    return [store_mail(tx, one.rows, one.content, one.now) for one in batch]
