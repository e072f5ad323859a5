"""kill -9 of the daemon again and again while an edition goes out, and what that cost.

A copy may go out twice only where the relay had taken it and nobody noted that: those copies stand as `claimed` in the
database of the killed daemon and not in its journal. When the daemon alone is killed there are none, since its workers
still hear what the relay answers; when they are killed with it, as many as their connections carry.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.database import select_at
from tests.e2e.instance import Instance, until
from tests.faults.outcome import IN_FLIGHT_AT_MOST
from tests.sink import Sink

from pressrun.delivery.worker.process import FINISH_SECONDS
from pressrun.store.queue.journal import Claim, Journal
from pressrun.store.upkeep.datadir import DataDir

STORIES_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """The result. `allowed` is how many copies were accepted and not recorded, at all kills; `limit` at each kill."""

    readers: int
    kills: int
    lost: int
    repeated: int
    allowed: int
    worst_kill: int
    limit: int
    differing: int
    counts: dict[str, int]

    @property
    def is_good(self) -> bool:
        """Nothing lost, no second copy without cause, the same Message-ID on both, and the books right."""
        return (
            self.lost == 0
            and self.repeated <= self.allowed
            and self.worst_kill <= self.limit
            and self.differing == 0
            and self.counts == {"delivered": self.readers}
        )

    def __str__(self) -> str:
        return (
            f"{self.readers:,} readers, {self.kills} kills: lost {self.lost}, repeated {self.repeated}, allowed"
            f" {self.allowed} (at most {self.worst_kill} at one kill), repeats under another Message-ID"
            f" {self.differing}; at the end {self.counts}"
        )


def kill_again_and_again(
    program: Path, folder: Path, *, readers: int, kills: int, rate: str, seed: int, with_workers: bool = False
) -> Toll:
    """Send one edition to so many readers, killing the daemon at random moments; raises where it never ends."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    moments = sorted(chance.randrange(readers * 19 // 20) for _ in range(kills))
    with Sink(program, folder, "--grab", "Message-ID") as sink:
        instance = Instance(folder=folder, relay_port=sink.port, sink=sink, tables={"delivery": {"rate": rate}})
        try:
            instance.create_list()
            instance.import_readers(*(f"reader{number}@inbox{number % 7}.example" for number in range(readers)))
            daemon = instance.start()
            edition = instance.send()["id"]
            on_their_way = []
            for moment in moments:
                _await_taken(sink, moment)
                # A few more, so that a kill does not always fall right after a start.
                _await_taken(sink, min(_taken(sink) + chance.randrange(60), readers - 1))
                if with_workers:
                    daemon.kill_all()
                else:
                    daemon.kill()
                on_their_way.append(count_on_their_way(instance, sink))
                daemon = instance.start()
            until(lambda: instance.show(edition)["state"] == "finished" or None, STORIES_SECONDS)
            assert daemon.stop() == 0
            counts = dict(rows(instance, "select state, count(*) from delivery group by state"))
            return _toll(sink, readers, on_their_way, IN_FLIGHT_AT_MOST if with_workers else 0, counts)
        finally:
            instance.close()


def _await_taken(sink: Sink, copies: int) -> None:
    until(lambda: _taken(sink) >= copies or None, STORIES_SECONDS)


def _taken(sink: Sink) -> int:
    return sink.stats()["recipients"]


def count_on_their_way(instance: Instance, sink: Sink, since: int = 0) -> int:
    """Mails that the relay has taken, since a line of its log, and nobody has noted: each will go out again."""
    accepted = {line.rcpt_to for line in sink.lines()[since:] if line.status == "A"}
    claimed = rows(
        instance,
        "select coalesce(subscriber.address, notice.address), delivery.id, attempts, first_attempt_at, claimed_by"
        " from delivery left join notice on notice.id = notice_id"
        " left join subscription on subscription.id = subscription_id"
        " left join subscriber on subscriber.id = subscription.subscriber_id where delivery.state = 'claimed'",
    )
    with closing(Journal.open(DataDir(instance.folder / "data").journal)) as journal:
        until(lambda: journal.lock() or None, FINISH_SECONDS + 2)
        noted = journal.entries().keys()
    return sum(address in accepted and Claim(*claim) not in noted for address, *claim in claimed)


def rows(instance: Instance, query: str) -> list[tuple[Any, ...]]:
    """What a query finds, whether the daemon runs or was killed."""
    return select_at(instance.database, query)


def _toll(sink: Sink, readers: int, on_their_way: list[int], limit: int, counts: dict[str, int]) -> Toll:
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
        kills=len(on_their_way),
        lost=readers - len(times),
        repeated=times.total() - len(times),
        allowed=sum(on_their_way),
        worst_kill=max(on_their_way, default=0),
        limit=limit,
        differing=sum(len(ids) > 1 for ids in message_ids.values()),
        counts=counts,
    )
