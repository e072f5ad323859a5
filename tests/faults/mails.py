"""kill -9 within milliseconds after a 250, over mails of every kind; ends with 1 unless each was processed once.

  python -m tests.faults.mails [--kills 200] [--seed N] [--within-ms 20]

Each round brings a subscription, a question to the owner, a bounce and an edition in random order to a real daemon by
LMTP, kills it at a random moment after the last 250, and starts it again; the next mails come when it has dealt with
these. Every fifth round the same mails come a second time, as from a mail server that had not heard the 250. What the
database holds at the end is compared with what came.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.database import select_at
from tests.e2e.instance import Daemon, Instance, until
from tests.faults.attacks import Line
from tests.faults.letters import bounce, bring, join, lmtp_at, post, question
from tests.ports import free_port
from tests.sink import Sink, compile_sink

EDITOR = "grace@harbour.example"
LIMITS = {"replies_per_sender": "100000/day", "confirmations": "100000/day", "posts_per_editor": "100000/day"}
SETTLED_SECONDS = 120.0
WAITING = "select count(*) from inbound where state = 'received'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What came in, and what the database holds of it."""

    kills: int
    accepted: int
    waiting_at_kills: int
    states: dict[str, int]
    confirmations: Counter[int]
    forwards: int
    bounces: dict[str, int]
    editions: int
    answers_to_editor: int

    @property
    def is_good(self) -> bool:
        """Each mail once: one confirmation a sender, one forward, one bounced copy, one held edition and its answer."""
        return (
            self.states == {"done": self.accepted}
            and self.accepted == 4 * self.kills
            and self.confirmations == Counter({1: self.kills})
            and self.forwards == self.kills
            and self.bounces == {"gone": self.kills}
            and self.editions == self.kills
            and self.answers_to_editor == self.kills
        )

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.accepted} mails accepted, {self.waiting_at_kills} of them not yet dealt with at"
            f" the kills; at the end {self.states}: {self.confirmations[1]} senders with one confirmation"
            f" ({self.confirmations.total() - self.confirmations[1]} with another number), {self.forwards} forwards,"
            f" bounces {self.bounces}, {self.editions} held editions, {self.answers_to_editor} answers to the editor"
        )


def kill_after_each(
    program: Path, folder: Path, *, kills: int, seed: int, within_seconds: float, again_every: int = 5
) -> Account:
    """Every round of it; raises where a mail is refused, or where it never ends."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    lmtp = free_port()
    tables = {"smtp": {"lmtp": f"127.0.0.1:{lmtp}"}, "limits": LIMITS}
    with Sink(program, folder) as sink:
        instance = Instance(folder=folder, relay_port=sink.port, sink=sink, tables=tables)
        try:
            copies = _delivered_edition(instance, sink, kills)
            waiting = accepted = 0
            for number in range(kills):
                daemon = _started(instance)
                letters = [join(number), question(number), bounce(*copies[number]), post(number, EDITOR)]
                chance.shuffle(letters)
                times = 2 if number % again_every == again_every - 1 else 1
                for _ in range(times - 1):
                    asyncio.run(_bring_all(lmtp, letters))
                    daemon.kill()
                    daemon = _started(instance)
                accepted += asyncio.run(_bring_all(lmtp, letters))
                time.sleep(chance.random() * within_seconds)
                daemon.kill()
                waiting += _one(instance, WAITING)
            daemon = instance.start()
            unsettled = (
                "select (select count(*) from inbound where state = 'received')"
                " + (select count(*) from delivery where state in ('queued', 'claimed', 'deferred'))"
            )
            until(lambda: _one(instance, unsettled) == 0 or None, SETTLED_SECONDS)
            assert daemon.stop() == 0
            return _account(instance, kills, accepted, waiting)
        finally:
            instance.close()


def _started(instance: Instance) -> Daemon:
    """Running, and through with the mails of the daemon before."""
    daemon = instance.start()
    until(lambda: _one(instance, WAITING) == 0 or None, SETTLED_SECONDS)
    return daemon


def _delivered_edition(instance: Instance, sink: Sink, readers: int) -> list[tuple[str, str]]:
    """An edition that went out: the return path of each copy, and its reader."""
    instance.create_list()
    instance.do("list", "set", "news", "owner=owner@harbour.example")
    instance.do("editor", "add", "news", EDITOR)
    instance.import_readers(*(f"reader{number}@inbox{number % 7}.example" for number in range(readers)))
    daemon = instance.start()
    instance.send("---\nsubject: High water\n---\n\nText.\n", "--wait")
    assert daemon.stop() == 0
    return [(line.mail_from, line.rcpt_to) for line in sink.lines() if line.mail_from.startswith("news-bounces+")]


async def _bring_all(port: int, letters: list[tuple[str, str, bytes]]) -> int:
    line = await Line.open(lmtp_at(port))
    for letter in letters:
        reply = await bring(line, letter)
        assert reply.startswith("250"), f"{letter[1]}: {reply}"
    line.writer.transport.abort()
    return len(letters)


def _rows(instance: Instance, query: str) -> list[tuple[str, int]]:
    return select_at(instance.database, query)


def _one(instance: Instance, query: str) -> int:
    [(number,)] = select_at(instance.database, query)
    return int(number)


def _account(instance: Instance, kills: int, accepted: int, waiting: int) -> Account:
    confirmations = _rows(
        instance, "select address, count(*) from notice where kind = 'confirmation' and address like 'join%' group by 1"
    )
    return Account(
        kills=kills,
        accepted=accepted,
        waiting_at_kills=waiting,
        states=dict(_rows(instance, "select state, count(*) from inbound group by state")),
        confirmations=Counter(number for _, number in confirmations),
        forwards=_one(instance, "select count(*) from notice where kind = 'forward'"),
        bounces=dict(_rows(instance, "select bounce, count(*) from delivery where bounce is not null group by bounce")),
        editions=_one(instance, "select count(*) from edition where state = 'draft'"),
        answers_to_editor=_one(
            instance, f"select count(*) from notice where address = '{EDITOR}' and kind not in ('test', 'finished')"
        ),
    )


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--within-ms", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-kills-") as name:
        folder = Path(name)
        account = kill_after_each(
            compile_sink(folder),
            folder / "instance",
            kills=options.kills,
            seed=options.seed,
            within_seconds=options.within_ms / 1000,
        )
    print(f"seed {options.seed}: {account}")
    return 0 if account.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
