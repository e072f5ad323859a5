"""Forms that come twice, as by a double click: what the first one did is the answer to both.

A browser shows the answer to the second alone. Where that could only say that all is done already, nobody would see
what is shown once, such as a token, or that they are logged in. So it is kept for a moment, in memory. Nothing is kept
of a form that failed, by an exception or with such a result: it may be posted again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Hashable
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar

from starlette.responses import Response

T = TypeVar("T")

KEPT_SECONDS = 30.0


class Repeats(Generic[T]):
    """What the copies of one form have done lately."""

    def __init__(self, kept_seconds: float | None = None, failure: type | UnionType = NoneType) -> None:
        """`kept_seconds` are KEPT_SECONDS if None; a result of the type `failure` is that of a form that failed."""
        self._kept_seconds = kept_seconds
        self._failure = failure
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

    def has_failed(self, result: T) -> bool:
        """Whether a form with this result may be posted again."""
        return isinstance(result, self._failure)

    def _keep(self, key: Hashable, done: asyncio.Task[T]) -> None:
        if done.cancelled() or done.exception() is not None or self.has_failed(done.result()):
            del self._begun[key]
        else:
            seconds = KEPT_SECONDS if self._kept_seconds is None else self._kept_seconds
            done.get_loop().call_later(seconds, self._begun.pop, key)


class RepeatedPages(Repeats[Response]):
    """The pages that answered a form. Problems and redirects are not kept: what they say may change in a moment."""

    def has_failed(self, result: Response) -> bool:
        """Whether it is no page that says what was done."""
        return result.status_code != 200
