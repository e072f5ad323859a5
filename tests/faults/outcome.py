"""What came of a fault: who was lost, what went out twice, and how often that could not be helped.

A copy counts as repeated when the relay had it whole and gets it again under the same Message-ID, also where the relay
dropped the connection instead of answering: nobody can know then whether it was delivered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.database import select_at
from tests.e2e.instance import Instance, until
from tests.sink import Sink

from pressrun.smtp.window import MOST

CONNECTIONS = 10
IN_FLIGHT_AT_MOST = CONNECTIONS * MOST  # next door it is FEW of them, but a machine short of time is far from itself
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario. `bound` is how many copies could not but go out twice; `problem`: what else went wrong."""

    name: str
    audience: int
    counts: dict[str, int]
    lost: int
    repeated: int
    bound: int
    differing: int
    note: str = ""
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Nobody lost, nothing repeated beyond the bound or under another Message-ID, and the books right."""
        return (
            (self.lost, self.differing, self.problem) == (0, 0, "")
            and self.repeated <= self.bound
            and self.counts == {"delivered": self.audience}
        )

    def __str__(self) -> str:
        counts = ", ".join(f"{number:,} {state}" for state, number in sorted(self.counts.items()))
        verdict = "good" if self.is_good else f"BAD {self.problem}".strip()
        return (
            f"{self.name:24} {verdict}: audience {self.audience:,}: {counts}; lost {self.lost},"
            f" repeated {self.repeated}"
            f" (at most {self.bound}), under another Message-ID {self.differing}; {self.note}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What a relay had whole: how often each reader's message, its Message-IDs, and how many it left unanswered.

    `first_at` is when it had the message first, UTC seconds, for those relays that note it.
    """

    times: Counter[str]
    message_ids: dict[str, set[str]]
    unanswered: int
    first_at: Mapping[str, float] = field(default_factory=dict)

    def outcome(
        self, name: str, instance: Instance, audience: int, *, bound: int, note: str, problem: str = ""
    ) -> Outcome:
        """Set beside the books of the instance."""
        counts = dict(select_at(instance.database, "select state, count(*) from delivery group by state"))
        return Outcome(
            name=name,
            audience=audience,
            counts=counts,
            lost=audience - len(self.times),
            repeated=self.times.total() - len(self.times),
            bound=bound,
            differing=sum(len(ids) > 1 for ids in self.message_ids.values()),
            note=note,
            problem=problem,
        )


def arrived(sink: Sink) -> Arrived:
    """By the log of a sink that grabs Message-ID first."""
    sink.ask("XFLUSH")
    times: Counter[str] = Counter()
    first_at: dict[str, float] = {}
    message_ids: defaultdict[str, set[str]] = defaultdict(set)
    unanswered = 0
    for line in sink.log.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[2] in {"A", "D"}:
            times[cells[4]] += 1
            first_at.setdefault(cells[4], int(cells[0]) / 1_000_000)
            message_ids[cells[4]].add(cells[7])
            unanswered += cells[2] == "D"
    return Arrived(times=times, message_ids=message_ids, unanswered=unanswered, first_at=first_at)


@contextmanager
def furnished(
    program: Path,
    folder: Path,
    readers: int,
    *sink_options: str,
    relay_port: int | None = None,
    server: str | None = None,
    **tables: Any,
) -> Iterator[tuple[Instance, Sink]]:
    """An instance with so many readers that is not running yet, and its sink, which it may reach by another port."""
    folder.mkdir(parents=True, exist_ok=True)
    with Sink(program, folder, "--grab", "Message-ID", *sink_options) as sink:
        port = relay_port or sink.port
        instance = Instance(folder=folder / "instance", relay_port=port, sink=sink, tables=tables, server=server)
        try:
            instance.create_list()
            instance.import_readers(*names(readers))
            yield instance, sink
        finally:
            instance.close()


def names(readers: int, domain: str = "inbox{}.example") -> list[str]:
    """So many readers, at seven domains."""
    return [f"reader{number}@{domain.format(number % 7)}" for number in range(readers)]


def await_taken(sink: Sink, copies: int) -> None:
    """Until the relay has taken so many."""
    until(lambda: sink.stats()["recipients"] >= copies or None, PATIENCE_SECONDS)


def await_end(instance: Instance, edition: int) -> None:
    """Until the edition is finished; then the daemon must end well."""
    instance.await_state(edition, "finished", PATIENCE_SECONDS)
    assert instance.daemon is not None
    assert instance.daemon.stop() == 0


def count_unanswered(instance: Instance) -> int:
    """How many copies have been on their way when their connection ended: the relay may have taken them or not."""
    name = 'pressrun_deliveries_total{outcome="unknown"} '
    lines = [line for line in instance.get("/metrics").text.splitlines() if line.startswith(name)]
    return round(sum(float(line.removeprefix(name)) for line in lines))
