"""How fast an edition goes out, beside other programs, and what it costs, in one run on this machine.

  python -m tests.bench all [--quick] [--rounds 5] [--readers 20000] [--only KEY,KEY] [--out docs/performance]

All contenders take turns, a figure each a round. What is not installed is left out with a word. `--quick` is a look of
two minutes; only with `--out` is a page written. Others stand beside: `tests.bench.rates`, `tests.bench.bench_client`,
`tests.bench.bench_inbound`, `tests.bench.claims`, `tests.bench.audience`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import ceilings, figures, ours, page, peers, standing
from tests.bench.contest import Contender, take_turns
from tests.bench.machine import load, machine_facts, program_versions
from tests.bench.newsroom import Newsroom
from tests.sink import compile_sink

FEW = 1000


def contenders(root: Path, options: argparse.Namespace) -> tuple[list[Contender], int]:
    """All of them, and the octets of a copy."""
    program = compile_sink(root)
    newsroom = Newsroom(program, root)
    (root / "sample").mkdir()
    copy = newsroom.sample(root / "sample")
    share = 4 if options.quick else 1
    contenders = [
        *ours.near(newsroom, options.readers),
        ceilings.smtp_source(program, copy, options.readers),
        ceilings.rsa_signatures(1 if options.quick else 3),
        *ours.far(newsroom, options.readers),
        peers.mlmmj(program, 100 // share, len(copy)),
        peers.mailman(program, 400 // share, len(copy)),
        peers.xverp(program, 4000 // share, len(copy)),
        peers.listmonk(),
        *standing.memory(newsroom, FEW),
        *standing.memory(newsroom, options.most),
        *standing.pages(newsroom, options.most),
        standing.start_to_ready(newsroom, root / "ready", options.queued),
    ]
    return contenders, len(copy)


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["all"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--readers", type=int)
    parser.add_argument("--most", type=int, help="readers of the largest edition")
    parser.add_argument("--queued", type=int, help="copies that wait when the daemon starts")
    parser.add_argument("--only", help="keys of contenders; a word that is none lists them")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.readers = options.readers or (5000 if options.quick else 20_000)
    options.most = options.most or (20_000 if options.quick else 100_000)
    options.queued = options.queued or (100_000 if options.quick else 1_000_000)
    began, busy = time.monotonic(), load()
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as name:
        root = Path(name)
        root.chmod(0o755)  # Postfix's own users look in
        all_of_them, octets = contenders(root, options)
        chosen = [
            contender for contender in all_of_them if not options.only or contender.key in options.only.split(",")
        ]
        if not chosen:
            print("keys:", ", ".join(contender.key for contender in all_of_them))
            return 64
        take_turns(chosen, root, options.rounds)
    measured = figures.find(figures.wanted(options.most, FEW), {contender.key: contender for contender in chosen})
    print(
        "\n".join([*page.verdicts(measured), "", *page.table(chosen), "", *machine_facts(), f"{program_versions()}."])
    )
    print(f"{options.rounds} rounds in {time.monotonic() - began:.0f} s; load before: {busy:.1f}")
    if options.out is not None:
        command = f"python -m tests.bench all --rounds {options.rounds} --readers {options.readers}"
        note = f"Load of the machine before: {busy:.1f}."
        page.write(options.out, chosen, measured, octets=octets, rounds=options.rounds, command=command, busy=note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
