"""The press process alone dies or stands still in the middle of an edition; the daemon goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from tests.e2e.house import Daemon, children, command_of, until
from tests.faults.outcome import Outcome, arrived, await_end, await_taken, furnished

_TIMES = 20
_READERS_EACH = 250  # at the least: one that hands over little between two ends is started again only after a while
_AGAIN_SECONDS = 60.0
_STILL_SECONDS = 5.0  # less than what makes it count as stuck
_RATE = {"rate": "3000/s", "press": "process"}
_MODULE = "pressrun.delivery.worker"


def press_is_killed(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """SIGKILL at random moments: what was on its way is unknown, is tried again, and may have been taken."""
    times = min(_TIMES, readers // _READERS_EACH)
    readers *= 2
    with furnished(program, folder, readers, delivery=_RATE) as (house, sink):
        daemon = house.start()
        edition = house.send()["id"]
        killed = set[int]()
        for moment in sorted(chance.randrange(readers * 9 // 10) for _ in range(times)):
            await_taken(sink, moment)
            press = until(lambda: _living(daemon, killed) or None, _AGAIN_SECONDS)
            os.kill(press, signal.SIGKILL)
            killed.add(press)
        await_end(house, edition)
        ends = daemon.events("worker.ended")
        unknown = [one["unknown"] for one in ends]
        problem = "" if len(ends) == times else f"{len(ends)} ends were told"
        note = f"{times} times, at most {max(unknown)} copies on their way at one"
        return arrived(sink).outcome("press killed", house, readers, bound=sum(unknown), note=note, problem=problem)


def press_stands_still(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """SIGSTOP for some seconds: nobody blames it, and what it had goes out when it wakes."""
    with furnished(program, folder, readers, delivery=_RATE) as (house, sink):
        daemon = house.start()
        edition = house.send()["id"]
        await_taken(sink, readers // 3)
        press = _living(daemon, set())
        os.kill(press, signal.SIGSTOP)
        time.sleep(_STILL_SECONDS)  # the fault itself
        os.kill(press, signal.SIGCONT)
        await_end(house, edition)
        problem = "it was ended" if daemon.events("worker.ended") else ""
        note = f"SIGSTOP for {_STILL_SECONDS:g} s"
        return arrived(sink).outcome("press stands still", house, readers, bound=0, note=note, problem=problem)


def _living(daemon: Daemon, killed: set[int]) -> int:
    """The press process, 0 for none; one that was killed may not have been buried yet."""
    found = [int(one) for one in children(daemon.process.pid) if _MODULE in command_of(one)]
    return next((one for one in found if one not in killed), 0)
