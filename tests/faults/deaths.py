"""A worker alone dies or is stopped in the middle of an edition; the daemon goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.e2e.instance import Daemon, children, command_of, until
from tests.faults.outcome import Arrived, Outcome, arrived, await_end, await_taken, furnished

_TIMES = 20
_READERS_EACH = 250  # at the least: one that hands over little between two ends is started again only after a while
_AGAIN_SECONDS = 60.0
_READ_SECONDS = 0.01
_STILL_SECONDS = 5.0  # less than what makes it count as stuck
_RATE = {"rate": "3000/s"}
_MODULE = "pressrun.delivery.worker"


def worker_is_killed(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """SIGKILL at random moments: what was on its way is unknown, is tried again, and may have been taken."""
    times = min(_TIMES, readers // _READERS_EACH)
    readers *= 2
    with furnished(program, folder, readers, delivery=_RATE) as (instance, sink):
        daemon = instance.start()
        edition = instance.send()["id"]
        killed, killed_at = set[int](), list[float]()
        for moment in sorted(chance.randrange(readers * 9 // 10) for _ in range(times)):
            await_taken(sink, moment)
            worker = until(lambda: _living(daemon, killed) or None, _AGAIN_SECONDS)
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
            killed_at.append(time.time())
        await_end(instance, edition)
        ends = daemon.events("worker.ended")
        unknown = [end["unknown"] for end in ends]
        problem = "" if len(ends) == times else f"{len(ends)} ends were told"
        taken = arrived(sink)
        note = (
            f"{times} times, at most {max(unknown)} copies on their way at one; a relay had had half of what was"
            f" repeated for less than {_unnoted_seconds(taken, killed_at) * 1000:.1f} ms"
        )
        return taken.outcome("worker killed", instance, readers, bound=sum(unknown), note=note, problem=problem)


def _unnoted_seconds(taken: Arrived, killed_at: Sequence[float]) -> float:
    """For how long a relay had had the copies that are repeated when the worker was killed, the median.

    It may read a moment after the kill what was sent before.
    """
    firsts = [taken.first_at[reader] for reader, times in taken.times.items() if times > 1]
    waits = [min((at - first for at in killed_at if at > first - _READ_SECONDS), default=0.0) for first in firsts]
    return max(0.0, median(waits)) if waits else 0.0


def worker_stopped(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """SIGSTOP for some seconds: nobody blames it, and what it had goes out when it wakes."""
    with furnished(program, folder, readers, delivery=_RATE) as (instance, sink):
        daemon = instance.start()
        edition = instance.send()["id"]
        await_taken(sink, readers // 3)
        worker = _living(daemon, set())
        os.kill(worker, signal.SIGSTOP)
        time.sleep(_STILL_SECONDS)  # the fault itself
        os.kill(worker, signal.SIGCONT)
        await_end(instance, edition)
        problem = "it was ended" if daemon.events("worker.ended") else ""
        note = f"SIGSTOP for {_STILL_SECONDS:g} s"
        return arrived(sink).outcome("worker stopped", instance, readers, bound=0, note=note, problem=problem)


def _living(daemon: Daemon, killed: set[int]) -> int:
    """The worker's process, 0 for none; one that was killed may not have been buried yet."""
    pids = [int(child) for child in children(daemon.process.pid) if _MODULE in command_of(child)]
    return next((pid for pid in pids if pid not in killed), 0)
