"""A corrected mail replaces the draft that its editor sent before, whatever the order in which the two come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.database import execute
from tests.editions.inline_builder import builder_at
from tests.inbound.mailroom import NOW, Mailroom, open_mailroom
from tests.services.incoming.posts import (
    BELIEVED,
    DKIM,
    EVE,
    RELAY,
    answers,
    make_editor,
    post,
    prepare,
    rows,
    set_list,
    states,
    words,
)

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.drafts.draft_versions import DraftRelation, decide_relation, last_of, version_of
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.releases import DraftStatus
from pressrun.services.people import editors
from pressrun.services.reports.edition_descriptions import show_edition
from pressrun.store.editions.drafts import DraftVersion

BEA = "bea@harbour.example"
REPLACES = "It replaces the version you sent before. The link in the earlier email no longer works."
NEWER = "You wrote a newer version of this email, edition 1, and it is waiting for your approval."


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, believed=BELIEVED) as opened:
        await prepare(opened)
        yield opened


def draft_approval(room: Mailroom) -> DraftApproval:
    return DraftApproval(room.context, builder_at(room.site))


def written(minute: int, body: str, *, number: int, **fields: str) -> bytes:
    """A mail that its editor wrote so many minutes before it came, counted from an hour before."""
    date = format_datetime(datetime.fromtimestamp(NOW - 3600 + minute * 60, UTC))
    return post(f"{body}\n", number=number, header={"Date": date}, **fields)


def first(**fields: str) -> bytes:
    return written(0, "The boats are bakc.", number=1, **fields)


def second(**fields: str) -> bytes:
    return written(5, "The boats are back.", number=2, **fields)


async def texts(room: Mailroom) -> list[tuple[str, str]]:
    """State and text of each edition."""
    contents = await rows(room, "select state, text from edition join edition_content on id = edition_id order by id")
    return [(state, text.strip()) for state, text in contents]


async def copies(room: Mailroom) -> int:
    return int((await rows(room, "select count(*) from delivery where edition_id is not null"))[0][0])


async def test_a_corrected_mail_replaces_the_draft(room: Mailroom) -> None:
    """The editor reads so, and the link of the first version sends nothing by any door."""
    await answers(room, first())
    held, _ = await answers(room, second())
    assert REPLACES in words(held)
    assert [("cancelled", "The boats are bakc."), ("draft", "The boats are back.")] == await texts(room)
    draft, is_done = await draft_approval(room).release(1)
    assert draft is not None
    assert (DraftStatus.REPLACED, False) == (draft.status, is_done)
    assert await draft_approval(room).preview(1) is None
    for action in (releases.release, lifecycle.resume):
        with pytest.raises(Refused):
            await room.database.write(action, 1, int(room.now))
    _, is_done = await draft_approval(room).release(2)
    assert (True, 3, ["cancelled", "sending"]) == (is_done, await copies(room), await states(room))


async def test_a_correction_has_the_address_on_the_web_that_its_first_version_would_have_had(room: Mailroom) -> None:
    """As often as it is corrected; what another editor sends under that title has one of its own."""
    await make_editor(room, BEA)
    for number in range(3):
        await answers(room, written(number, f"version {number}", number=number))
    await answers(room, second(From=BEA))
    slugs = await rows(room, "select slug from edition where state = 'draft' order by id")
    assert [("boats",), ("boats-2",)] == slugs
    (skeleton,) = (await rows(room, "select skeleton from edition_content where edition_id = 3"))[0]
    assert b"/news/archive/boats>" in skeleton


async def test_a_discarded_draft_that_is_mailed_again_has_its_address_on_the_web(room: Mailroom) -> None:
    await answers(room, first())
    _, is_done = await draft_approval(room).discard(1)
    await answers(room, first(X_Again="1"))
    slugs = await rows(room, "select state, slug from edition order by id")
    assert (True, ("draft", "boats")) == (is_done, slugs[1])


async def test_a_discarded_draft_is_nothing_to_replace_or_to_warn_of(room: Mailroom) -> None:
    await answers(room, first())
    await draft_approval(room).discard(1)
    held, _ = await answers(room, second())
    assert REPLACES not in words(held)
    [(findings,)] = await rows(room, "select findings from draft where edition_id = 2")
    assert "[]" == findings


async def test_an_operator_sees_which_draft_has_replaced_another(room: Mailroom) -> None:
    await answers(room, first())
    await answers(room, second())
    shown = [await room.database.read(show_edition, number, int(room.now)) for number in (1, 2)]
    assert [("cancelled", 2), ("draft", None)] == [(edition.state, edition.replaced_by) for edition in shown]


async def test_a_version_that_comes_after_its_correction_is_not_used(room: Mailroom) -> None:
    """Its editor reads why, and how to use it all the same."""
    await answers(room, second())
    (told,) = await answers(room, first())
    assert NEWER in words(told)
    assert [("draft", "The boats are back.")] == await texts(room)


@pytest.mark.parametrize("is_first_first", [True, False])
async def test_of_two_that_wait_at_once_the_later_one_is_left(room: Mailroom, *, is_first_first: bool) -> None:
    """Whichever is dealt with first, also by two who deal with mail at the same moment."""
    for content in (first(), second()) if is_first_first else (second(), first()):
        await room.accept(content, "news", mail_from=EVE)
    await asyncio.gather(room.processing.recover(), room.processing.recover())
    assert ["The boats are back."] == [text for state, text in await texts(room) if state == "draft"]
    assert {"done": 2} == await room.counts()


async def test_of_two_that_were_written_in_one_second_the_one_that_came_last_is_left(room: Mailroom) -> None:
    await answers(room, written(0, "one", number=1))
    await answers(room, written(0, "two", number=2))
    assert [("cancelled", "one"), ("draft", "two")] == await texts(room)


@pytest.mark.parametrize(("approved", "next_one"), [(first, second), (second, first)], ids=["in order", "too late"])
async def test_another_version_of_what_was_approved_is_a_draft_with_a_warning(
    room: Mailroom, approved: Callable[[], bytes], next_one: Callable[[], bytes]
) -> None:
    """What is out is out; the warning stands in the mail and on the page."""
    await answers(room, approved())
    await draft_approval(room).release(1)
    await room.outgoing()
    held, _ = await answers(room, next_one())
    warning = "You have already approved an edition with this subject (edition 1)."
    assert warning in words(held)
    assert REPLACES not in words(held)
    draft = await draft_approval(room).find(2)
    assert draft is not None
    assert [("warning", None)] == [(finding.severity, finding.line) for finding in draft.findings]
    assert ["sending", "draft"] == await states(room)


@pytest.mark.parametrize("is_approved_first", [True, False])
async def test_the_button_and_a_correction_at_the_same_moment(room: Mailroom, *, is_approved_first: bool) -> None:
    """Either the first version goes out and the second waits, or the first is void; readers never get both."""
    await answers(room, first())
    await room.accept(second(), "news", mail_from=EVE)
    steps = [draft_approval(room).release(1), room.processing.recover()]
    await asyncio.gather(*(steps if is_approved_first else reversed(steps)))
    assert await states(room) in (["sending", "draft"], ["cancelled", "draft"])
    assert await copies(room) == (3 if (await states(room))[0] == "sending" else 0)


async def test_the_first_version_sent_once_more_takes_its_place_back(room: Mailroom) -> None:
    """The editor changed their mind: what was written last counts, also when its content was there before."""
    await answers(room, first())
    await answers(room, second())
    await answers(room, written(10, "The boats are bakc.", number=3))
    assert ["cancelled", "cancelled", "draft"] == await states(room)
    assert "The boats are bakc." == (await texts(room))[2][1]


async def test_the_same_mail_delivered_once_more_replaces_nothing(room: Mailroom) -> None:
    """A server that hands a mail over again after its correction was held."""
    await answers(room, first())
    await answers(room, second())
    (told,) = await answers(room, first(Received="by a.example; again", X_Again="1"))
    assert "edition 2, and it is waiting" in words(told)
    assert ["cancelled", "draft"] == await states(room)


@pytest.mark.parametrize(
    "changes",
    [{"Subject": "Nets"}, {"From": BEA}],
    ids=["another subject", "another editor"],
)
async def test_other_drafts_stay(room: Mailroom, changes: dict[str, str]) -> None:
    await make_editor(room, BEA)
    await answers(room, first())
    await answers(room, second(**changes))
    assert ["draft", "draft"] == await states(room)


async def test_a_draft_of_another_list_stays(room: Mailroom) -> None:
    await room.make_list("tides")
    await execute(room.database, "update list set postal_address = '1 Quay Street'")
    await room.database.write(editors.add_editor, 2, parse_address(EVE), 1)
    await room.accept(first(), "tides", mail_from=EVE)
    await room.processing.recover()
    await answers(room, second())
    assert ["draft", "draft"] == await states(room)


async def test_case_and_blanks_of_a_subject_make_no_difference(room: Mailroom) -> None:
    await answers(room, first(Subject="The  boats"))
    await answers(room, second(Subject="the Boats"))
    assert ["cancelled", "draft"] == await states(room)


async def test_a_correction_that_cannot_be_an_edition_leaves_the_draft(room: Mailroom) -> None:
    await answers(room, first())
    (told,) = await answers(room, post("Hello {{ shoe_size }}\n", number=2))
    assert "shoe_size" in words(told)
    assert ["draft"] == await states(room)


async def test_a_proven_correction_of_a_held_draft_goes_at_once(room: Mailroom) -> None:
    """Where the list lets it; the draft is void, so that readers get one edition."""
    await set_list(room, post_by_mail="direct")
    await answers(room, first())
    (told,) = await answers(room, second(Authentication_Results=DKIM), peer=RELAY)
    assert REPLACES in words(told)
    assert ["cancelled", "sending"] == await states(room)
    _, is_done = await draft_approval(room).release(1)
    assert (False, 3) == (is_done, await copies(room))


async def test_nobody_takes_a_proven_draft_away_by_writing_in_its_editors_name(room: Mailroom) -> None:
    """The mail that nothing proves is held beside it, with a warning."""
    await answers(room, first(Authentication_Results=DKIM), peer=RELAY)
    forged, _ = await answers(room, second())
    assert "neither replaces the other" in words(forged)
    assert ["draft", "draft"] == await states(room)
    held, _ = await answers(room, written(10, "The boats are here.", number=3, Authentication_Results=DKIM), peer=RELAY)
    assert REPLACES in words(held)
    assert ["cancelled", "cancelled", "draft"] == await states(room)


async def test_a_draft_waits_until_the_last_of_its_links_has_ended(room: Mailroom) -> None:
    """A mail that comes once more never ends an earlier link, not even if the clock has gone back since."""
    ends = []
    for number, seconds in enumerate((0, -3600, 7200)):
        room.now += seconds
        await answers(room, first(X_Again=str(number)))
        ends += [expires_at for (expires_at,) in await rows(room, "select expires_at from draft")]
    week = 7 * 86400
    assert [NOW + week, NOW + week, NOW + 3600 + week] == ends


async def test_a_draft_whose_link_has_ended_is_nothing_to_replace(room: Mailroom) -> None:
    await answers(room, first())
    room.now += 7 * 86400 + 1
    held, _ = await answers(room, post("The boats are back.\n", number=2))
    assert REPLACES not in words(held)


# ---------------------------------------------------------------------- without a database


@pytest.mark.parametrize(("written_at", "expected"), [(None, 1000), (900, 900), (1000, 1000), (1001, 1000), (-5, 0)])
def test_a_mail_was_written_at_its_date_and_never_after_it_came(written_at: int | None, expected: int) -> None:
    assert expected == version_of(written_at, received_at=1000, mail_id=1, is_proven=False).written_at


def _version(written_at: int, *, is_proven: bool = False, mail_id: int = 1) -> DraftVersion:
    return DraftVersion(written_at=written_at, mail_id=mail_id, is_proven=is_proven)


def test_a_draft_is_as_late_as_the_last_mail_that_proves_as_much() -> None:
    proven = _version(5, is_proven=True)
    cases: list[tuple[DraftVersion, DraftVersion, Any]] = [
        (_version(5), _version(9), (9, False)),
        (_version(5), _version(1), (5, False)),
        (proven, _version(9), (5, True)),
        (_version(9), proven, (9, True)),
    ]
    for before, version, expected in cases:
        last = last_of(before, version)
        assert expected == (last.written_at, last.is_proven)


def test_nothing_sent_before_means_nothing() -> None:
    assert DraftRelation() == decide_relation([], "Boats", _version(1), None)
