"""1,000 bounces in 10 s while an edition goes out at full speed: all handled, and what that costs the edition.

  python -m tests.faults.bounces [--readers 60000] [--bounces 1000] [--seconds 10] [--rounds 3]

Editions with and without bounces in turn, timed by the sink's clock from the first to the last copy; the bounces are
notifications in Postfix's form of copies of the edition before, brought by LMTP at an even pace. Ends with 1 where one
is not handled, or where the median with them is 20 % or more above that without.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.database import select_at
from tests.e2e.instance import Instance, until
from tests.faults.attacks import Line
from tests.faults.letters import bounce, bring, lmtp_at
from tests.ports import free_port
from tests.sink import Sink, compile_sink

SLOWER_AT_MOST = 0.20
HANDLED_SECONDS = 120.0
EDITION = "---\nsubject: High water\n---\n\nDear {{ name | default: reader }},\n\n" + "The tide is in. " * 100 + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One edition: seconds from its first to its last copy, and what is known of the bounces beside it."""

    seconds: float
    bring_seconds: float = 0.0
    during: float = 0.0  # the share that came before the last copy
    handled_after: float = 0.0  # seconds from the last bounce until none waited


class Beside:
    """Brings bounces from another thread while an edition goes out."""

    def __init__(self, port: int, copies: list[tuple[str, str]], seconds: float) -> None:
        self.began = self.ended = 0.0
        self.times: list[float] = []
        self.refused: list[str] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._bring(port, copies, seconds)))

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    async def _bring(self, port: int, copies: list[tuple[str, str]], seconds: float) -> None:
        line = await Line.open(lmtp_at(port))
        self.began = time.time()
        for number, copy in enumerate(copies):
            due = self.began + seconds * number / len(copies)
            await asyncio.sleep(max(0.0, due - time.time()))
            reply = await bring(line, bounce(*copy))
            self.times.append(time.time())
            if not reply.startswith("250"):
                self.refused.append(reply)
        self.ended = time.time()
        await line.close()


def measure(program: Path, folder: Path, options: argparse.Namespace) -> bool:
    """All rounds, printed as they come."""
    folder.mkdir(parents=True)
    lmtp = free_port()
    tables = {
        "smtp": {"lmtp": f"127.0.0.1:{lmtp}"},
        "bounces": {"hard_limit": 1000, "soft_limit": 1000},  # nobody leaves the audience meanwhile
        "delivery": {"rate": "1000000/s"},
    }
    with Sink(program, folder) as sink:
        instance = Instance(folder=folder, relay_port=sink.port, sink=sink, tables=tables)
        try:
            instance.create_list()
            instance.import_readers(*(f"reader{n}@inbox{n % 97}.example" for n in range(options.readers)))
            instance.start()
            _, copies = _edition(instance, sink, options.readers)  # warms up, and gives the first copies to bounce
            without: list[Sent] = []
            beside: list[Sent] = []
            for number in range(options.rounds):
                seconds, later = _edition(instance, sink, options.readers)
                without.append(Sent(seconds=seconds))
                print(f"without: {seconds:.2f} s", flush=True)
                chosen = copies[number :: max(1, len(copies) // options.bounces)][: options.bounces]
                sent, copies = _edition_with(instance, sink, options, lmtp, chosen)
                beside.append(sent)
                print(
                    f"with:    {sent.seconds:.2f} s; {len(chosen)} bounces in {sent.bring_seconds:.1f} s,"
                    f" {sent.during:.0%} of them before the last copy, all handled {sent.handled_after:.1f} s after",
                    flush=True,
                )
                copies = later
            handled = _one(instance, "select count(*) from delivery where bounce = 'gone'")
            done = _one(instance, "select count(*) from inbound where state = 'done' and outcome = 'gone'")
            assert instance.daemon is not None
            assert instance.daemon.stop() == 0
        finally:
            instance.close()
    wanted = options.rounds * options.bounces
    slower = _median(beside) / _median(without) - 1
    print(
        f"{options.readers:,} readers, medians of {options.rounds}: {_median(without):.2f} s without,"
        f" {_median(beside):.2f} s with ({slower:+.1%}); {done} of {wanted} bounces handled, {handled} copies marked"
    )
    return done == wanted == handled and slower < SLOWER_AT_MOST


def _median(runs: list[Sent]) -> float:
    return statistics.median(run.seconds for run in runs)


def _edition(instance: Instance, sink: Sink, readers: int) -> tuple[float, list[tuple[str, str]]]:
    """Send one; the seconds from its first to its last copy, and the return path and reader of each."""
    sink.ask("XFLUSH")
    before = sink.log.stat().st_size
    instance.send(EDITION, "--again", "--wait")
    sink.ask("XFLUSH")
    with sink.log.open(encoding="utf-8") as log:
        log.seek(before)
        lines = [line.rstrip("\n").split("\t") for line in log]
    copies = [(int(cells[0]), cells[3], cells[4]) for cells in lines if cells[3].startswith("news-bounces+")]
    if len(copies) != readers:
        raise RuntimeError(f"{len(copies)} of {readers} copies")
    return (copies[-1][0] - copies[0][0]) / 1e6, [(path, reader) for _, path, reader in copies]


def _edition_with(
    instance: Instance, sink: Sink, options: argparse.Namespace, port: int, copies: list[tuple[str, str]]
) -> tuple[Sent, list[tuple[str, str]]]:
    beside = Beside(port, copies, options.seconds)
    starting = threading.Thread(target=_when_sending, args=(sink, beside))
    starting.start()
    seconds, later = _edition(instance, sink, options.readers)
    last_copy = time.time()
    starting.join()
    beside.join()
    if beside.refused:
        raise RuntimeError(f"{len(beside.refused)} refused: {beside.refused[0]}")
    until(lambda: _one(instance, "select count(*) from inbound where state = 'received'") == 0 or None, HANDLED_SECONDS)
    sent = Sent(
        seconds=seconds,
        bring_seconds=beside.ended - beside.began,
        during=sum(at < last_copy for at in beside.times) / len(beside.times),
        handled_after=time.time() - beside.ended,
    )
    return sent, later


def _when_sending(sink: Sink, beside: Beside) -> None:
    """Begin with the first copies."""
    before = sink.stats()["recipients"]
    until(lambda: sink.stats()["recipients"] > before or None, 60.0)
    beside.start()


def _one(instance: Instance, query: str) -> int:
    [(number,)] = select_at(instance.database, query)
    return int(number)


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=60_000)
    parser.add_argument("--bounces", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-bounces-") as name:
        root = Path(name)
        return 0 if measure(compile_sink(root), root / "instance", options) else 1


if __name__ == "__main__":
    sys.exit(main())
