"""The verbs beside a running daemon: real processes, a real socket, mail into a capture."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest_asyncio
from tests.cli.shell import configure

from pressrun.control.client import ControlClient, call_if_running
from pressrun.daemon.demo_capture import Capture

START_SECONDS = 20.0


class Site:
    """A configuration, a capture in place of the relay, and the daemon when it runs."""

    def __init__(self, folder: Path, capture: Capture, relay_port: int, server: str | None) -> None:
        self.folder = folder
        self.capture = capture
        self.config = configure(folder, server)
        text = self.config.read_text(encoding="utf-8")
        text = text.replace('listen = "127.0.0.1:8080"', 'listen = "127.0.0.1:0"')
        text = text.replace('listen = "127.0.0.1:8025"', 'listen = "127.0.0.1:0"')
        self.config.write_text(text.replace("port = 25\n", f"port = {relay_port}\n"), encoding="utf-8")
        self.daemon: asyncio.subprocess.Process | None = None

    async def call(self, *arguments: str) -> tuple[int, str, str]:
        process = await self.start(*arguments)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def good(self, *arguments: str) -> Any:
        code, out, err = await self.call(*arguments, "--json")
        assert (0, "") == (code, err if code else "")
        return json.loads(out)

    async def serve(self) -> None:
        self.daemon = await self.start("serve")
        async with asyncio.timeout(START_SECONDS):
            while (client := ControlClient.connect(self.folder / "data" / "control.sock")) is None:
                assert self.daemon.returncode is None
                await asyncio.sleep(0.02)
        client.close()

    async def stop(self) -> int:
        assert self.daemon is not None
        if self.daemon.returncode is None:
            self.daemon.send_signal(signal.SIGTERM)
        await self.daemon.communicate()
        return self.daemon.returncode or 0

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pressrun",
            "--config",
            str(self.config),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "")},
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        )


@pytest_asyncio.fixture
async def site(tmp_path: Path, server_url: str | None) -> AsyncIterator[Site]:
    capture = Capture()
    _, port = await capture.start()
    opened = Site(tmp_path, capture, port, server_url)
    try:
        yield opened
    finally:
        if opened.daemon is not None:
            await opened.stop()
        await capture.stop()


async def test_an_edition_from_the_command_line_to_the_relay(site: Site) -> None:
    """`send --wait` ends when every copy has its outcome; the counts add up, and each reader got one."""
    await site.serve()
    await site.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road")
    readers = site.folder / "readers.csv"
    names = [f"reader{number}@x.example" for number in range(20)] + ["hard-gone@x.example"]
    readers.write_text("email\n" + "\n".join(names) + "\n", encoding="utf-8")
    assert 21 == (await site.good("subscriber", "import", "news", str(readers)))["added"]
    file = site.folder / "edition.md"
    file.write_text("---\nsubject: Hello\n---\nThe text.\n", encoding="utf-8")
    sent = await site.good("send", "news", str(file), "--yes", "--wait")
    assert ("finished", 21, 20, 1) == tuple(sent[name] for name in ("state", "audience", "delivered", "failed"))
    report = await site.good("edition", "report", "1")
    assert [("hard-gone@x.example", "hard")] == [
        (failure["address"], failure["kind"]) for failure in report["failures"]
    ]
    assert sorted(names[:20]) == sorted(to for mail in site.capture.messages for to in mail.rcpt_to)
    assert (1, True) == ((again := await site.call("send", "news", str(file), "--yes"))[0], "edition 1" in again[2])
    await site.good("subscriber", "erase", "reader0@x.example", "--yes")
    assert 0 == await site.stop()
    kept = b"".join(path.read_bytes() for path in (site.folder / "data").rglob("*") if path.is_file())
    assert b"reader0@x.example" not in kept
    assert 21 == (await site.good("edition", "show", "1"))["audience"]


async def test_what_to_run_next_follows_from_the_state_of_the_edition(site: Site) -> None:
    """After a canary, send the rest; move or cancel a scheduled edition; read the report of a finished one."""
    await site.serve()
    await site.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road")
    for name in ("a", "b"):
        await site.good("subscriber", "add", "news", f"{name}@x.example")
    file = site.folder / "edition.txt"
    file.write_text("---\nsubject: Hello\n---\nThe text.\n", encoding="utf-8")
    code, _, told = await site.call("send", "news", str(file), "--yes", "--canary", "50", "--wait")
    assert (0, True) == (code, "then send the rest with `pressrun edition resume 1`" in told)
    code, _, told = await site.call("edition", "pause", "1")
    assert (1, "error: edition 1 is already paused\n") == (code, told)
    code, _, told = await site.call("send", "news", str(file), "--yes", "--again", "--at", "+1h")
    assert (0, True) == (code, "`pressrun edition move 2 --at WHEN`" in told)
    code, _, told = await site.call("send", "news", str(file), "--yes", "--again", "--wait")
    assert (0, True) == (code, "see how it went with `pressrun edition report 3`" in told)


async def test_a_cancelled_edition_ends_a_wait_with_1(site: Site) -> None:
    await site.serve()
    await site.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road")
    await site.good("subscriber", "add", "news", "a@x.example")
    file = site.folder / "edition.txt"
    file.write_text("---\nsubject: Hello\n---\nThe text.\n", encoding="utf-8")
    waiting = asyncio.create_task(site.call("send", "news", str(file), "--yes", "--at", "+1h", "--wait", "--json"))
    async with asyncio.timeout(START_SECONDS):
        while (await site.good("edition", "ls")) == []:  # each look is a process of its own
            pass
    await site.good("edition", "cancel", "1", "--yes")
    code, out, _ = await waiting
    assert (1, "cancelled") == (code, json.loads(out)["state"])


async def test_an_interrupted_wait_says_that_the_edition_goes_on(site: Site) -> None:
    """Only the wait ends; the edition is as it was."""
    await site.serve()
    opens, closes = (f"{datetime.now(UTC) + timedelta(hours=hours):%H:00}" for hours in (2, 3))
    await site.good("list", "create", "news", "--title", "News", "--postal-address", "1 Road")
    await site.good("list", "set", "news", f"hours={opens}-{closes}")
    await site.good("subscriber", "add", "news", "a@x.example")
    file = site.folder / "edition.txt"
    file.write_text("---\nsubject: Hello\n---\nThe text.\n", encoding="utf-8")
    waiting = await site.start("send", "news", str(file), "--yes", "--wait")
    assert waiting.stderr is not None
    async with asyncio.timeout(START_SECONDS):
        while b"waits for the sending hours" not in await waiting.stderr.readline():
            assert not waiting.stderr.at_eof()
    waiting.send_signal(signal.SIGINT)
    _, told = await waiting.communicate()
    assert (130, True) == (waiting.returncode, b"stop it with `pressrun edition pause 1`" in told)
    assert "sending" == (await site.good("edition", "show", "1"))["state"]


async def test_the_data_have_one_writer(site: Site) -> None:
    """A second daemon is turned away; verbs reach the first; when it is killed they do the work themselves."""
    await site.serve()
    assert 75 == (await site.call("serve"))[0]
    await site.good("list", "create", "news", "--title", "News")
    assert {"number": 2} == await site.good("key", "rotate", "--yes")
    daemon = site.daemon
    assert daemon is not None
    daemon.kill()
    await daemon.communicate()
    assert (site.folder / "data" / "control.sock").exists()
    await site.good("list", "create", "more", "--title", "More")
    await site.serve()
    assert ["more", "news"] == [row["name"] for row in await site.good("list", "ls")]


async def test_verbs_called_at_once_wait_for_each_other(site: Site) -> None:
    """No daemon runs: each verb holds the data for a moment, and none fails because of another."""
    created = await asyncio.gather(*(site.good("list", "create", f"list{n}", "--title", "T") for n in range(3)))
    assert 3 == len({row["name"] for row in created})


async def test_a_daemon_says_what_it_could_not_use_of_a_changed_configuration(site: Site) -> None:
    """By the keys, since `check` compares them with those of files that it finds closed; "" is the whole file."""
    await site.serve()
    socket, text = site.folder / "data" / "control.sock", site.config.read_text(encoding="utf-8")
    answers = []
    for change in ("\n[http]\n", "\n[http]\ncolour = 1\n"):
        site.config.write_text(text.replace("\n[http]\n", change), encoding="utf-8")
        answers.append(call_if_running(socket, "reload.try"))
    site.config.unlink()
    answers.append(call_if_running(socket, "reload.try"))
    assert [[], ["http.colour"], [""]] == [answer and answer["unusable"] for answer in answers]
    assert 0 == await site.stop()
