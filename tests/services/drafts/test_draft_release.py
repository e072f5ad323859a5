"""Letting drafts go: alone, with a second person, at an hour, and to as many readers as somebody expects."""

from __future__ import annotations

import random

import pytest
from tests.delivery.pressroom import Pressroom
from tests.services.drafts.drafting import ANN, AT_ONCE, BEA, editing_of, hand_in, release_of, to_text

from pressrun.core.errors import (
    BadInput,
    ChangedMeanwhile,
    NotPermitted,
    PreflightFailed,
    PressrunError,
    Refused,
)
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.authors import Author
from pressrun.services.drafts.draft_editing import FileChange
from pressrun.services.drafts.draft_release import ExpectedAudience, ReleaseOrder
from pressrun.services.editions import releases

PEOPLE = """
    insert into person (id, name, address, address_key, is_operator, created_at, epoch) values
    (1, 'ann', 'ann@town.example', 'ann@town.example', 0, 1, 0),
    (2, 'bea', 'bea@town.example', 'bea@town.example', 0, 1, 0)
"""


async def ask_for_two(press: Pressroom) -> None:
    await press.change(PEOPLE)
    await press.change("update person set is_operator = 1, address = null, address_key = null")  # so nobody is mailed
    await press.office.lists.set_list("news", {"approval": "second-person"})


async def test_a_draft_goes_to_everybody(press: Pressroom) -> None:
    readers = await press.readers(3)
    made = await hand_in(press)
    edition = await release_of(press).release(made.id, AT_ONCE)
    assert (EditionState.SENDING, 3) == (edition.state, edition.audience)
    assert readers == sorted(copy.rcpt_to for copy in await press.send_all())


async def test_a_draft_goes_once(press: Pressroom) -> None:
    await press.readers(1)
    made = await hand_in(press)
    await release_of(press).release(made.id, AT_ONCE)
    with pytest.raises(Refused, match="no longer a draft"):
        await release_of(press).release(made.id, AT_ONCE)


async def test_what_a_draft_cannot_is_said_in_a_sentence(press: Pressroom) -> None:
    made = await hand_in(press)
    with pytest.raises(Refused, match=f"edition {made.id} is a draft and cannot be paused"):
        await press.edition_admin.pause(made.id)


@pytest.mark.parametrize(("least", "most", "goes"), [(3, 3, True), (4, None, False), (None, 2, False), (0, 9, True)])
async def test_a_draft_goes_to_as_many_as_were_expected(
    press: Pressroom, least: int | None, most: int | None, goes: bool
) -> None:
    await press.readers(3)
    made = await hand_in(press)
    order = ReleaseOrder(expected=ExpectedAudience(least=least, most=most))
    if goes:
        assert 3 == (await release_of(press).release(made.id, order)).audience
        return
    with pytest.raises(Refused, match="it would reach 3 readers") as caught:
        await release_of(press).release(made.id, order)
    assert ({"audience": 3}, "draft") == (caught.value.members, await press.state(made.id))


async def test_a_draft_with_errors_goes_to_nobody(press: Pressroom) -> None:
    await press.readers(1)
    made = await hand_in(press, "{{ harbour }}")
    for act in (release_of(press).release(made.id, AT_ONCE), release_of(press).submit(made.id, ANN)):
        with pytest.raises(PreflightFailed, match="harbour"):
            await act
    assert "draft" == await press.state(made.id)


async def test_what_goes_is_built_as_the_list_is_then(press: Pressroom) -> None:
    await press.readers(1)
    made = await hand_in(press)
    await press.office.lists.set_list("news", {"postal_address": "9 Harbour Street"})
    await release_of(press).release(made.id, AT_ONCE)
    [copy] = await press.send_all()
    assert b"9 Harbour Street" in copy.content


async def test_a_scheduled_draft_goes_at_its_hour(press: Pressroom) -> None:
    await press.readers(1)
    made = await hand_in(press)
    at = int(press.office.now) + 600
    assert EditionState.SCHEDULED is (await release_of(press).release(made.id, ReleaseOrder(scheduled_at=at))).state
    assert [] == await press.send_all()
    press.pass_time(600)
    assert 1 == len(await press.send_all())


