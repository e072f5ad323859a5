"""Editions that bounced in a row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.scores import COUNTING, Past, Streak, count_streak

NOW = 1_000_000
SETTLED = NOW - 300
HARD, FULL, POLICY, MESSAGE = BounceClass.GONE, BounceClass.FULL, BounceClass.POLICY, BounceClass.MESSAGE


def history(*copies: BounceClass | int | None) -> list[Past]:
    """Newest first; the edition's number counts down to 1."""
    past = []
    for number, copy in zip(range(len(copies), 0, -1), copies, strict=True):
        if isinstance(copy, BounceClass):
            past.append(Past(edition_id=number, bounce=copy))
        else:
            past.append(Past(edition_id=number, delivered_at=copy))
    return past


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ((), Streak()),
        ((HARD,), Streak(hard=1, bounced=1, first_edition_id=1)),
        ((FULL, HARD), Streak(hard=1, bounced=2, first_edition_id=1)),
        ((FULL, SETTLED, FULL), Streak(bounced=1, first_edition_id=3)),
        ((SETTLED, HARD), Streak()),
        ((FULL, NOW - 299, FULL), Streak(bounced=2, first_edition_id=1)),
        ((POLICY, MESSAGE, FULL), Streak(bounced=1, first_edition_id=1)),
        ((None, HARD), Streak(hard=1, bounced=1, first_edition_id=1)),
    ],
)
def test_a_streak_ends_with_a_copy_that_settled(past: tuple[BounceClass | int | None, ...], expected: Streak) -> None:
    """What was taken too lately proves nothing, and no more does what was not the reader's fault."""
    assert expected == count_streak(history(*past), settle_after=300, now=NOW)


@given(st.lists(st.sampled_from([*BounceClass, SETTLED, NOW]), max_size=20))
def test_only_what_counts_is_counted(copies: list[BounceClass | int]) -> None:
    """Never more than there are, and never anything of the sender's."""
    streak = count_streak(history(*copies), settle_after=300, now=NOW)
    assert 0 <= streak.hard <= streak.bounced <= sum(copy in COUNTING for copy in copies)
    assert (streak.bounced > 0) == (streak.first_edition_id is not None)
