"""What a flood of log-ins costs readers, and whether time tells who has an account.

  python -m tests.bench.log_ins [--flood 200] [--pairs 150]

The flood: so many log-ins at once with wrong passwords, each from an address of its own, half of them for one account,
while a page of a list is fetched again and again; with the peak of the daemon's memory. The pairs: an attempt for an
account and one for none, in random order, again and again. Their AUC is the probability that the second takes longer,
0.5 where time says nothing. Exit 1 beyond 200 ms at p99, 160 MB more than before, or an AUC outside 0.45 to 0.55.
"""

from __future__ import annotations

import argparse
import http.client
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.machine import load, machine_facts
from tests.e2e.instance import Instance
from tests.ports import free_port

PASSWORD = "seven mild harbours"
MOST_MILLISECONDS, MOST_MEGABYTES, LEAST_AUC, MOST_AUC = 200.0, 160.0, 0.45, 0.55
_WRONG = "seven wild harbours"


def _request(
    port: int, method: str, path: str, fields: Mapping[str, str] | None = None, client: str = ""
) -> tuple[int, float]:
    """The status, and the seconds from the request to the last octet of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    headers |= {"X-Forwarded-For": client} if client else {}
    begun = time.perf_counter()
    connection.request(method, path, None if fields is None else urlencode(fields), headers)
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - begun
    connection.close()
    return answer.status, seconds


def _resident_megabytes(pid: int) -> float:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def flood(port: int, pid: int, number: int) -> tuple[Counter[int], list[float], float]:
    """The statuses of the log-ins, the seconds of a reader's page meanwhile, and the megabytes more at the peak."""
    statuses: list[int] = []
    pages: list[float] = []
    before = peak = _resident_megabytes(pid)

    def log_in(number: int) -> None:
        fields = {"username": f"nobody{number}" if number % 2 else "bob", "password": _WRONG}
        statuses.append(_request(port, "POST", "/admin/login", fields, f"198.51.{number // 250}.{number % 250 + 1}")[0])

    threads = [threading.Thread(target=log_in, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        pages.append(_request(port, "GET", "/news")[1])
        peak = max(peak, _resident_megabytes(pid))
    return Counter(statuses), sorted(pages), peak - before


def auc(port: int, fields: Callable[[str], Mapping[str, str]], known: str, unknown: str, pairs: int) -> float:
    """The probability that an attempt for nobody takes longer than one for somebody."""
    chance = random.Random(1)
    seconds: dict[str, list[float]] = {known: [], unknown: []}
    for _ in range(pairs):
        for name in chance.sample([known, unknown], 2):
            seconds[name].append(_request(port, "POST", "/admin/login", fields(name))[1])
    longer = sum(theirs > ours for theirs in seconds[unknown] for ours in seconds[known])
    return longer / pairs**2


def _set_up(instance: Instance) -> None:
    instance.create_list()
    instance.write("password", PASSWORD)
    for name, more in (("bob", ["--operator"]), ("carl", ["--email", "carl@town.example"])):
        instance.do("user", "add", name, *more, "--password-file", instance.folder / "password")
    instance.do("user", "add", "ann", "--operator")
    instance.do("user", "grant", "carl", "--list", "news", "--role", "editor")


def main() -> int:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flood", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as folder:
        instance = Instance(folder=Path(folder), relay_port=free_port(), tables={"limits": {"logins": "1000000/15min"}})
        _set_up(instance)
        daemon = instance.start()
        port = instance.http_port
        statuses, pages, megabytes = flood(port, daemon.process.pid, options.flood)
        password = lambda name: {"username": name, "password": _WRONG}  # noqa: E731 - three of a kind
        told = {
            "password: known, unknown": auc(port, password, "carl", "dora", options.pairs),
            "password: with one, without": auc(port, password, "bob", "ann", options.pairs),
            "code: known, unknown": auc(
                port, lambda name: {"email": f"{name}@town.example"}, "carl", "dora", 4 * options.pairs
            ),
        }
        instance.close()
    p99 = 1000 * pages[int(len(pages) * 0.99)]
    print("\n".join(machine_facts()), f"Load {load():.1f}.\n\n| | |\n|---|---|")
    print(f"| {options.flood} log-ins at once: answers | {dict(statuses)} |")
    print(f"| a reader's page meanwhile, p50, p99 | {1000 * pages[len(pages) // 2]:.1f} ms, {p99:.1f} ms |")
    print(f"| memory above that before | {megabytes:.0f} MB |")
    for name, value in told.items():
        print(f"| AUC, {name} | {value:.3f} |")
    is_good = p99 <= MOST_MILLISECONDS and megabytes <= MOST_MEGABYTES
    return 0 if is_good and all(LEAST_AUC <= value <= MOST_AUC for value in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