async def test_the_past_is_no_hour(press: Pressroom) -> None:
    made = await hand_in(press)
    with pytest.raises(BadInput, match="in the past"):
        await release_of(press).release(made.id, ReleaseOrder(scheduled_at=int(press.office.now) - 1))


async def test_a_version_that_is_old_is_not_released(press: Pressroom) -> None:
    made = await hand_in(press)
    await editing_of(press).change(made.id, to_text("Hullo"), BEA, (1,))
    releasing = release_of(press)
    for act in (
        releasing.release(made.id, AT_ONCE, (1,)),
        releasing.approve(made.id, ANN, (1,)),
        releasing.submit(made.id, ANN, (1,)),
    ):
        with pytest.raises(ChangedMeanwhile):
            await act


# ---------------------------------------------------------------------- the second person


async def test_a_second_person_releases_by_approving_and_sending(press: Pressroom) -> None:
    await ask_for_two(press)
    await press.readers(1)
    made, releasing = await hand_in(press), release_of(press)
    await releasing.submit(made.id, ANN)
    await releasing.approve(made.id, BEA)
    assert ("draft", []) == (await press.state(made.id), await press.send_all())
    await releasing.release(made.id, AT_ONCE)
    assert 1 == len(await press.send_all())


async def test_an_author_does_not_approve(press: Pressroom) -> None:
    await ask_for_two(press)
    made, releasing = await hand_in(press), release_of(press)
    await editing_of(press).change(made.id, to_text("Hullo"), BEA, (1,))
    for author in (ANN, BEA, Author(person_id=1, token_id=7), Author(person_id=2, uid=0)):
        with pytest.raises(NotPermitted, match="somebody else"):
            await releasing.approve(made.id, author)


@pytest.mark.parametrize("change", [to_text("Hullo"), FileChange("a.txt", b"x")])
async def test_any_change_ends_an_approval(press: Pressroom, change: FileChange) -> None:
    await ask_for_two(press)
    made, releasing = await hand_in(press), release_of(press)
    await releasing.approve(made.id, BEA)
    await editing_of(press).change(made.id, change, ANN, (1,))
    with pytest.raises(Refused, match="second person"):
        await releasing.release(made.id, AT_ONCE)
    await releasing.approve(made.id, BEA)
    await releasing.release(made.id, AT_ONCE)


async def test_what_is_approved_is_what_goes(press: Pressroom) -> None:
    """Settings of the list stand in every copy: whoever may change them cannot add to what somebody else approved."""
    await ask_for_two(press)
    await press.readers(1)
    made, releasing = await hand_in(press), release_of(press)
    await releasing.approve(made.id, BEA)
    await press.office.lists.set_list("news", {"footer": "Win a boat"})
    with pytest.raises(Refused, match="settings of news have changed"):
        await releasing.release(made.id, AT_ONCE)
    await releasing.approve(made.id, BEA)
    await releasing.release(made.id, AT_ONCE)
    assert 1 == len(await press.send_all())


async def test_who_changed_it_after_the_approval_may_not_approve_it_again(press: Pressroom) -> None:
    await ask_for_two(press)
    made, releasing = await hand_in(press), release_of(press)
    await releasing.approve(made.id, BEA)
    await editing_of(press).change(made.id, to_text("Hullo"), BEA, (1,))
    with pytest.raises(NotPermitted):
        await releasing.approve(made.id, BEA)


async def test_returning_ends_an_approval_and_says_why(press: Pressroom) -> None:
    await ask_for_two(press)
    made, releasing = await hand_in(press), release_of(press)
    await releasing.submit(made.id, ANN)
    await releasing.approve(made.id, BEA)
    await releasing.give_back(made.id, BEA, "No date")
    with pytest.raises(Refused, match="second person"):
        await releasing.release(made.id, AT_ONCE)
    manuscript = (await editing_of(press).open(made.id)).manuscript
    assert (False, "No date", BEA.key) == (manuscript.is_submitted, manuscript.words, manuscript.returned_by)


