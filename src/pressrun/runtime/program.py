"""Runs a program of the operator: its input and output are limited, and so is its time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from pressrun.runtime.child_process import CANNOT_START

MOST_INPUT = 32 * 1024  # fits into a pipe, so that writing it never blocks
MOST_OUTPUT = 2048  # octets that are kept; the rest is read and dropped
LAST_WORDS_SECONDS = 0.5  # for what is still in the pipe when the program has ended


class ProgramEnd(Struct, frozen=True):
    """How a program ended: "" if all went well, otherwise what went wrong; and the beginning of what it wrote."""

    problem: str
    output: str


class _Output(asyncio.Protocol):
    """Keeps the beginning; `ended` is set when nobody can write anything further."""

    def __init__(self) -> None:
        self.kept = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.kept += data[: MOST_OUTPUT - len(self.kept)]

    def connection_lost(self, _: Exception | None) -> None:
        self.ended.set()


async def run_program(command: Sequence[str], octets: bytes, seconds: float) -> ProgramEnd:
    """Run a command without a shell, with `octets` on stdin, for at most `seconds`.

    It has a process group of its own, which is killed when its time is over, and when the caller is cancelled.
    """
    assert len(octets) <= MOST_INPUT
    output = _Output()
    read_end, write_end = os.pipe()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, os.fdopen(read_end, "rb"))
    try:
        try:
            process = await _start(command, octets, write_end)
        except CANNOT_START as error:
            return ProgramEnd(f"it cannot be started: {getattr(error, 'strerror', None) or error}", "")
        finally:
            os.close(write_end)
        problem = await _await_end(process, seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await output.ended.wait()
        return ProgramEnd(problem, output.kept.decode(errors="replace").strip())
    finally:
        transport.close()


async def _start(command: Sequence[str], octets: bytes, output: int) -> asyncio.subprocess.Process:
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, octets)
        os.close(write_end)
        return await asyncio.create_subprocess_exec(
            *command, stdin=read_end, stdout=output, stderr=output, start_new_session=True
        )
    finally:
        os.close(read_end)


async def _await_end(process: asyncio.subprocess.Process, seconds: float) -> str:
    """Wait for the end, and kill what takes too long; returns "" or what went wrong."""
    try:
        async with asyncio.timeout(seconds):
            status = await process.wait()
    except TimeoutError:
        return f"it took longer than {seconds:g} s and was killed"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status == 0:
        return ""
    return f"it ended with {status}" if status > 0 else f"signal {-status} ended it"
