"""Against the test server that comes with Postfix: a peer that none of us wrote."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.relay.conftest import MakePool
from tests.relay.feed import ListFeed, message
from tests.relay.test_faults import until
from tests.sink import free_port

from pressrun.smtp.handover import Outcome, Stage

PROGRAM = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="smtp-sink (of Postfix) is not installed")


@contextmanager
def smtp_sink(folder: Path, *options: str) -> Iterator[int]:
    """smtp-sink on loopback."""
    assert PROGRAM is not None
    port = free_port()
    command = [PROGRAM, "-u", "nobody", "-c", *options, f"127.0.0.1:{port}", "64"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder) as process:
        try:
            yield port
        finally:
            process.terminate()


CASES: dict[str, tuple[list[str], Outcome, Stage]] = {
    "everything": ([], Outcome.DELIVERED, Stage.CONTENT),
    "no 8BITMIME": (["-8"], Outcome.DELIVERED, Stage.CONTENT),
    "no EHLO": (["-e"], Outcome.DELIVERED, Stage.CONTENT),
    "no PIPELINING": (["-p"], Outcome.DELIVERED, Stage.CONTENT),
    "hard at MAIL": (["-f", "mail"], Outcome.REFUSED, Stage.MAIL),
    "soft at MAIL": (["-r", "mail"], Outcome.DEFERRED, Stage.MAIL),
    "soft at RCPT": (["-r", "rcpt"], Outcome.DEFERRED, Stage.RCPT),
    "hard at DATA": (["-f", "data"], Outcome.REFUSED, Stage.DATA),
    "soft at the dot": (["-r", "."], Outcome.DEFERRED, Stage.CONTENT),
    "closes at RCPT": (["-q", "rcpt"], Outcome.UNSENT, Stage.RCPT),
    "closes at the dot": (["-q", "."], Outcome.UNKNOWN, Stage.CONTENT),
}


@pytest.mark.parametrize("case", CASES)
async def test_smtp_sink(tmp_path: Path, make_pool: MakePool, case: str) -> None:
    """Every message fares as the server was told to treat it."""
    options, outcome, stage = CASES[case]
    feed = ListFeed([message(n) for n in range(6)])
    with smtp_sink(tmp_path, *options) as port:
        pool = make_pool(feed, port, connections=1)
        pool.wake()
        await until(lambda: bool(feed.settled))
        if outcome in {Outcome.DELIVERED, Outcome.REFUSED, Outcome.DEFERRED}:
            await feed.until_settled(6)
            assert {outcome} == set(feed.outcomes.values())
        await pool.drain(2)
    assert (outcome, stage) == (feed.settled[0][2].outcome, feed.settled[0][2].stage)
