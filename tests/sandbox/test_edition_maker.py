"""Editions in helper processes: even hostile ones end soon, with an error for their author, and block nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.engines import IS_THOROUGH
from tests.hostile.heavy import BOMB, ENDLESS, HEAVY, heavy_edition
from tests.message.builders import profile, site

from pressrun.core.errors import EditionError, Unavailable
from pressrun.core.quantities import parse_size
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import LONGEST_FRAGMENT, BuildOrder
from pressrun.message.editions.read_back import ShownMessage
from pressrun.sandbox import edition_maker
from pressrun.sandbox.edition_maker import SandboxedMaker
from pressrun.sandbox.frames import SourceTask
from pressrun.sandbox.helper import Helper, HelperCrashed, HelperLimits

PLAIN = b"---\nsubject: Boats\n---\nHello *you*.\n"
LIMITS = HelperLimits(wall_seconds=120.0, cpu_seconds=1)
SIZE = 20_000 if IS_THOROUGH else 5_000  # in octets: some of the longer ones take too long


@pytest_asyncio.fixture
async def maker() -> AsyncIterator[SandboxedMaker]:
    opened = SandboxedMaker(LIMITS)
    yield opened
    await opened.close()


async def build(maker: SandboxedMaker, source: bytes = PLAIN, name: str = "a.md") -> BuiltEdition:
    read = await maker.read(source, name)
    assets = dict.fromkeys(read.paths, BOMB)
    order = BuildOrder(file=read.file, assets=assets, profile=profile(), site=site(), slug="s", edition_id="1")
    return await maker.build(order)


async def test_whatever_is_built_ends(maker: SandboxedMaker) -> None:
    """As an edition, or as an error that its author can understand; and others are served after each of them."""
    problems = []
    for name in HEAVY:
        try:
            assert (await build(maker, heavy_edition(name, SIZE), name)).skeleton.encode()
        except EditionError as problem:
            problems.append(str(problem))
        assert "<em>you</em>" in (await build(maker)).archive_html
    assert [] == [words for words in problems if "Error" in words or "crashed" in words]


async def test_what_takes_too_long_is_ended_and_its_process_replaced(maker: SandboxedMaker) -> None:
    """Its author reads how long it may take. Who comes next gets another process."""
    await build(maker)
    (before,) = maker.pids
    with pytest.raises(EditionError, match=r"took longer than 1 s of processor time\. Make it simpler or shorter"):
        await build(maker, ENDLESS, "a.html")
    assert "<em>you</em>" in (await build(maker)).archive_html
    assert [before] != maker.pids


async def test_an_endless_one_keeps_no_other_waiting(maker: SandboxedMaker) -> None:
    """What begins after it is done before it."""
    endless = asyncio.create_task(build(maker, ENDLESS, "a.html"))
    for _ in range(3):
        await build(maker)
        assert not endless.done()
    with pytest.raises(EditionError):
        await endless


async def test_what_needs_too_much_memory_is_refused() -> None:
    """The daemon does not hear of it otherwise."""
    maker = SandboxedMaker(HelperLimits(wall_seconds=120.0, memory_bytes=96 * 1024 * 1024))
    try:
        with pytest.raises(EditionError, match=r"too much to be built|needed more than 96 MiB"):
            await build(maker, b"---\nsubject: S\n---\n" + b"<p>" * 3_000_000, "a.html")
        assert "<em>you</em>" in (await build(maker)).archive_html
    finally:
        await maker.close()


async def test_what_is_made_may_not_be_too_large(maker: SandboxedMaker) -> None:
    """Every visitor of its page would have to be sent it."""
    source = b"---\nsubject: S\n---\n" + b"&" * (LONGEST_FRAGMENT // 5 + 1)
    with pytest.raises(EditionError, match=r"longer than 4 MiB\. Make the edition shorter"):
        await build(maker, source, "a.txt")


async def test_one_whose_process_was_killed_gets_another(maker: SandboxedMaker) -> None:
    """Once; by somebody, or by a system short of memory, in the middle of it."""
    await build(maker)
    (pid,) = maker.pids
    os.kill(pid, signal.SIGSTOP)
    building = asyncio.create_task(build(maker))
    await asyncio.sleep(0)  # it has been asked
    os.kill(pid, signal.SIGKILL)
    assert "<em>you</em>" in (await building).archive_html


async def test_a_fault_of_the_builder_is_no_fault_of_ours(maker: SandboxedMaker) -> None:
    """A process that crashes is replaced, and what it built is given to no other."""
    await build(maker)
    (pid,) = maker.pids
    os.kill(pid, signal.SIGSTOP)
    building = asyncio.create_task(build(maker))
    await asyncio.sleep(0)  # it has been asked
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(EditionError, match="crashed, or needed more than 512 MiB"):
        await building
    assert "<em>you</em>" in (await build(maker)).archive_html


async def test_what_answers_another_question_is_ended() -> None:
    """An edition may have taken its process over, which must not build that of somebody else."""
    helper = Helper(LIMITS)
    with pytest.raises(HelperCrashed, match="gave an invalid answer"):
        await helper.answer(SourceTask(b"---\nsubject: x\n---\nx\n", ".md"), ShownMessage)
    assert helper.pid is None


async def test_its_processes_start_when_they_are_needed_and_end_when_not() -> None:
    """One for one author; no memory is held for those who may come back."""
    maker = SandboxedMaker(LIMITS, idle_seconds=0.0)
    assert [] == maker.pids
    await build(maker)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert [] == maker.pids
    await maker.close()
    with pytest.raises(Unavailable):
        await build(maker)


async def test_where_memory_is_short_it_goes_first(maker: SandboxedMaker) -> None:
    """Rather than the daemon, which starts another."""
    await build(maker)
    (pid,) = maker.pids
    assert "1000\n" == await asyncio.to_thread(Path(f"/proc/{pid}/oom_score_adj").read_text, encoding="ascii")


async def test_many_at_once_are_built_by_two(maker: SandboxedMaker) -> None:
    """Each gets its own."""
    sources = [f"---\nsubject: S\n---\n{number}\n".encode() for number in range(20)]
    editions = await asyncio.gather(*(build(maker, source) for source in sources))
    assert [f"<p>{number}</p>" for number in range(20)] == [built.archive_html.strip() for built in editions]
    assert edition_maker.AT_ONCE == len(maker.pids)


async def test_the_least_memory_that_may_be_configured_is_enough() -> None:
    """For an edition of the usual size."""
    maker = SandboxedMaker(HelperLimits(wall_seconds=120.0, memory_bytes=parse_size("128 MiB")))
    try:
        assert "<p>Boats" in (await build(maker, PLAIN + b"\nBoats\n\n" * 10_000)).archive_html
    finally:
        await maker.close()
