"""Cancelled copies of a subscription make way for those of another one that come back, and no other copies do."""

from __future__ import annotations

from functools import partial

import pytest
from tests.delivery.harness import DeliveryHarness

from pressrun.store.queue import audiences, copy_counts


@pytest.mark.parametrize(
    ("own", "theirs", "makes_way"),
    [
        *(("cancelled", state, True) for state in ("queued", "deferred", "claimed", "cancelled")),
        *(("cancelled", state, False) for state in ("delivered", "failed")),
        *((state, "queued", False) for state in ("queued", "deferred", "claimed", "delivered", "failed")),
    ],
)
async def test_what_is_over_makes_way_for_what_may_still_go_out(
    harness: DeliveryHarness, own: str, theirs: str, makes_way: bool
) -> None:
    """A copy that a reader has had never does: they would get a second one."""
    await harness.readers(2)
    edition, other = [await harness.edition(text) for text in ("one", "two")]
    for number, state in ((1, own), (2, theirs)):
        await harness.change("update delivery set state = ? where subscription_id = ?", state, number)
    for number in (edition, other):
        await harness.services.database.write(copy_counts.recount, number)
    make_way = partial(audiences.make_way, coming_from=2, subscription_id=1)
    await harness.services.database.write(lambda tx: make_way(tx, [edition]))
    kept = await harness.rows("select edition_id from delivery where subscription_id = 1 order by edition_id")
    assert ([(other,)] if makes_way else [(edition,), (other,)]) == kept
    assert None is await harness.services.database.read(copy_counts.find_difference, edition)
    assert 2 - int(makes_way) == (await harness.stored(edition)).audience
