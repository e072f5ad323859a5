"""Hostile mail against a real daemon, and what its readers notice of it; ends with 1 where a promise is not kept.

  python -m tests.faults.hostile [--connections 200] [--mib 9.9] [--hold 5]

Every hostile mail of tests/message/hostile.py goes to every kind of address by SMTP and LMTP, then come the attacks by
connection. Meanwhile a page that reads the database is asked for 20 times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.database import select_at
from tests.e2e.instance import DOMAIN, Daemon, Instance, opened_instance, until
from tests.faults.attacks import (
    MIB,
    Line,
    Outcome,
    Place,
    all_commands,
    deliver,
    dribbled,
    endless_line,
    many_commands,
    many_recipients,
    slow_loris,
)
from tests.faults.prober import Latency, Prober
from tests.message.hostile import HOSTILE
from tests.ports import free_port
from tests.sink import compile_sink

REPLY_AT_MOST = 60.0  # a fifth of what clients wait for a reply (RFC 5321, 4.5.3.2): longer than a busy machine needs
P99_AT_MOST = 0.2
DEALT_WITH_SECONDS = 900.0
READER = "ada@reader.example"
EDITOR = "grace@harbour.example"
EDITION = "edition"  # a mail to the list whose author is an editor
# Every mail of the run counts against them, and must be dealt with all the same.
LIMITS = {"replies_per_sender": "100000/day", "posts_per_editor": "100000/day"}


@dataclass(slots=True)
class Peak:
    """The most resident memory of the daemon and of its helpers, each by itself, in KiB; looked at all the time."""

    daemon: Daemon
    helpers_kib: int = 0
    started: set[int] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        pid = self.daemon.process.pid
        while not self._ended.wait(0.02):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
                self.started.add(int(child))
                self.helpers_kib = max(self.helpers_kib, _peak_kib(int(child)))

    def stop(self) -> None:
        self._ended.set()


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What is attacked."""

    places: list[Place]
    addresses: dict[str, str]
    page: str


def _prepared(instance: Instance) -> Front:
    """A list with a reader who has an edition, and somebody who has not confirmed."""
    instance.create_list()
    instance.do("list", "set", "news", "owner=owner@harbour.example")
    instance.do("editor", "add", "news", EDITOR)
    instance.import_readers(READER)
    instance.start()
    instance.send()
    copy = instance.await_mails(1, to=READER)[0]
    instance.post("/news/subscribe", {"email": "eve@reader.example"})
    confirmation = instance.await_mails(1, to="eve@reader.example")[0]
    addresses = {
        "request": f"news-request@{DOMAIN}",
        "bounces": copy.mail_from,
        "post": f"news@{DOMAIN}",
        EDITION: f"news@{DOMAIN}",
        "confirm": str(confirmation.message["Reply-To"]),
        "postmaster": f"postmaster@{DOMAIN}",
    }
    lmtp = int(str(instance.tables["smtp"]["lmtp"]).rpartition(":")[2])
    return Front(
        places=[
            Place(name="SMTP", port=int(str(instance.tables["smtp"]["listen"]).rpartition(":")[2]), hello="EHLO"),
            Place(name="LMTP", port=lmtp, hello="LHLO"),
        ],
        addresses=addresses,
        page=copy.path_of("unsubscribe"),
    )


async def _mails(front: Front) -> list[Outcome]:
    """Every hostile mail to every kind of address; of each mail and listener the slowest reply."""
    outcomes = []
    for number, (name, content) in enumerate(HOSTILE.items()):
        for place in front.places:
            attempts = []
            for kind, address in front.addresses.items():
                sender = f"{kind}{number}{place.name.lower()}@reader.example"
                data = f"From: {EDITOR}\r\n".encode() + content if kind == EDITION else content
                try:
                    attempts.append(await deliver(place, name, sender, address, data))
                except AssertionError as refusal:  # at RCPT: this kind of address takes no such mail
                    attempts.append(Outcome(name=name, place=place.name, replies=f"{kind}: {refusal}", seconds=0.0))
            replies = ", ".join(sorted({attempt.replies for attempt in attempts}))
            seconds = max(attempt.seconds for attempt in attempts)
            outcomes.append(Outcome(name=name, place=place.name, replies=replies, seconds=seconds))
            print(_row(outcomes[-1]), flush=True)
    return outcomes


