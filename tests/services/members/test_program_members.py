"""What programs do with one subscriber: merged, never replaced, and nothing that a reader chose is widened."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput, LimitReached, NotFound, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.members.member_changes import (
    Confirm,
    ConsentGiven,
    MemberChanges,
    check_changes,
    check_origin,
    require_no_faults,
)
from pressrun.services.members.member_puts import PutRequest
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.services.reports.members import Member, SignedUp, show_member

ADA = parse_address("Ada@x.example")
CRM = Origin(source="api:crm")
NONE = MemberChanges()
DAY = 86_400


def ask(changes: MemberChanges = NONE, confirm: Confirm | None = Confirm.VOUCH, address: Address = ADA) -> PutRequest:
    return PutRequest(list_name="news", address=address, changes=changes, confirm=confirm, origin=CRM)


async def put(
    services: ServiceHarness, changes: MemberChanges = NONE, confirm: Confirm | None = Confirm.VOUCH
) -> Member:
    return await services.members.put(ask(changes, confirm))


async def show(services: ServiceHarness) -> Member:
    return await services.database.read(show_member, services.keys, "news", ADA)


async def mails(services: ServiceHarness) -> list[str]:
    return [kind for (kind,) in await select(services.database, "select kind from notice order by id")]


async def leave(services: ServiceHarness) -> None:
    (number,) = (await select(services.database, "select id from subscription"))[0]
    await services.unsubscribes.unsubscribe(number, Origin(source="web"))


async def test_a_put_adds_a_member_with_the_words_they_agreed_to(services: ServiceHarness) -> None:
    """The evidence names the program, and where and when the person consented."""
    await services.make_list()
    agreed = ConsentGiven(text="Send me the news", at="2026-05-01", ip="203.0.113.9", url="https://s.example/join")
    origin, problems = check_origin("crm", agreed, NOW)
    require_no_faults(problems)
    changes, problems = check_changes("Ada", "pt-BR", {"plan": "gold"})
    require_no_faults(problems)
    member = await services.members.put(replace(ask(changes), origin=origin))
    assert ("active", "api:crm", True) == (member.state, member.source, member.created)
    assert ("Ada", "pt-BR", {"plan": "gold"}) == (member.name, member.language, member.fields)
    (content,) = (await select(services.database, "select content from consent"))[0]
    assert all(word in content for word in ("Send me the news", "https://s.example/join", "api:crm", "given_at"))
    assert [("203.0.113.9",)] == await select(services.database, "select ip from consent")
    assert [] == await mails(services)


async def test_a_put_merges_and_never_replaces_what_it_does_not_name(services: ServiceHarness) -> None:
    await services.make_list()
    await put(services, MemberChanges(name="Ada", fields={"plan": "gold", "city": "Porto"}))
    member = await put(services, MemberChanges(language="pt", fields={"city": "", "team": "red"}), None)
    assert ("Ada", "pt", {"plan": "gold", "team": "red"}) == (member.name, member.language, member.fields)
    assert ("active", False) == (member.state, member.created)


async def test_a_repeated_question_is_mailed_again_within_the_limits(services: ServiceHarness) -> None:
    """Three mails a day to one address, however often a program asks. What sends none is no evidence either."""
    await services.make_list()
    states = [(await put(services, confirm=Confirm.SEND)).state for _ in range(5)]
    assert ["pending"] * 5 == states
    assert ["confirmation"] * 3 == await mails(services)
    assert ["requested"] * 3 == [event for (event,) in await select(services.database, "select event from consent")]
    with pytest.raises(LimitReached) as refused:
        await services.members.confirm_again("news", ADA, CRM)
    assert DAY == refused.value.retry_after
    services.now += DAY + 1
    await services.members.confirm_again("news", ADA, CRM)
    assert 4 == len(await mails(services))


async def test_nobody_is_asked_again_who_was_not_asked(services: ServiceHarness) -> None:
    """Neither members, nor who has left, nor readers of another list."""
    for name in ("news", "other"):
        await services.make_list(name)
    await put(services)
    with pytest.raises(Refused, match="is active on news"):
        await services.members.confirm_again("news", ADA, CRM)
    with pytest.raises(NotFound):
        await services.members.confirm_again("other", ADA, CRM)
    await leave(services)
    with pytest.raises(Refused, match="on news, so there is nothing to confirm"):
        await services.members.confirm_again("news", ADA, CRM)
    assert "confirmation" not in await mails(services)


@pytest.mark.parametrize("confirm", [None, *Confirm])
async def test_whoever_has_left_stays_out_and_is_not_mailed(services: ServiceHarness, confirm: Confirm | None) -> None:
    await services.make_list()
    await put(services, MemberChanges(name="Ada"))
    await leave(services)
    member = await put(services, MemberChanges(name="Other"), confirm)
    assert ("unsubscribed", "Ada", False) == (member.state, member.name, member.created)
    assert "Ada" == (await services.members.change("news", ADA, MemberChanges(name="Other"))).name
    assert "confirmation" not in await mails(services)


async def test_whoever_left_and_asked_again_is_asked_by_no_program(services: ServiceHarness) -> None:
    await services.make_list()
    await put(services)
    await leave(services)
    await services.sign_ups.request(["news"], Applicant(ADA, Origin(source="web")), network=None)
    asked = await mails(services)
    with pytest.raises(Refused, match="is pending on news, so there is nothing to confirm"):
        await services.members.confirm_again("news", ADA, CRM)
    assert asked == await mails(services)


@pytest.mark.parametrize("confirm", [None, *Confirm])
async def test_whoever_was_erased_is_not_stored_again(services: ServiceHarness, confirm: Confirm | None) -> None:
    await services.make_list()
    await put(services)
    await services.subscribers.erase(ADA)
    member = await put(services, MemberChanges(name="Ada"), confirm)
    assert (None, "erased") == (member.state, member.suppressed)
    assert [] == await select(services.database, "select address from subscriber")
    assert [] == await mails(services)


async def test_what_another_list_knows_of_somebody_suppressed_is_not_shown(services: ServiceHarness) -> None:
    await services.make_list()
    await services.make_list("other")
    await services.members.put(replace(ask(MemberChanges(name="Ada", fields={"plan": "gold"})), list_name="other"))
    await services.suppressions.add(ADA, "operator")
    member = await put(services)
    assert (None, "operator", "", {}) == (member.state, member.suppressed, member.name, member.fields)


async def test_only_a_vouching_put_makes_somebody_a_member_who_was_asked(services: ServiceHarness) -> None:
    await services.make_list()
    assert "pending" == (await put(services, confirm=Confirm.SEND)).state
    assert "pending" == (await put(services, MemberChanges(name="Ada"), None)).state
    assert "active" == (await put(services)).state


async def test_a_post_takes_only_addresses_that_the_list_does_not_know(services: ServiceHarness) -> None:
    await services.make_list()
    assert (await services.members.create(ask(confirm=None))).created
    with pytest.raises(Refused, match="Use PUT to change it"):
        await services.members.create(ask(confirm=None))
    await services.subscribers.erase(ADA)
    with pytest.raises(Refused, match="suppressed"):
        await services.members.create(ask(confirm=None))


async def test_a_program_ends_its_own_pauses_and_no_others(services: ServiceHarness) -> None:
    await services.make_list()
    await put(services)
    paused = await services.members.pause("news", ADA, 14, CRM)
    assert ("suspended", "2027-01-29T08:00:00Z") == (paused.state, paused.paused_until)
    assert "active" == (await services.members.resume("news", ADA, CRM)).state
    await services.members.pause("news", ADA, 14, Origin(source="web"))
    with pytest.raises(Refused, match="paused news themselves"):
        await services.members.resume("news", ADA, CRM)
    assert "suspended" == (await show(services)).state


async def test_a_program_does_not_take_over_a_pause_of_the_readers_own(services: ServiceHarness) -> None:
    """A shorter one would bring them mail before they want it, and it could be ended as the program's own."""
    await services.make_list()
    await put(services)
    until = (await services.members.pause("news", ADA, 30, Origin(source="web"))).paused_until
    with pytest.raises(Refused, match="paused news themselves, so only they can change the pause"):
        await services.members.pause("news", ADA, 1, CRM)
    with pytest.raises(Refused, match="paused news themselves"):
        await services.members.resume("news", ADA, CRM)
    assert until == (await show(services)).paused_until


