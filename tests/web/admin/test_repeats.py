"""A form that comes twice: what is kept of the first."""

from __future__ import annotations

import asyncio

from pressrun.web.admin.repeats import Repeats


class Work:
    """Gives these answers, one after the other."""

    def __init__(self, *answers: str | None) -> None:
        self.left = list(answers)

    async def __call__(self) -> str | None:
        await asyncio.sleep(0)
        return self.left.pop(0)


async def test_a_success_is_kept_for_its_person_number_and_wishes() -> None:
    """Any other key is another form."""
    repeats, work = Repeats[str | None](), Work("first", "second", "third", "fourth")
    keys = [(1, "a", "x"), (1, "a", "x"), (2, "a", "x"), (1, "b", "x"), (1, "a", "y")]
    answers = [await repeats.once(*key, work) for key in keys]
    assert ["first", "first", "second", "third", "fourth"] == answers


async def test_nothing_is_kept_of_a_failure() -> None:
    """What comes after it is done anew; what comes with it is one attempt."""
    repeats, work = Repeats[str | None](), Work(None, None, "first")
    assert [None, None] == await asyncio.gather(*[repeats.once(1, "a", "x", work) for _ in range(2)])
    assert [None, "first", "first"] == [await repeats.once(1, "a", "x", work) for _ in range(3)]
