"""Whether every codec that mail is decoded with takes time in proportion to the text, also to text it was not made for.

  python -m tests.bench.charsets

Decodes 64 KiB and 256 KiB of each input with each codec, and prints the slowest and the steepest: four times the text
should take about four times as long.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator

from pressrun.core.text.charsets import charset_labels, decode_exactly, decode_text

SMALL, LARGE = 64 * 1024, 256 * 1024
ROUNDS = 5
STEEP = 10.0  # times as long for four times the text: 4 is linear, 16 quadratic
_SHORT = 0.002  # seconds: below, the clock says little


def inputs(size: int) -> Iterator[tuple[str, bytes]]:
    """Texts and what no text is: lone bytes, broken sequences, escapes of every kind."""
    yield "random", random.Random(1).randbytes(size)
    for unit in (
        b"\xff", b"\x80", b"\x81a", b"\x8e\xa1", b"\x00\xd8", b"\x81\x30\x81\x30", b"hello \xe4\xf6 ", b"\x1b$B\x1b(B",
        b"\x1b$B!!", b"\x1b", b"\x1b$", b"\x1b.A\x1bN", b"\x0e!!\x0f", b"~{!!~}", b"~",
    ):  # fmt: skip
        yield repr(unit)[2:-1], unit * (size // len(unit))


def seconds(codec: str, data: bytes) -> float:
    """The best of some rounds: once with replacement, once until the first fault."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        decode_text(data, codec)
        decode_exactly(data, codec)
        best = min(best, time.process_time() - began)
    return best


def main() -> int:
    """Measure and print; 1 when a codec is not linear."""
    measured = []
    for codec in dict.fromkeys(charset_labels().values()):
        for (name, small), (_, large) in zip(inputs(SMALL), inputs(LARGE), strict=True):
            taken = seconds(codec, large)
            measured.append((taken, taken / max(seconds(codec, small), 1e-6), codec, name))
    steepest = sorted((row for row in measured if row[0] >= _SHORT), key=lambda row: -row[1])
    for title, rows in (("slowest", sorted(measured, reverse=True)[:5]), ("steepest", steepest[:5])):
        print(f"| {title} | codec | input | 256 KiB | times 64 KiB |\n|---|---|---|---:|---:|")
        for taken, factor, codec, name in rows:
            print(f"| | {codec} | `{name}` | {taken * 1000:.1f} ms | {factor:.1f} |")
        print()
    return 1 if steepest and steepest[0][1] > STEEP else 0


if __name__ == "__main__":
    sys.exit(main())
