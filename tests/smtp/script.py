r"""Dialogues as plain text, and the runner that plays them against smtp.dialogue.

  # what the script shows
  set security=starttls messages=2     the terms, on the first lines; fastest=PIPELINING; window=3 is how many messages
                                       are in flight with CHUNKING, for good (1); split=no: only played whole, for what
                                       depends on octets coming together
  M: 1 <from@…> <to@…> [8bit] [utf8] [content="…"]    a message that the source gives from here on; \r\n in the
                                       recipient is a line end
  S: 250 ok                            what the server says; lines that follow each other come together, a twentieth
                                       of a second after what was before
  s: "250 ok\n"                        the same, octet by octet, as a Python string
  ! wake | finish | secured | lost     what the connection does
  C: MAIL FROM:<…>                     what the client writes upon that: all of it, in one write
  c: "BDAT 3 LAST\r\nabc"              the same as a Python string, for what does not end with a line end
  = settle 1 DELIVERED CONTENT 250     the events, in order; also `ready`, `starttls`, `closed`, `closed PROTOCOL`

After each S or ! block, the C lines and the = lines up to the next block are all that may happen.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pressrun.smtp.auth import Credentials
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.dialogue import Dialogue
from pressrun.smtp.events import Closed, Event, RecipientOutcome, ServerReady
from pressrun.smtp.handover import Outgoing
from pressrun.smtp.phase import Phase
from pressrun.smtp.session_setup import SessionTerms
from pressrun.smtp.window import Window

_MESSAGE = re.compile(r"(\d+) <(.*?)> <(.*)>((?: 8bit| utf8)*)(?: content=(.*))?")

LINE_SECONDS = 0.05  # from one block to the next


class Still(Window):
    """A window that stays as it is."""

    def served(self, now: float, seconds: float, *, full: bool) -> None:
        pass


Split = Callable[[bytes], Iterable[bytes]]


@dataclass(slots=True)
class Step:
    """One block: messages that turn up, then octets or an action, and what has to follow."""

    line: int
    messages: list[Outgoing] = field(default_factory=list)
    feed: bytes = b""
    action: str = ""
    written: bytes = b""
    events: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """A whole script; `splits` says whether it may be cut up at any octet."""

    terms: SessionTerms
    steps: list[Step]
    window: int
    splits: bool


def read_script(path: Path) -> Script:
    """Parse a script; raises ValueError that names the line."""
    options: dict[str, str] = {}
    steps: list[Step] = []
    step, asked = Step(0), False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        mark, _, rest = line.partition(" ")
        if mark in {"S:", "s:", "!", "M:"} and (asked or mark in {"!", "M:"}) and (step.feed or step.action):
            steps.append(step)
            step, asked = Step(number), False
        if mark == "set":
            options |= dict(word.split("=", 1) for word in rest.split())
        elif mark == "M:":
            step.messages.append(_message(rest))
        elif mark in {"S:", "s:"}:
            step.feed += f"{rest}\r\n".encode() if mark == "S:" else str(ast.literal_eval(rest)).encode("latin-1")
        elif mark == "!":
            step.action = rest
        elif mark == "C:":
            step.written, asked = step.written + f"{rest}\r\n".encode(), True
        elif mark == "c:":
            step.written, asked = step.written + str(ast.literal_eval(rest)).encode("latin-1"), True
        elif mark == "=":
            step.events.append(rest)
            asked = True
        elif line and mark != "#":
            raise ValueError(f"{path.name}:{number}: {line!r}")
    window = int(options.get("window", "1"))
    return Script(_terms(options), [*steps, step], window, options.get("split") != "no")


def play(script: Script, split: Split) -> None:
    """Play it, the server's octets cut by `split`, and assert every write and event."""
    queue: deque[Outgoing] = deque()
    dialogue = Dialogue(script.terms, lambda: queue.popleft() if queue else None, Still(script.window))
    for number, step in enumerate(script.steps):
        now = number * LINE_SECONDS
        queue.extend(step.messages)
        events: list[Event] = []
        writes: list[bytes] = []
        if step.action:
            events += _actions(dialogue, now)[step.action]()
            writes.append(dialogue.outbox())
        for piece in split(step.feed) if step.feed else ():
            if dialogue.phase is not Phase.CLOSED:
                events += dialogue.receive(piece, now)
                writes.append(dialogue.outbox())
        writes = [data for data in writes if data]
        assert [step.written] * bool(step.written) == writes, f"line {step.line}"
        assert step.events == [_show(event) for event in events], f"line {step.line}"
        assert b"" == dialogue.outbox()


def _actions(dialogue: Dialogue, now: float) -> dict[str, Callable[[], list[Event]]]:
    return {
        "wake": lambda: dialogue.wake(now),
        "finish": dialogue.finish,
        "secured": lambda: dialogue.secured(now),
        "lost": dialogue.connection_lost,
    }


def _message(text: str) -> Outgoing:
    match = _MESSAGE.fullmatch(text)
    if match is None:
        raise ValueError(f"no message: {text!r}")
    number, sender, recipient, flags, content = match.groups()
    raw = ast.literal_eval(content) if content else f"Subject: {number}\r\n\r\nHello {number}\r\n"
    recipient = recipient.replace("\\r\\n", "\r\n")
    return Outgoing(int(number), sender, recipient, raw.encode(), "8bit" in flags, "utf8" in flags)


def _terms(options: dict[str, str]) -> SessionTerms:
    known = {"security", "username", "password", "fastest", "messages", "window", "split"}
    if not options.keys() <= known:
        raise ValueError(f"unknown: {options.keys() - known}")
    username = options.get("username")
    security = options.get("security", "none")
    assert security in {"none", "starttls", "tls"}
    return SessionTerms(
        helo_name="client.example",
        security=security,  # type: ignore[arg-type]  # checked on the line above
        credentials=None if username is None else Credentials(username=username, password=options["password"]),
        fastest=DeliveryMode[options.get("fastest", "CHUNKING")],
        messages=int(options.get("messages", "100")),
    )


def _show(event: Event) -> str:
    if isinstance(event, RecipientOutcome):
        result = event.result
        words = ["settle", str(event.outgoing.delivery_id), result.outcome.name, result.stage.name]
        return " ".join([*words, str(result.reply.code)] if result.reply else words)
    if isinstance(event, ServerReady):
        return "ready"
    if isinstance(event, Closed):
        return "closed" if event.problem is None else f"closed {event.problem.fault.name}"
    return "starttls"
