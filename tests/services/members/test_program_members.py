"""What programs do with one subscriber: merged, never replaced, and nothing that a reader chose is widened."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.office import NOW, Office

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput, LimitReached, NotFound, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.members.member_changes import (
    Confirm,
    ConsentGiven,
    MemberChanges,
    check_changes,
    check_origin,
    require_right,
)
from pressrun.services.members.member_puts import PutRequest
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.services.reports.members import Member, SignedUp, show_member

ADA = parse_address("Ada@x.example")
CRM = Origin(source="api:crm")
NONE = MemberChanges()
DAY = 86_400


def ask(changes: MemberChanges = NONE, confirm: Confirm | None = Confirm.VOUCH, address: Address = ADA) -> PutRequest:
    return PutRequest(list_name="news", address=address, changes=changes, confirm=confirm, origin=CRM)


async def put(office: Office, changes: MemberChanges = NONE, confirm: Confirm | None = Confirm.VOUCH) -> Member:
    return await office.members.put(ask(changes, confirm))


async def show(office: Office) -> Member:
    return await office.database.read(show_member, office.keys, "news", ADA)


async def mails(office: Office) -> list[str]:
    return [kind for (kind,) in await select(office.database, "select kind from notice order by id")]


async def leave(office: Office) -> None:
    (number,) = (await select(office.database, "select id from subscription"))[0]
    await office.unsubscribes.unsubscribe(number, Origin(source="web"))


async def test_a_put_adds_a_member_with_the_words_they_agreed_to(office: Office) -> None:
    """The evidence names the program, and where and when the person consented."""
    await office.make_list()
    agreed = ConsentGiven(text="Send me the news", at="2026-05-01", ip="203.0.113.9", url="https://s.example/join")
    origin, problems = check_origin("crm", agreed, NOW)
    require_right(problems)
    changes, problems = check_changes("Ada", "pt-BR", {"plan": "gold"})
    require_right(problems)
    member = await office.members.put(replace(ask(changes), origin=origin))
    assert ("active", "api:crm", True) == (member.state, member.source, member.created)
    assert ("Ada", "pt-BR", {"plan": "gold"}) == (member.name, member.language, member.fields)
    (content,) = (await select(office.database, "select content from consent"))[0]
    assert all(word in content for word in ("Send me the news", "https://s.example/join", "api:crm", "given_at"))
    assert [("203.0.113.9",)] == await select(office.database, "select ip from consent")
    assert [] == await mails(office)


async def test_a_put_merges_and_never_replaces_what_it_does_not_name(office: Office) -> None:
    await office.make_list()
    await put(office, MemberChanges(name="Ada", fields={"plan": "gold", "city": "Porto"}))
    member = await put(office, MemberChanges(language="pt", fields={"city": "", "team": "red"}), None)
    assert ("Ada", "pt", {"plan": "gold", "team": "red"}) == (member.name, member.language, member.fields)
    assert ("active", False) == (member.state, member.created)


async def test_a_repeated_question_is_mailed_again_within_the_limits(office: Office) -> None:
    """Three mails a day to one address, however often a program asks."""
    await office.make_list()
    states = [(await put(office, confirm=Confirm.SEND)).state for _ in range(5)]
    assert ["pending"] * 5 == states
    assert ["confirmation"] * 3 == await mails(office)
    with pytest.raises(LimitReached) as refused:
        await office.members.confirm_again("news", ADA, CRM)
    assert DAY == refused.value.retry_after
    office.now += DAY + 1
    await office.members.confirm_again("news", ADA, CRM)
    assert 4 == len(await mails(office))


@pytest.mark.parametrize("confirm", [None, *Confirm])
async def test_whoever_has_left_stays_out_and_is_not_mailed(office: Office, confirm: Confirm | None) -> None:
    await office.make_list()
    await put(office, MemberChanges(name="Ada"))
    await leave(office)
    member = await put(office, MemberChanges(name="Other"), confirm)
    assert ("unsubscribed", "Ada", False) == (member.state, member.name, member.created)
    assert "confirmation" not in await mails(office)


@pytest.mark.parametrize("confirm", [None, *Confirm])
async def test_whoever_was_erased_is_not_stored_again(office: Office, confirm: Confirm | None) -> None:
    await office.make_list()
    await put(office)
    await office.subscribers.erase(ADA)
    member = await put(office, MemberChanges(name="Ada"), confirm)
    assert (None, "erased") == (member.state, member.suppressed)
    assert [] == await select(office.database, "select address from subscriber")
    assert [] == await mails(office)


async def test_what_another_list_knows_of_somebody_suppressed_is_not_shown(office: Office) -> None:
    await office.make_list()
    await office.make_list("other")
    await office.members.put(replace(ask(MemberChanges(name="Ada", fields={"plan": "gold"})), list_name="other"))
    await office.suppressions.add(ADA, "operator")
    member = await put(office)
    assert (None, "operator", "", {}) == (member.state, member.suppressed, member.name, member.fields)


async def test_only_a_vouching_put_makes_somebody_a_member_who_was_asked(office: Office) -> None:
    await office.make_list()
    assert "pending" == (await put(office, confirm=Confirm.SEND)).state
    assert "pending" == (await put(office, MemberChanges(name="Ada"), None)).state
    assert "active" == (await put(office)).state


async def test_a_post_takes_only_addresses_that_the_list_does_not_know(office: Office) -> None:
    await office.make_list()
    assert (await office.members.create(ask(confirm=None))).created
    with pytest.raises(Refused, match="Use PUT to change it"):
        await office.members.create(ask(confirm=None))
    await office.subscribers.erase(ADA)
    with pytest.raises(Refused, match="suppressed"):
        await office.members.create(ask(confirm=None))


async def test_a_program_ends_its_own_pauses_and_no_others(office: Office) -> None:
    await office.make_list()
    await put(office)
    paused = await office.members.pause("news", ADA, 14, CRM)
    assert ("suspended", "2027-01-29T08:00:00Z") == (paused.state, paused.paused_until)
    assert "active" == (await office.members.resume("news", ADA, CRM)).state
    await office.members.pause("news", ADA, 14, Origin(source="web"))
    with pytest.raises(Refused, match="paused news themselves"):
        await office.members.resume("news", ADA, CRM)
    assert "suspended" == (await show(office)).state


async def test_a_program_does_not_take_over_a_pause_of_the_readers_own(office: Office) -> None:
    """A shorter one would bring them mail before they want it, and it could be ended as the program's own."""
    await office.make_list()
    await put(office)
    until = (await office.members.pause("news", ADA, 30, Origin(source="web"))).paused_until
    with pytest.raises(Refused, match="paused news themselves, so only they can change the pause"):
        await office.members.pause("news", ADA, 1, CRM)
    with pytest.raises(Refused, match="paused news themselves"):
        await office.members.resume("news", ADA, CRM)
    assert until == (await show(office)).paused_until


