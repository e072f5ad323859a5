"""Time as editors and readers see it: hours in which a list sends, and editions that are moved to another one."""

from __future__ import annotations

import pytest
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness

from pressrun.core.errors import BadInput, NotFound, Refused
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.reports import edition_descriptions, queue_listing
from pressrun.services.reports.edition_descriptions import FullEditionAnswer

HOUR = 3600  # the harness opens at 08:00 UTC, which is 09:00 in Berlin


async def shown(harness: DeliveryHarness, edition: int) -> FullEditionAnswer:
    return await harness.services.database.read(edition_descriptions.show_edition, edition, int(harness.clock()))


async def set_hours(harness: DeliveryHarness, hours: str, timezone: str = "Europe/Berlin") -> None:
    await harness.services.lists.set_list("news", {"hours": hours, "timezone": timezone})


# ---------------------------------------------------------------------- hours of a list


async def test_copies_go_out_in_the_hours_of_their_list_alone(harness: DeliveryHarness) -> None:
    """The audience is taken at once; what waits goes on in the morning."""
    await harness.readers(3)
    await set_hours(harness, "10:00-20:00")
    edition = await harness.edition()
    assert [] == await harness.send_all()
    assert ("sending", {"queued": 3}) == (await harness.state(edition), await harness.counts(edition))
    harness.pass_time(HOUR)
    assert 3 == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


async def test_what_was_deferred_waits_for_the_hours_too(harness: DeliveryHarness) -> None:
    """A retry at night wakes readers as well."""
    await harness.readers(1)
    await set_hours(harness, "08:00-09:02")
    edition = await harness.edition()
    assert 1 == len(await harness.send_all(LATER))
    harness.pass_time(12 * HOUR)
    assert [] == await harness.send_all()
    harness.pass_time(11 * HOUR)
    assert 1 == len(await harness.send_all())
    assert "finished" == await harness.state(edition)


async def test_the_hours_may_change_while_an_edition_waits(harness: DeliveryHarness) -> None:
    """And are forgotten with an empty value."""
    await harness.readers(1)
    await set_hours(harness, "20:00-21:00")
    await harness.edition()
    assert [] == await harness.send_all()
    await harness.services.lists.set_list("news", {"hours": ""})
    assert 1 == len(await harness.send_all())


async def test_editions_of_other_lists_and_notices_are_not_held(harness: DeliveryHarness) -> None:
    """A confirmation is awaited, whatever the hour."""
    await harness.services.make_list("other")
    await harness.readers(1)
    await harness.readers(2, "other")
    await set_hours(harness, "20:00-21:00")
    held, free = await harness.edition(), await harness.edition(name="other")
    await harness.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: x\n---\ny", source_name="a.md", assets={}), []
    )
    assert 2 == len(await harness.send_all())
    assert ("sending", "finished") == (await harness.state(held), await harness.state(free))


async def test_the_dispatcher_wakes_when_the_hours_begin(harness: DeliveryHarness) -> None:
    """Not by chance, when it looks again anyway."""
    await harness.readers(1)
    await set_hours(harness, "09:30-20:00")
    await harness.edition()
    await harness.run_cycle()
    assert harness.services.now + HOUR / 2 == harness.dispatcher.broker.wake_ups.next_at


async def test_a_held_edition_can_be_paused_and_cancelled(harness: DeliveryHarness) -> None:
    """What waits is not sent."""
    await harness.readers(2)
    await set_hours(harness, "20:00-21:00")
    edition = await harness.edition()
    await harness.run_cycle()
    await harness.edition_admin.cancel(edition)
    harness.pass_time(11 * HOUR)
    assert ([], {"cancelled": 2}) == (await harness.send_all(), await harness.counts(edition))


async def test_it_is_shown_until_when_an_edition_is_held(harness: DeliveryHarness) -> None:
    """Of an edition whose own hour is still to come, too; and of nothing else."""
    await harness.readers(2)
    await set_hours(harness, "10:00-20:00")
    waiting, later = (
        await harness.edition(),
        await harness.edition("at night", scheduled_at=int(harness.clock()) + 13 * HOUR),
    )
    assert "2027-01-15T09:00:00Z" == (await shown(harness, waiting)).held_until
    assert "2027-01-16T09:00:00Z" == (await shown(harness, later)).held_until
    harness.pass_time(HOUR)
    assert (await shown(harness, waiting)).held_until is None
    await harness.edition_admin.pause(waiting)
    harness.pass_time(12 * HOUR)
    assert (await shown(harness, waiting)).held_until is None


