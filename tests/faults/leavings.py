"""kill -9 of the daemon while readers leave by one-click POSTs: whoever was answered 200 has left, on record."""

from __future__ import annotations

import http.client
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.instance import Instance, until
from tests.faults.kills import rows

from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys
from pressrun.store.upkeep.server import find_server

CONNECTIONS = 12
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Mail programs that post for one reader after the other, each over a connection of its own, until it breaks."""

    port: int
    links: list[tuple[int, str]]
    answered: set[int] = field(default_factory=set)
    other: list[int] = field(default_factory=list)  # answers that were not 200

    def post(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            while self.links:
                number, path = self.links.pop()
                connection.request("POST", path, b"List-Unsubscribe=One-Click", _HEADERS)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.answered.add(number)
                else:
                    self.other.append(response.status)
        except (OSError, http.client.HTTPException):
            pass  # the daemon is gone
        finally:
            connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What stands in the books after the last kill, beside what readers were told."""

    kills: int
    answered: frozenset[int]
    refused: tuple[int, ...]
    left: frozenset[int]
    withdrawn: tuple[int, ...]
    undoable: tuple[int, ...]
    is_chain_whole: bool

    @property
    def is_good(self) -> bool:
        """Nobody was told so in vain, nothing is half done or done twice, and the evidence holds."""
        return (
            not self.refused
            and self.answered <= self.left
            and sorted(self.left) == list(self.withdrawn) == list(self.undoable)
            and self.is_chain_whole
        )

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: {len(self.answered)} answered, {len(self.answered - self.left)} of them not on"
            f" record, {len(self.left)} left, {len(self.withdrawn)} times on record, {len(self.undoable)} to be undone;"
            f" refused {self.refused}, the chain {'holds' if self.is_chain_whole else 'is broken'}"
        )


def kill_while_readers_leave(folder: Path, *, readers: int, kills: int, seed: int) -> Record:
    """Let readers leave, killing the daemon after a random number of answers, again and again."""
    chance = random.Random(seed)
    instance = Instance(folder=folder, relay_port=1)
    try:
        instance.create_list()
        instance.import_readers(*(f"reader{number}@inbox{number % 7}.example" for number in range(readers)))
        tokens = WebTokens(load_keys(DataDir(folder / "data", find_server(instance.server, None))))
        links = [(n, f"/unsubscribe/{tokens.make(WebPurpose.UNSUBSCRIBE, n, 1)}") for n in range(1, readers + 1)]
        crowd = Crowd(port=instance.http_port, links=links)
        for number in range(kills):
            most = readers * (number + 1) // (kills + 1)
            _kill_at(instance, crowd, chance.randrange(most - readers // (kills + 2), most))
        check = instance.run("consent", "verify")
        return Record(
            kills=kills,
            answered=frozenset(crowd.answered),
            refused=tuple(crowd.other),
            left=frozenset(_numbers(instance, "select id from subscription where state = 'unsubscribed'")),
            withdrawn=_numbers(instance, "select subscriber_id from consent where event = 'withdrawn' order by 1"),
            undoable=_numbers(instance, "select subscription_id from unsubscribe order by 1"),
            is_chain_whole=check.code == 0,
        )
    finally:
        instance.close()


def _kill_at(instance: Instance, crowd: Crowd, answers: int) -> None:
    daemon = instance.start()
    posters = [threading.Thread(target=crowd.post) for _ in range(CONNECTIONS)]
    for poster in posters:
        poster.start()
    until(lambda: len(crowd.answered) >= answers or None)
    daemon.kill()
    for poster in posters:
        poster.join()


def _numbers(instance: Instance, query: str) -> tuple[int, ...]:
    return tuple(number for number, *_ in rows(instance, query))