async def test_a_program_does_not_end_a_pause_that_came_along_from_another_language(office: Office) -> None:
    """It had paused the reader there once, before they changed to the other language and back."""
    await office.make_list()
    await office.make_list("boletim", language="pt")
    await execute(office.database, "update list set family = 'f'")
    await put(office)
    await office.members.pause("news", ADA, 1, CRM)
    await office.members.resume("news", ADA, CRM)
    preferences, link = Preferences(office.context), PreferenceLink(subscriber_id=1, epoch=0)
    web = Origin(source="web")
    await preferences.save(link, PreferenceChanges(families={"f": "boletim"}), web)
    await preferences.pause(link, 30, web)
    await preferences.save(link, PreferenceChanges(families={"f": "news"}), web)
    assert "suspended" == (await show(office)).state
    with pytest.raises(Refused, match="paused news themselves"):
        await office.members.resume("news", ADA, CRM)


async def test_a_program_ends_its_own_pause_of_a_reader_who_has_left_and_taken_that_back(office: Office) -> None:
    await office.make_list()
    await put(office)
    await office.members.pause("news", ADA, 14, CRM)
    await leave(office)
    assert UndoOutcome.RESTORED is (await UndoUnsubscribe(office.context).undo(1, Origin(source="web")))[0]
    assert "active" == (await office.members.resume("news", ADA, CRM)).state


