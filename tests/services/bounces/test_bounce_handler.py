"""Copies that come back, at once or later: what is recorded, who is suspended, who comes back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.harness import GONE, SITE, TAKEN, DeliveryHarness, open_delivery
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import FailureKind
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.services.mail_results import Consequences, FailedCopy, MailResult
from pressrun.services.readers import suspension
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports import edition_reports
from pressrun.services.settings import BounceSettings
from pressrun.services.upkeep import housekeeping
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue.inbound import InboundState
from pressrun.store.readers.bounces import missed_editions

DAY = 86400
FULL = HandOver(Outcome.REFUSED, Stage.RCPT, Reply(552, "mailbox is full", "5.2.2"))
POLICY = HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(550, "SPF of r0@reader.example failed", "5.7.23"))


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        yield room


def route_of(outgoing: Outgoing) -> Route:
    """The address that a bounce of this copy comes to."""
    match = re.fullmatch(r"(\w+)-bounces\+(\w+)@lists\.example", outgoing.mail_from)
    assert match is not None
    return Route(RouteKind.BOUNCES, match[1], match[2])


def report(bounce: BounceClass, address: str = "r0@reader.example", text: str = "550 no such user") -> Report:
    recipient = RecipientReport(bounce=bounce, address=address, status="5.1.1", code=550, text=text)
    return Report(recipients=(recipient,))


async def notify(harness: DeliveryHarness, outgoing: Outgoing, notification: Report) -> MailResult:
    return await harness.services.database.write(harness.bounce_handler.process, route_of(outgoing), notification, "")


async def send(harness: DeliveryHarness, text: str, result: HandOver = TAKEN) -> tuple[int, list[Outgoing]]:
    number = await harness.edition(text)
    return number, await harness.send_all(result)


async def state_of(harness: DeliveryHarness, address: str = "r0@reader.example") -> tuple[str, str | None, str | None]:
    """State, for what it is suspended, and why it is suppressed."""
    ((state, suspended_for),) = await harness.rows(
        "select state, suspended_for from subscription where id = ?", await harness.subscription(address)
    )
    reasons = await harness.rows("select reason from suppression where address = ?", address)
    return state, suspended_for, reasons[0][0] if reasons else None


# ---------------------------------------------------------------------- recording


async def test_a_copy_that_bounces_once_more_keeps_what_the_relay_said_last(harness: DeliveryHarness) -> None:
    """A restore may know that it was sent again, and has what was said of it before."""
    await harness.readers(1)
    _, (first,) = await send(harness, "one")
    await notify(harness, first, report(BounceClass.FULL))
    words = "state = 'delivered', recorded_at = 7, code = 251, enhanced = '2.1.5', reply = 'later'"
    await harness.change(f"update delivery set {words}")
    await notify(harness, first, report(BounceClass.FULL))
    assert [(7, 251, "2.1.5", "later")] == await harness.rows("select at, code, enhanced, reply from handover")


async def test_a_notification_fails_a_copy_of_a_finished_edition(harness: DeliveryHarness) -> None:
    """With the remote's words; the counts still add up, and the report says what it was."""
    await harness.readers(2)
    number, (first, _) = await send(harness, "one")
    assert "finished" == await harness.state(number)
    settled = await notify(harness, first, report(BounceClass.GONE))
    [(reader,)] = await harness.rows("select id from subscriber where address = 'r0@reader.example'")
    failed = FailedCopy(
        delivery=first.delivery_id,
        list_name="news",
        edition=number,
        notice=None,
        subscriber=reader,
        domain="reader.example",
        relay=None,
        kind=FailureKind.HARD,
        bounce=BounceClass.GONE,
        code=550,
        enhanced="5.1.1",
        reason="550 no such user",
    )
    assert (
        MailResult(InboundState.DONE, "gone", consequences=Consequences(suspended=(reader,)), failed=failed) == settled
    )
    assert {"delivered": 1, "failed": 1} == await harness.counts(number)
    shown = await harness.services.database.read(edition_reports.report_edition, number, int(harness.clock()))
    (failure,) = shown.edition.failures
    assert ("r0@reader.example", 550, "5.1.1", "550 no such user", "hard") == tuple(
        getattr(failure, name) for name in ("address", "code", "enhanced", "text", "kind")
    )
    assert {"gone": 1} == shown.edition.bounces


