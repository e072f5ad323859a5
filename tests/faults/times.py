"""A clock that jumps, and a daemon that is ended and started again: in the middle of an edition."""

from __future__ import annotations

import random
from pathlib import Path

from tests.bench.verify_sink import busiest, read_log
from tests.faults.outcome import Outcome, arrived, await_end, await_taken, furnished

_LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")
_JUMPS = ("+3600", "-7200", "+86400", "+0")
_RATE = 400
_MOST_READERS = 2000  # libfaketime reads its file at each look at the clock, which takes its time


class NoFakeClock(Exception):
    """libfaketime is not installed."""


class FakeClock:
    """The wall clock of processes started with `environment`: that of the machine, and an offset in seconds."""

    def __init__(self, folder: Path) -> None:
        library = next((path for pattern in _LIBRARIES for path in Path("/").glob(pattern[1:])), None)
        if library is None:
            raise NoFakeClock("libfaketime is not installed (apt-get install faketime)")
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._following = folder / "clock", folder / "clock-next"
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set("+0")

    def set(self, offset: str) -> None:
        """At once: libfaketime ends a process that finds the file empty."""
        self._following.write_text(f"{offset}\n", encoding="ascii")
        self._following.replace(self._file)


def clock_jumps(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """The daemon's clock, by libfaketime: an hour ahead, three back, a day ahead, and right again."""
    clock = FakeClock(folder)
    readers = min(readers, _MOST_READERS)
    with furnished(program, folder, readers, delivery={"rate": f"{_RATE}/s"}) as (instance, sink):
        instance.start(environment=clock.environment)
        edition = instance.send()["id"]
        for number, jump in enumerate(_JUMPS):
            await_taken(sink, readers * (number + 1) // (len(_JUMPS) + 2))
            clock.set(jump)
        await_end(instance, edition)
        with sink.log.open(encoding="utf-8") as lines:
            most = busiest(read_log(lines, "rcpt").times_us, 1.0)
        problem = "" if most <= 2 * _RATE else "the rate was not held"
        note = f"+1 h, −3 h, +26 h, −24 h; at {_RATE}/s the busiest second had {most}"
        return arrived(sink).outcome("clock jumps", instance, readers, bound=0, note=note, problem=problem)


def restarts(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """SIGTERM at five random moments: what is in flight is finished, so nothing is repeated."""
    with furnished(program, folder, readers, delivery={"rate": "3000/s"}) as (instance, sink):
        daemon = instance.start()
        edition = instance.send()["id"]
        moments = sorted(chance.randrange(readers * 9 // 10) for _ in range(5))
        ends = []
        for moment in moments:
            await_taken(sink, moment)
            ends.append(daemon.stop())
            daemon = instance.start()
        await_end(instance, edition)
        problem = f"exit codes {ends}" if any(ends) else ""
        note = f"SIGTERM {len(moments)} times"
        return arrived(sink).outcome("restarts", instance, readers, bound=0, note=note, problem=problem)
