"""Where the processors' time goes while an edition goes out: by process and thread, for each copy.

  python -m tests.bench.threads [--readers 30000] [--no-chunking] [--signed] [--runs 3]

Each line is one edition: copies a second by the sink's clock, processor time a copy that the machine spent and that it
had, and of each thread the time that it ran (user and kernel) and that it waited for a processor, by Linux's schedstat.
Of the daemon's threads the first is its loop, and of the others the one that writes to files is the database's; the
rest read from it, or do what would hold the loop up.
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
from tests.e2e.instance import children, command_of
from tests.sink import compile_sink

_TICKS = os.sysconf("SC_CLK_TCK")
_LEAST_US = 0.5  # of a thread, to be told
_WITH_LOOP = frozenset({"daemon", "worker"})  # what other processes do has no second thread
_WIDTH = len("daemon database")


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one thread, in seconds; `wrote` is in octets, to files."""

    user: float = 0.0
    kernel: float = 0.0
    ran: float = 0.0
    waited: float = 0.0
    wrote: int = 0

    def since(self, earlier: Spent) -> Spent:
        """What was spent between the two."""
        return Spent(
            self.user - earlier.user,
            self.kernel - earlier.kernel,
            self.ran - earlier.ran,
            self.waited - earlier.waited,
            self.wrote - earlier.wrote,
        )


def threads_of(pid: int) -> dict[str, Spent]:
    """What each thread of a process has spent so far."""
    spent = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ran, waited, _ = (folder / "schedstat").read_text(encoding="ascii").split()
        user, kernel = (int(field) / _TICKS for field in fields[11:13])
        written = (folder / "io").read_text(encoding="ascii").partition("wchar:")[2].split()[0]
        spent[folder.name] = Spent(user, kernel, int(ran) / 1e9, int(waited) / 1e9, int(written))
    return spent


def machine_seconds() -> float:
    """What all processors together have spent so far, waiting aside."""
    with Path("/proc/stat").open(encoding="ascii") as lines:
        fields = [int(field) for field in next(lines).split()[1:]]
    return sum(fields[:3] + fields[5:7]) / _TICKS


def family(daemon: int, sink: int) -> dict[str, int]:
    """The processes that are looked at, by name."""
    processes, waiting = {"daemon": daemon, "sink": sink}, [daemon]
    while waiting:
        for pid in children(waiting.pop()):
            waiting.append(int(pid))
            module = command_of(pid).rpartition(" -m ")[2].partition(" ")[0]  # none before it is a program of its own
            processes[f"{module.rpartition('.')[2]} {pid}"] = int(pid)
    return processes


def called(process: str, pid: int, spent: Mapping[str, Spent]) -> dict[str, str]:
    """The name of each thread of a process."""
    if process not in _WITH_LOOP:
        return dict.fromkeys(spent, process)
    names = {thread: f"{process} loop" if thread == str(pid) else f"{process} other" for thread in spent}
    others = {thread: cpu.wrote for thread, cpu in spent.items() if thread != str(pid)}
    writer = max(others, key=others.__getitem__, default=None)
    if process == "daemon" and writer is not None and others[writer]:
        names[writer] = f"{process} database"
    return names


def told(process: str, pid: int, before: Mapping[str, Spent], after: Mapping[str, Spent], copies: int) -> list[str]:
    """One line for each thread, in µs a copy."""
    each = 1e6 / copies
    spent = {thread: now.since(before.get(thread, Spent())) for thread, now in after.items()}
    names = called(process, pid, spent)
    return [
        f"{names[thread]:{_WIDTH}} {cpu.ran * each:.0f} (user {cpu.user * each:.0f}, kernel {cpu.kernel * each:.0f},"
        f" waited {cpu.waited * each:.0f})"
        for thread, cpu in spent.items()
        if cpu.ran * each >= _LEAST_US
    ]


def run(newsroom: Newsroom, folder: Path, options: argparse.Namespace) -> None:
    """One edition."""
    offer = ("--no-chunking",) if options.no_chunking else ()
    tables: dict[str, Any] = {"dkim": DKIM} if options.signed else {}
    with newsroom.opened(folder, options.readers, *offer, **tables) as (instance, sink):
        daemon = instance.start()
        before = {name: threads_of(pid) for name, pid in family(daemon.process.pid, sink.pid).items()}
        spent = machine_seconds()
        instance.send(EDITION, "--wait")
        spent = (machine_seconds() - spent) / options.readers * 1e6
        pids = family(daemon.process.pid, sink.pid)  # the workers came with the first copy
        after = {name: threads_of(pid) for name, pid in pids.items()}
        daemon.stop()
        sink.ask("XFLUSH")
        rate = rate_of(sink.log, options.readers)
    had = len(os.sched_getaffinity(0)) / rate * 1e6
    print(f"{rate:,.0f}/s, {spent:.0f} of {had:.0f} µs a copy")
    for name, pid in pids.items():
        for line in told(name.split()[0], pid, before.get(name, {}), after[name], options.readers):
            print(f"  {line}", flush=True)


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
