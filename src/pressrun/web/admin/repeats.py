"""Forms that come twice, as by a double click: what the first one did is the answer to both.

A browser shows the answer to the second alone. Where that could only say that all is done already, nobody would see
what is shown once, such as a token, or that they are logged in. So it is kept for a moment, in memory. Nothing is kept
of a form that failed, by an exception or with such a result: it may be posted again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

KEPT_SECONDS = 30.0


class Repeats(Generic[T]):
    """What the copies of one form have done lately."""

    def __init__(self, has_failed: Callable[[T], bool], kept_seconds: float | None = None) -> None:
        """`has_failed` says of a result that its form may be posted again; `kept_seconds` are KEPT_SECONDS if None."""
        self._has_failed = has_failed
        self._kept_seconds = kept_seconds
        self._begun: dict[Hashable, asyncio.Task[T]] = {}

    def number(self) -> str:
        """That of a new copy of the form."""
        return secrets.token_hex(8)

    async def once(
        self, person: Hashable, number: str, wanted: Hashable, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """What `work` returns or raises, carried out once for what somebody wants with one copy of the form.

        A copy that comes with other wishes, as after a step back, is a new form, and so is one without a number.
        """
        if not number:
            return await work()
        key = (person, number, wanted)
        if key not in self._begun:
            self._begun[key] = task = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(self._begun[key])  # a browser may have given up the first request

    def _keep(self, key: Hashable, done: asyncio.Task[T]) -> None:
        if done.cancelled() or done.exception() is not None or self._has_failed(done.result()):
            del self._begun[key]
        else:
            seconds = KEPT_SECONDS if self._kept_seconds is None else self._kept_seconds
            done.get_loop().call_later(seconds, self._begun.pop, key)
