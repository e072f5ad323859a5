"""Where the processors' time goes while an edition goes out: by process and thread, for each copy.

  python -m tests.bench.threads [--readers 30000] [--no-chunking] [--signed] [--runs 3]

Each line is one edition: copies a second by the sink's clock, processor time a copy that the machine spent and that it
had, and of each thread the time that it ran (user and kernel) and that it waited for a processor, by Linux's schedstat.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.contest import rate_of
from tests.bench.machine import machine_facts
from tests.bench.newsroom import DKIM, EDITION, Newsroom
from tests.e2e.house import children, command_of, until
from tests.sink import compile_sink

from pressrun.press.signers import AT_MOST

_TICKS = os.sysconf("SC_CLK_TCK")
_LEAST_US = 0.5  # of a thread, to be told


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one thread, in seconds."""

    user: float = 0.0
    kernel: float = 0.0
    ran: float = 0.0
    waited: float = 0.0

    def since(self, earlier: Spent) -> Spent:
        """What was spent between the two."""
        return Spent(
            self.user - earlier.user,
            self.kernel - earlier.kernel,
            self.ran - earlier.ran,
            self.waited - earlier.waited,
        )


def threads_of(pid: int) -> dict[str, Spent]:
    """What each thread of a process has spent so far."""
    found = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ran, waited, _ = (folder / "schedstat").read_text(encoding="ascii").split()
        user, kernel = (int(field) / _TICKS for field in fields[11:13])
        found[folder.name] = Spent(user, kernel, int(ran) / 1e9, int(waited) / 1e9)
    return found


def machine_seconds() -> float:
    """What all processors together have spent so far, waiting aside."""
    with Path("/proc/stat").open(encoding="ascii") as lines:
        fields = [int(field) for field in next(lines).split()[1:]]
    return sum(fields[:3] + fields[5:7]) / _TICKS


def family(daemon: int, sink: int) -> dict[str, int]:
    """The processes that are looked at, by name."""
    found, waiting = {"daemon": daemon, "sink": sink}, [daemon]
    while waiting:
        for pid in children(waiting.pop()):
            waiting.append(int(pid))
            module = command_of(pid).rpartition(" -m ")[2].partition(" ")[0]  # none before it is a program of its own
            found[f"{module.rpartition('.')[2]} {pid}"] = int(pid)
    return found


def _all_up(found: dict[str, int], *, signed: bool) -> dict[str, int] | None:
    """The processes, once those that are started with the daemon are there."""
    names = [name.partition(" ")[0] for name in found]
    wanted = min(len(os.sched_getaffinity(0)), AT_MOST) if signed else 0
    return found if "press" in names and names.count("signer") >= wanted else None


def told(before: Mapping[str, Spent], after: Mapping[str, Spent], copies: int) -> list[str]:
    """One word for each thread, in µs a copy."""
    each = 1e6 / copies
    spent = [now.since(before.get(name, Spent())) for name, now in after.items()]
    return [
        f"{one.ran * each:.0f} (user {one.user * each:.0f}, kernel {one.kernel * each:.0f},"
        f" waited {one.waited * each:.0f})"
        for one in spent
        if one.ran * each >= _LEAST_US
    ]


def run(newsroom: Newsroom, folder: Path, options: argparse.Namespace) -> None:
    """One edition."""
    offer = ("--no-chunking",) if options.no_chunking else ()
    tables: dict[str, Any] = {"dkim": DKIM} if options.signed else {}
    with newsroom.opened(folder, options.readers, *offer, **tables) as (house, sink):
        daemon = house.start()
        pids = until(lambda: _all_up(family(daemon.process.pid, sink.pid), signed=options.signed))
        before, spent = {name: threads_of(pid) for name, pid in pids.items()}, machine_seconds()
        house.send(EDITION, "--wait")
        spent = (machine_seconds() - spent) / options.readers * 1e6
        after = {name: threads_of(pid) for name, pid in pids.items()}
        daemon.stop()
        sink.ask("XFLUSH")
        rate = rate_of(sink.log, options.readers)
    had = len(os.sched_getaffinity(0)) / rate * 1e6
    print(f"{rate:,.0f}/s, {spent:.0f} of {had:.0f} µs a copy")
    for name in pids:
        for word in told(before[name], after[name], options.readers):
            print(f"  {name.split()[0]:8} {word}", flush=True)


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=30_000)
    parser.add_argument("--no-chunking", action="store_true")
    parser.add_argument("--signed", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-threads-") as name:
        root = Path(name)
        newsroom = Newsroom(compile_sink(root), root)
        for number in range(options.runs):
            folder = root / f"run-{number}"
            folder.mkdir()
            run(newsroom, folder, options)
    print("\n".join(machine_facts()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