async def test_the_same_bounce_twice_counts_once(harness: DeliveryHarness) -> None:
    """The second one finds the copy at its end."""
    await harness.readers(1)
    change(harness.services.settings, bounces=BounceSettings(hard_limit=2))
    _, (copy,) = await send(harness, "one")
    await notify(harness, copy, report(BounceClass.GONE))
    settled = await notify(harness, copy, report(BounceClass.GONE))
    assert "gone of a copy that was final already" == settled.outcome
    assert ("active", None, None) == await state_of(harness)


@pytest.mark.parametrize("bounce", [BounceClass.DELAYED, BounceClass.DELIVERED, BounceClass.AUTO_REPLY])
async def test_what_is_no_failure_changes_nothing(harness: DeliveryHarness, bounce: BounceClass) -> None:
    """A warning, a report of success, a vacation notice."""
    await harness.readers(1)
    number, (copy,) = await send(harness, "one")
    settled = await notify(harness, copy, report(bounce))
    assert (InboundState.DONE, bounce) == (settled.state, settled.outcome)
    assert {"delivered": 1} == await harness.counts(number)


async def test_what_is_no_report_is_kept_unless_a_machine_wrote_it(harness: DeliveryHarness) -> None:
    """A person answering a return path is for a person to read; what cannot be read is, too."""
    await harness.readers(1)
    _, (copy,) = await send(harness, "one")
    assert InboundState.KEPT is (await notify(harness, copy, Report(text="please help"))).state
    assert InboundState.KEPT is (await notify(harness, copy, Report(automatic="null sender"))).state
    assert InboundState.DONE is (await notify(harness, copy, Report(automatic="Auto-Submitted"))).state
    settled = await harness.services.database.write(harness.bounce_handler.process, route_of(copy), None, "too deep")
    assert MailResult(InboundState.UNREADABLE, "too deep") == settled


async def test_a_forged_token_touches_nobody(harness: DeliveryHarness) -> None:
    """Identity comes from the signature, whatever the report says."""
    await harness.readers(1)
    number, (copy,) = await send(harness, "one")
    route = route_of(copy)
    forged = Route(route.kind, route.list_name, route.token[:-1] + ("a" if route.token[-1] != "a" else "b"))
    await harness.services.database.write(harness.bounce_handler.process, forged, report(BounceClass.GONE), "")
    assert {"delivered": 1} == await harness.counts(number)


async def test_a_test_copys_bounce_touches_nobody(harness: DeliveryHarness) -> None:
    """Its token stands for nobody."""
    token = AddressTokens(harness.services.keys).make(AddressPurpose.BOUNCES, "news", 0)
    route = Route(RouteKind.BOUNCES, "news", token)
    settled = await harness.services.database.write(harness.bounce_handler.process, route, report(BounceClass.GONE), "")
    assert "test" == settled.outcome


async def test_a_copy_that_a_dead_process_left_is_not_sent_again_once_it_bounced(harness: DeliveryHarness) -> None:
    """The relay had taken it; the notification says so."""
    await harness.readers(1)
    number = await harness.edition("one")
    await harness.run_cycle()
    copy = harness.next_outgoing()
    assert copy is not None
    await harness.start()
    await notify(harness, copy, report(BounceClass.FULL))
    assert [] == await harness.send_all()
    assert ({"failed": 1}, "finished") == (await harness.counts(number), await harness.state(number))


# ---------------------------------------------------------------------- suspending


async def test_a_hard_bounce_suspends_on_every_list_and_suppresses(harness: DeliveryHarness) -> None:
    """What waits for that reader on other lists does not go out."""
    await harness.services.make_list("other")
    await harness.readers(1)
    await harness.readers(1, "other")
    waiting = await harness.edition("later", name="other")
    await harness.edition_admin.pause(waiting)
    await send(harness, "one", GONE)
    assert ("suspended", "bounces", "hard-bounce") == await state_of(harness)
    other = await harness.subscription("r0@reader.example", "other")
    assert [("suspended",)] == await harness.rows("select state from subscription where id = ?", other)
    assert {"cancelled": 1} == await harness.counts(waiting)


