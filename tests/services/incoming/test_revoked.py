"""What was granted and taken back: an editor's right to let an edition go ends at once, whatever waits.

Each way to release an edition that came by mail is tried after each way in which the right to do so ends.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.editions.inline_builder import builder_at
from tests.inbound.mailroom import InlineReader, Mailroom, open_mailroom
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

from pressrun.core.access.rights import Role
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.message.editions.posted import Posted
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.releases import DraftStatus
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.people import editors
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.readers.erasure import erase_person, erase_reader
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction

PROVEN = {"Authentication_Results": DKIM}
Step = Callable[[Mailroom], Awaitable[None]]


def list_admin(room: Mailroom) -> ListAdmin:
    return ListAdmin(room.context, builder_at(room.site))


def draft_approval(room: Mailroom) -> DraftApproval:
    return DraftApproval(room.context, builder_at(room.site))


# ---------------------------------------------------------------------- how a right ends


async def remove(room: Mailroom) -> None:
    await list_admin(room).remove_editor("news", parse_address(EVE))


async def remove_and_add_again(room: Mailroom) -> None:
    await remove(room)
    await make_editor(room)


async def erase(room: Mailroom) -> None:
    await room.database.write(erase_person, parse_address(EVE), room.keys, os.urandom(16), int(room.now))


async def lose_the_row(room: Mailroom) -> None:
    """Whatever else takes an editor away, a door that is yet to be built, say."""

    def delete(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        editors.remove_editor(tx, target.id, parse_address(EVE))

    await room.database.write(delete)


async def lose_the_row_and_come_back(room: Mailroom) -> None:
    await lose_the_row(room)
    await make_editor(room)


async def switch_off(room: Mailroom) -> None:
    await set_list(room, post_by_mail="off")


async def ask_for_a_second_person(room: Mailroom) -> None:
    """Then neither a link nor the proof of a mail is enough."""
    await set_list(room, approval="second-person")


async def close(room: Mailroom) -> None:
    await list_admin(room).close_list("news")


ENDS: list[Step] = [
    remove, remove_and_add_again, erase, lose_the_row, lose_the_row_and_come_back, switch_off, close,
    ask_for_a_second_person,
]  # fmt: skip


# ---------------------------------------------------------------------- how an edition is let go


async def held(room: Mailroom) -> None:
    await answers(room, post())
    assert ["draft"] == await states(room)


async def press_the_button(room: Mailroom) -> None:
    await draft_approval(room).release(1)


async def release_within(room: Mailroom) -> None:
    """As any other code of ours would."""
    with pytest.raises(Refused):
        await room.database.write(releases.release, 1, int(room.now))


async def resume_by_shell(room: Mailroom) -> None:
    with pytest.raises(Refused):
        await room.database.write(lifecycle.resume, 1, int(room.now))


async def nothing(_room: Mailroom) -> None:
    """No draft is there yet."""


async def take_with_proof(room: Mailroom) -> None:
    """Accepted before the right ends, and dealt with after it."""
    await set_list(room, post_by_mail="direct")
    assert [250] == [reply.code for reply in await room.accept(post(header=PROVEN), "news", mail_from=EVE, peer=RELAY)]


async def held_and_sent_with_proof(room: Mailroom) -> None:
    await held(room)
    await take_with_proof(room)


async def deal_with_mail(room: Mailroom) -> None:
    await room.processing.recover()


DOORS: list[tuple[Step, Step]] = [
    (held, press_the_button),
    (held, release_within),
    (held, resume_by_shell),
    (take_with_proof, deal_with_mail),
    (held_and_sent_with_proof, deal_with_mail),
]
COMES_AFTER = {remove_and_add_again, lose_the_row_and_come_back}  # the mail is dealt with when they are editors again


@pytest.mark.parametrize("end", ENDS, ids=lambda step: step.__name__)
@pytest.mark.parametrize(("before", "door"), DOORS, ids=lambda step: step.__name__)
async def test_no_edition_goes_out_by_a_right_that_has_ended(
    tmp_path: Path, before: Step, door: Step, end: Step
) -> None:
    async with open_mailroom(tmp_path, believed=BELIEVED) as room:
        await prepare(room)
        await before(room)
        await end(room)
        await door(room)
        copies = await rows(room, "select count(*) from delivery where edition_id is not null")
        drafts_left = [state for state in await states(room) if state not in ("draft", "cancelled")]
    if door is deal_with_mail and end in COMES_AFTER:
        assert ([(3,)], ["sending"]) == (copies, drafts_left)  # a mail of an editor, of whom nothing is held
    else:
        assert ([(0,)], []) == (copies, drafts_left)


class _ReadsMeanwhile(InlineReader):
    """Something happens while a mail is being read."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def read_edition(self, content: bytes) -> Posted:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().read_edition(content)


@pytest.mark.parametrize("end", [remove, erase, lose_the_row, switch_off, close], ids=lambda step: step.__name__)
async def test_a_right_that_ends_while_a_proven_mail_is_read(tmp_path: Path, end: Step) -> None:
    """Nothing of it is stored."""
    reader = _ReadsMeanwhile()
    async with open_mailroom(tmp_path, believed=BELIEVED, reader=reader) as room:
        await prepare(room)
        await take_with_proof(room)
        reader.meanwhile = lambda: end(room)
        await room.processing.recover()
        assert [] == await states(room)


