"""Letting drafts go: alone, with a second person, at an hour, and to as many readers as somebody expects."""

from __future__ import annotations

import random

import pytest
from tests.delivery.harness import DeliveryHarness
from tests.services.drafts.drafting import ANN, AT_ONCE, BEA, editing_of, hand_in, release_of, to_text

from pressrun.core.errors import (
    BadInput,
    ChangedMeanwhile,
    NotPermitted,
    PreflightFailed,
    PressrunError,
    Refused,
)
from pressrun.core.lifecycles.audience import AudienceBounds
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.authors import Author
from pressrun.services.drafts.draft_editing import FileChange
from pressrun.services.drafts.draft_release import ReleaseOrder
from pressrun.services.editions import releases

PEOPLE = """
    insert into person (id, name, address, address_key, is_operator, created_at, epoch) values
    (1, 'ann', 'ann@town.example', 'ann@town.example', 0, 1, 0),
    (2, 'bea', 'bea@town.example', 'bea@town.example', 0, 1, 0)
"""


async def ask_for_two(harness: DeliveryHarness) -> None:
    await harness.change(PEOPLE)
    await harness.change("update person set is_operator = 1, address = null, address_key = null")  # so nobody is mailed
    await harness.services.lists.set_list("news", {"approval": "second-person"})


async def test_a_draft_goes_to_everybody(harness: DeliveryHarness) -> None:
    readers = await harness.readers(3)
    made = await hand_in(harness)
    edition = await release_of(harness).release(made.id, AT_ONCE)
    assert (EditionState.SENDING, 3) == (edition.state, edition.audience)
    assert readers == sorted(copy.rcpt_to for copy in await harness.send_all())


