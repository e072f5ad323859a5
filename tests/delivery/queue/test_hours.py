"""Time as editors and readers see it: hours in which a list sends, and editions that are moved to another one."""

from __future__ import annotations

import pytest
from tests.delivery.pressroom import LATER, TAKEN, Pressroom

from pressrun.core.errors import BadInput, NotFound, Refused
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.reports import edition_descriptions, queue_listing
from pressrun.services.reports.edition_descriptions import FullEditionAnswer

HOUR = 3600  # the press opens at 08:00 UTC, which is 09:00 in Berlin


async def shown(press: Pressroom, edition: int) -> FullEditionAnswer:
    return await press.office.database.read(edition_descriptions.show_edition, edition, int(press.clock()))


async def set_hours(press: Pressroom, hours: str, timezone: str = "Europe/Berlin") -> None:
    await press.office.lists.set_list("news", {"hours": hours, "timezone": timezone})


# ---------------------------------------------------------------------- hours of a list


async def test_copies_go_out_in_the_hours_of_their_list_alone(press: Pressroom) -> None:
    """The audience is taken at once; what waits goes on in the morning."""
    await press.readers(3)
    await set_hours(press, "10:00-20:00")
    edition = await press.edition()
    assert [] == await press.send_all()
    assert ("sending", {"queued": 3}) == (await press.state(edition), await press.counts(edition))
    press.pass_time(HOUR)
    assert 3 == len(await press.send_all())
    assert "finished" == await press.state(edition)


async def test_what_was_deferred_waits_for_the_hours_too(press: Pressroom) -> None:
    """A retry at night wakes readers as well."""
    await press.readers(1)
    await set_hours(press, "08:00-09:02")
    edition = await press.edition()
    assert 1 == len(await press.send_all(LATER))
    press.pass_time(12 * HOUR)
    assert [] == await press.send_all()
    press.pass_time(11 * HOUR)
    assert 1 == len(await press.send_all())
    assert "finished" == await press.state(edition)


async def test_the_hours_may_change_while_an_edition_waits(press: Pressroom) -> None:
    """And are forgotten with an empty value."""
    await press.readers(1)
    await set_hours(press, "20:00-21:00")
    await press.edition()
    assert [] == await press.send_all()
    await press.office.lists.set_list("news", {"hours": ""})
    assert 1 == len(await press.send_all())


async def test_editions_of_other_lists_and_notices_are_not_held(press: Pressroom) -> None:
    """A confirmation is awaited, whatever the hour."""
    await press.office.make_list("other")
    await press.readers(1)
    await press.readers(2, "other")
    await set_hours(press, "20:00-21:00")
    held, free = await press.edition(), await press.edition(name="other")
    await press.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: x\n---\ny", source_name="a.md", assets={}), []
    )
    assert 2 == len(await press.send_all())
    assert ("sending", "finished") == (await press.state(held), await press.state(free))


async def test_the_dispatcher_wakes_when_the_hours_begin(press: Pressroom) -> None:
    """Not by chance, when it looks again anyway."""
    await press.readers(1)
    await set_hours(press, "09:30-20:00")
    await press.edition()
    await press.turn()
    assert press.office.now + HOUR / 2 == press.dispatcher.broker.wake_ups.next_at


async def test_a_held_edition_can_be_paused_and_cancelled(press: Pressroom) -> None:
    """What waits is not sent."""
    await press.readers(2)
    await set_hours(press, "20:00-21:00")
    edition = await press.edition()
    await press.turn()
    await press.edition_admin.cancel(edition)
    press.pass_time(11 * HOUR)
    assert ([], {"cancelled": 2}) == (await press.send_all(), await press.counts(edition))


async def test_it_is_shown_until_when_an_edition_is_held(press: Pressroom) -> None:
    """Of an edition whose own hour is still to come, too; and of nothing else."""
    await press.readers(2)
    await set_hours(press, "10:00-20:00")
    waiting, later = await press.edition(), await press.edition("at night", scheduled_at=int(press.clock()) + 13 * HOUR)
    assert "2027-01-15T09:00:00Z" == (await shown(press, waiting)).held_until
    assert "2027-01-16T09:00:00Z" == (await shown(press, later)).held_until
    press.pass_time(HOUR)
    assert (await shown(press, waiting)).held_until is None
    await press.edition_admin.pause(waiting)
    press.pass_time(12 * HOUR)
    assert (await shown(press, waiting)).held_until is None


