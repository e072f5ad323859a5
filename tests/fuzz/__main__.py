"""Look for inputs that a parser does not stand: anything but a value or our own error, or too much time.

`pages` sends its inputs to the web server, over both carriers of HTTP: none may be a fault of ours.

  python -m tests.fuzz NAME [--seconds 60] [--corpus DIR] [--engine auto|atheris|mutation] [--seed N]
  python -m tests.fuzz --list

NAME is a target, or `all` for one after the other. With atheris (the extra `fuzz`) inputs follow the code, without it
they are random changes of the samples; the first line says which. DIR keeps what atheris learned, and inputs found are
written below it. Ends with 1 after a finding.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.engines import follow, has_atheris, mutate

NAMES = (
    "address", "authentication", "author", "autoreply", "cells", "commands", "config", "css", "edition", "envelope",
    "frames", "html", "local-part", "mail", "pages", "posted", "reply", "report", "search", "subscribers",
    "suppressions", "tokens", "trace", "wire",
)  # fmt: skip


def main() -> int:
    """Read the command line and look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=[*NAMES, "all"])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--engine", choices=["auto", "atheris", "mutation"], default="auto")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    if options.list or options.name is None:
        print("\n".join(NAMES))
        return 0
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="pressrun-fuzz-"))
    engine = options.engine if options.engine != "auto" else "atheris" if has_atheris() else "mutation"
    if options.name == "all":
        return max(_alone(name, options.seconds, corpus, engine, options.seed) for name in NAMES)
    print(f"{options.name}: {engine}, {options.seconds} s, corpus and findings in {corpus}", flush=True)
    if engine == "atheris":
        follow(options.name, seconds=options.seconds, corpus=corpus / options.name, findings=corpus / "findings")
        return 0
    return _mutate(options.name, options.seconds, corpus, options.seed)


def _alone(name: str, seconds: int, corpus: Path, engine: str, seed: int) -> int:
    """A target in a process of its own: atheris ends its process."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(seconds), "--corpus", str(corpus)]
    done = subprocess.run([*command, "--engine", engine, "--seed", str(seed)], check=False)
    if done.returncode:
        print(f"{name}: ended with {done.returncode}", flush=True)
    return min(1, abs(done.returncode))


def _mutate(name: str, seconds: int, corpus: Path, seed: int) -> int:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - atheris must be able to watch its import

    target = TARGETS[name]
    with target.opened():
        tried, finding = mutate(target.run, target.seeds(), random.Random(seed), seconds=seconds, most=10**9)
    print(f"{name}: {tried:,} inputs, seed {seed}", flush=True)
    if finding is None:
        return 0
    print(f"{finding.problem}\nthe input: {finding.keep(corpus / 'findings')}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
