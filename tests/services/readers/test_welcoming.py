"""The welcome mail of a list: to whom it goes, that it goes once, and what happens when the list changes."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from msgspec import structs
from tests.delivery.harness import GONE, LATER, SITE, DeliveryHarness
from tests.editions.inline_builder import builder_at
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, PreflightFailed, PressrunError, Refused, Unavailable
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.reports import edition_descriptions, list_descriptions
from pressrun.services.reports.edition_descriptions import list_editions
from pressrun.services.reports.list_descriptions import CheckedList, show_list
from pressrun.services.settings import BounceSettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.transaction import Transaction

WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe to News")
ADA = "ada@reader.example"
TEXT = "Dear {{ name | default: reader }},\n\nread [the latest]({{ latest_url }}) or [all]({{ archive_url }})."


def written(text: str = TEXT, subject: str = "Welcome aboard") -> bytes:
    return f"---\nsubject: {subject}\n---\n{text}\n".encode()


async def set_welcome(harness: DeliveryHarness, source: bytes | None = None, **settings: str) -> None:
    files = {"welcome": source or written()}
    await harness.services.lists.set_list("news", {"welcome": "welcome.md", **settings}, files)


async def request(harness: DeliveryHarness, address: str = ADA) -> int:
    """A sign-up whose own mail is out of the way; returns the number of its confirmation."""
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(address), WEB), network=None)
    await harness.change("update delivery set state = 'delivered' where notice_id is not null")
    confirmation_id: int = (await harness.rows("select max(id) from confirmation"))[0][0]
    return confirmation_id


async def confirm(harness: DeliveryHarness, number: int) -> Confirmed:
    outcome, _ = await harness.services.confirmations.confirm(number, WEB)
    return outcome


async def join(harness: DeliveryHarness, address: str = ADA) -> int:
    number = await request(harness, address)
    assert await confirm(harness, number) is Confirmed.CONFIRMED
    return number


async def welcome_id(harness: DeliveryHarness) -> int:
    edition_id: int = (await harness.rows("select edition_id from welcome"))[0][0]
    return edition_id


def subjects(sent: list[Outgoing]) -> list[tuple[str, str]]:
    return sorted((outgoing.rcpt_to, message_from_bytes(outgoing.content)["Subject"]) for outgoing in sent)


def message(outgoing: Outgoing) -> EmailMessage:
    return message_from_bytes(outgoing.content, policy=policy.default)


async def test_a_list_without_one_greets_nobody(harness: DeliveryHarness) -> None:
    await join(harness)
    assert [] == await harness.send_all()


async def test_each_new_reader_gets_one(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    woken = harness.services.woken
    for address in (ADA, "bob@reader.example"):
        await join(harness, address)
    assert harness.services.woken > woken
    assert [(ADA, "Welcome aboard"), ("bob@reader.example", "Welcome aboard")] == subjects(await harness.send_all())
    number = await welcome_id(harness)
    assert ("finished", 2, {"delivered": 2}) == (
        await harness.state(number),
        (await harness.stored(number)).audience,
        await harness.counts(number),
    )
    assert [] == await harness.send_all()


async def test_it_is_a_mail_like_an_edition_without_a_page(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    [sent] = await harness.send_all()
    mail = message(sent)
    subscription = await harness.subscription(ADA)
    assert sent.mail_from.startswith("news-bounces+")
    assert "List-Unsubscribe=One-Click" == mail["List-Unsubscribe-Post"]
    assert f"<{SITE.base_url}/unsubscribe/" in mail["List-Unsubscribe"]
    assert "News <news.lists.example>" == mail["List-Id"]
    assert mail["Feedback-ID"].startswith("welcome:news:edition:")
    assert mail["Archived-At"] is None
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
    assert f"{SITE.base_url}/news/latest" in text
    assert f"{SITE.base_url}/news/archive" in text
    assert "1 Road" in text
    assert "View in browser" not in text
    assert subscription


async def test_no_page_no_search_and_no_listing_has_it(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.send_all()
    number = await welcome_id(harness)
    assert (None,) == (await harness.rows("select first_claim_at from edition where id = ?", number))[0]
    assert [] == await harness.rows("select rowid from archive_search where rowid = ?", number)
    assert [] == await harness.services.database.read(list_editions, "news", int(harness.services.now))
    assert [] == await harness.services.database.read(list_editions, None, int(harness.services.now))


async def test_the_same_file_can_be_sent_as_an_edition_too(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await harness.readers(1)
    taken = await harness.edition_admin.send("news", Manuscript(source=written(), source_name="welcome.md", assets={}))
    assert ("welcome-aboard", "sending") == ((await harness.stored(taken)).slug, await harness.state(taken))


async def test_confirming_twice_greets_once(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    number = await join(harness)
    assert await confirm(harness, number) is Confirmed.ALREADY
    assert 1 == len(await harness.send_all())
    assert await confirm(harness, number) is Confirmed.ALREADY
    assert [] == await harness.send_all()


async def test_who_left_and_came_back_is_not_greeted_again(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.send_all()
    await harness.leave(ADA)
    await join(harness)
    assert [] == await harness.send_all()
    assert {"delivered": 1} == await harness.counts(await welcome_id(harness))


async def test_those_who_are_added_or_imported_are_not_greeted(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await harness.readers(2)
    await harness.services.subscribers.import_batch("news", [ImportRow(line=2, email=ADA)], asks=False)
    assert [] == await harness.send_all()


async def test_who_comes_back_from_bounces_is_not_greeted(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await harness.readers(1)
    address = "r0@reader.example"
    change(harness.services.settings, bounces=BounceSettings(hard_limit=1))
    await harness.edition()
    await harness.send_all(GONE)
    harness.pass_time(10)
    await harness.change("delete from suppression")
    number = await request(harness, address)
    assert await confirm(harness, number) is Confirmed.CONFIRMED
    assert [] == await harness.send_all()


async def test_who_undoes_a_leaving_gets_the_one_that_waited(harness: DeliveryHarness) -> None:
    await set_welcome(harness, leaving_note="true")
    await join(harness)
    await harness.leave(ADA)
    assert [] == await harness.send_all()
    undo_unsubscribe = UndoUnsubscribe(harness.services.context)
    for _ in range(2):
        await undo_unsubscribe.undo((await harness.rows("select max(id) from unsubscribe"))[0][0], WEB)
        assert "active" == (await harness.rows("select state from subscription"))[0][0]
    assert [(ADA, "Welcome aboard")] == subjects(await harness.send_all())
    assert 1 == (await harness.stored(await welcome_id(harness))).audience


@pytest.mark.parametrize("how", ["leave", "pause", "suppress", "erase"])
async def test_who_is_gone_before_the_claim_gets_none(harness: DeliveryHarness, how: str) -> None:
    await set_welcome(harness)
    await join(harness)
    match how:
        case "leave":
            await harness.leave(ADA)
        case "pause":
            await harness.change("update subscription set state = 'suspended', suspended_for = 'paused'")
        case "suppress":
            await harness.services.suppressions.add(parse_address(ADA), "operator")
        case _:
            await harness.services.subscribers.erase(parse_address(ADA))
    assert [] == await harness.send_all()
    assert "finished" == await harness.state(await welcome_id(harness))


async def test_a_retry_is_the_same_mail(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    [first] = await harness.send_all(LATER)
    harness.pass_time(400)
    [second] = await harness.send_all()
    assert first.content == second.content
    assert {"delivered": 1} == await harness.counts(await welcome_id(harness))


async def test_a_killed_process_sends_what_waits_and_nothing_twice(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.run_cycle()  # claimed, and the process dies
    await harness.start()
    assert 1 == len(await harness.send_all())
    await harness.start()
    assert [] == await harness.send_all()


async def test_the_hours_of_the_list_hold_it(harness: DeliveryHarness) -> None:
    await set_welcome(harness, hours="08:00-09:00")  # it is 08:00 UTC at NOW
    harness.pass_time(2 * 3600)
    await join(harness)
    assert [] == await harness.send_all()
    harness.pass_time(22 * 3600)
    assert 1 == len(await harness.send_all())


async def test_it_follows_the_settings_of_the_list(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    first = await welcome_id(harness)
    await harness.services.lists.set_list("news", {"postal_address": "2 Quay"})
    second = await welcome_id(harness)
    assert first != second
    await join(harness)
    [sent] = await harness.send_all()
    text = message(sent).get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
    assert (True, False) == ("2 Quay" in text, "1 Road" in text)


async def test_it_is_made_anew_only_where_it_would_be_another(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    first = await welcome_id(harness)
    await harness.services.lists.set_list("news", {"cadence": "Every Thursday"})
    await harness.services.lists.renew_welcomes()
    await set_welcome(harness)
    assert first == await welcome_id(harness)
    assert [(1,)] == await harness.rows("select count(*) from edition")


async def test_a_start_makes_it_anew_for_another_address_of_the_site(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    first = await welcome_id(harness)
    elsewhere = structs.replace(harness.services.context, site=replace(SITE, base_url="https://other.example"))
    await ListAdmin(elsewhere, builder_at(elsewhere.site)).renew_welcomes()
    assert first != await welcome_id(harness)
    await join(harness)
    [sent] = await harness.send_all()
    assert "https://other.example/news/latest" in message(sent).get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one


async def test_one_that_cannot_be_made_anew_serves_on(harness: DeliveryHarness) -> None:
    """The postal address went by another door, say."""
    await set_welcome(harness)
    first = await welcome_id(harness)
    await harness.change("update list set postal_address = ''")
    await harness.services.lists.renew_welcomes()
    assert first == await welcome_id(harness)


async def test_a_database_that_does_not_answer_at_the_start_ends_nothing(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(tx: Transaction) -> list[str]:
        raise Unavailable("no answer")

    monkeypatch.setattr("pressrun.store.readers.welcomes.lists_with_welcome", fail)
    await harness.services.lists.renew_welcomes()
    assert ["list.welcome_not_renewed"] == [record.getMessage() for record in caplog.records]


async def test_what_preflight_warns_of_is_said(harness: DeliveryHarness) -> None:
    source = written("Look: ![](https://x.example/a.png)")
    answer = await harness.services.lists.set_list("news", {"welcome": "w.md"}, {"welcome": source})
    assert isinstance(answer, CheckedList)
    assert "image-no-alt" in [finding["code"] for finding in answer.findings]
    assert not isinstance(await harness.services.lists.set_list("news", {"cadence": "Weekly"}), CheckedList)


async def test_a_new_text_reaches_those_who_join_from_then_on(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await set_welcome(harness, written(subject="Another welcome"))
    await join(harness, "bob@reader.example")
    assert [(ADA, "Welcome aboard"), ("bob@reader.example", "Another welcome")] == subjects(await harness.send_all())


async def test_off_ends_it_with_what_waits(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.services.lists.set_list("news", {"welcome": "off"})
    await join(harness, "bob@reader.example")
    assert [] == await harness.send_all()
    settings = await harness.services.database.read(show_list, "news")
    assert (None, None) == (settings.welcome, settings.welcome_edition)


async def test_that_of_another_list_stays(harness: DeliveryHarness) -> None:
    await harness.services.make_list("tides")
    for name in ("news", "tides"):
        await harness.services.lists.set_list(name, {"welcome": "welcome.md"}, {"welcome": written()})
    await harness.services.lists.set_list("news", {"welcome": "off"})
    shown = [await harness.services.database.read(show_list, name) for name in ("news", "tides")]
    assert [True, False] == [settings.welcome is None for settings in shown]


async def test_a_closed_list_greets_nobody_and_a_reopened_one_does(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.services.lists.close_list("news")
    assert [] == await harness.send_all()
    await harness.services.lists.set_list("news", {"closed": "false"})
    await join(harness, "bob@reader.example")
    assert [("bob@reader.example", "Welcome aboard")] == subjects(await harness.send_all())


FAULTS: dict[str, tuple[bytes, type[PressrunError]]] = {
    "no subject": (b"---\npreheader: x\n---\nHello\n", PressrunError),
    "an unknown key": (b"---\nsubject: x\nsubjet: y\n---\nHello\n", BadInput),
    "a field that no member has": (written("Hello {{ town }}"), PreflightFailed),
    "a file that is missing": (written("![x](x.png)"), PreflightFailed),
    "no text": (written(""), PreflightFailed),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_file_with_errors_changes_nothing(harness: DeliveryHarness, fault: str) -> None:
    await set_welcome(harness)
    first, before = await welcome_id(harness), await harness.services.database.read(show_list, "news")
    source, kind = FAULTS[fault]
    with pytest.raises(kind) as raised:
        await set_welcome(harness, source, title="Other")
    assert 65 == raised.value.exit_code
    assert (first, before) == (await welcome_id(harness), await harness.services.database.read(show_list, "news"))


async def test_a_setting_without_which_it_may_not_go_is_refused(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    with pytest.raises(PreflightFailed, match="postal address"):
        await harness.services.lists.set_list("news", {"postal_address": ""})
    await harness.services.lists.set_list("news", {"postal_address": "", "welcome": "off"})


async def test_it_is_ended_by_its_setting_alone(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    with pytest.raises(Refused, match="welcome=off"):
        await harness.edition_admin.cancel(await welcome_id(harness))


async def test_its_report_is_there(harness: DeliveryHarness) -> None:
    await set_welcome(harness)
    await join(harness)
    await harness.send_all()
    settings = await harness.services.database.read(list_descriptions.show_list, "news")
    number = settings.welcome_edition
    assert isinstance(number, int)
    shown = await harness.services.database.read(edition_descriptions.show_edition, number, int(harness.services.now))
    assert ("welcome.md", "Welcome aboard", 1, 1) == (
        settings.welcome,
        shown.subject,
        shown.audience,
        shown.delivered,
    )
