"""How fast, and with how much memory, an edition goes out through the command line, the daemon and the sink.

  python -m tests.bench.spine [--readers N,N,…] [--loop uvloop|asyncio|both] [--out FILE]

Each run is a fresh house: import the readers, start the daemon, `send --wait`, read the sink's log. Every reader must
have got exactly one copy, or the program ends with 1. FILE gets a Markdown page with the figures.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import machine_facts
from tests.bench.verify_sink import judge, read_log
from tests.e2e.house import PLAIN_LOOP, House
from tests.sink import Sink, compile_sink

RATE = "1000000/s"  # no limit that is ever met
EDITION = (
    "---\nsubject: High water, {{ name | default: reader }}\n---\n\n# High water\n\n"
    "Dear {{ name | default: reader }},\n\n" + "The tide is in, and the boats are out. " * 40 + "\n"
)
GROWTH_AT_MOST = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of one run."""

    loop: str
    readers: int
    import_seconds: float
    seconds: float
    rate: int
    octets: int
    peak_mib: float
    cpu_seconds: float
    is_exact: bool


def run_once(program: Path, folder: Path, readers: int, loop: str) -> Run:
    """One edition to this many readers."""
    folder.mkdir()
    addresses = [f"reader{number}@inbox{number % 97}.example" for number in range(readers)]
    with Sink(program, folder) as sink:
        house = House(folder=folder, relay_port=sink.port, sink=sink, tables={"delivery": {"rate": RATE}})
        house.create_list()
        rows = "".join(f"{address},Reader {number}\n" for number, address in enumerate(addresses))
        path = house.write("readers.csv", "email,name\n" + rows)
        began = time.monotonic()
        house.do("subscriber", "import", "news", path)
        import_seconds = time.monotonic() - began
        if loop == "asyncio":
            house.program = PLAIN_LOOP
        daemon = house.start()
        try:
            began = time.monotonic()
            house.send(EDITION, "--wait")
            seconds = time.monotonic() - began
            peak, cpu = daemon.peak_kib() / 1024, _cpu_seconds(daemon.process.pid)
            assert daemon.stop() == 0
        finally:
            house.close()
        with sink.log.open(encoding="utf-8") as lines:
            figures, _ = judge(read_log(lines, "rcpt"), set(addresses), 1.0)
    rate, octets = figures["rate"], figures["bytes"]
    assert isinstance(rate, int)
    assert isinstance(octets, int)
    return Run(
        loop=loop,
        readers=readers,
        import_seconds=import_seconds,
        seconds=seconds,
        rate=rate,
        octets=octets // readers,
        peak_mib=peak,
        cpu_seconds=cpu,
        is_exact=bool(figures["ok"]) and figures["accepted"] == readers,
    )


def page(runs: list[Run], command: str) -> str:
    """The Markdown page."""
    lines = [
        "# The spine under load",
        "",
        "One edition goes through the command line, the daemon and the SMTP sink of `tests/bench/sink.c`, all on one",
        "machine and over loopback, without a rate limit. `exact` says whether every reader got exactly one copy.",
        "`copies/s` is measured between the first and the last copy, by the sink's clock. `send --wait` is the time of",
        "the whole command, including building the edition and storing its audience. `peak memory` is the daemon's",
        "VmHWM.",
        "",
        "| loop | readers | exact | octets a copy | copies/s | send --wait | daemon's CPU | peak memory | import |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {run.loop} | {run.readers:,} | {'yes' if run.is_exact else 'NO'} | {run.octets:,} | {run.rate:,} "
        f"| {run.seconds:.1f} s | {run.cpu_seconds:.1f} s | {run.peak_mib:.1f} MiB "
        f"| {run.readers / run.import_seconds:,.0f} rows/s |"
        for run in runs
    ]
    lines += ["", *(f"- {sentence}" for sentence in _growth(runs)), *(f"- {fact}" for fact in machine_facts()), ""]
    lines += [f"Measured on {datetime.now(UTC):%Y-%m-%d} with", "", f"    {command}", ""]
    return "\n".join(lines)


def _growth(runs: list[Run]) -> list[str]:
    lines = []
    for loop in dict.fromkeys(run.loop for run in runs):
        own = sorted((run for run in runs if run.loop == loop), key=lambda run: run.readers)
        if len(own) > 1:
            share = own[-1].peak_mib / own[0].peak_mib - 1
            lines.append(
                f"Memory from {own[0].readers:,} to {own[-1].readers:,} readers, {loop}: {share:+.1%} "
                f"(the aim is at most {GROWTH_AT_MOST:+.0%})."
            )
    return lines


def _cpu_seconds(pid: int) -> float:
    cells = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", default="1000,10000,100000")
    parser.add_argument("--loop", choices=["uvloop", "asyncio", "both"], default="both")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    loops = ["uvloop", "asyncio"] if options.loop == "both" else [options.loop]
    if "uvloop" in loops and importlib.util.find_spec("uvloop") is None:
        print("uvloop is not installed: left out", file=sys.stderr)
        loops = ["asyncio"]
    runs = []
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name:
        root = Path(name)
        program = compile_sink(root)
        for loop in loops:
            for readers in map(int, options.readers.split(",")):
                run = run_once(program, root / f"{loop}-{readers}", readers, loop)
                print(run, file=sys.stderr)
                runs.append(run)
    text = page(runs, f"python -m tests.bench.spine --readers {options.readers} --loop {options.loop}")
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text, encoding="utf-8")
    return 0 if all(run.is_exact for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
