"""Contenders that take turns: A B C, A B C, …, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.machine import load
from tests.bench.verify_sink import read_log


@dataclass(slots=True, kw_only=True)
class Contender:
    """One row of the table. `run` gets a fresh folder and gives one figure; None where it can be run nowhere.

    `missing` says what would have to be installed; `samples` are the figures so far, one a round.
    """

    key: str
    name: str
    run: Callable[[Path], float] | None
    unit: str = "/s"
    readers: int | None = None
    note: str = ""
    missing: str | None = None
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def take_turns(contenders: Sequence[Contender], folder: Path, rounds: int) -> None:
    """Run each once a round. A contender that fails ends the bench: a table with holes would mislead.

    What the one before left to be written is written first, so that nobody pays for the files of another.
    """
    ready = [
        (contender, contender.run)
        for contender in contenders
        if contender.run is not None and contender.missing is None
    ]
    for number in range(1, rounds + 1):
        for contender, run in ready:
            place = folder / f"{contender.key}-{number}"
            place.mkdir()
            os.sync()
            contender.samples.append(run(place))
            shutil.rmtree(place, ignore_errors=True)
            print(
                f"round {number}: {contender.name}: {contender.samples[-1]:,.2f} {contender.unit} (load {load():.1f})",
                file=sys.stderr,
                flush=True,
            )


def rate_of(log: Path, readers: int) -> float:
    """Copies a second from the first to the last by the sink's clock; raises where one is missing or came twice."""
    with log.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        tally = read_log(lines, "rcpt")
    times = tally.times_us
    if len(times) != readers or len(tally.accepted) != readers or len(tally.mail_froms) != readers:
        raise RuntimeError(
            f"{len(times)} copies for {len(tally.accepted)} readers with {len(tally.mail_froms)} return paths,"
            f" wanted are {readers}"
        )
    return (readers - 1) / ((times[-1] - times[0]) / 1e6)
