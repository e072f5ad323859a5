"""A process of ours that another starts and talks to over a socket: how it is started, read and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from pressrun.runtime.child_process import kill, spawn

AGAIN_SECONDS = (0.2, 1.0, 5.0, 30.0)  # pauses before a new start; each time the process ends soon, the next of these
SOON_SECONDS = 60.0  # a process that lived longer is started again at once
GRACE_SECONDS = 1.0  # for a process to end by itself when its socket is closed

L = TypeVar("L", bound="Line")


class Line(asyncio.Protocol, ABC):
    """Our end of the socket to one process."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._heard_at = time.monotonic()
        self._closed = asyncio.Event()

    @abstractmethod
    def heard(self, data: bytes) -> None:
        """Take octets that have arrived."""

    @property
    def is_awaited(self) -> bool:
        """Whether the process ought to say something soon."""
        return True

    @property
    def is_open(self) -> bool:
        """Whether the process can still receive frames."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, frame: bytes) -> None:
        """Send this, if the process can still receive it."""
        if self._transport is not None and self.is_open:
            self._transport.write(frame)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def expect(self) -> None:
        """Count the silence from now on."""
        self._heard_at = time.monotonic()

    async def silence(self, seconds: float) -> None:
        """Wait until the process has closed its end, or has been silent for this long although it should not be."""
        while not self._closed.is_set() and not (self.is_awaited and time.monotonic() >= self._heard_at + seconds):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds / 4):
                    await self._closed.wait()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.expect()
        self.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the process tells why
        self._closed.set()


async def start(
    module: str, make_line: Callable[[int], L], *arguments: int, descriptors: Sequence[int] = ()
) -> tuple[asyncio.subprocess.Process, L]:
    """Start `python -m MODULE SOCKET PARENT ARGUMENT…`, which inherits `descriptors`; `make_line` gets its pid.

    Raises one of child_process.CANNOT_START.
    """
    process, ours = await spawn(module, os.getpid(), *arguments, descriptors=descriptors)
    try:
        _, line = await asyncio.get_running_loop().connect_accepted_socket(lambda: make_line(process.pid), ours)
    except BaseException:
        ours.close()  # which ends the process
        raise
    return process, line


def reason(problem: Exception) -> str:
    """Why a process could not be started."""
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


async def see_off(process: asyncio.subprocess.Process) -> None:
    """See the process end: a healthy one ends by itself when the socket is closed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    kill(process)
    await process.wait()


async def pause(ends: int, seconds: Sequence[float], over: asyncio.Event) -> None:
    """Wait before the next start, after the process has ended `ends` times in a row; not when everything is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds[min(ends, len(seconds)) - 1]):
            await over.wait()