async def test_soft_bounces_suspend_after_so_many_editions_in_a_row(harness: DeliveryHarness) -> None:
    """Not suppressed, since the mailbox may be emptied; a success in between begins anew once it has settled."""
    await harness.readers(1)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=3))
    states = []
    for number, result in enumerate([FULL, FULL, TAKEN, FULL, FULL, FULL]):
        await send(harness, f"edition {number}", result)
        states.append((await state_of(harness))[0])
        harness.pass_time(4 * DAY)
    assert ["active"] * 5 + ["suspended"] == states
    assert ("suspended", "bounces", None) == await state_of(harness)


async def test_a_copy_taken_lately_is_no_success_yet(harness: DeliveryHarness) -> None:
    """Its bounce may still be on the way: `settle_after`."""
    await harness.readers(1)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=2))
    await send(harness, "one", FULL)
    await send(harness, "two", TAKEN)
    await send(harness, "three", FULL)
    assert "suspended" == (await state_of(harness))[0]


async def test_refused_for_policy_counts_against_nobody_and_alerts_once_a_day(harness: DeliveryHarness) -> None:
    """The operator hears the words, without the address in them."""
    handler, site = harness.bounce_handler, replace(SITE, operator="ops@lists.example")
    handler._context = structs.replace(handler._context, site=site)
    await harness.readers(2)
    number, copies = await send(harness, "one", POLICY)
    assert ("active", None, None) == await state_of(harness)
    assert {"failed": 2} == await harness.counts(number)
    alerts = [copy for copy in copies if copy.rcpt_to == "ops@lists.example"]
    assert 1 == len(alerts)
    assert b"reader.example is refusing" in alerts[0].content
    assert b"r0@reader.example" not in alerts[0].content
    harness.pass_time(DAY + 1)
    harness.dispatcher.unpause(None)
    _, copies = await send(harness, "two", POLICY)
    assert 1 == sum(copy.rcpt_to == "ops@lists.example" for copy in copies)


async def test_a_refusal_given_up_counts_only_when_it_is_about_the_mailbox(harness: DeliveryHarness) -> None:
    """Full for five days counts softly; a relay that was away never does."""
    change(harness.services.settings, bounces=BounceSettings(soft_limit=1))
    await harness.readers(2)
    later = {
        "r0@reader.example": HandOver(Outcome.DEFERRED, Stage.RCPT, Reply(452, "mailbox is full", "4.2.2")),
        "r1@reader.example": HandOver(Outcome.DEFERRED, Stage.MAIL, Reply(451, "try later", "4.3.0")),
    }
    number = await harness.edition("one")
    for _ in range(60):
        await harness.run_cycle()
        for copy in harness.all_outgoing():
            harness.answer(copy, later[copy.rcpt_to])
        harness.pass_time(3 * 3600)
    await harness.run_cycle()
    kinds = await harness.rows("select kind, bounce from delivery where edition_id = ? order by id", number)
    assert [("expired", "full"), ("expired", None)] == kinds
    assert "suspended" == (await state_of(harness))[0]
    assert "active" == (await state_of(harness, "r1@reader.example"))[0]


# ---------------------------------------------------------------------- coming back


async def ask(harness: DeliveryHarness) -> list[Outgoing]:
    await harness.housekeeping.round()
    return await harness.send_all()


async def come_back(harness: DeliveryHarness, question: Outgoing) -> Confirmed:
    match = re.search(rb"https://n\.example/confirm/([\w.-]+)", question.content.replace(b"=\r\n", b""))
    assert match is not None
    numbers = WebTokens(harness.services.keys).read(WebPurpose.CONFIRM, match[1].decode())
    assert numbers is not None
    outcome, _ = await harness.services.confirmations.confirm(numbers[0], Origin(source="web"))
    return outcome