async def test_proof_counts_by_what_the_list_wants_when_the_mail_is_stored(tmp_path: Path) -> None:
    """Set from direct to approve while the mail is read: it is held."""
    reader = _ReadsMeanwhile()
    async with open_mailroom(tmp_path, believed=BELIEVED, reader=reader) as room:
        await prepare(room)
        await take_with_proof(room)
        reader.meanwhile = lambda: set_list(room, post_by_mail="approve")
        await room.processing.recover()
        assert ["draft"] == await states(room)


# ---------------------------------------------------------------------- what people see of it


async def test_removing_an_editor_cancels_what_they_sent_and_says_how_many(tmp_path: Path) -> None:
    """Of that list alone; what another editor sent by themselves stays."""
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await make_editor(room, "bea@harbour.example")
        for number in (1, 2):
            await answers(room, post(f"{number}\n", number=number, Subject=f"Boats {number}"))
        await answers(room, post("3\n", number=3, From="bea@harbour.example"))
        answer = await list_admin(room).remove_editor("news", parse_address(EVE))
        assert {"list": "news", "address": EVE, "cancelled": 2} == answer
        assert ["cancelled", "cancelled", "draft"] == await states(room)
        _, is_done = await draft_approval(room).release(3)
        assert is_done


async def test_removing_a_person_cancels_what_they_sent_and_says_how_many(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await answers(room, post())
        answer = await PeopleAdmin(room.context).remove(EVE)
        assert (1, ["cancelled"]) == (answer.cancelled, await states(room))


async def test_inviting_an_editor_as_a_viewer_cancels_what_they_sent(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await answers(room, post())
        answer = await PeopleAdmin(room.context).invite(parse_address(EVE), "news", Role.VIEWER)
        assert (1, ["cancelled"]) == (answer.cancelled, await states(room))


async def test_what_two_editors_sent_needs_both(tmp_path: Path) -> None:
    """A link does not say whose it is, so it is nobody's; whoever still is an editor sends the edition again."""
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await make_editor(room, "bea@harbour.example")
        await answers(room, post())
        await answers(room, post(number=2, From="bea@harbour.example"))
        await remove(room)
        assert ["cancelled"] == await states(room)
        await answers(room, post(number=3, From="bea@harbour.example"))
        _, is_done = await draft_approval(room).release(2)
        assert (True, ["cancelled", "sending"]) == (is_done, await states(room))


async def test_what_was_released_goes_on_and_shows_no_more(tmp_path: Path) -> None:
    """The right was there when it was used; how the edition fares is shown to nobody by that link from now on."""
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await held(room)
        await press_the_button(room)
        await remove(room)
        shown = [await draft_approval(room).find(1), await draft_approval(room).preview(1)]
        assert (["sending"], [None, None]) == (await states(room), shown)


@pytest.mark.parametrize("end", [remove, switch_off, close], ids=lambda step: step.__name__)
async def test_nothing_of_a_held_edition_is_shown_by_a_link_that_does_nothing(tmp_path: Path, end: Step) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await held(room)
        assert await draft_approval(room).preview(1) is not None
        await end(room)
        assert await draft_approval(room).preview(1) is None


async def test_the_link_of_an_edition_that_went_with_its_list_leads_to_nothing(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await held(room)
        await room.database.write(lambda tx: lists.delete_list(tx, lists.get_list(tx, "news").id))
        approval = draft_approval(room)
        assert (None, None) == (await approval.find(1), await approval.preview(1))
        assert [(None, False)] * 2 == [await approval.release(1), await approval.discard(1)]


async def test_a_link_works_again_when_posting_is_switched_on_again(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await held(room)
        await switch_off(room)
        draft, is_done = await draft_approval(room).release(1)
        assert draft is not None
        assert (DraftStatus.SWITCHED_OFF, False) == (draft.status, is_done)
        await set_list(room, post_by_mail="approve")
        _, is_done = await draft_approval(room).release(1)
        assert is_done


async def test_a_mail_taken_before_posting_was_switched_off_is_answered(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await room.accept(post(), "news", mail_from=EVE)
        await switch_off(room)
        await room.processing.recover()
        (told,) = await room.outgoing()
        assert "The newsletter does not accept editions by email at the moment." in words(told)
        assert ([], {"done": 1}) == (await states(room), await room.counts())


async def test_an_editor_removed_while_their_mail_is_read_is_not_answered(tmp_path: Path) -> None:
    reader = _ReadsMeanwhile()
    async with open_mailroom(tmp_path, reader=reader) as room:
        await prepare(room)
        await room.accept(post(), "news", mail_from=EVE)
        reader.meanwhile = lambda: remove(room)
        await room.processing.recover()
        assert ([], [], {"kept": 1}) == (await room.outgoing(), await states(room), await room.counts())


async def test_erasing_an_editor_cancels_what_they_sent(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as room:
        await prepare(room)
        await answers(room, post())
        await erase_reader(room.context, parse_address(EVE))
        assert ["cancelled"] == await states(room)