async def _connections(front: Front, connections: int, size: int, hold: float) -> list[Outcome]:
    smtp, lmtp = front.places
    takes_all = front.addresses["postmaster"]

    async def one_more() -> str:
        try:
            line = await Line.open(smtp)
        except ConnectionError as refusal:
            return str(refusal)[:9]
        await line.close()
        return "220"

    attacks: list[Callable[[], Awaitable[Outcome]]] = [
        lambda: many_recipients(smtp, [takes_all, front.addresses["request"], front.addresses["bounces"]]),
        lambda: many_commands(smtp, "NOOP"),
        lambda: many_commands(lmtp, "NONSENSE"),
        lambda: all_commands(smtp, "NOOP", 20),
        lambda: endless_line(smtp, takes_all, in_content=False),
        lambda: endless_line(lmtp, takes_all, in_content=True),
        lambda: slow_loris(smtp, connections, hold, one_more),
        lambda: dribbled([smtp], takes_all, connections, size, hold),
        lambda: dribbled([smtp, lmtp], takes_all, 2 * connections, size, hold),
    ]
    outcomes = []
    for attack in attacks:
        outcomes.append(await attack())
        print(_row(outcomes[-1]), flush=True)
    return outcomes


def _row(outcome: Outcome) -> str:
    return f"| {outcome.name} | {outcome.place} | {outcome.replies} | {outcome.seconds:.2f} s |"


def _waiting(instance: Instance) -> int:
    [(number,)] = select_at(instance.database, "select count(*) from inbound where state = 'received'")
    return int(number)


def _states(instance: Instance) -> dict[str, int]:
    return dict(select_at(instance.database, "select state, count(*) from inbound group by state"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What all of it did."""

    is_alive: bool
    faults: list[str]  # lines of the log that tell of a fault of ours, or are no log
    slowest_reply: float
    dealt_with_after: float
    states: dict[str, int]
    latency: Latency
    memory_mib: tuple[float, float, float]  # at rest, after the mails, after all
    helper_mib: float
    helpers: int

    @property
    def is_none(self) -> bool:
        """Nothing but the latency, which a busy machine makes larger."""
        return self.is_alive and not self.faults and self.slowest_reply <= REPLY_AT_MOST

    def __str__(self) -> str:
        at_rest, after_mails, after_all = self.memory_mib
        lines = [
            f"slowest reply {self.slowest_reply:.2f} s",
            f"all mail dealt with {self.dealt_with_after:.1f} s after the last: {self.states}",
            f"HTTP: {self.latency}",
            f"daemon alive: {self.is_alive}",
            f"its peak memory: {at_rest:.0f} MiB at rest, {after_mails:.0f} with the mails, {after_all:.0f} with all",
            f"largest helper {self.helper_mib:.0f} MiB, of {self.helpers} started",
            f"faults of ours in the log: {len(self.faults)}",
            *(fault[:2000] for fault in self.faults[:10]),
        ]
        return "\n".join(lines)


def attack(program: Path, folder: Path, *, connections: int, size: int, hold: float) -> Damage:
    """Everything, with a row of a table for each attack on the way."""
    smtp = {"listen": f"127.0.0.1:{free_port()}", "lmtp": f"127.0.0.1:{free_port()}"}
    limits = {**LIMITS, "smtp_connections": connections}
    with opened_instance(folder, program, smtp=smtp, limits=limits) as instance:
        front = _prepared(instance)
        assert instance.daemon is not None
        peak = Peak(instance.daemon)
        watching = threading.Thread(target=peak.watch)
        watching.start()
        at_rest = instance.daemon.peak_kib()
        print("| attack | by | replies | slowest reply |\n|---|---|---|---:|", flush=True)
        try:
            with Prober(instance.http_port, front.page) as prober:
                outcomes = asyncio.run(_mails(front))
                after_mails = instance.daemon.peak_kib()
                outcomes += asyncio.run(_connections(front, connections, size, hold))
                began = time.monotonic()
                until(lambda: _waiting(instance) == 0 or None, DEALT_WITH_SECONDS)
                dealt_with_after = time.monotonic() - began
            is_alive = instance.daemon.process.poll() is None and instance.get("/healthz").status == 200
        finally:
            peak.stop()
            watching.join()
        lines = instance.daemon.log.read_text(encoding="utf-8").splitlines()
        return Damage(
            is_alive=is_alive,
            faults=[line for line in lines if "inbound.failed" in line or not line.startswith("{")],
            slowest_reply=max(outcome.seconds for outcome in outcomes),
            dealt_with_after=dealt_with_after,
            states=_states(instance),
            latency=prober.latency,
            memory_mib=(at_rest / 1024, after_mails / 1024, instance.daemon.peak_kib() / 1024),
            helper_mib=peak.helpers_kib / 1024,
            helpers=len(peak.started),
        )


def main() -> int:
    """Read the command line and attack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--mib", type=float, default=9.9)
    parser.add_argument("--hold", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-hostile-") as name:
        root = Path(name)
        damage = attack(
            compile_sink(root),
            root / "instance",
            connections=options.connections,
            size=int(options.mib * MIB),
            hold=options.hold,
        )
    print(f"\n{damage}")
    return 0 if damage.is_none and damage.latency.p99 <= P99_AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