async def test_a_suspended_reader_is_asked_once_and_can_come_back_to_all_lists(harness: DeliveryHarness) -> None:
    """After `probe_after`, with the editions missed; coming back lifts the suppression and forgives old bounces."""
    await harness.services.make_list("other")
    await harness.readers(2)
    await harness.readers(1, "other")
    await send(harness, "one", GONE)
    harness.pass_time(3)
    await harness.services.subscribers.add("news", parse_address("eve@reader.example"))
    await send(harness, "two")
    assert [] == await ask(harness)
    harness.pass_time(7 * DAY)
    questions = await ask(harness)
    assert ["r0@reader.example", "r1@reader.example"] == sorted(question.rcpt_to for question in questions)
    text = questions[0].content.partition(b"text/html")[0]
    assert 2 == text.count(b"https://n.example/news/archive/boats")
    harness.pass_time(30 * DAY - 60)
    assert [] == await ask(harness)
    assert Confirmed.CONFIRMED is await come_back(harness, questions[0])
    assert ("active", None, None) == await state_of(harness, questions[0].rcpt_to)
    change(harness.services.settings, bounces=BounceSettings(hard_limit=2))
    harness.pass_time(1)
    await send(harness, "three", GONE)
    assert "active" == (await state_of(harness, questions[0].rcpt_to))[0]


async def test_nobody_is_asked_who_left_or_complained(harness: DeliveryHarness) -> None:
    """The question goes to members whose mail came back, and to nobody else."""
    await harness.readers(2)
    await send(harness, "one", GONE)
    await harness.leave("r0@reader.example")
    await harness.services.suppressions.add(parse_address("r1@reader.example"), "complaint")
    harness.pass_time(8 * DAY)
    assert [] == await ask(harness)


async def test_a_bounce_does_not_weaken_never_again(harness: DeliveryHarness) -> None:
    """Whoever is suppressed for bounces alone can come back by signing up."""
    await harness.add_readers(["ada+news@reader.example"])
    await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    await harness.services.suppressions.add(parse_address("ada@reader.example"), "never-again")
    harness.answer(outgoing, GONE)
    await harness.run_cycle()
    assert [("never-again",)] == await harness.rows("select reason from suppression")
    assert 1 == len(await harness.rows("select id from event where type = 'subscriber.suppressed'"))


async def test_who_came_back_by_themselves_keeps_nobody_from_being_asked(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are."""
    monkeypatch.setattr("pressrun.services.readers.suspension._BATCH", 1)
    await harness.readers(2)
    await send(harness, "one", GONE)
    await harness.change("update suspension set ended_at = since where subscriber_id = 1")
    harness.pass_time(8 * DAY)
    assert ["r1@reader.example"] == [question.rcpt_to for question in await ask(harness)]


async def test_who_has_waited_longest_is_asked_first(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at a time."""
    monkeypatch.setattr("pressrun.services.readers.suspension._BATCH", 1)
    await harness.readers(2)
    await send(harness, "one", GONE)
    await harness.change("update suspension set since = since - 1 where subscriber_id = 2")
    harness.pass_time(8 * DAY)
    bounces_settings, now = harness.services.settings.value.bounces, int(harness.clock())
    probe = partial(suspension.probe_suspended, settings=bounces_settings, entropy=bytes, now=now)
    assert 1 == await harness.services.database.write(probe)
    assert ["r1@reader.example"] == [question.rcpt_to for question in await harness.send_all()]


async def test_the_question_names_the_latest_editions_that_came_back(harness: DeliveryHarness) -> None:
    """Also those that were stopped, and those of a canary that is over."""
    await harness.readers(1)
    await send(harness, "one", GONE)
    await send(harness, "two")
    third = await harness.edition("three")
    await harness.change("update edition set first_claim_at = created_at, canary_copies = 1, state = 'finished'")
    await harness.change(
        "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, 1, '', 'cancelled', 0)",
        third,
    )
    missed = partial(missed_editions, first_edition_id=1, limit=2)
    slugs = [row["slug"] for row in await harness.services.database.read(missed, 1)]
    assert ["boats-3", "boats-2"] == slugs


async def test_the_question_names_nothing_of_a_list_that_its_reader_had_paused(harness: DeliveryHarness) -> None:
    await harness.services.make_list("other")
    await harness.readers(1)
    await harness.readers(2, "other")
    other = await harness.subscription("r0@reader.example", "other")
    until = int(harness.services.now) + 90 * DAY
    paused = "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = ? where id = ?"
    await harness.change(paused, until, other)
    await send(harness, "one", GONE)
    await harness.edition("# Quays", "other")
    await harness.send_all()
    harness.pass_time(8 * DAY)
    [question] = await ask(harness)
    assert (True, False) == (b"/news/archive/" in question.content, b"/other/archive/" in question.content)


async def test_signing_up_again_proves_the_mailbox_too(harness: DeliveryHarness) -> None:
    """Whoever confirms anything is back on all lists that they did not leave."""
    await harness.readers(1)
    await send(harness, "one", GONE)
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("r0@reader.example"), Origin(source="web")), network=None
    )
    (confirmation,) = await harness.send_all()
    await come_back(harness, confirmation)
    assert ("active", None, None) == await state_of(harness)
    harness.pass_time(30 * DAY)
    assert [] == await ask(harness)


