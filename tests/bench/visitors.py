"""Readers at the door while an edition goes out: unsubscribe pages asked for by GET, and one-click POSTs, 20/s each.

Processes of their own, so that nothing but the daemon can hold them up; each request is another reader's link, of a
copy that has gone out already. Run as `python -m tests.bench.visitors PORT METHOD FILE` it asks until its input ends,
and prints one JSON list: the seconds of each answer, -1 for none.
"""

from __future__ import annotations

import http.client
import json
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.sink import Sink

EVERY_SECONDS = 0.05
_ONE_CLICK = "List-Unsubscribe=One-Click"
_LINK = re.compile(r"<(https?://[^>]+)>")


class Visitors:
    """Running visitors of one kind: a context manager; `seconds` is there afterwards."""

    seconds: list[float]

    def __init__(self, port: int, method: str, paths: list[str], folder: Path) -> None:
        file = folder / f"paths-{method}"
        file.write_text("\n".join(paths), encoding="ascii")
        command = [sys.executable, "-m", "tests.bench.visitors", str(port), method, str(file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        output, _ = self._process.communicate("", timeout=60)
        self.seconds = json.loads(output)


def unsubscribe_paths(sink: Sink) -> list[str]:
    """Those in the copies that the sink has taken; it must have been told to grab List-Unsubscribe."""
    sink.ask("XFLUSH")
    lines = sink.log.read_text(encoding="utf-8").splitlines()
    matches = (_LINK.search(line.rpartition("\t")[2]) for line in lines)
    return [urlsplit(match[1]).path for match in matches if match is not None]


def percentile(seconds: list[float], share: float) -> float:
    """In milliseconds; raises where a request had no answer."""
    if min(seconds) < 0:
        raise RuntimeError(f"{sum(second < 0 for second in seconds)} of {len(seconds)} requests failed")
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _ask(port: int, method: str, path: str) -> float:
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
    paths = Path(sys.argv[3]).read_text(encoding="ascii").split()
    seconds: list[float] = []
    due = time.monotonic()
    while True:
        due += EVERY_SECONDS
        if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            break
        seconds.append(_ask(port, method, paths[len(seconds) % len(paths)]))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
