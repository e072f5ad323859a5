"""Programs of the operator: they get what they should, and neither their time nor their words are without end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.e2e.instance import until

from pressrun.runtime.program import MOST_OUTPUT, run_program

Script = Callable[[str], list[str]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A program of a few lines of shell."""

    def write(lines: str) -> list[str]:
        path = tmp_path / "page-me"
        path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        path.chmod(0o755)
        return [str(path)]

    return write


async def test_it_gets_its_input_and_its_arguments(script: Script, tmp_path: Path) -> None:
    """No shell of ours reads the arguments."""
    command = [*script(f'cat > {tmp_path}/given; echo "$1" > {tmp_path}/argument; echo sent'), "$(id); *"]
    end = await run_program(command, b'{"cause": "relays"}', 20.0)
    assert ("", "sent") == (end.problem, end.output)
    assert b'{"cause": "relays"}' == (tmp_path / "given").read_bytes()
    assert "$(id); *\n" == (tmp_path / "argument").read_text()


@pytest.mark.parametrize(
    ("lines", "problem", "output"),
    [
        ("echo no network >&2; exit 3", "it ended with 3", "no network"),
        ("kill -TERM $$", f"signal {signal.SIGTERM.value} ended it", ""),
        ("exec 0<&-; exit 0", "", ""),  # it reads nothing
        (f"head -c {MOST_OUTPUT * 100} /dev/zero | tr '\\0' x", "", "x" * MOST_OUTPUT),
    ],
)
async def test_how_it_ended_is_told(script: Script, lines: str, problem: str, output: str) -> None:
    end = await run_program(script(lines), b"{}", 20.0)
    assert (problem, output) == (end.problem, end.output)


async def test_one_that_is_not_there_is_told() -> None:
    end = await run_program(["/nowhere/page-me"], b"{}", 20.0)
    assert "it cannot be started: No such file or directory" == end.problem


async def test_one_that_takes_too_long_is_killed_with_all_that_it_started(script: Script, tmp_path: Path) -> None:
    """Meanwhile the loop goes on."""
    lines = f"echo begun; (echo $$ > {tmp_path}/pids; exec sleep 1000) & echo $! >> {tmp_path}/pids; wait"
    end = await run_program(script(lines), b"{}", 0.5)
    assert ("it took longer than 0.5 s and was killed", "begun") == (end.problem, end.output)
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        await gone(pid)


async def test_one_is_killed_when_nobody_waits_for_it_any_more(script: Script, tmp_path: Path) -> None:
    """As when the daemon is stopped."""
    task = asyncio.create_task(run_program(script(f"echo $$ > {tmp_path}/pid; exec sleep 1000"), b"{}", 600.0))
    pid = tmp_path / "pid"
    await asyncio.to_thread(until, lambda: pid.exists() and pid.read_text())
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await gone(int(pid.read_text()))


async def test_a_process_that_it_leaves_behind_holds_nothing_up(script: Script, tmp_path: Path) -> None:
    """It has the output still open."""
    lines = f"setsid {sys.executable} -c 'import time; time.sleep(1000)' & echo $! > {tmp_path}/pid; echo sent"
    try:
        end = await run_program(script(lines), b"{}", 20.0)
        assert ("", "sent") == (end.problem, end.output)
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


async def gone(pid: int) -> None:
    """Wait until a process has ended; what is left of it may wait for its parent."""
    await asyncio.to_thread(until, lambda: state_of(pid) == "Z")


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
