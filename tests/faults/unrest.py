"""Everything at once on a server: an edition goes out while readers leave, join and bounce, an editor pauses and goes
on, the database server dies and comes back, and the daemon is killed. A second edition is cancelled in its middle.
"""

from __future__ import annotations

import asyncio
import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.database import select_at
from tests.e2e.instance import Instance, until
from tests.faults.attacks import Line
from tests.faults.kills import count_on_their_way
from tests.faults.letters import bounce, bring, lmtp_at
from tests.faults.outcome import PATIENCE_SECONDS, Outcome, await_taken, furnished, names
from tests.faults.servers import NoServer
from tests.ports import free_port
from tests.postgresql import OwnDatabases, Server, is_here, new_server
from tests.sink import Sink

from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

_EACH = 5  # deaths of the server, and of the daemon
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PAUSE_SECONDS = 0.02  # between two things that one visitor does
SECOND = "---\nsubject: The second one\n---\n\nThe tide is out.\n"


@dataclass(slots=True)
class Crowd:
    """Readers who leave and strangers who join, one after the other, and what they were answered."""

    port: int
    links: dict[str, str]  # of those who will leave, by address
    left: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    asked_again: set[str] = field(default_factory=set)  # got no answer the first time
    stopping: threading.Event = field(default_factory=threading.Event)

    def leave(self) -> None:
        for address, path in self.links.items():
            if self._insist(address, path, {"List-Unsubscribe": "One-Click"}, 200):
                self.left.add(address)

    def join(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            address = f"new{number}@joining.example"
            if self._insist(address, "/news/subscribe", {"email": address}, 303):
                self.joined.add(address)

    def _insist(self, address: str, path: str, form: dict[str, str], wanted: int) -> bool:
        """Post until the answer is `wanted`; False when it is time to stop."""
        while not self.stopping.wait(_PAUSE_SECONDS):
            if self._post(path, form) == wanted:
                return True
            self.asked_again.add(address)
        return False

    def _post(self, path: str, form: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with suppress(OSError, http.client.HTTPException), closing(connection):
            connection.request("POST", path, urlencode(form), _FORM)
            response = connection.getresponse()
            response.read()
            return response.status
        return 0


@dataclass(slots=True)
class Bouncer:
    """A relay that could not deliver what it took: brings a notification of every hundredth."""

    sink: Sink
    port: int
    taken: set[str] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        while not self.stopping.is_set():
            chosen = [line for line in self.sink.lines()[::100] if line.mail_from.startswith("news-bounces+")]
            for copy in chosen:
                if copy.mail_from not in self.taken and not self.stopping.is_set():
                    with suppress(OSError, EOFError, ValueError, AssertionError):
                        await self._bring(copy.mail_from, copy.rcpt_to)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _bring(self, return_path: str, reader: str) -> None:
        line = await Line.open(lmtp_at(self.port))
        if (await bring(line, bounce(return_path, reader))).startswith("250"):
            self.taken.add(return_path)
        await line.close()


def unrest(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """Nobody is lost, gets a second copy without cause, or is mailed after leaving; what was accepted is on record."""
    if not is_here():
        raise NoServer("PostgreSQL is missing (apt-get install postgresql)")
    lmtp = free_port()
    tables: dict[str, Any] = {
        "smtp": {"lmtp": f"127.0.0.1:{lmtp}"},
        "limits": {"sign_ups_per_ip": "1000000/h"},
        "bounces": {"hard_limit": 1},
        "delivery": {"rate": "2000/s", "pause_at_hard": "100%"},
    }
    with new_server() as server, closing(OwnDatabases(server)) as databases:
        address = server.url(databases.new())
        with furnished(program, folder, readers, server=address, **tables) as (instance, sink):
            story = _Story(instance, sink, server, lmtp, readers, chance)
            return story.run()


class _Story:
    def __init__(
        self, instance: Instance, sink: Sink, server: Server, lmtp: int, readers: int, chance: random.Random
    ) -> None:
        self._instance, self._sink, self._server, self._readers, self._chance = instance, sink, server, readers, chance
        tokens = WebTokens(load_keys(DataDir(instance.folder / "data", server=PostgresDatabase(str(instance.server)))))
        numbers = dict(select_at(instance.database, "select address, id from subscriber"))
        leaving = chance.sample(names(readers), readers // 20)
        self._crowd = Crowd(
            instance.http_port,
            {
                address: f"/unsubscribe/{tokens.make(WebPurpose.UNSUBSCRIBE, numbers[address], 1)}"
                for address in leaving
            },
        )
        self._bouncer = Bouncer(sink, lmtp)
        self._on_their_way: list[int] = []
        self._seen: set[str] = set()  # Message-IDs of before the second edition

    def run(self) -> Outcome:
        self._instance.start()
        first = self._instance.send()["id"]
        threads = [threading.Thread(target=work) for work in (self._crowd.leave, self._crowd.join, self._bouncer.run)]
        for thread in threads:
            thread.start()
        try:
            self._disturb(first)
            self._await_end(first)
        finally:
            self._crowd.stopping.set()
            self._bouncer.stopping.set()
            for thread in threads:
                thread.join()
        self._seen = {message_id for _, message_id in _had(self._sink)}
        second = self._instance.send(SECOND)["id"]
        total = self._sink.stats()["recipients"]
        until(lambda: self._sink.stats()["recipients"] > total + self._readers // 10 or None, PATIENCE_SECONDS)
        self._instance.do("edition", "cancel", str(second), "--yes")
        self._await_quiet()
        assert self._instance.daemon is not None
        assert self._instance.daemon.stop() == 0
        return self._judge(first, second)

    def _disturb(self, edition: int) -> None:
        deaths: list[Callable[[], None]] = [*[self._kill_server] * _EACH, *[self._kill_daemon] * _EACH]
        self._chance.shuffle(deaths)
        for number, die in enumerate(deaths):
            share = self._readers * (number + 1) // (len(deaths) + 2)
            await_taken(self._sink, share + self._chance.randrange(self._readers // 50))
            if number % 3 == 1:
                self._press("pause", edition)
                self._press("resume", edition)
            die()

    def _press(self, button: str, edition: int) -> None:
        """An editor's button, until it has done its work: the database may have just come back."""
        until(
            lambda: self._instance.run("edition", button, str(edition)).code == 0 or self._is(button, edition) or None
        )

    def _is(self, button: str, edition: int) -> bool:
        [(state,)] = select_at(self._instance.database, "select state from edition where id = ?", edition)
        return bool(state == ("paused" if button == "pause" else "sending"))

    def _kill_server(self) -> None:
        self._server.stop("immediate")
        self._server.start()

    def _kill_daemon(self) -> None:
        assert self._instance.daemon is not None
        self._instance.daemon.kill_all()
        self._on_their_way.append(count_on_their_way(self._instance, self._sink))
        self._instance.start()

    def _await_end(self, edition: int) -> None:
        self._instance.await_state(edition, "finished", PATIENCE_SECONDS)
        self._await_quiet()

    def _await_quiet(self) -> None:
        """Until no copy, notice, mail or request waits."""
        waits = (
            "select (select count(*) from delivery where state in ('queued', 'claimed', 'deferred'))"
            " + (select count(*) from inbound where state = 'received') + (select count(*) from pending_request)"
        )
        until(lambda: select_at(self._instance.database, waits) == [(0,)] or None, PATIENCE_SECONDS)

    # ------------------------------------------------------------------ the books beside what the relay had

    def _judge(self, first: int, second: int) -> Outcome:
        had = _had(self._sink)
        reached = {reader for reader, _ in had}
        gone = {address for (address,) in self._select(_GONE)}
        accepted = {address for (address,) in self._select(_CAME_TO_AN_END, first)}
        states = ", ".join(f"{number} {state}" for state, number in self._select(_STATES, first))
        return Outcome(
            name="unrest",
            audience=self._readers,
            counts={"delivered": self._readers},  # some have left or bounced: what is wrong with the books is a problem
            lost=len((set(names(self._readers)) - gone - reached) | (accepted - reached)),
            repeated=had.total() - len(had),
            bound=sum(self._on_their_way),
            differing=sum(number > 1 for number in self._message_ids(had).values()),
            note=(
                f"the server died {_EACH} times and the daemon {_EACH} times; {states}; {len(self._crowd.left)} left,"
                f" {len(self._crowd.joined)} joined, {len(self._bouncer.taken)} notifications of bounces"
            ),
            problem="; ".join(self._problems(first, second, reached)),
        )

    def _message_ids(self, had: Counter[tuple[str, str]]) -> Counter[str]:
        """How many mails each address got before the second edition, of those that nothing else was mailed to: who left
        got a note of that, and who had no answer asked again.
        """
        others = self._crowd.links.keys() | self._crowd.asked_again
        return Counter(reader for reader, message_id in had if message_id in self._seen and reader not in others)

    def _problems(self, first: int, second: int, reached: set[str]) -> list[str]:
        crowd = self._crowd
        gone = {address for (address,) in self._select(_GONE)}
        problems = {
            "mailed after leaving": self._number(_MAILED_AFTER_LEAVING),
            "answered 200 and not left": len(crowd.left - gone),
            "joined and never asked": len(crowd.joined - reached),
            "bounces not dealt with": self._number("select count(*) from inbound where state <> 'done'"),
            "second edition to who left or bounced": self._number(_SECOND_TO_WRONG, second, first),
            "left twice": self._number(_LEFT_TWICE),
            "kept numbers that are wrong": sum(
                row != [(state, number) for state, number in self._select(_STATES, edition)]
                for edition, row in self._kept().items()
            ),
            "evidence": self._instance.run("consent", "verify").code,
        }
        return [f"{what}: {number}" for what, number in problems.items() if number]

    def _kept(self) -> dict[int, list[tuple[str, int]]]:
        states = ("cancelled", "claimed", "deferred", "delivered", "failed", "queued")
        rows = self._select(f"select edition_id, {', '.join(states)} from copy_count")
        return {
            edition: [(state, n) for state, n in zip(states, numbers, strict=True) if n] for edition, *numbers in rows
        }

    def _select(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        return select_at(self._instance.database, query, *values)

    def _number(self, query: str, *values: int) -> int:
        [(number,)] = self._select(query, *values)
        return int(number)


_STATES = "select state, count(*) from delivery where edition_id = ? group by state order by state"
_CAME_TO_AN_END = """select address from delivery join subscription on subscription.id = subscription_id
    join subscriber on subscriber.id = subscriber_id
    where edition_id = ? and delivery.state in ('delivered', 'failed')"""
_GONE = """select address from subscriber join subscription on subscriber_id = subscriber.id
    where subscription.state = 'unsubscribed'"""
# Within the same second nobody can tell which was first.
_MAILED_AFTER_LEAVING = """select count(*) from delivery join subscription on subscription.id = subscription_id
    where subscription.state = 'unsubscribed' and delivery.state in ('delivered', 'failed')
        and delivery.first_attempt_at > subscription.since"""
_LEFT_TWICE = """select count(*) from (select subscriber_id from consent where event = 'withdrawn'
    group by subscriber_id having count(*) > 1) as twice"""
_SECOND_TO_WRONG = """select count(*) from delivery as copy
    join subscription on subscription.id = copy.subscription_id
    join edition on edition.id = copy.edition_id
    where copy.edition_id = ? and copy.state in ('delivered', 'failed') and ((subscription.state = 'unsubscribed'
        and subscription.since < edition.created_at) or exists (select 1 from delivery as other
            where other.edition_id = ? and other.subscription_id = copy.subscription_id and other.state = 'failed'
            and other.recorded_at < edition.created_at))"""


def _had(sink: Sink) -> Counter[tuple[str, str]]:
    """How often the relay had each message whole, by its reader and its Message-ID."""
    sink.ask("XFLUSH")
    counts: Counter[tuple[str, str]] = Counter()
    for line in sink.log.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[2] in {"A", "D"}:
            counts[cells[4], cells[7]] += 1
    return counts
