"""kill -9 of the daemon while clients send requests with keys, and repeat each until they have its answer.

  python -m tests.faults.keyed [--requests 1000] [--kills 50] [--seed N]

Each request adds a reader of its own and mails them, so a second effect would be a second mail, and a repeat that was
not known by its key would be refused. A job is killed as well, and goes on after each start.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.house import House, until

_CLIENTS = 8
_LIMITS = {
    "limits": {"confirmations": "1000000/h", "unproven_sign_ups": "1000000/h", "confirmations_per_domain": "1000000/h"},
    "api": {"rate": "1000000/min"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedToll:
    """What came of it: statuses of the last answers, and how many effects there were of each request."""

    requests: int
    kills: int
    repeats: int
    statuses: Mapping[int, int]
    readers: int
    mails: int
    evidence: int
    job: Mapping[str, Any]
    rows: int

    @property
    def is_good(self) -> bool:
        """One effect for each request, and each row of the job done once."""
        effects = {self.readers, self.mails, self.evidence}
        is_done = self.job["state"] == "done" and self.job["result"]["added"] == self.rows
        return effects == {self.requests} and dict(self.statuses) == {201: self.requests} and is_done

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.kills} kills, {self.repeats} repeats: answers {dict(self.statuses)}, "
            f"readers {self.readers:,}, mails {self.mails:,}, evidence {self.evidence:,}; "
            f"job of {self.rows:,} rows {self.job['state']}, added {self.job['result']['added']:,}"
        )


class _Clients:
    """Clients that repeat what they have no answer to."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._lock = threading.Lock()
        self.answered = self.repeats = 0

    def add(self, number: int) -> int:
        """Add a reader; returns the status of the first answer that is one."""
        body = json.dumps({"email": f"keyed{number}@readers.example", "confirm": "send"})
        while True:
            status = self._post("lists/news/subscribers", body, {"Idempotency-Key": f"request-{number}"})
            if status is not None and status not in (409, 500, 503):
                with self._lock:
                    self.answered += 1
                return status
            with self._lock:
                self.repeats += 1
            threading.Event().wait(0.02)  # while nobody listens

    def _post(self, path: str, body: str, more: Mapping[str, str]) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", f"/api/v1/{path}", body, {**self._headers, **more})
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
    house = House(folder=folder, relay_port=9, tables=_LIMITS)  # no relay: mails wait, and are counted
    try:
        house.create_list()
        house.create_list("bulk")
        token = house.json("token", "create", "--name", "crm", "--scope", "write")["token"]
        daemon = house.start()
        clients = _Clients(house.http_port, token)
        job = _hand_in(house, token, rows)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            answers = [pool.submit(clients.add, number) for number in range(requests)]
            for moment in sorted(chance.randrange(requests * 19 // 20) for _ in range(kills)):
                until(lambda moment=moment: clients.answered >= moment or None, 300)  # type: ignore[misc]
                threading.Event().wait(chance.random() / 20)
                daemon.kill()
                daemon = house.start()
            statuses = Counter(answer.result() for answer in answers)
        shown = until(lambda: _ended(house, token, job), 120)
        assert daemon.stop() == 0
        return KeyedToll(
            requests=requests,
            kills=kills,
            repeats=clients.repeats,
            statuses=statuses,
            readers=_count(house, "select count(*) from subscriber where address like 'keyed%'"),
            mails=_count(house, "select count(*) from notice where kind = 'confirmation'"),
            evidence=_count(house, "select count(*) from consent where event = 'requested'"),
            job=shown,
            rows=rows,
        )
    finally:
        house.close()


def _hand_in(house: House, token: str, rows: int) -> int:
    text = "email\n" + "".join(f"row{number}@bulk.example\n" for number in range(rows))
    answer = house.ask_api("POST", "lists/bulk/imports", token, text.encode(), "text/csv")
    return int(json.loads(answer.text)["id"])


def _ended(house: House, token: str, job: int) -> Mapping[str, Any] | None:
    shown: Mapping[str, Any] = json.loads(house.ask_api("GET", f"jobs/{job}", token).text)
    return shown if shown["state"] in ("done", "failed", "cancelled") else None


def _count(house: House, sql: str) -> int:
    return int(house.rows(sql)[0])


def main() -> int:
    """Read the command line, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
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
