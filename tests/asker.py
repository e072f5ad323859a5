"""Asks for pages 20 times a second until its input ends: `python -m tests.asker PORT METHOD`.

A process of its own, so that nothing but the daemon can hold it up. The first line of its input is a JSON list of
paths, which take turns. Prints another one: the seconds of each answer, -1 for none.
"""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Self

EVERY_SECONDS = 0.05
_ONE_CLICK = "List-Unsubscribe=One-Click"


class Asker:
    """A running asker: a context manager; `seconds` is there afterwards. A POST is that of one click."""

    seconds: list[float]

    def __init__(self, port: int, paths: Sequence[str], method: str = "GET") -> None:
        command = [sys.executable, "-m", "tests.asker", str(port), method]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        print(json.dumps(paths), file=self._process.stdin, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        output, _ = self._process.communicate("", timeout=60)
        self.seconds = json.loads(output)


def ask(port: int, path: str, method: str = "GET") -> float:
    """The seconds of one answer on a connection of its own; -1 for none."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        if method == "POST":
            connection.request(method, path, _ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded"})
        else:
            connection.request(method, path)
        response = connection.getresponse()
        response.read()
    except OSError:
        return -1.0
    finally:
        connection.close()
    return time.perf_counter() - began if response.status == 200 else -1.0


def main() -> None:
    """Ask until told to stop. What a slow answer delays is asked late, not left out."""
    port, method = int(sys.argv[1]), sys.argv[2]
    paths = json.loads(sys.stdin.readline())
    seconds: list[float] = []
    due = time.monotonic()
    while True:
        due += EVERY_SECONDS
        if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            break
        seconds.append(ask(port, paths[len(seconds) % len(paths)], method))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