async def test_a_program_does_not_end_a_pause_that_came_along_from_another_language(services: ServiceHarness) -> None:
    """It had paused the reader there once, before they changed to the other language and back."""
    await services.make_list()
    await services.make_list("boletim", language="pt")
    await execute(services.database, "update list set family = 'f'")
    await put(services)
    await services.members.pause("news", ADA, 1, CRM)
    await services.members.resume("news", ADA, CRM)
    preferences, link = Preferences(services.context), PreferenceLink(subscriber_id=1, epoch=0)
    web = Origin(source="web")
    await preferences.save(link, PreferenceChanges(families={"f": "boletim"}), web)
    await preferences.pause(link, 30, web)
    await preferences.save(link, PreferenceChanges(families={"f": "news"}), web)
    assert "suspended" == (await show(services)).state
    with pytest.raises(Refused, match="paused news themselves"):
        await services.members.resume("news", ADA, CRM)


async def test_a_program_ends_its_own_pause_of_a_reader_who_has_left_and_taken_that_back(
    services: ServiceHarness,
) -> None:
    await services.make_list()
    await put(services)
    await services.members.pause("news", ADA, 14, CRM)
    await leave(services)
    assert UndoOutcome.RESTORED is (await UndoUnsubscribe(services.context).undo(1, Origin(source="web")))[0]
    assert "active" == (await services.members.resume("news", ADA, CRM)).state


async def test_a_program_is_told_why_there_is_nothing_to_pause(services: ServiceHarness) -> None:
    """In words, not in those of the database."""
    await services.make_list()
    await put(services)
    await execute(services.database, "update subscription set state = 'suspended', suspended_for = 'bounces'")
    with pytest.raises(Refused, match="is suspended for bounces on news, so there is nothing to pause"):
        await services.members.pause("news", ADA, 14, CRM)


