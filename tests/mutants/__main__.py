"""Change `core` and `smtp` at random, one place at a time, and see whether the tests of these two folders notice.

  make mutants ARGS="--number 200 --seed 7"
  python -m tests.mutants [--number 50] [--seed N] [--threshold 90] [PATH…]

PATH limits the changes to files or folders of the two packages. `accepted.toml` lists, with reasons, the mutants that
no test should notice; they are not drawn. Prints the survivors, and ends with 1 when fewer than `--threshold` percent
were caught.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import tomllib
from pathlib import Path

from tests.mutants.changes import SOURCE, Mutant, find_mutants
from tests.mutants.forks import FOLDERS, try_all


def accepted() -> dict[tuple[str, str, str], str]:
    """The mutants that no test should notice, by file, scope and change, with the reasons."""
    entries = tomllib.loads((Path(__file__).parent / "accepted.toml").read_text(encoding="utf-8"))["mutant"]
    return {(entry["file"], entry["scope"], entry["change"]): entry["reason"] for entry in entries}


def source_files(paths: list[Path]) -> list[Path]:
    """The files at or below these paths, by default all of both packages."""
    roots = [path.resolve() for path in paths] or [SOURCE / "pressrun" / folder for folder in FOLDERS]
    return [file for root in roots for file in ([root] if root.is_file() else sorted(root.rglob("*.py")))]


def main() -> int:
    """Read the command line, draw, try and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--number", type=int, default=50, help="how many mutants; 0 for all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--threshold", type=float, default=90.0)
    options = parser.parse_args()
    listed = accepted()
    candidates = [
        mutant for mutant in find_mutants(source_files(options.paths)) if not listed.keys() & set(mutant.keys)
    ]
    number = min(options.number or len(candidates), len(candidates))
    drawn = random.Random(options.seed).sample(candidates, number)
    print(f"{number} of {len(candidates)} mutants, seed {options.seed}", flush=True)
    began = time.monotonic()
    caught = sum(_tell(mutant, is_caught=is_caught) for mutant, is_caught in try_all(drawn))
    percent = 100 * caught / max(number, 1)
    print(f"{caught} of {number} caught ({percent:.1f} %) in {time.monotonic() - began:.0f} s, seed {options.seed}")
    return 0 if percent >= options.threshold else 1


def _tell(mutant: Mutant, *, is_caught: bool) -> bool:
    if not is_caught:
        print(f"survived  {mutant}", flush=True)
    return is_caught


if __name__ == "__main__":
    sys.exit(main())
