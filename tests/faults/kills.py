"""kill -9 of the daemon again and again while an edition goes out, and what that cost.

A copy may go out twice only where the relay had taken it and the daemon had not recorded that yet: those copies stand
as `claimed` in the database of the killed daemon, and only as many of them as it hands out unrecorded may have been on
their way.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.house import House, until
from tests.sink import Sink

UNRECORDED_AT_MOST = 128  # next door, ten connections have one copy each on their way; then some results wait
STORIES_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What came of it. `allowed` is how many copies were on their way, unrecorded, at the kills together."""

    readers: int
    kills: int
    lost: int
    repeated: int
    allowed: int
    worst_kill: int
    differing: int
    counts: dict[str, int]

    @property
    def is_good(self) -> bool:
        """Nothing lost, no second copy without cause, the same Message-ID on both, and the books right."""
        return (
            self.lost == 0
            and self.repeated <= self.allowed
            and self.worst_kill <= UNRECORDED_AT_MOST
            and self.differing == 0
            and self.counts == {"delivered": self.readers}
        )

    def __str__(self) -> str:
        return (
            f"{self.readers:,} readers, {self.kills} kills: lost {self.lost}, repeated {self.repeated}, allowed"
            f" {self.allowed} (at most {self.worst_kill} at one kill), repeats under another Message-ID"
            f" {self.differing}; at the end {self.counts}"
        )


def kill_again_and_again(program: Path, folder: Path, *, readers: int, kills: int, rate: str, seed: int) -> Toll:
    """Send one edition to so many readers, killing the daemon at random moments; raises where it never ends."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    moments = sorted(chance.randrange(readers * 19 // 20) for _ in range(kills))
    with Sink(program, folder, "--grab", "Message-ID") as sink:
        house = House(folder=folder, relay_port=sink.port, sink=sink, tables={"delivery": {"rate": rate}})
        try:
            house.create_list()
            house.import_readers(*(f"reader{number}@inbox{number % 7}.example" for number in range(readers)))
            daemon = house.start()
            edition = house.send()["id"]
            unrecorded = []
            for moment in moments:
                _await_taken(sink, moment)
                # A few more, so that a kill does not always fall right after a start.
                _await_taken(sink, min(_taken(sink) + chance.randrange(60), readers - 1))
                daemon.kill()
                unrecorded.append(_unrecorded(house, sink))
                daemon = house.start()
            until(lambda: house.show(edition)["state"] == "finished" or None, STORIES_SECONDS)
            assert daemon.stop() == 0
            counts = dict(rows(house, "select state, count(*) from delivery group by state"))
            return _toll(sink, readers, unrecorded, counts)
        finally:
            house.close()


def _await_taken(sink: Sink, copies: int) -> None:
    until(lambda: _taken(sink) >= copies or None, STORIES_SECONDS)


def _taken(sink: Sink) -> int:
    return sink.stats()["recipients"]


def _unrecorded(house: House, sink: Sink) -> int:
    """Copies that the relay has taken and the database has not as delivered: each will go out again."""
    accepted = {line.rcpt_to for line in sink.lines() if line.status == "A"}
    claimed = rows(
        house,
        "select subscriber.address, 1 from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id where delivery.state = 'claimed'",
    )
    return sum(address in accepted for address, _ in claimed)


def rows(house: House, query: str) -> list[tuple[Any, ...]]:
    """What a query finds, whether the daemon runs or was killed."""
    connection = sqlite3.connect(f"file:{house.database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _toll(sink: Sink, readers: int, unrecorded: list[int], counts: dict[str, int]) -> Toll:
    sink.ask("XFLUSH")
    times: Counter[str] = Counter()
    message_ids: defaultdict[str, set[str]] = defaultdict(set)
    for line in sink.log.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[2] == "A":
            times[cells[4]] += 1
            message_ids[cells[4]].add(cells[7])
    return Toll(
        readers=readers,
        kills=len(unrecorded),
        lost=readers - len(times),
        repeated=times.total() - len(times),
        allowed=sum(unrecorded),
        worst_kill=max(unrecorded, default=0),
        differing=sum(len(found) > 1 for found in message_ids.values()),
        counts=counts,
    )
