"""kill -9 of the daemon while clients send requests with keys, and repeat each until they have its answer.

  python -m tests.faults.keyed [--requests 1002] [--kills 50] [--seed N]

A third of the requests add a reader each and mail them, so a second effect would be a second mail, and a repeat that
was not known by its key would be refused. A third make a token each, and a third enter by a link each, which works
once. A job is killed as well, and goes on after each start.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.instance import Instance, until

_CLIENTS = 8
_NO_ANSWER = (None, 409, 500, 503)
_MANY = "1000000/h"
_LIMITS = {
    "limits": {
        "logins": _MANY,
        "confirmations": _MANY,
        "unproven_sign_ups": _MANY,
        "confirmations_per_domain": _MANY,
    },
    "api": {"rate": "1000000/min"},
}


# What each third of the requests has done, with its traces: one each.
_EFFECTS = {
    "readers": "select count(*) from subscriber where address like 'keyed%'",
    "mails": "select count(*) from notice where kind = 'confirmation'",
    "evidence": "select count(*) from consent where event = 'requested'",
    "events": "select count(*) from event where type = 'subscription.requested'",
    "rows of readers": "select count(*) from audit where action = 'subscriber.create' and outcome = 'done'",
    "tokens": "select count(*) from api_token where name like 'keyed%'",
    "rows of tokens": "select count(*) from audit where action = 'token.create' and outcome = 'done' and way = 'api'",
    "people": "select count(*) from login_session where method = 'link'",
    "rows of people": "select count(*) from audit where action = 'session.begin' and outcome = 'done'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedToll:
    """What came of it: statuses of the last answers, and how many effects there were of each request."""

    requests: int
    kills: int
    repeats: int
    statuses: Mapping[int, int]
    effects: Mapping[str, int]
    job: Mapping[str, Any]
    rows: int

    @property
    def is_good(self) -> bool:
        """One effect for each request, and each row of the job done once."""
        is_done = self.job["state"] == "done" and self.job["result"]["added"] == self.rows
        are_single = {*self.effects.values()} == {self.requests // 3}
        return are_single and dict(self.statuses) == {201: self.requests} and is_done

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.kills} kills, {self.repeats} repeats: answers {dict(self.statuses)}, "
            f"effects {dict(self.effects)}; "
            f"job of {self.rows:,} rows {self.job['state']}, added {self.job['result']['added']:,}"
        )


class _Clients:
    """Clients that repeat what they have no answer to."""

    def __init__(self, port: int, token: str, links: Sequence[str]) -> None:
        self._port = port
        self._links = links
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._lock = threading.Lock()
        self.answered = self.repeats = 0

    def send(self, number: int) -> int:
        """Send the request with this number until it is answered; returns 201 where it has had its effect."""
        if number % 3 == 2:
            return self._enter(self._links[number // 3])
        path, body = "lists/news/subscribers", {"email": f"keyed{number}@readers.example", "confirm": "send"}
        if number % 3 == 1:
            path, body = "tokens", {"name": f"keyed {number}", "scope": "read"}
        headers = {**self._headers, "Idempotency-Key": f"request-{number}"}
        return self._repeat(lambda: self._post(f"/api/v1/{path}", json.dumps(body), headers))[0]

    def _enter(self, link: str) -> int:
        """A link that is dead at a repeat has let somebody in."""
        form = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        status, tries = self._repeat(lambda: self._post(link, "", form))
        return 201 if status == 303 or (status == 404 and tries > 1) else status

    def _repeat(self, post: Callable[[], int | None]) -> tuple[int, int]:
        """The status of the first answer that is one, and how many tries it took."""
        for tries in itertools.count(1):
            status = post()
            with self._lock:
                self.answered += status not in _NO_ANSWER
                self.repeats += status in _NO_ANSWER
            if status is not None and status not in _NO_ANSWER:
                return status, tries
            threading.Event().wait(0.02)  # while nobody listens
        raise AssertionError

    def _post(self, path: str, body: str, headers: Mapping[str, str]) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", path, body, dict(headers))
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return response.status


def kill_while_clients_repeat(folder: Path, *, requests: int, kills: int, rows: int, seed: int) -> KeyedToll:
    """Send so many requests with keys, and a file, while the daemon is killed at random moments."""
    chance = random.Random(seed)
    instance = Instance(folder=folder, relay_port=9, tables=_LIMITS)  # no relay: mails wait, and are counted
    try:
        instance.create_list()
        instance.create_list("bulk")
        token = instance.json("token", "create", "--name", "crm", "--scope", "write")["token"]
        daemon = instance.start()
        clients = _Clients(instance.http_port, token, _make_links(instance, token, requests // 3))
        job = _hand_in(instance, token, rows)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            answers = [pool.submit(clients.send, number) for number in range(requests)]
            for moment in sorted(chance.randrange(requests * 19 // 20) for _ in range(kills)):
                until(lambda moment=moment: clients.answered >= moment or None, 300)  # type: ignore[misc]
                threading.Event().wait(chance.random() / 20)
                daemon.kill()
                daemon = instance.start()
            statuses = Counter(answer.result() for answer in answers)
        shown = until(lambda: _ended(instance, token, job), 120)
        assert daemon.stop() == 0
        return KeyedToll(
            requests=requests,
            kills=kills,
            repeats=clients.repeats,
            statuses=statuses,
            effects={name: _count(instance, sql) for name, sql in _EFFECTS.items()},
            job=shown,
            rows=rows,
        )
    finally:
        instance.close()


def _make_links(instance: Instance, token: str, number: int) -> list[str]:
    """The paths of links by which people enter, each of its own."""
    answers = [
        instance.ask_api("POST", "people", token, json.dumps({"name": f"p{index}"}).encode(), "application/json")
        for index in range(number)
    ]
    return [urlsplit(json.loads(answer.text)["link"]).path for answer in answers]


def _hand_in(instance: Instance, token: str, rows: int) -> int:
    text = "email\n" + "".join(f"row{number}@bulk.example\n" for number in range(rows))
    answer = instance.ask_api("POST", "lists/bulk/imports", token, text.encode(), "text/csv")
    return int(json.loads(answer.text)["id"])


def _ended(instance: Instance, token: str, job: int) -> Mapping[str, Any] | None:
    shown: Mapping[str, Any] = json.loads(instance.ask_api("GET", f"jobs/{job}", token).text)
    return shown if shown["state"] in ("done", "failed", "cancelled") else None


def _count(instance: Instance, sql: str) -> int:
    return int(instance.rows(sql)[0])


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1002)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pressrun-keyed-") as folder:
        toll = kill_while_clients_repeat(
            Path(folder), requests=options.requests, kills=options.kills, rows=options.rows, seed=options.seed
        )
    print(f"seed {options.seed}: {toll} [{time.monotonic() - began:.0f} s]")
    return 0 if toll.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