async def test_a_draft_goes_once(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    made = await hand_in(harness)
    await release_of(harness).release(made.id, AT_ONCE)
    with pytest.raises(Refused, match="no longer a draft"):
        await release_of(harness).release(made.id, AT_ONCE)


async def test_what_a_draft_cannot_is_said_in_a_sentence(harness: DeliveryHarness) -> None:
    made = await hand_in(harness)
    with pytest.raises(Refused, match=f"edition {made.id} is a draft and cannot be paused"):
        await harness.edition_admin.pause(made.id)


@pytest.mark.parametrize(("least", "most", "goes"), [(3, 3, True), (4, None, False), (None, 2, False), (0, 9, True)])
async def test_a_draft_goes_to_as_many_as_were_expected(
    harness: DeliveryHarness, least: int | None, most: int | None, goes: bool
) -> None:
    await harness.readers(3)
    made = await hand_in(harness)
    order = ReleaseOrder(expected=AudienceBounds(min=least, max=most))
    if goes:
        assert 3 == (await release_of(harness).release(made.id, order)).audience
        return
    with pytest.raises(Refused, match="it would reach 3 readers") as caught:
        await release_of(harness).release(made.id, order)
    assert ({"audience": 3}, "draft") == (caught.value.members, await harness.state(made.id))


async def test_a_draft_with_errors_goes_to_nobody(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    made = await hand_in(harness, "{{ harbour }}")
    for act in (release_of(harness).release(made.id, AT_ONCE), release_of(harness).submit(made.id, ANN)):
        with pytest.raises(PreflightFailed, match="harbour"):
            await act
    assert "draft" == await harness.state(made.id)


async def test_what_goes_is_built_as_the_list_is_then(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    made = await hand_in(harness)
    await harness.services.lists.set_list("news", {"postal_address": "9 Harbour Street"})
    await release_of(harness).release(made.id, AT_ONCE)
    [copy] = await harness.send_all()
    assert b"9 Harbour Street" in copy.content


async def test_a_scheduled_draft_goes_at_its_hour(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    made = await hand_in(harness)
    at = int(harness.services.now) + 600
    assert EditionState.SCHEDULED is (await release_of(harness).release(made.id, ReleaseOrder(scheduled_at=at))).state
    assert [] == await harness.send_all()
    harness.pass_time(600)
    assert 1 == len(await harness.send_all())


async def test_the_past_is_no_hour(harness: DeliveryHarness) -> None:
    made = await hand_in(harness)
    with pytest.raises(BadInput, match="in the past"):
        await release_of(harness).release(made.id, ReleaseOrder(scheduled_at=int(harness.services.now) - 1))


async def test_a_version_that_is_old_is_not_released(harness: DeliveryHarness) -> None:
    made = await hand_in(harness)
    await editing_of(harness).change(made.id, to_text("Hullo"), BEA, (1,))
    releasing = release_of(harness)
    for act in (
        releasing.release(made.id, AT_ONCE, (1,)),
        releasing.approve(made.id, ANN, (1,)),
        releasing.submit(made.id, ANN, (1,)),
    ):
        with pytest.raises(ChangedMeanwhile):
            await act


# ---------------------------------------------------------------------- the second person


async def test_a_second_person_releases_by_approving_and_sending(harness: DeliveryHarness) -> None:
    await ask_for_two(harness)
    await harness.readers(1)
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.submit(made.id, ANN)
    await releasing.approve(made.id, BEA)
    assert ("draft", []) == (await harness.state(made.id), await harness.send_all())
    await releasing.release(made.id, AT_ONCE)
    assert 1 == len(await harness.send_all())


async def test_an_author_does_not_approve(harness: DeliveryHarness) -> None:
    await ask_for_two(harness)
    made, releasing = await hand_in(harness), release_of(harness)
    await editing_of(harness).change(made.id, to_text("Hullo"), BEA, (1,))
    for author in (ANN, BEA, Author(person_id=1, token_id=7), Author(person_id=2, uid=0)):
        with pytest.raises(NotPermitted, match="somebody else"):
            await releasing.approve(made.id, author)


@pytest.mark.parametrize("change", [to_text("Hullo"), FileChange("a.txt", b"x")])
async def test_any_change_ends_an_approval(harness: DeliveryHarness, change: FileChange) -> None:
    await ask_for_two(harness)
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.approve(made.id, BEA)
    await editing_of(harness).change(made.id, change, ANN, (1,))
    with pytest.raises(Refused, match="second person"):
        await releasing.release(made.id, AT_ONCE)
    await releasing.approve(made.id, BEA)
    await releasing.release(made.id, AT_ONCE)


async def test_what_is_approved_is_what_goes(harness: DeliveryHarness) -> None:
    """Settings of the list stand in every copy: whoever may change them cannot add to what somebody else approved."""
    await ask_for_two(harness)
    await harness.readers(1)
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.approve(made.id, BEA)
    await harness.services.lists.set_list("news", {"footer": "Win a boat"})
    with pytest.raises(Refused, match="settings of news have changed"):
        await releasing.release(made.id, AT_ONCE)
    await releasing.approve(made.id, BEA)
    await releasing.release(made.id, AT_ONCE)
    assert 1 == len(await harness.send_all())


async def test_who_changed_it_after_the_approval_may_not_approve_it_again(harness: DeliveryHarness) -> None:
    await ask_for_two(harness)
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.approve(made.id, BEA)
    await editing_of(harness).change(made.id, to_text("Hullo"), BEA, (1,))
    with pytest.raises(NotPermitted):
        await releasing.approve(made.id, BEA)


async def test_returning_ends_an_approval_and_says_why(harness: DeliveryHarness) -> None:
    await ask_for_two(harness)
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.submit(made.id, ANN)
    await releasing.approve(made.id, BEA)
    await releasing.give_back(made.id, BEA, "No date")
    with pytest.raises(Refused, match="second person"):
        await releasing.release(made.id, AT_ONCE)
    manuscript = (await editing_of(harness).open(made.id)).manuscript
    assert (False, "No date", BEA.key) == (manuscript.is_submitted, manuscript.words, manuscript.returned_by)


async def test_publishers_hear_of_what_is_submitted_and_authors_of_what_is_returned(harness: DeliveryHarness) -> None:
    await harness.change(PEOPLE)
    await harness.change(
        "insert into permission (list_id, person_id, role) values (1, 1, 'publisher'), (1, 2, 'publisher')"
    )
    made, releasing = await hand_in(harness), release_of(harness)
    await releasing.submit(made.id, ANN)
    await releasing.submit(made.id, ANN)
    await releasing.give_back(made.id, BEA, "No date")
    notices = await harness.rows("select kind, address from notice order by id")
    assert [("edition_submitted", "bea@town.example"), ("edition_returned", "ann@town.example")] == notices


async def test_a_program_that_submits_without_end_fills_no_mailbox(harness: DeliveryHarness) -> None:
    await harness.change(PEOPLE)
    await harness.change("insert into permission (list_id, person_id, role) values (1, 2, 'publisher')")
    most = harness.services.settings.value.limits.posts_per_editor.count
    for number in range(most + 3):
        await release_of(harness).submit((await hand_in(harness, f"Hello {number}")).id, ANN)
    assert [(most,)] == await harness.rows("select count(*) from notice")


async def send_file(harness: DeliveryHarness, _: int) -> None:
    await harness.edition("Another")


async def release_draft(harness: DeliveryHarness, edition_id: int) -> None:
    await release_of(harness).release(edition_id, AT_ONCE)


async def schedule_draft(harness: DeliveryHarness, edition_id: int) -> None:
    await release_of(harness).release(edition_id, ReleaseOrder(scheduled_at=int(harness.services.now) + 60))


async def resume_draft(harness: DeliveryHarness, edition_id: int) -> None:
    await harness.edition_admin.resume(edition_id)


async def release_within(harness: DeliveryHarness, edition_id: int) -> None:
    await harness.services.database.write(releases.release, edition_id, int(harness.services.now))


DOORS = {door.__name__: door for door in (send_file, release_draft, schedule_draft, resume_draft, release_within)}
"""Every way to send an edition. That of a link, and of mail, is in tests/services/incoming."""


@pytest.mark.parametrize("door", DOORS)
async def test_no_door_sends_what_nobody_has_approved(harness: DeliveryHarness, door: str) -> None:
    await ask_for_two(harness)
    await harness.readers(1)
    made = await hand_in(harness)
    await release_of(harness).submit(made.id, ANN)
    with pytest.raises(Refused):
        await DOORS[door](harness, made.id)
    harness.pass_time(3600)
    assert [] == await harness.send_all()


@pytest.mark.parametrize("door", ["send_file", "release_draft", "schedule_draft", "release_within"])
async def test_each_door_is_open_where_one_is_enough(harness: DeliveryHarness, door: str) -> None:
    """Else the table above would prove nothing."""
    await harness.readers(1)
    await DOORS[door](harness, (await hand_in(harness)).id)
    harness.pass_time(3600)
    assert 1 == len(await harness.send_all())


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_one_person_does_sends(harness: DeliveryHarness, seed: int) -> None:
    """Whatever one person does in whatever order, alone or with a token of their own, nothing goes out."""
    await ask_for_two(harness)
    await harness.readers(1)
    chance, editing, release = random.Random(seed), editing_of(harness), release_of(harness)
    ids = [(await hand_in(harness)).id]

    async def act(kind: int, number: int, me: Author, body: str) -> object:
        stored = (await editing.open(number)).manuscript
        acts = (
            lambda: editing.change(number, to_text(body), me, (stored.number,)),
            lambda: editing.change(number, FileChange("a.txt", body.encode()), me, (stored.number,)),
            lambda: release.submit(number, me),
            lambda: release.approve(number, me),
            lambda: release.give_back(number, me, body),
            lambda: release.release(number, AT_ONCE),
            lambda: release.release(number, ReleaseOrder(scheduled_at=int(harness.services.now) + 5)),
            lambda: harness.edition(body),
            lambda: harness.edition_admin.resume(number),
            lambda: harness.edition_admin.pause(number),
            lambda: hand_in(harness, body, author=me),
        )
        return await acts[kind]()

    for _ in range(150):
        me = chance.choice((ANN, Author(person_id=1, token_id=chance.randrange(3))))
        try:
            made = await act(chance.randrange(11), chance.choice(ids), me, f"Hello {chance.randrange(9)}")
        except PressrunError:
            continue
        ids.append(getattr(made, "id", ids[0]))
    harness.pass_time(3600)
    assert ([], {"draft"}) == (await harness.send_all(), {await harness.state(number) for number in ids})
