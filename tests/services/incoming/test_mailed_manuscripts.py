"""Drafts that came by mail are worked on here like all others, and nobody's work is lost to a later mail."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import execute
from tests.editions.inline_builder import builder_at, preparer_of
from tests.inbound.mailroom import Mailroom, open_mailroom
from tests.services.incoming.posts import (
    BELIEVED,
    DKIM,
    EVE,
    RELAY,
    answers,
    post,
    prepare,
    rows,
    set_list,
    states,
    words,
)

from pressrun.core.current import Holder
from pressrun.core.errors import NotPermitted, Refused
from pressrun.services.authors import Author
from pressrun.services.context import ServiceContext
from pressrun.services.drafts.draft_editing import DraftEditing, DraftOrder, FileChange
from pressrun.services.drafts.draft_release import DraftRelease, ReleaseOrder
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions import lifecycle
from pressrun.services.settings import ServiceSettings
from pressrun.store.editions.manuscripts import Text

BEA = Author(person_id=77)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, believed=BELIEVED) as opened:
        await prepare(opened)
        yield opened


def context_of(room: Mailroom) -> ServiceContext:
    return ServiceContext(
        database=room.database,
        keys=room.keys,
        site=room.site,
        settings=Holder(ServiceSettings()),
        clock=lambda: room.now,
        entropy=os.urandom,
        wake=room.wake,
    )


def editing_of(room: Mailroom) -> DraftEditing:
    context = context_of(room)
    return DraftEditing(preparer_of(context, builder_at(room.site)), Submissions(context))


def releasing_of(room: Mailroom) -> DraftRelease:
    context = context_of(room)
    return DraftRelease(preparer_of(context, builder_at(room.site)), Submissions(context))


async def add_operators(room: Mailroom) -> None:
    """Bea, and one more who may approve."""
    await execute(
        room.database,
        "insert into person (id, name, is_operator, created_at) values (77, 'bea', 1, 1), (78, 'cleo', 1, 1)",
    )


async def test_who_mailed_a_draft_does_not_approve_it(room: Mailroom) -> None:
    await add_operators(room)
    await set_list(room, approval="second-person")
    await answers(room, post(header={"Authentication_Results": DKIM}), peer=RELAY)
    [(eve,)] = await rows(room, "select id from person where name = 'eve'")
    with pytest.raises(NotPermitted):
        await releasing_of(room).approve(1, Author(person_id=eve))
    await releasing_of(room).approve(1, BEA)
    assert ["draft"] == await states(room)
    await releasing_of(room).release(1, ReleaseOrder())
    assert ["sending"] == await states(room)


async def test_an_editor_is_promised_no_link_where_somebody_else_approves(room: Mailroom) -> None:
    await set_list(room, approval="second-person")
    held, proof = await answers(room, post())
    assert "edition 1 of The Letter, still a draft" in words(held)
    assert "/approve/" not in words(held)
    assert b"Subject: [Test]" in proof.content


async def test_a_mail_in_the_name_of_another_is_no_second_person(room: Mailroom) -> None:
    """Bea writes it in Eve's name. Whoever submits it answers for it, and somebody else approves."""
    await add_operators(room)
    await set_list(room, approval="second-person")
    await answers(room, post())
    [(eve,)] = await rows(room, "select id from person where name = 'eve'")
    with pytest.raises(Refused, match="does not prove who wrote it"):
        await releasing_of(room).approve(1, BEA)
    await releasing_of(room).submit(1, BEA)
    for author in (BEA, Author(person_id=eve)):
        with pytest.raises(NotPermitted):
            await releasing_of(room).approve(1, author)
    await releasing_of(room).approve(1, Author(person_id=78))
    await releasing_of(room).release(1, ReleaseOrder())
    assert ["sending"] == await states(room)


async def add_a_file(room: Mailroom) -> None:
    await editing_of(room).change(1, FileChange("a.txt", b"x"), BEA, (1,))


async def submit(room: Mailroom) -> None:
    await releasing_of(room).submit(1, BEA)


@pytest.mark.parametrize("work", [add_a_file, submit])
async def test_what_people_work_on_is_not_replaced_by_a_later_mail(
    room: Mailroom, work: Callable[[Mailroom], Awaitable[None]]
) -> None:
    await answers(room, post("One\n"))
    await work(room)
    await answers(room, post("Two\n", number=2))
    assert ["draft", "draft"] == await states(room)


async def test_who_mails_again_what_people_worked_on_and_sent_is_warned(room: Mailroom) -> None:
    await answers(room, post("One\n"))
    await add_a_file(room)
    await releasing_of(room).release(1, ReleaseOrder())
    held, *_ = await answers(room, post("Two\n", number=2))
    assert "You have already approved an edition with this subject (edition 1)." in words(held)


@pytest.mark.parametrize("work", [add_a_file, submit])
async def test_what_people_work_on_does_not_end_with_its_link(
    room: Mailroom, work: Callable[[Mailroom], Awaitable[None]]
) -> None:
    for number in (1, 2):
        await answers(room, post(f"{number}\n", number=number, Subject=f"Boats {number}"))
    await work(room)
    room.now += 365 * 86400
    await room.database.write(lifecycle.cancel_expired_drafts, int(room.now))
    assert ["draft", "cancelled"] == await states(room)


async def test_the_same_content_by_mail_stays_the_draft_that_it_is(room: Mailroom) -> None:
    await answers(room, post())
    [(source, name)] = await rows(
        room, "select source, source_name from edition join edition_content on edition_id = edition.id"
    )
    await room.database.write(lifecycle.cancel, 1, int(room.now))
    written = Text(source=bytes(source), source_name=name)
    made = await editing_of(room).hand_in(DraftOrder(list_name="news", text=written, files={}, author=BEA))
    await answers(room, post(number=2))
    assert (2, ["cancelled", "draft"]) == (made.id, await states(room))
    assert EVE in str(await rows(room, "select address from notice where kind = 'edition_held'"))