async def test_a_pause_that_ends_does_not_wake_a_reader_whose_mail_came_back(harness: DeliveryHarness) -> None:
    """Paused on one list, suspended on another: nothing goes out until they come back."""
    await harness.services.make_list("other")
    await harness.readers(1)
    await harness.readers(1, "other")
    paused = await harness.subscription("r0@reader.example", "other")
    await harness.change(
        "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = ? where id = ?",
        int(harness.clock()) + DAY,
        paused,
    )
    await send(harness, "one", GONE)
    harness.pass_time(2 * DAY)
    await harness.housekeeping.round()
    assert [("suspended", "bounces")] == await harness.rows(
        "select state, suspended_for from subscription where id = ?", paused
    )


async def test_the_batch_of_questions_is_bounded(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are asked in the end, some in each transaction."""
    monkeypatch.setattr(suspension, "_BATCH", 2)
    await harness.readers(5)
    await send(harness, "one", GONE)
    harness.pass_time(8 * DAY)
    assert 5 == len(await ask(harness))


async def test_a_link_that_was_used_does_not_lift_a_later_suspension(harness: DeliveryHarness) -> None:
    """Neither that of the sign-up nor that of an earlier question: only a new proof does."""
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("r0@reader.example"), Origin(source="web")), network=None
    )
    (confirmation,) = await harness.send_all()
    assert Confirmed.CONFIRMED is await come_back(harness, confirmation)
    harness.pass_time(10)
    await send(harness, "one", GONE)
    assert Confirmed.USED is await come_back(harness, confirmation)
    harness.pass_time(8 * DAY)
    (question,) = await ask(harness)
    assert Confirmed.CONFIRMED is await come_back(harness, question)
    harness.pass_time(10)
    await send(harness, "two", GONE)
    assert Confirmed.USED is await come_back(harness, question)
    assert ("suspended", "bounces", "hard-bounce") == await state_of(harness)
    harness.pass_time(8 * DAY)
    assert 1 == len(await ask(harness))


async def test_a_bounce_in_the_second_of_the_comeback_counts(harness: DeliveryHarness) -> None:
    """Whoever sends at once finds out at once."""
    await harness.readers(1)
    await send(harness, "one", GONE)
    harness.pass_time(8 * DAY)
    (question,) = await ask(harness)
    await come_back(harness, question)
    await send(harness, "two", GONE)
    assert "suspended" == (await state_of(harness))[0]


async def test_a_short_time_until_the_question_is_kept(harness: DeliveryHarness) -> None:
    """The hour of a question does not wait for the next round."""
    await harness.readers(1)
    await send(harness, "one", GONE)
    harness.pass_time(7 * DAY + 1)
    due = housekeeping._is_due
    before = int(harness.clock() - harness.services.settings.value.bounces.probe_after_seconds)
    assert await harness.services.database.read(due, before, int(harness.clock()))
    await harness.housekeeping._do_what_is_due(int(harness.clock()))
    assert not await harness.services.database.read(due, before, int(harness.clock()))
    assert 1 == len(await harness.send_all())