async def test_a_program_is_told_why_there_is_nothing_to_pause(office: Office) -> None:
    """In words, not in those of the database."""
    await office.make_list()
    await put(office)
    await execute(office.database, "update subscription set state = 'suspended', suspended_for = 'bounces'")
    with pytest.raises(Refused, match="is suspended for bounces on news, so there is nothing to pause"):
        await office.members.pause("news", ADA, 14, CRM)


@pytest.mark.parametrize("state", [EditionState.DRAFT, EditionState.SCHEDULED, EditionState.CANCELLED])
async def test_a_copy_goes_only_where_the_edition_has_gone_out(office: Office, state: EditionState) -> None:
    await office.make_list()
    await put(office)
    edition_id = await office.make_edition(state=state)
    with pytest.raises(Refused, match=f"is {state}"):
        await office.members.send_copy("news", ADA, edition_id)


async def test_a_member_gets_a_copy_of_an_edition_once(office: Office) -> None:
    """The counts of the edition add up to its audience still; nobody else gets one, and none of another list."""
    await office.make_list()
    await office.make_list("other")
    edition_id = await office.make_edition(state=EditionState.FINISHED)
    foreign = await office.make_edition("other", EditionState.FINISHED)
    with pytest.raises(NotFound):
        await office.members.send_copy("news", ADA, edition_id)
    await put(office)
    with pytest.raises(NotFound):
        await office.members.send_copy("news", ADA, foreign)
    assert "queued" == (await office.members.send_copy("news", ADA, edition_id)).state
    with pytest.raises(Refused, match="already"):
        await office.members.send_copy("news", ADA, edition_id)
    assert [("sending", 1)] == await select(
        office.database, "select state, audience from edition where id = ?", edition_id
    )
    assert [(1,)] == await select(office.database, "select queued from copy_count where edition_id = ?", edition_id)
    await leave(office)
    with pytest.raises(Refused):
        await office.members.send_copy("news", ADA, edition_id)


async def test_a_sign_up_by_a_program_answers_the_same_for_everybody(office: Office) -> None:
    """Name and columns become the person's once they confirm, and an erased one is asked like on our own form."""
    await office.make_list()
    changes = MemberChanges(name="Ada", fields={"plan": "gold"})
    answers = [await office.members.sign_up(ask(changes, Confirm.SEND))]
    await office.web_requests.carry_out()
    assert [("{}", "")] == await select(office.database, "select attributes, name from subscriber")
    (number,) = (await select(office.database, "select id from confirmation"))[0]
    await office.confirmations.confirm(number, Origin(source="web"))
    member = await show(office)
    assert ("active", "Ada", {"plan": "gold"}) == (member.state, member.name, member.fields)
    answers.append(await office.members.sign_up(ask(changes, Confirm.SEND)))
    await office.web_requests.carry_out()
    await leave(office)
    answers.append(await office.members.sign_up(ask(changes, Confirm.SEND)))
    assert [SignedUp()] * 3 == answers


def test_everything_that_is_wrong_is_said_at_once() -> None:
    _, wrong = check_changes("A\nB", "no tag", {"list.title": "x", "plan": "\x07", "Suppressed": "no"})
    _, more = check_origin("crm", ConsentGiven(at="yesterday", ip="here", text="x" * 5000), NOW)
    with pytest.raises(BadInput) as problem:
        require_right([*wrong, *more])
    for name in (
        "name:",
        "language:",
        "list.title",
        "plan:",
        "Suppressed",
        "consent/at:",
        "consent/ip:",
        "consent/text:",
    ):
        assert name in str(problem.value)
