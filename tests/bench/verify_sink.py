"""Check a log of sink.c for losses and duplicates; a million lines take about two seconds.

  python tests/bench/verify_sink.py LOG [--expect FILE] [--key rcpt|rcpt+sha|rcpt+grabN] [--window S] [--json]

--expect  one recipient a line: who must have got exactly one accepted message
--key     what one message is: rcpt (one edition in the log), or rcpt and the sha, or rcpt and the Nth grabbed header
          from 0, such as Message-ID or List-Id, when several editions are in one log

Says how many were accepted, missing, duplicate and unexpected, the return paths and contents that differ, the mean
rate and that of the busiest window, and `uncertain`: recipients whose message was received whole but dropped before the
reply, and accepted later. Exit 0 when nothing is missing, duplicate or unexpected, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Tally:
    """What a log holds."""

    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)  # by (recipient, what tells messages apart)
    status: Counter[str] = field(default_factory=Counter)
    mail_froms: set[str] = field(default_factory=set)
    shas: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    times_us: list[int] = field(default_factory=list)
    octets: int = 0


def read_log(lines: Iterable[str], key: str) -> Tally:
    """Count the lines of a log; for the columns see the head of sink.c."""
    column = {"rcpt": None, "rcpt+sha": 6}.get(key, 7 + int(key.removeprefix("rcpt+grab")) if "grab" in key else None)
    tally = Tally()
    for line in lines:
        cells = line.rstrip("\n").split("\t")
        time_us, _, status, mail_from, recipient, size, sha = cells[:7]
        tally.status[status] += 1
        if status == "D":
            tally.dropped.add(recipient)
        if status != "A":
            continue
        tally.accepted[recipient, cells[column] if column is not None else ""] += 1
        tally.mail_froms.add(mail_from)
        tally.shas.add(sha)
        tally.times_us.append(int(time_us))
        tally.octets += int(size)
    tally.times_us.sort()
    return tally


def busiest(times_us: list[int], window_seconds: float) -> int:
    """The most events in any window of that length."""
    width, first, most = window_seconds * 1e6, 0, 0
    for last, at in enumerate(times_us):
        while at - times_us[first] >= width:
            first += 1
        most = max(most, last - first + 1)
    return most


def judge(
    tally: Tally, expected: set[str] | None, window_seconds: float
) -> tuple[dict[str, object], dict[str, list[str]]]:
    """The figures, and who is missing, duplicate or unexpected."""
    got = {recipient for recipient, _ in tally.accepted}
    faults = {
        "missing": sorted(expected - got) if expected is not None else [],
        "duplicate": sorted(recipient for (recipient, _), count in tally.accepted.items() if count > 1),
        "unexpected": sorted(got - expected) if expected is not None else [],
    }
    times = tally.times_us
    seconds = (times[-1] - times[0]) / 1e6 if len(times) > 1 else 0.0
    figures: dict[str, object] = {
        "ok": not any(faults.values()),
        "accepted": len(times),
        "distinct": len(got),
        "missing": len(faults["missing"]),
        "duplicates": len(faults["duplicate"]),
        "unexpected": len(faults["unexpected"]),
        "uncertain": len(tally.dropped & got),
        "mail_froms": len(tally.mail_froms),
        "shas": len(tally.shas),
        "bytes": tally.octets,
        "seconds": round(seconds, 3),
        "rate": round(len(times) / seconds) if seconds else None,
        "busiest": round(busiest(times, window_seconds) / window_seconds),
        "status": dict(tally.status),
    }
    return figures, faults


def main() -> int:
    """Read the command line, check and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--expect", type=Path)
    parser.add_argument("--key", default="rcpt")
    parser.add_argument("--window", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    with options.log.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        tally = read_log(lines, options.key)
    expected = None
    if options.expect is not None:
        expected = {line.strip() for line in options.expect.read_text(encoding="utf-8").splitlines() if line.strip()}
    figures, faults = judge(tally, expected, options.window)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:12} {value}")
        for name, recipients in faults.items():
            for recipient in recipients[: options.show]:
                print(f"  {name}: {recipient}")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
