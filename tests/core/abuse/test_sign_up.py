"""How far a sign-up is believed, and when very many that are turned away are an attack."""

from __future__ import annotations

import pytest

from pressrun.core.abuse.sign_up import FORM_LIFETIME_SECONDS, AttackDetector, AttackTerms, Trust, decide_trust

NOW = 1_800_000_000.0
TERMS = AttackTerms(begins_at=5, ends_at=2, window_seconds=60.0)


@pytest.mark.parametrize(
    ("age", "decoy", "trust"),
    [
        (2.0, "", Trust.PROVEN),
        (FORM_LIFETIME_SECONDS, "", Trust.PROVEN),
        (1.9, "", Trust.UNPROVEN),
        (-5.0, "", Trust.UNPROVEN),
        (FORM_LIFETIME_SECONDS + 1, "", Trust.UNPROVEN),
        (None, "", Trust.UNPROVEN),
        (10.0, "x", Trust.TRAP),
        (None, "x", Trust.TRAP),
    ],
)
def test_a_form_is_believed_by_its_age_and_its_decoy(age: float | None, decoy: str, trust: Trust) -> None:
    issued_at = None if age is None else int(NOW)
    now = NOW + (age or 0)
    assert trust is decide_trust(issued_at=issued_at, now=now, form_seconds=2.0, decoy=decoy)


@pytest.mark.parametrize(
    ("age", "decoy", "trust"), [(2.0, "", Trust.WORKED), (1.0, "", Trust.UNPROVEN), (2.0, "x", Trust.TRAP)]
)
def test_work_is_believed_where_the_form_is(age: float, decoy: str, trust: Trust) -> None:
    form = {"issued_at": int(NOW), "now": NOW + age, "form_seconds": 2.0, "decoy": decoy}
    assert trust is decide_trust(**form, has_worked=True)  # type: ignore[arg-type]  # numbers and texts


def test_an_attack_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    siege = AttackDetector(TERMS)
    assert [False] * 4 + [True] + [False] * 95 == [siege.record_refusal(NOW + number) for number in range(100)]
    told = [siege.poll(NOW + 100 + number) for number in range(100)]
    assert ([True], 58) == ([end for end in told if end], told.index(True))


def test_few_at_a_time_are_no_attack() -> None:
    siege = AttackDetector(TERMS)
    assert not any(siege.record_refusal(NOW + 15 * number) for number in range(100))


def test_between_the_marks_an_attack_goes_on() -> None:
    """Three in a window are too few to begin one, and too many to end it."""
    siege = AttackDetector(TERMS)
    for _ in range(5):
        siege.record_refusal(NOW)
    for number in range(1, 50):
        assert not siege.record_refusal(NOW + 20 * number)
        assert not siege.poll(NOW + 20 * number)


def test_an_attack_goes_on_at_the_mark_where_it_would_end_below() -> None:
    """Also where it is the one at which it began."""
    siege = AttackDetector(AttackTerms(begins_at=3, ends_at=3, window_seconds=60.0))
    assert [False, False, True] == [siege.record_refusal(NOW) for _ in range(3)]
    assert not siege.poll(NOW + 59)
    assert siege.poll(NOW + 61)


def test_another_attack_is_told_again() -> None:
    siege = AttackDetector(TERMS)
    for later in (0, 1000):
        assert [False] * 4 + [True] == [siege.record_refusal(NOW + later) for _ in range(5)]
        assert siege.poll(NOW + later + 61)