async def test_the_queue_says_why_it_waits(harness: DeliveryHarness) -> None:
    """By domain, and how many copies it is."""
    await harness.readers(2)
    await set_hours(harness, "10:00-20:00")
    await harness.edition()
    row = (await harness.services.database.read(queue_listing.list_queue, int(harness.clock())))[0]
    assert (2, 2) == (row.queued, row.held)
    assert "news sends only at 10:00-20:00: next at 2027-01-15T09:00:00Z" == row.reason
    harness.pass_time(HOUR)
    row = (await harness.services.database.read(queue_listing.list_queue, int(harness.clock())))[0]
    assert (0, None) == (row.held, row.reason)


@pytest.mark.parametrize(
    "setting",
    [{"hours": "8 to 20"}, {"timezone": "Europe/Nowhere"}, {"timezone": "../../etc/passwd"}, {"timezone": "Europe"}],
)
async def test_hours_and_zones_that_are_none_are_refused(harness: DeliveryHarness, setting: dict[str, str]) -> None:
    """With what would be right."""
    with pytest.raises(BadInput, match="Write"):
        await harness.services.lists.set_list("news", setting)


async def test_hours_are_shown_with_their_list(harness: DeliveryHarness) -> None:
    """UTC unless a zone is set."""
    answer = await harness.services.lists.set_list("news", {"hours": "8:00-20:00"})
    assert ("08:00-20:00", "UTC") == (answer.hours, answer.timezone)


# ---------------------------------------------------------------------- moving


async def test_a_scheduled_edition_can_be_moved(harness: DeliveryHarness) -> None:
    """Back and forth, until it starts."""
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.clock()) + HOUR)
    await harness.edition_admin.reschedule(edition, int(harness.clock()) + 3 * HOUR)
    harness.pass_time(2 * HOUR)
    assert [] == await harness.send_all()
    await harness.edition_admin.reschedule(edition, int(harness.clock()) + 60)
    harness.pass_time(60)
    assert 1 == len(await harness.send_all())
    with pytest.raises(Refused, match="is finished and cannot be rescheduled"):
        await harness.edition_admin.reschedule(edition, int(harness.clock()) + 60)


async def test_an_edition_that_has_started_keeps_its_hour(harness: DeliveryHarness) -> None:
    """Paused half-way or cancelled: the reason is the one that holds."""
    await harness.readers(1)
    edition = await harness.edition()
    await harness.edition_admin.pause(edition)
    with pytest.raises(Refused, match=f"edition {edition} has already started and cannot be rescheduled"):
        await harness.edition_admin.reschedule(edition, int(harness.clock()) + 60)
    await harness.edition_admin.cancel(edition)
    with pytest.raises(Refused, match=f"edition {edition} is cancelled and cannot be rescheduled"):
        await harness.edition_admin.reschedule(edition, int(harness.clock()) + 60)


async def test_an_edition_that_was_too_late_gets_a_new_hour_and_waits_for_its_person(harness: DeliveryHarness) -> None:
    """Moving does not resume: both are said, or nothing goes out."""
    await harness.readers(1)
    edition = await harness.edition(scheduled_at=int(harness.clock()) + HOUR)
    harness.pass_time(24 * HOUR)
    await harness.start()
    await harness.run_cycle()
    assert "paused" == await harness.state(edition)
    await harness.edition_admin.reschedule(edition, int(harness.clock()) + HOUR)
    harness.pass_time(2 * HOUR)
    assert ([], "paused") == (await harness.send_all(), await harness.state(edition))
    await harness.edition_admin.reschedule(edition, int(harness.clock()) + HOUR)
    await harness.edition_admin.resume(edition)
    assert ([], "scheduled") == (await harness.send_all(), await harness.state(edition))
    harness.pass_time(HOUR)
    assert 1 == len(await harness.send_all(TAKEN))


async def test_what_cannot_be_moved(harness: DeliveryHarness) -> None:
    """Editions that are over or not there, and hours that are past."""
    edition = await harness.edition(scheduled_at=int(harness.clock()) + HOUR)
    with pytest.raises(BadInput, match="past"):
        await harness.edition_admin.reschedule(edition, int(harness.clock()) - 1)
    await harness.edition_admin.cancel(edition)
    for number, problem in ((edition, Refused), (99, NotFound)):
        with pytest.raises(problem):
            await harness.edition_admin.reschedule(number, int(harness.clock()) + HOUR)


async def test_the_machine_was_off_at_the_hour(harness: DeliveryHarness) -> None:
    """Sent once at the start, however often it starts after that."""
    await harness.readers(2)
    edition = await harness.edition(scheduled_at=int(harness.clock()) + HOUR)
    harness.pass_time(2 * HOUR)
    await harness.start()
    first = await harness.send_all()
    await harness.start()
    assert (2, []) == (len(first), await harness.send_all())
    assert "finished" == await harness.state(edition)
