"""Who makes the signatures of mails, away from the event loop: threads here; `press.signers` has processes for it.

A signature takes longer than all else that is done for a copy, and needs no more than a key and a digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeAlias

from pressrun.message.signatures.dkim import SigningFailed, SigningKey, try_to_sign
from pressrun.message.signatures.primitives import SignDigest

Digests: TypeAlias = list[tuple[int, bytes]]  # each behind the place of its key among those that are used
Signatures: TypeAlias = Sequence[bytes | SigningFailed]  # one for each digest, in order
OnSigned: TypeAlias = Callable[[Signatures], None]

WORKERS = 2
BATCHES_AT_MOST = 2  # in the hands of each worker: one that it signs, and one that waits for it


class Hands(Protocol):
    """They sign batches of digests. Used on the event loop, which they never hold up."""

    def use(self, keys: Sequence[SigningKey]) -> None:
        """Sign with these from now on; nobody waits any more for what was to be signed with others."""

    def has_room(self) -> bool:
        """Whether another batch would soon be begun."""

    def sign(self, digests: Digests, done: OnSigned) -> None:
        """Sign these; `done` is called once, later and on the loop, unless `use` or `close` is called before.

        Raises RuntimeError when nobody can be found to sign, as no thread can be started.
        """

    async def close(self) -> None:
        """Sign no more; what has not been signed is not."""


class Threads:
    """The hands are threads of this process; they start with the first batch."""

    def __init__(self) -> None:
        self._keys: list[SignDigest] = []
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pressrun-sign")
        self._held = 0

    def use(self, keys: Sequence[SigningKey]) -> None:
        self._keys = [key.sign_digest for key in keys]

    def has_room(self) -> bool:
        return self._held < BATCHES_AT_MOST * WORKERS

    def sign(self, digests: Digests, done: OnSigned) -> None:
        signing = asyncio.get_running_loop().run_in_executor(self._pool, _sign, self._keys, digests)
        self._held += 1
        signing.add_done_callback(partial(self._deliver, done, len(digests)))

    async def close(self) -> None:
        try:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        except RuntimeError:  # no thread can be started to wait in
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, done: OnSigned, count: int, signing: asyncio.Future[list[bytes | SigningFailed]]) -> None:
        self._held -= 1
        if signing.cancelled():
            return
        problem = signing.exception()
        done(signing.result() if problem is None else [SigningFailed(type(problem).__name__)] * count)


def _sign(keys: Sequence[SignDigest], digests: Digests) -> list[bytes | SigningFailed]:
    return [try_to_sign(keys, *one) for one in digests]
