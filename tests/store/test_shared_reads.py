"""Reads that come together are one, and nobody gets what was read before they asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, cast

import pytest

from pressrun.store.database import Database
from pressrun.store.shared_reads import SharedReads


class Source:
    """Stands for a database, whose reads take until they are let go on."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {"a": 1, "b": 2}
        self.asked: list[set[str]] = []
        self.has_begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.problem: Exception | None = None
        self.changes = 0

    async def read(self, work: Callable[[Any, Collection[str]], Mapping[str, int]], keys: Collection[str]) -> Any:
        self.asked.append(set(keys))
        self.has_begun.set()
        answers = work(None, keys)
        await self.go_on.wait()
        if self.problem is not None:
            raise self.problem
        return answers

    def find(self, _: object, keys: Collection[str]) -> Mapping[str, int]:
        return {key: self.values[key] for key in keys if key in self.values}


def reads_of(source: Source) -> SharedReads[str, int]:
    return SharedReads(cast("Database", source), source.find)


async def test_what_comes_together_is_one_read() -> None:
    source = Source()
    source.go_on.set()
    reads = reads_of(source)
    assert [1, 2, None, 1] == await asyncio.gather(*(reads.find(key) for key in ("a", "b", "c", "a")))
    assert [{"a", "b", "c"}] == source.asked


async def test_what_was_read_is_kept_until_something_changes() -> None:
    """A request after a change gets a value read after it, and a missing value is looked up each time."""
    source = Source()
    source.go_on.set()
    reads = reads_of(source)
    assert [1, 2, 1, 2] == [await reads.find(key) for key in ("a", "b", "a", "b")]
    assert [{"a"}, {"b"}] == source.asked
    del source.values["a"]
    source.changes += 1
    assert [None, None, 2] == [await reads.find(key) for key in ("a", "a", "b")]
    assert [{"a"}, {"a"}, {"b"}] == source.asked[2:]


async def test_what_changes_during_a_read_is_read_again() -> None:
    source = Source()
    reads = reads_of(source)
    early = asyncio.create_task(reads.find("a"))
    await source.has_begun.wait()
    source.values["a"], source.changes = 7, 1
    source.go_on.set()
    assert (1, 7) == (await early, await reads.find("a"))


async def test_what_is_asked_for_during_a_read_is_read_afterwards() -> None:
    source = Source()
    reads = reads_of(source)
    early = asyncio.create_task(reads.find("a"))
    await source.has_begun.wait()
    del source.values["a"]  # such as a token that is revoked
    late = asyncio.create_task(reads.find("a"))
    await asyncio.sleep(0)
    source.go_on.set()
    assert (1, None) == (await early, await late)
    assert 2 == len(source.asked)


async def test_an_error_reaches_everybody_and_the_next_read_is_another() -> None:
    source = Source()
    source.problem = problem = ValueError("no")
    source.go_on.set()
    reads = reads_of(source)
    outcomes = await asyncio.gather(reads.find("a"), reads.find("a"), return_exceptions=True)
    assert all(outcome is problem for outcome in outcomes)
    source.problem = None
    assert 1 == await reads.find("a")


@pytest.mark.parametrize("is_failing", [False, True])
async def test_a_caller_who_gives_up_leaves_the_others_alone(is_failing: bool) -> None:
    source = Source()
    source.problem = ValueError("no") if is_failing else None
    reads = reads_of(source)
    first, second = asyncio.create_task(reads.find("a")), asyncio.create_task(reads.find("a"))
    await source.has_begun.wait()
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    source.go_on.set()
    [outcome] = await asyncio.gather(second, return_exceptions=True)
    assert outcome == (source.problem if is_failing else 1)
