"""Relays that stall, drop, ask to slow down, or are away: each in the middle of an edition."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import delay_proxy
from tests.e2e.instance import Instance, until
from tests.faults.outcome import (
    CONNECTIONS,
    IN_FLIGHT_AT_MOST,
    PATIENCE_SECONDS,
    Outcome,
    arrived,
    await_end,
    await_taken,
    count_unanswered,
    furnished,
    names,
)
from tests.faults.slowing import slowing_relay
from tests.ports import free_port
from tests.sink import Sink

from pressrun.delivery.worker.handle import AHEAD

_SHORT = dict.fromkeys(("greeting_timeout", "mail_timeout", "rcpt_timeout", "data_timeout", "final_timeout"), "1s")
_STALL_SECONDS = 2.5
_RATE = {"rate": "2000/s"}


def stalls(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """The relay stands still for longer than any timeout, three times; what it had read it takes when it wakes."""
    with furnished(program, folder, readers, delivery=_RATE, relay=_SHORT) as (instance, sink):
        instance.start()
        edition = instance.send()["id"]
        times = 3
        for number in range(times):
            await_taken(sink, readers * (number + 1) // (times + 2) + chance.randrange(20))
            sink._process.send_signal(signal.SIGSTOP)
            time.sleep(_STALL_SECONDS)  # longer than the timeouts is the fault itself
            sink._process.send_signal(signal.SIGCONT)
        note = f"{times} × {_STALL_SECONDS:g} s, timeouts of 1 s"
        return _interrupted("stalling relay", instance, sink, edition, readers, times, note)


def drops(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """Every 50th message is read whole and its connection closed without a reply."""
    with furnished(program, folder, readers, "--drop-every", "50", delivery=_RATE) as (instance, sink):
        instance.start()
        await_end(instance, instance.send()["id"])
        taken = arrived(sink)
        note = f"{taken.unanswered} connections closed before the reply"
        return taken.outcome("dropping relay", instance, readers, bound=taken.unanswered, note=note)


def drops_far_away(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """The same at 40 ms, where many messages are on their way at once: only those that were read may be repeated."""
    with (
        far(40.0) as (listening, connect),
        furnished(program, folder, readers, "--drop-every", "200", relay_port=listening) as (instance, sink),
    ):
        connect(sink.port)
        instance.start()
        await_end(instance, instance.send()["id"])
        taken = arrived(sink)
        note = f"{taken.unanswered} connections closed before the reply"
        # What the relay accepted just before it dropped the line has its reply on the way still.
        return taken.outcome("dropping relay, 40 ms", instance, readers, bound=64 * taken.unanswered, note=note)


def goes_away(program: Path, folder: Path, readers: int, chance: random.Random) -> Outcome:
    """The way to the relay breaks for a second, three times: connections end, new ones are refused."""
    with (
        far(0.0) as (listening, connect),
        furnished(program, folder, readers, delivery=_RATE, relay_port=listening) as (instance, sink),
    ):
        way = connect(sink.port)
        instance.start()
        edition = instance.send()["id"]
        times = 3
        for number in range(times):
            await_taken(sink, readers * (number + 1) // (times + 2) + chance.randrange(20))
            way.kill()
            way.wait(10)
            time.sleep(1.0)
            way = connect(sink.port)
            instance.do("queue", "retry")  # what an operator does who sees it back
        return _interrupted("relay gone and back", instance, sink, edition, readers, times, f"{times} × 1 s")


def _interrupted(
    name: str, instance: Instance, sink: Sink, edition: int, readers: int, times: int, note: str
) -> Outcome:
    """At the end of an edition that was interrupted so often: what was on its way then may be repeated."""
    instance.await_state(edition, "finished", PATIENCE_SECONDS)
    bound = min(count_unanswered(instance), times * IN_FLIGHT_AT_MOST)
    await_end(instance, edition)
    return arrived(sink).outcome(name, instance, readers, bound=bound, note=note)


def slows_down(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """A domain answers 421 4.7.28 for two seconds: it is paused and resumed, and the others do not wait for it."""
    del program
    folder.mkdir(parents=True, exist_ok=True)
    slow, others = names(readers // 4, "slow.example"), names(readers - readers // 4)
    with slowing_relay("slow.example", after=len(slow) // 4, seconds=2.0) as relay:
        instance = Instance(folder=folder, relay_port=relay.port, tables={"delivery": {"block_pause": "3s", **_RATE}})
        try:
            instance.create_list()
            instance.import_readers(*slow, *others)
            instance.start()
            edition = instance.send()["id"]
            until(lambda: relay.is_slowed or None)
            until(lambda: relay.count("inbox") == len(others) or None, 60.0)
            waiting = len(slow) - relay.count("slow")
            await_end(instance, edition)
            in_hand = CONNECTIONS + AHEAD  # connections open anew, and take what was given out before it said so
            problem = "" if waiting and relay.refused <= in_hand else "it was not left alone"
            note = f"421 4.7.28 said {relay.refused} times; {waiting:,} of its copies waited when all others had theirs"
            return relay.arrived().outcome("slow-down", instance, readers, bound=0, note=note, problem=problem)
        finally:
            instance.close()


def answers_late(program: Path, folder: Path, readers: int, _: random.Random) -> Outcome:
    """RCPT for one domain is answered after three seconds, as by a relay that asks the recipient's server meanwhile.

    Its readers are most of the list and first in the queue: all others have theirs before the first of them, and the
    queue says why it waits. Then it answers at once, and all is over soon.
    """
    del program
    folder.mkdir(parents=True, exist_ok=True)
    slow = names(readers * 2 // 3, "slow.example")
    others = names(readers - len(slow))
    with slowing_relay("slow.example", late_seconds=3.0) as relay:
        instance = Instance(folder=folder, relay_port=relay.port)
        try:
            instance.create_list()
            instance.import_readers(*slow, *others)
            instance.start()
            edition, began_at = instance.send()["id"], time.monotonic()
            until(lambda: relay.count("inbox") == len(others) or None, 60.0)
            seconds, early = time.monotonic() - began_at, relay.count("slow")
            reason = until(lambda: _reason(instance, "slow.example"))
            relay.late_seconds = 0.0
            await_end(instance, edition)
            problem = (
                "" if not early and reason.startswith("its answers take") else f"{early} before the others: {reason}"
            )
            note = f"all others had theirs after {seconds:.1f} s; {reason}"
            return relay.arrived().outcome("slow domain", instance, readers, bound=0, note=note, problem=problem)
        finally:
            instance.close()


def _reason(instance: Instance, domain: str) -> str | None:
    """Why copies to this domain wait, None while the queue does not say."""
    reasons: list[str] = [row["reason"] for row in instance.json("queue", "ls") if row["domain"] == domain]
    return reasons[0] if reasons else None


@contextmanager
def far(rtt_ms: float) -> Iterator[tuple[int, Any]]:
    """A port, and a function that opens the way from it to a sink's; what was opened is ended."""
    port = free_port()
    opened: list[subprocess.Popen[str]] = []

    def connect(to: int) -> subprocess.Popen[str]:
        command = [sys.executable, delay_proxy.__file__, "--listen", f"127.0.0.1:{port}", "--to", f"127.0.0.1:{to}"]
        way = subprocess.Popen([*command, "--rtt-ms", str(rtt_ms)], stdout=subprocess.PIPE, text=True)
        opened.append(way)
        assert way.stdout is not None
        way.stdout.readline()  # it says when it listens
        return way

    try:
        yield port, connect
    finally:
        for way in opened:
            way.kill()
            way.wait(10)
            assert way.stdout is not None
            way.stdout.close()
