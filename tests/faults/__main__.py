"""kill -9 at random moments of a large edition; ends with 1 when a copy is lost or goes out twice without cause.

python -m tests.faults [--readers 10000] [--kills 20] [--rate 1000000/s] [--seed N]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.faults.kills import kill_again_and_again
from tests.sink import compile_sink


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", default="1000000/s")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-faults-") as name:
        folder = Path(name)
        program = compile_sink(folder)
        toll = kill_again_and_again(
            program,
            folder / "house",
            readers=options.readers,
            kills=options.kills,
            rate=options.rate,
            seed=options.seed,
        )
    print(f"seed {options.seed}, rate {options.rate}: {toll}")
    return 0 if toll.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
