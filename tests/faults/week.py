"""A week of a newsletter in some minutes: a real daemon, whose wall clock is set ahead by six hours, 28 times.

In each of these steps people sign up, confirm and leave, mail bounces, and somebody complains. Two or three editions go
out a day. A backup is made and verified each evening, retention removes what is two days old, and each day has its
trouble: a restart, a kill, a relay that cannot be reached, another key, a disk that fills up. At the end nobody may be
lost, have a copy twice without cause, or have been mailed after they left, and memory, files and rows must not have
grown.
"""

from __future__ import annotations

import csv
import random
import shutil
import smtplib
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tests.e2e.instance import DOMAIN, HOST, Instance, until
from tests.faults.kills import count_on_their_way
from tests.faults.letters import bounce, complaint
from tests.faults.memory import held_mib
from tests.faults.outcome import PATIENCE_SECONDS, await_taken, furnished
from tests.faults.relays import far
from tests.faults.storage import fill, small_disk
from tests.faults.times import FakeClock
from tests.sink import Sink

from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

STEPS_A_DAY, DAYS, STEP_HOURS = 4, 7, 6
KEPT_SECONDS = 2 * 86400
EACH_STEP = 5  # who sign up, and who leave
BOUNCING = 2  # of each edition
MIB = 1024 * 1024
TABLES: dict[str, Any] = {
    "delivery": {"rate": "1500/s"},
    "retention": {"copies": "2d", "addresses_of_requests": "1d", "backups_of_schema": "1d"},
    "limits": {"disk_reserve": "8 MiB", "disk_warning": "12 MiB"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What there was at the end of a step; sizes in KiB, memory of the daemon and its helpers in MiB."""

    hours: int
    memory_mib: int
    database_kib: int
    log_kib: int
    copies: int
    evidence: int
    notices: int
    readers: int


@dataclass(slots=True, kw_only=True)
class Week:
    """The newsletter, and what is known of it from outside."""

    instance: Instance
    sink: Sink
    clock: FakeClock
    chance: random.Random
    hours: int = 0
    number: int = 0  # of the next stranger who signs up
    left: dict[str, float] = field(default_factory=dict)  # when the way out was answered, by the machine's clock
    editions: list[int] = field(default_factory=list)
    sent_before: int = 0  # lines in the log of the relay, before the latest edition
    may_repeat: int = 0
    samples: list[Sample] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------ what happens in each step

    def step(self) -> None:
        """Six hours pass, and what they bring."""
        self.hours += STEP_HOURS
        self.clock.set(f"+{self.hours * 3600}")
        self.sign_up()
        if self.editions:
            self.leave()
        if self.hours // STEP_HOURS % 2:
            self.send()
            self.bounce()
            self.complain()
        until(self._nothing_is_too_old, PATIENCE_SECONDS)
        self.sample()

    def sign_up(self) -> None:
        """Strangers sign up on the page, and most of them confirm."""
        instance = self.instance
        addresses = [f"new{self.number + place}@joining.example" for place in range(EACH_STEP)]
        self.number += EACH_STEP
        for address in addresses:
            assert 303 == instance.post("/news/subscribe", {"email": address}).status
        query = (
            "select confirmation.id, confirmation.expires_at from confirmation join subscription on subscription.id ="
            " subscription_id join subscriber on subscriber.id = subscriber_id where subscription.state = 'pending'"
            f" and address in ({', '.join('?' * len(addresses))})"
        )
        asked = until(lambda: (len(rows := instance.rows(query, *addresses)) == EACH_STEP and rows) or None)
        tokens = self._links()
        for number, expires_at in asked[: EACH_STEP * 4 // 5]:
            answer = instance.post(f"/confirm/{tokens.make(WebPurpose.CONFIRM, number, expires_at)}", {})
            assert answer.status < 400, answer

    def leave(self) -> None:
        """Readers leave by the link of the latest edition, half of them by mail."""
        chosen = self._active(EACH_STEP)
        tokens, addresses = self._links(), AddressTokens(self._keys())
        for place, (subscription, address) in enumerate(chosen):
            if place % 2:
                token = tokens.make(WebPurpose.UNSUBSCRIBE, subscription, self.editions[-1])
                answer = self.instance.post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
                assert 200 == answer.status, answer
            else:
                way = f"news-unsubscribe+{addresses.make(AddressPurpose.UNSUBSCRIBE, 'news', subscription)}@{DOMAIN}"
                self._bring(address, way, f"From: <{address}>\r\nTo: <{way}>\r\nSubject: bye\r\n\r\n".encode())
        self._await_over([address for _, address in chosen])

    def send(self, during: Callable[[], None] = lambda: None) -> int:
        """An edition to everybody; `during` comes in its middle."""
        text = f"---\nsubject: High water {self.hours} {len(self.editions)}\n---\n\nDear reader,\n\nthe tide is in.\n"
        before = self.sink.stats()["recipients"]
        self.sent_before = len(self.sink.lines())
        edition: int = self.instance.send(text)["id"]
        audience = self.instance.show(edition)["audience"]
        await_taken(self.sink, before + audience // 4)
        during()
        self.instance.await_state(edition, "finished", PATIENCE_SECONDS)
        self.editions.append(edition)
        return edition

    def bounce(self) -> None:
        """Some copies of the latest edition come back."""
        edition = self.editions[-1]
        rows = self.instance.rows(
            "select delivery.id, address from delivery join subscription on subscription.id = subscription_id join"
            " subscriber on subscriber.id = subscriber_id where edition_id = ? and delivery.state = 'delivered' and"
            " subscription.state = 'active' and address like 'reader%' order by delivery.id",
            edition,
        )
        addresses, bounced = AddressTokens(self._keys()), list[str]()
        for number, address in self.chance.sample(rows, BOUNCING):
            way = f"news-bounces+{addresses.make(AddressPurpose.BOUNCES, 'news', number)}@{DOMAIN}"
            self._bring(*bounce(way, address))
            bounced.append(address)
        self._await_over(bounced)

    def complain(self) -> None:
        """A reader presses the spam button."""
        ((subscription, address),) = self._active(1)
        token = self._links().make(WebPurpose.UNSUBSCRIBE, subscription, self.editions[-1])
        self._bring(*complaint(f"https://{HOST}/unsubscribe/{token}", f"abuse@{DOMAIN}"))
        self._await_over([address])

    # ------------------------------------------------------------------ the trouble of each day

    def restart(self) -> None:
        """In the middle of an edition."""
        daemon = self.instance.daemon
        assert daemon is not None
        assert 0 == daemon.stop()
        self.start()

    def kill(self) -> None:
        """The same with SIGKILL, to the daemon and its workers."""
        assert self.instance.daemon is not None
        self.instance.daemon.kill_all()
        self.may_repeat += count_on_their_way(self.instance, self.sink, self.sent_before)
        self.start()

    def fill_disk(self, disk: Path) -> None:
        """It is nearly full in the middle of an edition, and people leave meanwhile."""
        daemon = self.instance.daemon
        assert daemon is not None
        filler = fill(disk, leaving=6 * MIB)

        def is_noticed() -> bool | None:
            fill(disk, leaving=6 * MIB)  # again, since the write-ahead log may have freed some space
            return bool(daemon.events("storage.nearly_full")) or None

        until(is_noticed)
        another = self.instance.write("another.md", "---\nsubject: Refused\n---\n\nx\n")
        refused = self.instance.run("send", "news", another, "--yes")
        assert 69 == refused.code, refused
        ((subscription, address),) = self._active(1)
        token = self._links().make(WebPurpose.UNSUBSCRIBE, subscription, self.editions[-1])
        answer = self.instance.post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
        assert 200 == answer.status, answer
        self.left[address] = time.time() + 2.0  # what was claimed by then goes out, within a second and its reply
        filler.unlink()
        until(lambda: daemon.events("storage.recovered"))

    def start(self) -> None:
        """The daemon with its own clock."""
        self.instance.start(environment=self.clock.environment)

    # ------------------------------------------------------------------ what is seen from outside

    def sample(self) -> None:
        """Look at memory, files and rows."""
        assert self.instance.daemon is not None
        file = self.instance.database_file

        def count(table: str, where: str = "") -> int:
            (number,) = self.instance.rows(f"select count(*) from {table} {where}")
            return int(number)

        log = file.with_name(f"{file.name}-wal")
        self.samples.append(
            Sample(
                hours=self.hours,
                memory_mib=held_mib(self.instance.daemon.process.pid),
                database_kib=file.stat().st_size // 1024,
                log_kib=log.stat().st_size // 1024 if log.exists() else 0,
                copies=count("delivery", "where edition_id is not null"),
                evidence=count("consent"),
                notices=count("notice"),
                readers=count("subscription", "where state = 'active'"),
            )
        )

    def problems(self) -> list[str]:
        """What is not as it should be after the week."""
        problems = []
        for edition in self.editions:
            shown = self.instance.show(edition)
            ended = shown["delivered"] + shown["failed"] + shown["cancelled"]
            if ended != shown["audience"]:
                problems.append(f"edition {edition} of {shown['audience']} has {ended} at their end")
        self.sink.ask("XFLUSH")
        times: Counter[tuple[str, str]] = Counter()
        mails: defaultdict[str, set[str]] = defaultdict(set)
        late = Counter[str]()
        for line in self.sink.log.read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            if cells[2] == "A":
                times[cells[4], cells[7]] += 1
                mails[cells[4]].add(cells[7])
                late[cells[4]] += int(cells[0]) / 1e6 > self.left.get(cells[4], float("inf"))
        repeated = times.total() - len(times)
        self.notes.append(f"{repeated} copies twice, where the kill allows {self.may_repeat}")
        if repeated > self.may_repeat:
            problems.append(f"{repeated} copies went out twice, {self.may_repeat} with cause")
        if late.total():
            problems.append(f"{late.total()} mails to people who had left, such as {late.most_common(1)[0][0]}")
        stayed = [address for address in mails if address.startswith("reader") and address not in self.left]
        wrong = [address for address in stayed if len(mails[address]) != len(self.editions)]
        self.notes.append(f"{len(stayed)} readers who stayed have {len(self.editions)} editions each")
        if wrong:
            problems.append(f"{len(wrong)} readers who stayed have not exactly {len(self.editions)} editions")
        return problems + self._grown()

    def _grown(self) -> list[str]:
        """What is larger at the end than the first days explain: they bring what is kept for two days."""
        settled = [sample for sample in self.samples if 72 <= sample.hours <= 96]
        last = self.samples[-STEPS_A_DAY:]
        most = {"memory_mib": 1.25, "database_kib": 1.25, "copies": 1.25}
        problems = []
        for name, factor in most.items():
            before, after = (max(getattr(sample, name) for sample in part) for part in (settled, last))
            if after > before * factor:
                problems.append(f"{name} grew from {before} to {after}")
        if max(sample.log_kib for sample in self.samples) > 65 * 1024:
            problems.append("the write-ahead log grew beyond 64 MiB")
        return problems

    # ------------------------------------------------------------------ helpers

    def _nothing_is_too_old(self) -> bool:
        before = int(time.time()) + self.hours * 3600 - KEPT_SECONDS
        query = (
            "select count(*) from delivery join edition on edition.id = edition_id where finished_at < ?"
            " and delivery.bounce is null"
        )
        return bool(self.instance.rows(query, before) == [0])

    def _active(self, number: int) -> list[tuple[int, str]]:
        rows = self.instance.rows(
            "select subscription.id, address from subscription join subscriber on subscriber.id = subscriber_id"
            " where subscription.state = 'active' and address like 'reader%' order by subscription.id"
        )
        return self.chance.sample(rows, number)

    def _await_over(self, addresses: list[str]) -> None:
        """Until none of them is a reader any more; from here on, nothing may go to them."""
        query = (
            "select count(*) from subscription join subscriber on subscriber.id = subscriber_id"
            f" where subscription.state = 'active' and address in ({', '.join('?' * len(addresses))})"
        )
        until(lambda: self.instance.rows(query, *addresses) == [0], PATIENCE_SECONDS)
        self.left |= dict.fromkeys(addresses, time.time())

    def _bring(self, sender: str, to: str, content: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.instance.smtp_port, timeout=20) as connection:
            connection.sendmail(sender, [to], content)

    def _keys(self) -> Any:
        return load_keys(DataDir(self.instance.folder / "data"))

    def _links(self) -> WebTokens:
        return WebTokens(self._keys())


def run_week(program: Path, folder: Path, readers: int, chance: random.Random) -> tuple[Week, list[str]]:
    """The whole of it; returns what was seen, and what is not as it should be. Raises NoSmallDisk, NoFakeClock."""
    clock = FakeClock(folder)
    with (
        small_disk(folder / "disk", size="96m") as disk,
        far(0.0) as (listening, connect),
        furnished(program, folder, readers, relay_port=listening, **TABLES) as (instance, sink),
    ):
        shutil.move(instance.folder / "data", disk / "data")
        (instance.folder / "data").symlink_to(disk / "data")
        instance.do("list", "set", "news", "leaving_note=false")
        week = Week(instance=instance, sink=sink, clock=clock, chance=chance)
        way = connect(sink.port)

        def lose_relay() -> None:
            nonlocal way
            way.kill()
            way.wait(10)
            until(lambda: instance.daemon is not None and instance.daemon.events("relay.failing"), 60.0)
            way = connect(sink.port)
            instance.do("queue", "retry")

        troubles: dict[int, Callable[[], object]] = {
            1: lambda: week.send(week.restart),
            2: lambda: week.send(week.kill),
            3: lambda: instance.do("key", "rotate", "--yes"),
            4: lambda: week.send(lose_relay),
            5: lambda: week.send(lambda: week.fill_disk(disk)),
            6: week.restart,
        }
        try:
            week.start()
            week.sample()
            for day in range(DAYS):
                for step in range(STEPS_A_DAY):
                    week.step()
                    if step == 1 and day in troubles:
                        troubles[day]()
                backup = instance.json("backup", folder, "--keep", "2d")
                instance.do("backup", "verify", backup["file"])
            instance.do("consent", "verify")
            assert instance.daemon is not None
            problems = week.problems()
            failed = instance.daemon.events("loop.failed")
            if failed:
                problems.append(f"{len(failed)} steps of background loops failed, first {failed[0]}")
            assert 0 == instance.daemon.stop()
        finally:
            instance.close()
            way.kill()
            way.wait(10)
    return week, problems


def write_samples(week: Week, folder: Path) -> None:
    """`week.csv` and `week.svg`."""
    columns = [each.name for each in fields(Sample)]
    with (folder / "week.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(sample, name) for name in columns] for sample in week.samples)
    (folder / "week.svg").write_text(_drawn(week.samples), encoding="utf-8")


_PLOTS = {
    "memory_mib": "Memory of all processes, MiB",
    "database_kib": "Database, KiB",
    "log_kib": "Write-ahead log, KiB",
    "copies": "Rows of copies",
    "evidence": "Rows of evidence",
    "readers": "Active readers",
}
_WIDTH, _HEIGHT, _LEFT, _TOP = 760, 110, 16, 26
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}polyline{fill:none;stroke:#0a7d6c;stroke-width:1.5}"
    "line{stroke:#9aa4ae;stroke-width:1}@media(prefers-color-scheme:dark){text{fill:#e6edf3}polyline{stroke:#2fbfa7}}"
)


def _drawn(samples: list[Sample]) -> str:
    """A line for each column, from zero, over the hours of the week."""
    box = f"0 0 {_WIDTH} {_HEIGHT * len(_PLOTS)}"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img"><style>{_STYLE}</style>']
    last = samples[-1].hours
    for place, (name, title) in enumerate(_PLOTS.items()):
        values = [getattr(sample, name) for sample in samples]
        most, bottom = max(*values, 1), _HEIGHT * (place + 1) - 12
        room = _HEIGHT - _TOP - 12
        points = " ".join(
            f"{_LEFT + (_WIDTH - 2 * _LEFT) * sample.hours / last:.1f},{bottom - room * value / most:.1f}"
            for sample, value in zip(samples, values, strict=True)
        )
        parts += [
            f'<text x="{_LEFT}" y="{_HEIGHT * place + 16}">{title}: at most {most:,}, {values[-1]:,} at the end</text>',
            f'<line x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{bottom}" y2="{bottom}"/>',
            f'<polyline points="{points}"/>',
        ]
    return "\n".join([*parts, "</svg>", ""])
