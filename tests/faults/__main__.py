"""Faults in the middle of an edition, and what each cost; ends with 1 when a copy is lost or repeated without cause.

  python -m tests.faults all|NAME [--quick] [--readers N] [--seed N] [--engine postgresql] [--out FILE]
  python -m tests.faults kills|kills-all [--readers 10000] [--kills 50] [--rate 1000000/s] [--seed N]
  python -m tests.faults week [--readers 2000] [--seed N] [--out FOLDER]

Each runs the real daemon against a relay on loopback, in a folder of its own. `--quick` takes fewer readers. Others
stand beside: `tests.faults.mails`, `tests.faults.hostile`, `tests.faults.bounces`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import machine_facts
from tests.e2e.instance import Instance
from tests.faults import deaths, power, relays, servers, storage, times, unrest
from tests.faults.kills import kill_again_and_again
from tests.faults.outcome import Outcome
from tests.faults.week import run_week, write_samples
from tests.postgresql import OwnDatabases, new_server
from tests.sink import compile_sink

Scenario = Callable[[Path, Path, int, random.Random], Outcome]

SCENARIOS: Mapping[str, Scenario] = {
    "stall": relays.stalls,
    "drop": relays.drops,
    "drop-far": relays.drops_far_away,
    "slow-down": relays.slows_down,
    "slow-domain": relays.answers_late,
    "gone": relays.goes_away,
    "disk": storage.disk_is_full,
    "no-growth": storage.no_file_may_grow,
    "locked": storage.database_is_locked,
    "power": power.power_is_cut,
    "clock": times.clock_jumps,
    "restart": times.restarts,
    "worker-killed": deaths.worker_is_killed,
    "worker-still": deaths.worker_stopped,
    "server-killed": servers.server_is_killed,
    "unrest": unrest.unrest,
}
ON_FILES = {"disk", "no-growth", "locked", "power"}  # what happens to the file of SQLite

KILLS: Mapping[str, bool] = {"kills": False, "kills-all": True}  # whether the workers are killed, too


def kills(program: Path, folder: Path, options: argparse.Namespace, *, with_workers: bool) -> Outcome:
    """SIGKILL at random moments, to the daemon alone or to its workers with it."""
    toll = kill_again_and_again(
        program,
        folder,
        readers=options.readers or (3000 if options.quick else 20_000),
        kills=options.kills or (5 if options.quick else 50),
        rate=options.rate,
        seed=options.seed,
        with_workers=with_workers,
    )
    return Outcome(
        name="kill -9, workers too" if with_workers else "kill -9",
        audience=toll.readers,
        counts=toll.counts,
        lost=toll.lost,
        repeated=toll.repeated,
        bound=toll.allowed,
        differing=toll.differing,
        note=f"{toll.kills} kills, at most {toll.worst_kill} copies taken and not noted at one",
        problem="" if toll.is_good else "more on their way than may be",
    )


def page(outcomes: list[Outcome | str], seed: int) -> str:
    """The Markdown page."""
    lines = [
        "# Faults, and what each cost",
        "",
        "One edition each through the real daemon, with the fault in its middle. `repeated` are copies that the relay",
        "had whole and got again, under the same Message-ID; `at most` is what could not but be repeated: copies that",
        "the relay had taken while nobody could tell the daemon.",
        "",
        "| fault | audience | at the end | lost | repeated | at most | |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    for outcome in outcomes:
        if isinstance(outcome, str):
            lines.append(f"| {outcome} | | left out | | | | |")
            continue
        counts = ", ".join(f"{number:,} {state}" for state, number in sorted(outcome.counts.items()))
        verdict = outcome.note if outcome.is_good else f"**not as it should be** {outcome.problem}: {outcome.note}"
        lines.append(
            f"| {outcome.name} | {outcome.audience:,} | {counts} | {outcome.lost} | {outcome.repeated}"
            f" | {outcome.bound} | {verdict} |"
        )
    facts = [f"- {fact}" for fact in machine_facts()]
    return "\n".join(
        [
            *lines,
            "",
            *facts,
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, by",
            "",
            f"    python -m tests.faults all --seed {seed}",
            "",
        ]
    )


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["all", "week", *KILLS, *SCENARIOS])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--readers", type=int)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--rate", default="1000000/s")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    names = [*KILLS, *SCENARIOS] if options.what == "all" else [options.what]
    outcomes: list[Outcome | str] = []
    print(f"seed {options.seed}")
    if options.what == "week":
        return simulate_week(options)
    with ExitStack() as stack:
        if options.engine == "postgresql":
            names = [name for name in names if name not in ON_FILES]
            server = stack.enter_context(new_server())
            databases = stack.enter_context(closing(OwnDatabases(server)))
            Instance.new_server = lambda: server.url(databases.new())
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pressrun-faults-")))
        program = compile_sink(root)
        for name in names:
            began = time.monotonic()
            outcomes.append(_run(name, program, root / name, options))
            print(f"{outcomes[-1]} [{time.monotonic() - began:.0f} s]", flush=True)
    if options.out is not None:
        options.out.write_text(page(outcomes, options.seed), encoding="utf-8")
    return 0 if all(isinstance(outcome, str) or outcome.is_good for outcome in outcomes) else 1


def simulate_week(options: argparse.Namespace) -> int:
    """A week; its samples go into the folder of `--out`."""
    began, readers = time.monotonic(), options.readers or 2000
    with tempfile.TemporaryDirectory(prefix="pressrun-week-") as folder:
        root = Path(folder)
        try:
            seen, problems = run_week(compile_sink(root), root / "week", readers, random.Random(options.seed))
        except (storage.NoSmallDisk, times.NoFakeClock) as problem:
            print(f"week: {problem}")
            return 1
    if options.out is not None:
        write_samples(seen, options.out)
    print(f"a week of {readers:,} readers and {len(seen.editions)} editions in {time.monotonic() - began:.0f} s")
    for line in [*seen.notes, *(f"BAD {problem}" for problem in problems), *machine_facts()]:
        print(f"- {line}")
    return 1 if problems else 0


def _run(name: str, program: Path, folder: Path, options: argparse.Namespace) -> Outcome | str:
    if name in KILLS:
        return kills(program, folder, options, with_workers=KILLS[name])
    readers = options.readers or (1500 if options.quick else 5000)
    try:
        return SCENARIOS[name](program, folder, readers, random.Random(options.seed))
    except (storage.NoSmallDisk, times.NoFakeClock, servers.NoServer) as problem:
        return f"{name}: {problem}"


if __name__ == "__main__":
    sys.exit(main())
