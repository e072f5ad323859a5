"""Pressrun as a contender: one edition through the whole daemon, first to last copy by the sink's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.bench.bench_client import delayed
from tests.bench.contest import Contender, rate_of
from tests.bench.newsroom import DKIM, EDITION, Newsroom
from tests.sink import Sink

RTT_MS = 40.0
NO_CHUNKING = ("--no-chunking",)
LOCK_STEP = ("--no-chunking", "--no-pipelining")


def delivery(
    newsroom: Newsroom,
    readers: int,
    offer: Sequence[str],
    tables: Mapping[str, Mapping[str, str]],
    *,
    is_far: bool = False,
) -> Callable[[Path], float]:
    """One edition to so many readers; the sink offers what `offer` leaves it."""

    def run(folder: Path) -> float:
        # The far line ends at the same sink, so the instance is told of the near end of the line.
        with newsroom.opened(folder, readers, *offer) as (instance, sink):
            with delayed(sink.port, RTT_MS) if is_far else nullcontext(sink.port) as port:
                instance.relay_port = port
                instance.configure(
                    relay={"messages_per_connection": 1_000_000}, delivery={"rate": "1000000/s"}, **tables
                )
                daemon = instance.start()
                instance.send(EDITION, "--wait")
                if daemon.stop() != 0:
                    raise RuntimeError("the daemon did not end well")
            return _rate(sink, readers)

    return run


def _rate(sink: Sink, readers: int) -> float:
    sink.ask("XFLUSH")
    return rate_of(sink.log, readers)


def near(newsroom: Newsroom, readers: int) -> list[Contender]:
    """On loopback."""
    rows: dict[str, tuple[str, tuple[str, ...], dict[str, Mapping[str, str]]]] = {
        "unsigned": ("Pressrun, unsigned", NO_CHUNKING, {}),
        "unsigned-chunking": ("Pressrun, unsigned, CHUNKING", (), {}),
        "signed": ("Pressrun, RSA-2048", NO_CHUNKING, {"dkim": DKIM}),
        "signed-chunking": ("Pressrun, RSA-2048, CHUNKING", (), {"dkim": DKIM}),
    }
    return [
        Contender(key=key, name=name, readers=readers, run=delivery(newsroom, readers, offer, tables))
        for key, (name, offer, tables) in rows.items()
    ]


def far(newsroom: Newsroom, readers: int) -> list[Contender]:
    """At 40 ms; the slower the way, the fewer readers."""
    rows = {
        "far-lock-step": ("Pressrun, 40 ms, request and response", LOCK_STEP, 300),
        "far-pipelining": ("Pressrun, 40 ms, PIPELINING", NO_CHUNKING, 1000),
        "far-chunking": ("Pressrun, 40 ms, CHUNKING", (), readers),
    }
    return [
        Contender(key=key, name=name, readers=number, run=delivery(newsroom, number, offer, {}, is_far=True))
        for key, (name, offer, number) in rows.items()
    ]
