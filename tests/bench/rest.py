"""What the daemon costs when there is little to do: at rest, and at the default rate.

  python -m tests.bench.rest [--seconds 20] [--rate 100/s]

Prints the seconds from start to ready, the idle memory (PSS) and the CPU time at rest of all processes together, the
time of `--version` and of a reading verb beside the daemon, and the CPU time per copy while an edition goes to a local
sink, in all and by process. CPU times are those of the kernel
(`/proc/PID/schedstat` of each thread), so threads that ended in between are missing; there are none that matter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.newsroom import EDITION, Newsroom
from tests.e2e.instance import Daemon, Instance, children, command_of, until
from tests.sink import Sink, compile_sink

SETTLED_SECONDS = 3.0  # after the start, until what comes with it is over
READERS = 20_000


def processes(daemon: Daemon) -> dict[str, str]:
    """The daemon and the processes below it: what each one is, by process id."""
    names: dict[str, str] = {}
    waiting = [str(daemon.process.pid)]
    while waiting:
        pid = waiting.pop()
        name = command_of(pid).split()
        names[pid] = next((word for word in name if word.startswith("pressrun.")), "daemon")
        waiting += children(int(pid))
    return names


def cpu_seconds(pid: str) -> float:
    """The CPU time of a process so far, user and system, of all its threads."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def pss_kib(pid: str) -> int:
    """Its share of the memory that it has in use."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def spent(daemon: Daemon, seconds: float) -> dict[str, float]:
    """CPU seconds by kind of process over so long."""
    before = {pid: cpu_seconds(pid) for pid in processes(daemon)}
    time.sleep(seconds)
    total: dict[str, float] = {}
    for pid, kind in processes(daemon).items():
        total[kind] = total.get(kind, 0.0) + cpu_seconds(pid) - before.get(pid, 0.0)
    return total


def measure(instance: Instance, sink: Sink, seconds: float) -> None:
    """One run: the start, the rest, and an edition."""
    began = time.perf_counter()
    daemon = instance.start()
    print(f"start to ready {time.perf_counter() - began:8.3f} s")
    time.sleep(SETTLED_SECONDS)
    idle = processes(daemon)
    print(f"idle memory    {sum(map(pss_kib, idle)) / 1024:8.1f} MiB in {len(idle)} processes (PSS)")
    _show("at rest", spent(daemon, seconds), seconds / 1000, "ms/s")
    _show_call("--version", instance, "--version")
    _show_call("reading verb", instance, "list", "ls")
    instance.send(EDITION)
    until(lambda: sink.stats()["recipients"] >= 200 or None, 60.0)
    first = sink.stats()["recipients"]
    cost = spent(daemon, seconds)
    copies = sink.stats()["recipients"] - first
    print(f"copies         {copies / seconds:8.2f} /s")
    _show("per copy", cost, copies / 1e6, "µs")
    daemon.stop()


def _show(name: str, cost: dict[str, float], over: float, unit: str) -> None:
    parts = ", ".join(f"{kind} {seconds / over:.1f}" for kind, seconds in sorted(cost.items()))
    print(f"{name:14} {sum(cost.values()) / over:8.1f} {unit} ({parts})", flush=True)


def _show_call(name: str, instance: Instance, *arguments: str) -> None:
    """Medians of five calls of the command line: the time they take, and the CPU time."""
    times = []
    for _ in range(5):
        began, used = time.perf_counter(), os.times()
        instance.do(*arguments)
        now = os.times()
        cpu = now.children_user - used.children_user + now.children_system - used.children_system
        times.append((time.perf_counter() - began, cpu))
    seconds, cpu_time = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name:14} {seconds:8.3f} s ({cpu_time:.3f} s of CPU time)", flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", default="100/s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-rest-") as name:
        root = Path(name)
        newsroom = Newsroom(compile_sink(root), root)
        (root / "run").mkdir()
        with newsroom.opened(root / "run", READERS, delivery={"rate": options.rate}) as (instance, sink):
            measure(instance, sink, options.seconds)


if __name__ == "__main__":
    main()
