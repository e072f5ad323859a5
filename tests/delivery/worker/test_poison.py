"""Which rows are suspected of ending a worker, which count as poison, and what clears them."""

from __future__ import annotations

from pressrun.delivery.worker.poison import AT_MOST, POISON_AFTER, SUSPECTED_AFTER, PoisonMessages


def test_one_end_proves_nothing() -> None:
    rows = PoisonMessages()
    rows.add([1, 2])
    assert not rows.is_suspected(1)


def test_several_ends_make_a_row_suspected_and_then_poison() -> None:
    rows = PoisonMessages()
    verdicts = []
    for _ in range(POISON_AFTER):
        rows.add([1])
        verdicts.append((rows.is_suspected(1), rows.is_poison(1)))
    innocent, suspected = SUSPECTED_AFTER - 1, POISON_AFTER - SUSPECTED_AFTER
    assert [(False, False)] * innocent + [(True, False)] * suspected + [(True, True)] == verdicts


def test_a_result_clears() -> None:
    rows = PoisonMessages()
    for _ in range(SUSPECTED_AFTER):
        rows.add([1, 2])
    rows.clear(1)
    assert [False, True] == [rows.is_suspected(1), rows.is_suspected(2)]


def test_what_never_comes_back_is_forgotten() -> None:
    """The oldest first."""
    rows = PoisonMessages()
    for _ in range(SUSPECTED_AFTER):
        rows.add([0])
    rows.add(range(1, AT_MOST))
    assert rows.is_suspected(0)
    rows.add([AT_MOST])
    assert not rows.is_suspected(0)
