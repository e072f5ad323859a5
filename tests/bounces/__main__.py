"""How well the classifier reads the corpus: `python -m tests.bounces [FOLDER]` prints a table of classes and figures.

Rows are what a mail is, by its folder; columns what it was read as. `hard` is the class GONE alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.bounces.corpus import CORPUS, confusion, measure, samples


def main(arguments: list[str]) -> None:
    """Print the table."""
    root = Path(arguments[0]) if arguments else CORPUS
    started = time.perf_counter()
    classified = [(sample, sample.read_as()) for sample in samples(root)]
    took = time.perf_counter() - started
    for sample, read_as in classified:
        if sample.wanted != read_as:
            print(f"{sample.wanted}/{sample.path.stem}: read as {read_as}")
    print(confusion(classified))
    figures = measure(classified)
    print(
        f"{len(classified)} mails in {took:.2f} s: hard precision {figures.precision:.3f}, recall {figures.recall:.3f};"
        f" {figures.wrongly_counted} counted that never may"
    )


main(sys.argv[1:])
