"""Hashing passwords with Argon2id, away from the event loop.

A hash takes 64 MiB and a tenth of a second of several cores, on purpose. So two are made at a time, on threads that
give way to everything else, and only a few wait: a flood of log-ins must not take memory and time from readers.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from pressrun.core.access.passwords import normal_form
from pressrun.core.errors import Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

AT_ONCE = 2
MOST_WAITING = 40  # some seconds of work; with more, people have to try again
_NICENESS = 10


class HashCost(Struct, frozen=True):
    """What a hash costs: the number of passes over this many KiB, in parallel lanes."""

    passes: int
    kibibytes: int
    lanes: int


# RFC 9106 §4, the second recommended option. Written out: the defaults of the library differ between its versions.
RECOMMENDED = HashCost(passes=3, kibibytes=64 * 1024, lanes=4)
_DIGEST_BYTES, _SALT_BYTES = 32, 16


class PasswordHashes:
    """Makes and checks hashes in PHC form."""

    def __init__(self, cost: HashCost = RECOMMENDED) -> None:
        self._cost = cost
        # The hash of no password, at the same cost: a name that nobody has takes the same time.
        digest, salt = "A" * 43, "A" * 22
        self._of_nobody = f"$argon2id$v=19$m={cost.kibibytes},t={cost.passes},p={cost.lanes}${salt}${digest}"
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords", initializer=_give_way)
        self._waiting = 0

    async def make(self, password: str) -> str:
        """The hash of a password; raises Unavailable while too many wait."""
        return await self._in_turn(lambda: self._hasher.hash(normal_form(password)))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether this is the password; as slow, and never, without a hash. Raises Unavailable as `make` does."""
        return await self._in_turn(lambda: self._is_right(hashed or self._of_nobody, password))

    def is_outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(hashed)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("too many people are logging in. Try again in a minute")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _is_right(self, hashed: str, password: str) -> bool:
        from argon2.exceptions import VerificationError  # noqa: PLC0415 - as below

        try:
            return self._hasher.verify(hashed, normal_form(password))
        except VerificationError:
            return False

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher, Type  # noqa: PLC0415 - only who logs in needs it

        return PasswordHasher(
            time_cost=self._cost.passes,
            memory_cost=self._cost.kibibytes,
            parallelism=self._cost.lanes,
            hash_len=_DIGEST_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )


def _give_way() -> None:
    """Let other threads go first (Linux: a niceness is a thread's own, and that of the threads it starts)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
