"""How long an edition takes to be built, and what each of its copies costs.

  python -m tests.bench.editions [--rounds 20]

Each round builds the editions in turn, from the bytes of the file to the skeleton and its findings, as `preview` and
`send` do: the one of the corpus with ten pictures (3 MB), a text in Latin letters, one in Cyrillic ones, and a
designed page with a style sheet. docs/performance/newsroom.md has the figures.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.machine import load, machine_facts
from tests.editions.corpus import Written, built_from
from tests.message.builders import values

from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.sources.edition_file import parse_edition

_COPIES = 200
_EDITIONS = {
    "ten pictures, 3 MB": "pictures.md",
    "a table, notes, links": "tide-tables.md",
    "Cyrillic, in base64": "gavan.md",
    "a designed page with a sheet": "designed.html",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Of one edition: milliseconds to build it (median, least and most), microseconds a copy, octets of a copy."""

    name: str
    build_ms: float
    least_ms: float
    most_ms: float
    copy_us: float
    octets: int

    def __str__(self) -> str:
        span = f"{self.least_ms:.1f} – {self.most_ms:.1f}"
        return f"| {self.name} | {self.octets:,} | {self.build_ms:.1f} | {span} | {self.copy_us:.0f} |"


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(names: dict[str, str], rounds: int) -> list[Figure]:
    """All editions in turn, that often. Files are read and pictures made before the clock starts."""
    works = {name: _building(Written(path)) for name, path in names.items()}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return [_figure(name, Written(path).build(), times[name]) for name, path in names.items()]


def _building(written: Written) -> Callable[[], BuiltEdition]:
    """From the bytes to what goes out, nothing kept from the time before."""
    source, suffix, assets = written.source, written.suffix, written.assets
    return lambda: built_from(parse_edition(source, suffix), assets)


def _figure(name: str, built: BuiltEdition, times: list[float]) -> Figure:
    reader = values()
    copies = [seconds(lambda: built.skeleton.copy(reader)) for _ in range(_COPIES)]
    return Figure(
        name=name,
        build_ms=statistics.median(times) * 1e3,
        least_ms=min(times) * 1e3,
        most_ms=max(times) * 1e3,
        copy_us=statistics.median(copies) * 1e6,
        octets=len(built.skeleton.copy(reader)),
    )


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    busy = load()
    print("| edition | octets a copy | built in, ms | least – most | a copy, µs |\n|---|---:|---:|---:|---:|")
    for figure in measure(_EDITIONS, options.rounds):
        print(figure)
    print("\n" + "\n".join(machine_facts()))
    print(f"{options.rounds} rounds; load before: {busy:.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
