"""Does an answer, or the time that it takes, tell who is subscribed? Every public path, by the web and by mail.

  python -m tests.bench.oracle [--pairs 1000] [--only WORD]

A real daemon with its relay. On each path two kinds of addresses are asked for in pairs, in the order of a coin:
members, pending, suppressed and unsubscribed ones beside strangers. Answers must be the same to the octet but for the
date. AUC is the chance that one kind takes longer than the other: 0.5 is no difference, and 1,000 pairs tell it to
±0.025. Prints a Markdown table; ends with 1 where an answer differs or an AUC is outside of 0.45 to 0.55.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.bench.machine import load, machine_facts
from tests.e2e.instance import DOMAIN, Instance, opened_instance
from tests.sink import compile_sink

LEAST_AUC, MOST_AUC = 0.45, 0.55
NO_LIMIT = "1000000/s"
LIMITS = {
    "sign_ups_per_ip": NO_LIMIT,
    "confirmations_per_address": NO_LIMIT,
    "confirmations_per_domain": NO_LIMIT,
    "confirmations": NO_LIMIT,
    "unproven_sign_ups": NO_LIMIT,
    "replies_per_sender": NO_LIMIT,
    "preference_links_per_address": NO_LIMIT,
    "preference_links_per_ip": NO_LIMIT,
}
KINDS = ("member", "pending", "suppressed", "unsubscribed")
_CHANGING = re.compile(rb"^date: .*?$", re.IGNORECASE | re.MULTILINE)

Ask = Callable[[str], bytes]  # an address in, the answer out; what is measured


@dataclass(slots=True, kw_only=True)
class DeliveryMode:
    """One path, and what was measured on it: seconds and answers of one kind and of strangers."""

    name: str
    kind: str
    open: Callable[[], Ask]
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"known": [], "stranger": []})
    answers: set[bytes] = field(default_factory=set)

    @property
    def auc(self) -> float:
        """The chance that an address of the kind takes longer than a stranger."""
        return auc(self.seconds["known"], self.seconds["stranger"])


def auc(values: Sequence[float], other: Sequence[float]) -> float:
    """By ranks (Mann and Whitney); equal ones count half."""
    ordered = sorted([(value, 0) for value in values] + [(value, 1) for value in other])
    total, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        rank = (at + end + 1) / 2
        total += rank * sum(1 for _, which in ordered[at:end] if which == 0)
        at = end
    return (total - len(values) * (len(values) + 1) / 2) / (len(values) * len(other))


class Web:
    """Posts one field over one connection."""

    def __init__(self, port: int, path: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port))
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._path = path

    def __call__(self, address: str) -> bytes:
        body = f"email={quote(address)}".encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: news.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._line.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        header, _, rest = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", header, re.IGNORECASE)
        while length is not None and len(rest) < int(length[1]):
            rest += self._receive()
        return _CHANGING.sub(b"", header) + rest

    def _receive(self) -> bytes:
        data = self._line.recv(65536)
        if not data:
            raise ConnectionError("closed before its time")
        return data


class Mail:
    """Says a whole SMTP transaction from an address, and gives every reply, or one command and its reply."""

    def __init__(self, port: int, to: str = "", text: str = "") -> None:
        self._port, self._to, self._text = port, to, text
        self.connect()

    def connect(self) -> None:
        """A new line, after its greetings."""
        self._line = socket.create_connection(("127.0.0.1", self._port))
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reply()
        self._say("EHLO client.example")

    def __call__(self, address: str) -> bytes:
        text = self._text.replace("ADDRESS", address)
        content = f"From: {address}\r\nTo: {self._to}\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n{text}\r\n."
        replies = [self._say(f"MAIL FROM:<{address}>"), self._say(f"RCPT TO:<{self._to}>"), self._say("DATA")]
        replies.append(self._say(content))
        return b"".join(replies)

    def _say(self, text: str) -> bytes:
        self._line.sendall(text.encode() + b"\r\n")
        return self._reply()

    def _reply(self) -> bytes:
        answer = b""
        while not re.search(rb"(?:^|\r\n)\d{3}(?: [^\r\n]*)?\r\n$", answer):
            data = self._line.recv(65536)
            if not data:
                raise ConnectionError("closed before its time")
            answer += data
        return answer


class Verify(Mail):
    """VRFY, EXPN and RCPT for an address of a reader; a line each, since many refusals end one."""

    def __call__(self, address: str) -> bytes:
        self._line.close()
        self.connect()
        said = f"VRFY {address}", f"EXPN {address}", "MAIL FROM:<>", f"RCPT TO:<{address}>"
        return b"".join(self._say(text) for text in said)


def paths(instance: Instance) -> Iterator[DeliveryMode]:
    """Every way by which somebody can name an address that is not theirs."""
    web = {"sign-up": "/news/subscribe", "POST /preferences": "/preferences"}
    for name, path in web.items():
        for kind in KINDS:
            yield DeliveryMode(name=name, kind=kind, open=lambda path=path: Web(instance.http_port, path))  # type: ignore[misc]
    mails = {
        "mail to -subscribe": ("news-subscribe", "Subject: x\r\n\r\nx"),
        "mail to -unsubscribe": ("news-unsubscribe", "Subject: x\r\n\r\nx"),
        "mail to -request": ("news-request", "Subject: x\r\n\r\nsubscribe\r\nunsubscribe\r\nhelp\r\nend"),
        "mail to the list": ("news", "Subject: x\r\n\r\nx"),
    }
    for name, (local, text) in mails.items():
        for kind in ("member", "suppressed"):
            to = f"{local}@{DOMAIN}"
            yield DeliveryMode(
                name=name,
                kind=kind,
                open=lambda to=to, text=text: Mail(instance.smtp_port, to, text),  # type: ignore[misc]  # bound
            )
    yield DeliveryMode(name="VRFY, EXPN, RCPT", kind="member", open=lambda: Verify(instance.smtp_port))


def measure(path: DeliveryMode, pairs: int, chance: random.Random) -> None:
    """Both kinds in turn, a coin for who is first in each pair; the first tenth only warms up."""
    ask = path.open()
    tag = re.sub(r"\W", "", path.name + path.kind)
    warm = pairs // 10
    for number in range(-warm, pairs):
        known = f"{path.kind}{number % pairs:05}@reader.example"
        stranger = f"{tag}{number + warm:05}@reader.example"
        order = [("known", known), ("stranger", stranger)]
        chance.shuffle(order)
        for which, address in order:
            began = time.perf_counter()
            answer = ask(address)
            seconds = time.perf_counter() - began
            if number >= 0:
                path.seconds[which].append(seconds)
                path.answers.add(answer.replace(address.encode(), b"ADDRESS"))


def set_up(instance: Instance, pairs: int) -> None:
    """A list and so many addresses of each kind."""
    instance.create_list()

    def names(kind: str) -> list[str]:
        return [f"{kind}{number:05}@reader.example" for number in range(pairs)]

    instance.import_readers(*names("member"))
    rows = "email,state\n" + "".join(f"{address},unsubscribed\n" for address in names("unsubscribed"))
    instance.do("subscriber", "import", "news", instance.write("left.csv", rows))
    asked = instance.write("pending.csv", "email\n" + "\n".join(names("pending")) + "\n")
    instance.do("subscriber", "import", "news", asked, "--send-confirmation")
    rows = "address,reason\n" + "".join(f"{address},never-again\n" for address in names("suppressed"))
    instance.do("suppression", "import", instance.write("suppressed.csv", rows))


def main() -> int:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--only", default="", help="paths whose name holds this word")
    options = parser.parse_args()
    busy, bad = load(), 0
    print("| path | beside strangers | answers | AUC |", "|---|---|---:|---:|", sep="\n")
    with tempfile.TemporaryDirectory(prefix="pressrun-oracle-") as name:
        root = Path(name)
        with opened_instance(root / "instance", compile_sink(root), limits=LIMITS) as instance:
            set_up(instance, options.pairs)
            instance.start()
            for path in paths(instance):
                if options.only not in path.name:
                    continue
                measure(path, options.pairs, random.Random(f"{path.name} {path.kind}"))
                bad += not (len(path.answers) == 1 and LEAST_AUC <= path.auc <= MOST_AUC)
                print(f"| {path.name} | {path.kind} | {len(path.answers)} | {path.auc:.3f} |", flush=True)
                if len(path.answers) > 1:
                    print(*sorted(path.answers)[:3], sep="\n", file=sys.stderr)
    print("", f"{options.pairs} pairs a path. Load of the machine before: {busy:.1f}.", *machine_facts(), sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
