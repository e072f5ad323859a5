"""The helper process that reads mail: real, under real limits, and replaced when it dies."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from tests.message.hostile import HOSTILE, REFUSED

from pressrun.core.current import Holder
from pressrun.core.errors import TimedOutMail, Unavailable, UnreadableMail
from pressrun.core.pacing.busy_share import BusyShare
from pressrun.message.incoming.parser import READ_AT_MOST
from pressrun.sandbox.mail_parser import SIGNED_MAIL_LIMITS, ParserLimits, SandboxedParser

HELP = b"Subject: help\r\n\r\nhello\r\n"


@asynccontextmanager
async def reading(limits: ParserLimits) -> AsyncIterator[SandboxedParser]:
    """A reader whose process ends with the test, also with one that fails."""
    opened = SandboxedParser(limits)
    try:
        yield opened
    finally:
        await opened.close()


@pytest_asyncio.fixture
async def reader() -> AsyncIterator[SandboxedParser]:
    async with reading(ParserLimits()) as opened:
        yield opened


async def test_mails_are_read_one_after_the_other_by_one_process(reader: SandboxedParser) -> None:
    """Also when many ask at once."""
    mails = await asyncio.gather(*(reader.read(b"Subject: %d\r\n\r\n" % number) for number in range(50)))
    assert [str(number) for number in range(50)] == [mail.subject for mail in mails]
    pid = reader.pid
    await reader.read(HELP)
    assert pid == reader.pid


async def test_hostile_mails_neither_stop_nor_end_it(reader: SandboxedParser) -> None:
    """Each has its answer, and the loop is never held up by one."""
    longest, before = 0.0, time.thread_time()  # what others take of the processor holds nothing up

    async def watch() -> None:
        nonlocal longest, before
        while True:
            await asyncio.sleep(0.005)
            now = time.thread_time()
            longest, before = max(longest, now - before), now

    watching = asyncio.create_task(watch())
    refused = set()
    for name, content in HOSTILE.items():
        try:
            await reader.read(content)
        except UnreadableMail:
            refused.add(name)
    watching.cancel()
    assert REFUSED == refused
    assert 0.1 > longest
    assert "help" == (await reader.read(HELP)).subject


async def test_a_mail_may_be_larger_than_what_is_read(reader: SandboxedParser) -> None:
    """The beginning is enough."""
    assert "help" == (await reader.read(HELP + b"x\r\n" * READ_AT_MOST)).subject


async def test_a_process_that_was_killed_is_replaced(reader: SandboxedParser) -> None:
    """The next mail is read by another one."""
    await reader.read(HELP)
    pid = reader.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert "help" == (await reader.read(HELP)).subject
    assert pid != reader.pid


async def test_a_mail_that_takes_too_long_is_unreadable() -> None:
    """The process is ended, the next mail gets another one."""
    async with reading(ParserLimits(wall_seconds=3)) as reader:
        await reader.read(HELP)
        pid = reader.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(UnreadableMail, match=r"longer than 3 s"):
            await reader.read(HELP)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert "help" == (await reader.read(HELP)).subject


@pytest.mark.parametrize("limits", [ParserLimits(), SIGNED_MAIL_LIMITS], ids=["others", "signed"])
def test_a_busy_machine_fails_no_mail(limits: ParserLimits) -> None:
    """A process that gets a fifth of a processor still has all of its CPU time before the clock ends it."""
    assert limits.wall_seconds >= 5 * limits.cpu_seconds


async def test_a_mail_that_needs_too_much_memory_is_unreadable() -> None:
    """Told by the process, or the process dies of it; either way there is an answer and the next mail is read."""
    async with reading(ParserLimits(memory_bytes=48 * 1024 * 1024)) as reader:
        with pytest.raises(UnreadableMail):
            await reader.read(b"Content-Type: text/html\r\n\r\n" + b"<p>\xff\r\n" * 300_000)
        assert "help" == (await reader.read(HELP)).subject


@pytest.mark.parametrize(
    ("number", "problem"),
    [(signal.SIGXCPU, TimedOutMail), (signal.SIGSEGV, UnreadableMail)],
    ids=["out of time", "a fault"],
)
async def test_a_mail_that_ended_its_process_is_given_to_no_other(
    reader: SandboxedParser, number: signal.Signals, problem: type[UnreadableMail]
) -> None:
    """Having spent its time, or by a fault of the parser: it would do the same again."""
    await reader.read(HELP)
    pid = reader.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(reader.read(HELP))
    os.kill(pid, number)
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(UnreadableMail) as raised:
        await task
    assert (problem, None) == (raised.type, reader.pid)


async def test_what_is_read_before_others_is_read_a_little_way() -> None:
    """A machine's mark and the first words decide there, so a large mail delays nobody."""
    async with reading(ParserLimits(octets=len(HELP) - 7)) as reader:
        assert "" == (await reader.read(HELP)).text