@pytest.mark.parametrize("state", [EditionState.DRAFT, EditionState.SCHEDULED, EditionState.CANCELLED])
async def test_a_copy_goes_only_where_the_edition_has_gone_out(services: ServiceHarness, state: EditionState) -> None:
    await services.make_list()
    await put(services)
    edition_id = await services.make_edition(state=state)
    with pytest.raises(Refused, match=f"is {state}"):
        await services.members.send_copy("news", ADA, edition_id)


async def test_a_member_gets_a_copy_of_an_edition_once(services: ServiceHarness) -> None:
    """The counts of the edition add up to its audience still; nobody else gets one, and none of another list."""
    await services.make_list()
    await services.make_list("other")
    edition_id = await services.make_edition(state=EditionState.FINISHED)
    foreign = await services.make_edition("other", EditionState.FINISHED)
    with pytest.raises(NotFound):
        await services.members.send_copy("news", ADA, edition_id)
    await put(services)
    with pytest.raises(NotFound):
        await services.members.send_copy("news", ADA, foreign)
    assert "queued" == (await services.members.send_copy("news", ADA, edition_id)).state
    with pytest.raises(Refused, match="already"):
        await services.members.send_copy("news", ADA, edition_id)
    assert [("sending", 1)] == await select(
        services.database, "select state, audience from edition where id = ?", edition_id
    )
    assert [(1,)] == await select(services.database, "select queued from copy_count where edition_id = ?", edition_id)


async def test_a_copy_goes_to_members_alone(services: ServiceHarness) -> None:
    """To those who have not confirmed, have left or were never there it is not found; to suspended ones, refused."""
    await services.make_list()
    edition_id = await services.make_edition(state=EditionState.FINISHED)
    await put(services, confirm=Confirm.SEND)
    with pytest.raises(NotFound, match="is pending"):
        await services.members.send_copy("news", ADA, edition_id)
    await put(services)
    await services.members.pause("news", ADA, 3, CRM)
    with pytest.raises(Refused, match="is paused"):
        await services.members.send_copy("news", ADA, edition_id)
    await services.members.resume("news", ADA, CRM)
    await services.suppressions.add(ADA, "operator")
    with pytest.raises(Refused, match="is suppressed"):
        await services.members.send_copy("news", ADA, edition_id)
    await leave(services)
    with pytest.raises(NotFound, match="is unsubscribed"):
        await services.members.send_copy("news", ADA, edition_id)


async def test_a_closed_list_sends_no_copy(services: ServiceHarness) -> None:
    await services.make_list()
    edition_id = await services.make_edition(state=EditionState.FINISHED)
    await put(services)
    await services.lists.close_list("news")
    with pytest.raises(Refused, match="the list news is closed"):
        await services.members.send_copy("news", ADA, edition_id)
    assert [("finished",)] == await select(services.database, "select state from edition")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ("is_welcome = 1", NotFound, "no such edition"),
        ("list_id = 2", NotFound, "no such edition"),
        ("state = 'sending', canary_percent = 5, canary_copies = 1", Refused, "the canary copies"),
    ],
)
async def test_a_copy_is_of_an_edition_that_goes_to_the_whole_list(
    services: ServiceHarness, change: str, error: type[Exception], words: str
) -> None:
    await services.make_list()
    await services.make_list("other")
    edition_id = await services.make_edition(state=EditionState.FINISHED)
    await put(services)
    await execute(services.database, f"update edition set {change}")
    with pytest.raises(error, match=words):
        await services.members.send_copy("news", ADA, edition_id)


async def test_a_sign_up_by_a_program_answers_the_same_for_everybody(services: ServiceHarness) -> None:
    """Name and columns become the person's once they confirm, and an erased one is asked like on our own form."""
    await services.make_list()
    changes = MemberChanges(name="Ada", fields={"plan": "gold"})
    answers = [await services.members.sign_up(ask(changes, Confirm.SEND))]
    await services.web_requests.carry_out()
    assert [("{}", "")] == await select(services.database, "select attributes, name from subscriber")
    (number,) = (await select(services.database, "select id from confirmation"))[0]
    await services.confirmations.confirm(number, Origin(source="web"))
    member = await show(services)
    assert ("active", "Ada", {"plan": "gold"}) == (member.state, member.name, member.fields)
    answers.append(await services.members.sign_up(ask(changes, Confirm.SEND)))
    await services.web_requests.carry_out()
    await leave(services)
    answers.append(await services.members.sign_up(ask(changes, Confirm.SEND)))
    assert [SignedUp()] * 3 == answers


def test_everything_that_is_wrong_is_said_at_once() -> None:
    _, wrong = check_changes("A\nB", "no tag", {"list.title": "x", "plan": "\x07", "Suppressed": "no"})
    _, more = check_origin("crm", ConsentGiven(at="yesterday", ip="here", text="x" * 5000), NOW)
    with pytest.raises(BadInput) as problem:
        require_no_faults([*wrong, *more])
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