async def test_publishers_hear_of_what_is_submitted_and_authors_of_what_is_returned(press: Pressroom) -> None:
    await press.change(PEOPLE)
    await press.change(
        "insert into permission (list_id, person_id, role) values (1, 1, 'publisher'), (1, 2, 'publisher')"
    )
    made, releasing = await hand_in(press), release_of(press)
    await releasing.submit(made.id, ANN)
    await releasing.submit(made.id, ANN)
    await releasing.give_back(made.id, BEA, "No date")
    notices = await press.rows("select kind, address from notice order by id")
    assert [("edition_submitted", "bea@town.example"), ("edition_returned", "ann@town.example")] == notices


async def test_a_program_that_submits_without_end_fills_no_mailbox(press: Pressroom) -> None:
    await press.change(PEOPLE)
    await press.change("insert into permission (list_id, person_id, role) values (1, 2, 'publisher')")
    most = press.office.settings.value.limits.posts_per_editor.count
    for number in range(most + 3):
        await release_of(press).submit((await hand_in(press, f"Hello {number}")).id, ANN)
    assert [(most,)] == await press.rows("select count(*) from notice")


async def send_file(press: Pressroom, _: int) -> None:
    await press.edition("Another")


async def release_draft(press: Pressroom, edition_id: int) -> None:
    await release_of(press).release(edition_id, AT_ONCE)


async def schedule_draft(press: Pressroom, edition_id: int) -> None:
    await release_of(press).release(edition_id, ReleaseOrder(scheduled_at=int(press.office.now) + 60))


async def resume_draft(press: Pressroom, edition_id: int) -> None:
    await press.edition_admin.resume(edition_id)


async def release_within(press: Pressroom, edition_id: int) -> None:
    await press.office.database.write(releases.release, edition_id, int(press.office.now))


DOORS = {door.__name__: door for door in (send_file, release_draft, schedule_draft, resume_draft, release_within)}
"""Every way to send an edition. That of a link, and of mail, is in tests/services/incoming."""


@pytest.mark.parametrize("door", DOORS)
async def test_no_door_sends_what_nobody_has_approved(press: Pressroom, door: str) -> None:
    await ask_for_two(press)
    await press.readers(1)
    made = await hand_in(press)
    await release_of(press).submit(made.id, ANN)
    with pytest.raises(Refused):
        await DOORS[door](press, made.id)
    press.pass_time(3600)
    assert [] == await press.send_all()


@pytest.mark.parametrize("door", ["send_file", "release_draft", "schedule_draft", "release_within"])
async def test_each_door_is_open_where_one_is_enough(press: Pressroom, door: str) -> None:
    """Else the table above would prove nothing."""
    await press.readers(1)
    await DOORS[door](press, (await hand_in(press)).id)
    press.pass_time(3600)
    assert 1 == len(await press.send_all())


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_one_person_does_sends(press: Pressroom, seed: int) -> None:
    """Whatever one person does in whatever order, alone or with a token of their own, nothing goes out."""
    await ask_for_two(press)
    await press.readers(1)
    chance, editing, release = random.Random(seed), editing_of(press), release_of(press)
    ids = [(await hand_in(press)).id]

    async def act(kind: int, number: int, me: Author, body: str) -> object:
        stored = (await editing.open(number)).manuscript
        acts = (
            lambda: editing.change(number, to_text(body), me, (stored.number,)),
            lambda: editing.change(number, FileChange("a.txt", body.encode()), me, (stored.number,)),
            lambda: release.submit(number, me),
            lambda: release.approve(number, me),
            lambda: release.give_back(number, me, body),
            lambda: release.release(number, AT_ONCE),
            lambda: release.release(number, ReleaseOrder(scheduled_at=int(press.office.now) + 5)),
            lambda: press.edition(body),
            lambda: press.edition_admin.resume(number),
            lambda: press.edition_admin.pause(number),
            lambda: hand_in(press, body, author=me),
        )
        return await acts[kind]()

    for _ in range(150):
        me = chance.choice((ANN, Author(person_id=1, token_id=chance.randrange(3))))
        try:
            made = await act(chance.randrange(11), chance.choice(ids), me, f"Hello {chance.randrange(9)}")
        except PressrunError:
            continue
        ids.append(getattr(made, "id", ids[0]))
    press.pass_time(3600)
    assert ([], {"draft"}) == (await press.send_all(), {await press.state(number) for number in ids})