class Watched(BusyShare):
    """A share that says what was asked of it, and lets a reader wait."""

    def __init__(self, *waits: float) -> None:
        super().__init__(Holder(0.5), 1.0)
        self.waits = list(waits)
        self.seen: list[str] = []
        self.waited = asyncio.Event()

    def wait_seconds(self, now: float) -> float:
        self.seen.append("asked")
        self.waited.set()
        return self.waits.pop(0) if self.waits else 0.0

    def record(self, began: float, ended: float) -> None:
        assert ended >= began
        self.seen.append("busy")


async def test_the_time_of_strangers_mail_is_counted_and_waited_for() -> None:
    """Each mail, also one that cannot be read; it begins when the share allows it."""
    share = Watched(0.001)
    reader = SandboxedParser(share=share)
    try:
        await reader.read(HELP)
        with pytest.raises(UnreadableMail):
            await reader.read(b"x" * 70_000)
        assert ["asked", "asked", "busy", "asked", "busy"] == share.seen
    finally:
        await reader.close()


async def test_closing_waits_for_no_share() -> None:
    """A daemon that stops has no minute to lose."""
    share = Watched(3600.0)
    reader = SandboxedParser(share=share)
    task = asyncio.create_task(reader.read(HELP))
    await share.waited.wait()
    async with asyncio.timeout(20):
        await reader.close()
    with pytest.raises(Unavailable):
        await task


@pytest.mark.parametrize("lacking", ["descriptors", "threads"])
async def test_a_process_that_cannot_start_now_is_tried_again(
    reader: SandboxedParser, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """Not for each mail that waits, but after a pause, which grows."""
    tries = 0

    def socketpair() -> tuple[socket.socket, socket.socket]:
        nonlocal tries
        tries += 1
        raise OSError(errno.EMFILE, "Too many open files")

    async def start(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("pressrun.sandbox.helper._START_AGAIN_SECONDS", (0.0, 3600.0))
        if lacking == "descriptors":
            patched.setattr("socket.socketpair", socketpair)
        else:
            patched.setattr("asyncio.create_subprocess_exec", start)
        for _ in range(3):
            with pytest.raises(Unavailable):
                await reader.read(HELP)
    assert 2 == tries


async def test_what_could_not_start_for_a_moment_starts_then(
    reader: SandboxedParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail has waited and is read."""

    def socketpair() -> tuple[socket.socket, socket.socket]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("pressrun.sandbox.helper._START_AGAIN_SECONDS", (0.0,))
    with monkeypatch.context() as patched:
        patched.setattr("socket.socketpair", socketpair)
        with pytest.raises(Unavailable):
            await reader.read(HELP)
    assert "help" == (await reader.read(HELP)).subject


async def test_a_process_that_cannot_start_is_no_fault_of_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unavailable, not unreadable."""
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", "/nonexistent/python")
        with pytest.raises(Unavailable):
            await SandboxedParser().read(HELP)
        patched.setattr("sys.executable", "/bin/false")
        with pytest.raises(Unavailable):
            await SandboxedParser().read(HELP)


@pytest.mark.parametrize(
    ("program", "seconds", "reason"), [("/bin/false", 20.0, r": \S"), ("", 0.0, ": it took longer")]
)
async def test_the_log_says_why_a_process_cannot_start(
    reader: SandboxedParser, monkeypatch: pytest.MonkeyPatch, program: str, seconds: float, reason: str
) -> None:
    """Python's own errors for these have no words."""
    monkeypatch.setattr("pressrun.sandbox.helper._START_SECONDS", seconds)
    if program:
        monkeypatch.setattr("sys.executable", program)
    with pytest.raises(Unavailable, match=f"cannot start the helper process{reason}"):
        await reader.read(HELP)


async def test_closing_ends_the_process_and_blames_no_mail(reader: SandboxedParser) -> None:
    """The mail at hand waits for the next start, and no process is started after that."""
    await reader.read(HELP)
    pid = reader.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(reader.read(HELP))
    await asyncio.sleep(0)
    await reader.close()
    with pytest.raises(Unavailable):
        await task
    with pytest.raises(Unavailable):
        await reader.read(HELP)
    assert reader.pid is None


async def test_a_cancelled_reading_leaves_no_answer_for_the_next_mail(reader: SandboxedParser) -> None:
    """Each caller gets the mail that it gave."""
    await reader.read(HELP)
    task = asyncio.create_task(reader.read(b"Subject: first\r\n\r\n"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "help" == (await reader.read(HELP)).subject


async def test_it_is_not_made_of_what_lies_about(
    reader: SandboxedParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules are not looked for where the daemon was started: others may write there."""
    (tmp_path / "msgspec.py").write_text("raise SystemExit(3)\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    assert "help" == (await reader.read(HELP)).subject
