"""Which thread is which, where the time of an edition goes."""

from __future__ import annotations

from tests.bench.threads import Spent, called, told


def test_the_daemons_threads_are_its_loop_its_database_and_others() -> None:
    """The loop is the first thread, however much it wrote; what writes beside it is the database's."""
    spent = {"12": Spent(wrote=9), "7": Spent(wrote=90), "15": Spent(wrote=50), "16": Spent()}
    expected = {"12": "daemon other", "7": "daemon loop", "15": "daemon database", "16": "daemon other"}
    assert expected == called("daemon", 7, spent)


def test_where_nothing_was_written_no_thread_is_the_databases() -> None:
    """A name that is guessed would mislead."""
    assert {"7": "daemon loop", "8": "daemon other"} == called("daemon", 7, {"7": Spent(wrote=1), "8": Spent()})
    assert {"7": "daemon loop"} == called("daemon", 7, {"7": Spent()})


def test_other_processes_have_no_database() -> None:
    """A worker has a loop; the sink is what it is called."""
    spent = {"7": Spent(wrote=1), "8": Spent(wrote=2)}
    assert {"7": "worker loop", "8": "worker other"} == called("worker", 7, spent)
    assert {"7": "sink", "8": "sink"} == called("sink", 7, spent)


def test_a_thread_is_told_with_its_name_by_what_it_spent_meanwhile() -> None:
    """In µs a copy; what spent next to nothing is left out."""
    before = {"7": Spent(ran=1.0, user=1.0), "8": Spent(wrote=500)}
    after = {
        "7": Spent(ran=1.5, user=1.25, kernel=0.25, waited=0.125),
        "8": Spent(ran=0.25, wrote=501),
        "9": Spent(wrote=1),
    }
    assert [
        "daemon loop     500 (user 250, kernel 250, waited 125)",
        "daemon database 250 (user 0, kernel 0, waited 0)",
    ] == told("daemon", 7, before, after, 1000)
