"""A form that comes twice: what is kept of the first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pressrun.web.admin.repeats import KEPT_SECONDS, Repeats


class Work:
    """Gives these answers, one after the other."""

    def __init__(self, *answers: str | int | None) -> None:
        self.left = list(answers)

    async def __call__(self) -> Any:
        await asyncio.sleep(0)
        return self.left.pop(0)


def is_none(result: object) -> bool:
    return result is None


def ends_of_repeats(monkeypatch: pytest.MonkeyPatch, kept_seconds: float) -> list[Callable[[], object]]:
    """What would be called after exactly this time, and is not: a test calls it."""
    loop, ends = asyncio.get_running_loop(), list[Callable[[], object]]()
    call_later = loop.call_later

    def hold(seconds: float, callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.TimerHandle:
        if seconds == kept_seconds:
            ends.append(partial(callback, *args))
            return call_later(3600, int)
        return call_later(seconds, callback, *args, **options)

    monkeypatch.setattr(loop, "call_later", hold)
    return ends


async def test_a_success_is_kept_for_its_person_number_and_wishes() -> None:
    """Any other key is another form."""
    repeats, work = Repeats[str | None](is_none), Work("first", "second", "third", "fourth")
    keys = [(1, "a", "x"), (1, "a", "x"), (2, "a", "x"), (1, "b", "x"), (1, "a", "y")]
    answers = [await repeats.once(*key, work) for key in keys]
    assert ["first", "first", "second", "third", "fourth"] == answers


async def test_nothing_is_kept_of_a_failure() -> None:
    """What comes after it is done anew; what comes with it is one attempt."""
    repeats, work = Repeats[str | None](is_none), Work(None, None, "first")
    assert [None, None] == await asyncio.gather(*[repeats.once(1, "a", "x", work) for _ in range(2)])
    assert [None, "first", "first"] == [await repeats.once(1, "a", "x", work) for _ in range(3)]


async def test_what_counts_as_a_failure_can_be_said() -> None:
    """As where somebody is told to wait: a moment later the same form may succeed."""
    repeats, work = Repeats[str | int | None](lambda result: not isinstance(result, str)), Work(None, 7, "first")
    assert [None, 7, "first", "first"] == [await repeats.once(1, "a", "x", work) for _ in range(4)]


@pytest.mark.parametrize(("wanted", "kept"), [(5.0, 5.0), (None, KEPT_SECONDS)])
async def test_a_success_is_kept_for_so_long(
    monkeypatch: pytest.MonkeyPatch, wanted: float | None, kept: float
) -> None:
    """Counted from the end of the work. After that, the same form is another one."""
    ends = ends_of_repeats(monkeypatch, kept)
    repeats, work = Repeats[str | None](is_none, wanted), Work("first", "second")
    assert ["first", "first"] == [await repeats.once(1, "a", "x", work) for _ in range(2)]
    [end] = ends
    end()
    assert "second" == await repeats.once(1, "a", "x", work)
