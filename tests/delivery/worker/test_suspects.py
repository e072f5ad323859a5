"""Who is suspected of ending the press, who is guilty, and who is cleared."""

from __future__ import annotations

from pressrun.delivery.worker.suspects import AT_MOST, GUILTY_AFTER, SUSPECTED_AFTER, Suspects


def test_one_end_proves_nothing() -> None:
    suspects = Suspects()
    suspects.add([1, 2])
    assert not suspects.holds(1)


def test_several_ends_make_suspect_and_then_guilty() -> None:
    suspects = Suspects()
    found = []
    for _ in range(GUILTY_AFTER):
        suspects.add([1])
        found.append((suspects.holds(1), suspects.is_guilty(1)))
    innocent, suspected = SUSPECTED_AFTER - 1, GUILTY_AFTER - SUSPECTED_AFTER
    assert [(False, False)] * innocent + [(True, False)] * suspected + [(True, True)] == found


def test_an_answer_clears() -> None:
    suspects = Suspects()
    for _ in range(SUSPECTED_AFTER):
        suspects.add([1, 2])
    suspects.clear(1)
    assert [False, True] == [suspects.holds(1), suspects.holds(2)]


def test_what_never_comes_back_is_forgotten() -> None:
    """The oldest first."""
    suspects = Suspects()
    for _ in range(SUSPECTED_AFTER):
        suspects.add([0])
    suspects.add(range(1, AT_MOST))
    assert suspects.holds(0)
    suspects.add([AT_MOST])
    assert not suspects.holds(0)


def test_rows_may_go_together_until_one_must_go_alone() -> None:
    """One end is more often a person with a kill."""
    suspects = Suspects()
    found = []
    for _ in range(SUSPECTED_AFTER):
        found.append(bool(suspects))
        suspects.add([1])
    assert ([False] * SUSPECTED_AFTER, True) == (found, bool(suspects))
    suspects.clear(1)
    assert not suspects
