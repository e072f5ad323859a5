"""What the work for a sign-up costs: a browser, somebody who attacks with a program of their own, and us.

  python -m tests.bench.work [--times 40]

Debian's Chromium does the work with our script, in our page, under its policy; meanwhile the page is asked for a frame
again and again, and the longest time without one is told. A thread of this machine hashes with OpenSSL as an attacker
might, and one address is checked many times as the daemon does it. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.machine import load, machine_facts
from tests.browser.chromium import Window, open_browser
from tests.browser.site import besieged
from tests.proof_of_work import do_work

from pressrun.core.abuse.work import is_work

BITS = (16, 18, 20, 22)

# How long each of these texts takes in a worker, and the longest wait for a frame of the page meanwhile, both in ms.
_MEASURE = """async ([bits, times]) => {
  const script = document.querySelector('script[src*="/work."]').src, took = [];
  let longest = 0, last = performance.now(), isOn = true;
  const look = now => { longest = Math.max(longest, now - last); last = now; if (isOn) requestAnimationFrame(look); };
  requestAnimationFrame(now => { last = now; look(now); });
  for (let at = 0; at < times; at++) {
    const began = performance.now();
    await new Promise((resolve, reject) => {
      const worker = new Worker(script);
      worker.onmessage = () => { worker.terminate(); resolve(); };
      worker.onerror = reject;
      worker.postMessage({ text: `challenge\\n${bits} ${at}@reader.example`, bits });
    });
    took.push(performance.now() - began);
  }
  isOn = false;
  return [took, longest];
}"""


async def in_a_browser(root: Path, times: int) -> list[tuple[int, list[float], float]]:
    """For each number of bits: how long the work took each time, and the longest wait for a frame, in ms."""
    async with besieged(root) as instance, open_browser() as browser, browser.window() as window:
        await window.go(f"{instance.site.base_url}/news")
        return [(bits, *await _measure(window, bits, times)) for bits in BITS]


async def _measure(window: Window, bits: int, times: int) -> tuple[list[float], float]:
    took, longest = await window.page.evaluate(_MEASURE, [bits, times])
    return sorted(took), longest


def hashes_a_second(number: int = 500_000) -> float:
    """What one thread of this machine hashes: a bound for an attacker with OpenSSL and little patience for C."""
    content, began = bytes(36), time.perf_counter()
    for _ in range(number):
        hashlib.sha256(content)
    return number / (time.perf_counter() - began)


def checking_seconds(times: int = 20_000) -> float:
    """What we need to see whether work was done."""
    proof, began = do_work("challenge", "ada@reader.example", 8), time.perf_counter()
    for _ in range(times):
        is_work("challenge", "ada@reader.example", proof, 8)
    return (time.perf_counter() - began) / times


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    busy = load()
    with tempfile.TemporaryDirectory(prefix="pressrun-work-") as name:
        measured = asyncio.run(in_a_browser(Path(name), options.times))
    print("| bits | median | mean | 95 % within | longest wait for a frame |", "|---:|---:|---:|---:|---:|", sep="\n")
    for bits, took, longest in measured:
        most = took[round(len(took) * 0.95) - 1]
        figures = (statistics.median(took), statistics.mean(took), most, longest)
        print(f"| {bits} | " + " | ".join(f"{figure:,.0f} ms" for figure in figures) + " |")
    print(
        "",
        f"One thread with OpenSSL: {hashes_a_second() / 1e6:.1f} million hashes a second. "
        f"Checking: {checking_seconds() * 1e6:.1f} µs.",
        f"Load of the machine before: {busy:.1f}.",
        *machine_facts(),
        sep="\n",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
