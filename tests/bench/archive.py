"""How long the pages of an archive of 1,000 editions take: asked of the real daemon at a modest rate, page by page.

  python -m tests.bench.archive [--editions 1000] [--rate 40] [--seconds 40]

Every edition has 500 words from a language of 3,000, the frequent ones far more often than the rare, as in prose. The
kinds of page take turns, so that each meets the same state of the machine; the client waits for its moment, not for an
answer.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tests.asker import ask
from tests.bench.machine import load, machine_facts
from tests.bench.visitors import percentile
from tests.database import select_at
from tests.e2e.instance import Instance
from tests.editions.stored import new_edition

from pressrun.store.editions import editions
from pressrun.store.sqlite.connection import SqliteConnection, connect
from pressrun.store.transaction import Transaction

WORDS = 3000
WORDS_IN_EDITION = 500
ASKED_FOR_COST = 50  # the kernel counts in hundredths of a second
TWO_WEEKS = 14 * 86400
NEWEST = 1_790_000_000
_SYLLABLES = "ka to mi ren sol var ne bra del fi gus hor ine jul kel lam mor nis ost pra".split()


def language(chance: random.Random) -> list[str]:
    """So many different words, the frequent ones first."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


def fill(path: Path, number: int, words: list[str], chance: random.Random) -> None:
    """Put so many sent editions into the list's archive."""
    weights = [1 / (rank + 1) for rank in range(len(words))]

    def insert(tx: Transaction) -> None:
        for index in range(number):
            chosen = chance.choices(words, weights, k=WORDS_IN_EDITION)
            paragraphs = [" ".join(chosen[start : start + 60]) for start in range(0, len(chosen), 60)]
            title = " ".join(chance.choices(words, weights, k=6))
            new = new_edition(
                1,
                f"edition-{index}",
                title,
                preheader=" ".join(chosen[:12]),
                text="\n\n".join(paragraphs),
                html="".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs),
            )
            editions.insert_edition(tx, new, NEWEST - (number - index) * TWO_WEEKS)

    with closing(connect(path)) as connection:
        SqliteConnection(connection).write(insert)
        connection.execute("update edition set started_at = created_at, first_claim_at = created_at")


def kinds(number: int, words: list[str], chance: random.Random) -> dict[str, Callable[[], str]]:
    """What is asked for: each call gives the path of one such page."""
    frequent, rare = words[:10], words[500:]
    return {
        "the list's page": lambda: "/news",
        "the index, any page": lambda: f"/news/archive?page={chance.randint(1, number // 20)}",
        "an edition": lambda: f"/news/archive/edition-{chance.randrange(number)}",
        "search, a rare word": lambda: f"/news/search?q={chance.choice(rare)}",
        "search, a word in every edition": lambda: f"/news/search?q={chance.choice(frequent)}",
        "search, three words": lambda: f"/news/search?q={quote(' '.join(chance.sample(words[:300], 3)))}",
        "search, the first two letters": lambda: f"/news/search?q={chance.choice(words)[:2]}",
        "the Atom feed": lambda: "/news/feed.atom",
        "the sitemap": lambda: "/news/sitemap.xml",
    }


def processor_ms(instance: Instance, path: Callable[[], str]) -> float:
    """What one page of a kind costs the daemon: its own processor time, which tells on a busy machine too."""
    assert instance.daemon is not None
    stat = Path(f"/proc/{instance.daemon.process.pid}/stat")

    def ticks() -> int:
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    for _ in range(ASKED_FOR_COST):
        ask(instance.http_port, path())
    return (ticks() - before) * 1000 / os.sysconf("SC_CLK_TCK") / ASKED_FOR_COST


def measure(port: int, paths: dict[str, Callable[[], str]], rate: float, seconds: float) -> dict[str, list[float]]:
    """Ask for the kinds in turn, one at each tick of the clock."""
    times: dict[str, list[float]] = {kind: [] for kind in paths}
    names = list(paths)
    for kind in names:
        ask(port, paths[kind]())  # templates are compiled when they are first needed
    began = time.perf_counter()
    for tick in range(int(rate * seconds)):
        time.sleep(max(0.0, began + tick / rate - time.perf_counter()))
        kind = names[tick % len(names)]
        times[kind].append(ask(port, paths[kind]()))
    return times


def main() -> int:
    """Fill, serve, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--editions", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second over all kinds")
    parser.add_argument("--seconds", type=float, default=40.0)
    options = parser.parse_args()
    busy, chance = load(), random.Random(1)
    words = language(chance)
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name:
        instance = Instance(folder=Path(name), relay_port=1, tables={"limits": {"searches_per_ip": "1000000/s"}})
        instance.create_list()
        began = time.perf_counter()
        fill(instance.database_file, options.editions, words, chance)
        filled = time.perf_counter() - began
        instance.start()
        try:
            paths = kinds(options.editions, words, chance)
            times_by_kind = measure(instance.http_port, paths, options.rate, options.seconds)
            costs = {kind: processor_ms(instance, path) for kind, path in paths.items()}
        finally:
            instance.close()
        [(size,)] = select_at(
            instance.database_file, "select sum(pgsize) from dbstat where name like 'archive_search%'"
        )
    print(f"{options.editions} editions stored and indexed in {filled:.1f} s; the index takes {size / 1e6:.1f} MB\n")
    print("| page | requests | p50, ms | p99, ms | slowest, ms | processor, ms |\n|---|---:|---:|---:|---:|---:|")
    for kind, times in times_by_kind.items():
        figures = (statistics.median(times) * 1000, percentile(times, 0.99), max(times) * 1000, costs[kind])
        print(f"| {kind} | {len(times)} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
    everything = [seconds for times in times_by_kind.values() for seconds in times]
    print(f"\nAll together at {options.rate:.0f}/s: p99 {percentile(everything, 0.99):.1f} ms.")
    print("\n".join(machine_facts()), f"Load before: {busy:.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
