"""Starting after whatever end."""

from __future__ import annotations

import pytest
from tests.services.pressroom import RELAY, TAKEN, Pressroom

from pressrun.core.address import parse_address
from pressrun.services.operating.readiness import QUIET_SECONDS, RELAYS_FAILING_SECONDS, Readiness
from pressrun.services.ports import RelayStatus
from pressrun.services.queue.recovering import recover


async def test_a_start_with_nothing_claimed_changes_nothing(press: Pressroom) -> None:
    await press.readers(2)
    edition = await press.edition()
    await recover(press.office.database)
    assert {"queued": 2} == await press.counts(edition)


async def test_what_was_claimed_goes_back_whatever_the_edition_does(press: Pressroom) -> None:
    await press.readers(2)
    editions = [await press.edition(text) for text in ("sending", "paused", "cancelled")]
    await press.turn()
    assert 6 == len(press.take_all())
    await press.editing.pause(editions[1])
    await press.editing.cancel(editions[2])
    await press.start()
    assert [{"queued": 2}, {"queued": 2}, {"cancelled": 2}] == [await press.counts(number) for number in editions]
    assert [(1,)] == await press.rows("select distinct attempts from delivery")  # they may have gone out


async def test_a_notice_goes_out_again(press: Pressroom) -> None:
    await press.editing.send_test(
        list_name="news",
        source=b"---\nsubject: Try\n---\nx\n",
        source_name="a.md",
        assets={},
        addresses=[parse_address("a@else.example")],
    )
    await press.turn()
    first = press.take()
    await press.start()
    assert first is not None
    (again,) = await press.send_all()
    assert first.content == again.content


async def test_starting_often_loses_nothing(press: Pressroom) -> None:
    await press.readers(7)
    edition = await press.edition()
    for _ in range(5):
        await press.turn()
        outgoing = press.take()
        assert outgoing is not None
        press.answer(outgoing, TAKEN)
        await press.turn()
        press.take_all()
        await press.start()
    assert {"delivered": 5, "queued": 2} == await press.counts(edition)


@pytest.mark.parametrize(
    ("quiet", "failing_for", "blockers"),
    [(0.0, None, 0), (QUIET_SECONDS + 1, None, 1), (0.0, 59.0, 0), (0.0, RELAYS_FAILING_SECONDS, 1)],
)
async def test_what_stands_in_the_way_is_told(
    press: Pressroom, quiet: float, failing_for: float | None, blockers: int
) -> None:
    readiness = Readiness(
        database=press.office.database, dispatcher=press.dispatcher, relays=press.pool, clock=press.clock
    )
    await press.turn()
    press.pass_time(quiet)
    if failing_for is not None:
        since = press.clock() - failing_for
        press.pool.status = RelayStatus(name=RELAY, connections=0, failing_since=since, last_error="refused")
    assert blockers == len(await readiness.problems())
