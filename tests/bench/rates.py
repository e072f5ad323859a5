"""Whether a rate is held: against the sink's clock, in the mean and in the busiest second, and across restarts.

  python -m tests.bench.rates [--rates 50,1000] [--seconds 60] [--restart none|stop|kill|all] [--where process|relay]

Each run sends one edition under `[delivery] rate` (or the relay's) and reads the sink's log. `stop` and `kill` end the
daemon in the middle with SIGTERM or SIGKILL and start it again: the mean is then that of the time in which it ran, the
busiest second is looked for over everything. Ends with 1 where the mean is off by more than 2 %, or where any second
holds more than one copy or 1 % above the rate.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench.verify_sink import busiest, read_log
from tests.e2e.instance import Instance, until
from tests.sink import Sink, compile_sink

MEAN_AT_MOST = 0.02
GAP_SECONDS = 0.2  # longer without a copy: the daemon was away


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSignUp:
    """How a rate was held."""

    name: str
    rate: int
    copies: int
    missing: int
    repeated: int
    mean: float
    busiest: int
    longest_gap_seconds: float

    @property
    def is_good(self) -> bool:
        most = self.rate + max(1, self.rate // 100)
        return abs(self.mean / self.rate - 1) <= MEAN_AT_MOST and self.busiest <= most and self.missing == 0

    def __str__(self) -> str:
        verdict = "held" if self.is_good else "MISSED"
        return (
            f"{self.name:22} {verdict}: {self.copies:,} copies, mean {self.mean:.2f}/s"
            f" ({self.mean / self.rate - 1:+.2%}), busiest second {self.busiest:,}, missing {self.missing},"
            f" repeated {self.repeated}, longest gap {self.longest_gap_seconds:.2f} s"
        )


def hold(program: Path, folder: Path, rate: int, seconds: int, restart: str, where: str) -> HeldSignUp:
    """One edition of rate × seconds copies."""
    folder.mkdir()
    readers = rate * seconds
    addresses = [f"reader{number}@inbox{number % 7}.example" for number in range(readers)]
    tables: dict[str, Any] = {"delivery": {"rate": f"{rate}/s"}}
    if where == "relay":
        tables = {"delivery": {"rate": "1000000/s"}, "relay": {"rate": f"{rate}/s"}}
    with Sink(program, folder) as sink:
        instance = Instance(folder=folder, relay_port=sink.port, sink=sink, tables=tables)
        try:
            instance.create_list()
            instance.import_readers(*addresses)
            daemon = instance.start()
            edition = instance.send()["id"]
            if restart != "none":
                until(lambda: sink.stats()["recipients"] >= readers // 2 or None, seconds * 2)
                daemon.kill() if restart == "kill" else daemon.stop()
                instance.start()
            until(lambda: instance.show(edition)["state"] == "finished" or None, seconds * 2 + 30)
            assert instance.daemon is not None
            assert instance.daemon.stop() == 0
        finally:
            instance.close()
        with sink.log.open(encoding="utf-8") as lines:
            tally = read_log(lines, "rcpt")
    return _judge(f"{rate}/s {where} {restart}", rate, tally.times_us, len({key[0] for key in tally.accepted}), readers)


def _judge(name: str, rate: int, times_us: list[int], distinct: int, readers: int) -> HeldSignUp:
    gaps = [(later - sooner) / 1e6 for sooner, later in pairwise(times_us)]
    away = [gap for gap in gaps if gap > GAP_SECONDS]
    ran = (times_us[-1] - times_us[0]) / 1e6 - sum(away)
    return HeldSignUp(
        name=name,
        rate=rate,
        copies=len(times_us),
        missing=readers - distinct,
        repeated=len(times_us) - distinct,
        mean=(len(times_us) - 1 - len(away)) / ran,
        busiest=busiest(times_us, 1.0),
        longest_gap_seconds=max(gaps),
    )


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="50,1000")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--restart", choices=["none", "stop", "kill", "all"], default="all")
    parser.add_argument("--where", choices=["process", "relay"], default="process")
    options = parser.parse_args()
    restarts = ["none", "stop", "kill"] if options.restart == "all" else [options.restart]
    is_good = True
    with tempfile.TemporaryDirectory(prefix="pressrun-rates-") as name:
        root = Path(name)
        program = compile_sink(root)
        for rate in map(int, options.rates.split(",")):
            for restart in restarts:
                folder = root / f"{rate}-{restart}"
                held = hold(program, folder, rate, options.seconds, restart, options.where)
                print(held, flush=True)
                is_good &= held.is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