async def test_the_queue_says_why_it_waits(press: Pressroom) -> None:
    """By domain, and how many copies it is."""
    await press.readers(2)
    await set_hours(press, "10:00-20:00")
    await press.edition()
    row = (await press.office.database.read(queue_listing.list_queue, int(press.clock())))[0]
    assert (2, 2) == (row.queued, row.held)
    assert "news sends only at 10:00-20:00: next at 2027-01-15T09:00:00Z" == row.reason
    press.pass_time(HOUR)
    row = (await press.office.database.read(queue_listing.list_queue, int(press.clock())))[0]
    assert (0, None) == (row.held, row.reason)


@pytest.mark.parametrize(
    "setting",
    [{"hours": "8 to 20"}, {"timezone": "Europe/Nowhere"}, {"timezone": "../../etc/passwd"}, {"timezone": "Europe"}],
)
async def test_hours_and_zones_that_are_none_are_refused(press: Pressroom, setting: dict[str, str]) -> None:
    """With what would be right."""
    with pytest.raises(BadInput, match="Write"):
        await press.office.lists.set_list("news", setting)


async def test_hours_are_shown_with_their_list(press: Pressroom) -> None:
    """UTC unless a zone is set."""
    answer = await press.office.lists.set_list("news", {"hours": "8:00-20:00"})
    assert ("08:00-20:00", "UTC") == (answer["hours"], answer["timezone"])


# ---------------------------------------------------------------------- moving


async def test_a_scheduled_edition_can_be_moved(press: Pressroom) -> None:
    """Back and forth, until it starts."""
    await press.readers(1)
    edition = await press.edition(scheduled_at=int(press.clock()) + HOUR)
    await press.edition_admin.reschedule(edition, int(press.clock()) + 3 * HOUR)
    press.pass_time(2 * HOUR)
    assert [] == await press.send_all()
    await press.edition_admin.reschedule(edition, int(press.clock()) + 60)
    press.pass_time(60)
    assert 1 == len(await press.send_all())
    with pytest.raises(Refused, match="is finished and cannot be rescheduled"):
        await press.edition_admin.reschedule(edition, int(press.clock()) + 60)


async def test_an_edition_that_has_started_keeps_its_hour(press: Pressroom) -> None:
    """Paused half-way or cancelled: the reason is the one that holds."""
    await press.readers(1)
    edition = await press.edition()
    await press.edition_admin.pause(edition)
    with pytest.raises(Refused, match=f"edition {edition} has already started and cannot be rescheduled"):
        await press.edition_admin.reschedule(edition, int(press.clock()) + 60)
    await press.edition_admin.cancel(edition)
    with pytest.raises(Refused, match=f"edition {edition} is cancelled and cannot be rescheduled"):
        await press.edition_admin.reschedule(edition, int(press.clock()) + 60)


async def test_an_edition_that_was_too_late_gets_a_new_hour_and_waits_for_its_person(press: Pressroom) -> None:
    """Moving does not resume: both are said, or nothing goes out."""
    await press.readers(1)
    edition = await press.edition(scheduled_at=int(press.clock()) + HOUR)
    press.pass_time(24 * HOUR)
    await press.start()
    await press.turn()
    assert "paused" == await press.state(edition)
    await press.edition_admin.reschedule(edition, int(press.clock()) + HOUR)
    press.pass_time(2 * HOUR)
    assert ([], "paused") == (await press.send_all(), await press.state(edition))
    await press.edition_admin.reschedule(edition, int(press.clock()) + HOUR)
    await press.edition_admin.resume(edition)
    assert ([], "scheduled") == (await press.send_all(), await press.state(edition))
    press.pass_time(HOUR)
    assert 1 == len(await press.send_all(TAKEN))


async def test_what_cannot_be_moved(press: Pressroom) -> None:
    """Editions that are over or not there, and hours that are past."""
    edition = await press.edition(scheduled_at=int(press.clock()) + HOUR)
    with pytest.raises(BadInput, match="past"):
        await press.edition_admin.reschedule(edition, int(press.clock()) - 1)
    await press.edition_admin.cancel(edition)
    for number, problem in ((edition, Refused), (99, NotFound)):
        with pytest.raises(problem):
            await press.edition_admin.reschedule(number, int(press.clock()) + HOUR)


async def test_the_machine_was_off_at_the_hour(press: Pressroom) -> None:
    """Sent once at the start, however often it starts after that."""
    await press.readers(2)
    edition = await press.edition(scheduled_at=int(press.clock()) + HOUR)
    press.pass_time(2 * HOUR)
    await press.start()
    first = await press.send_all()
    await press.start()
    assert (2, []) == (len(first), await press.send_all())
    assert "finished" == await press.state(edition)
