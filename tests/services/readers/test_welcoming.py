"""The welcome mail of a list: to whom it goes, that it goes once, and what happens when the list changes."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from msgspec import structs
from tests.delivery.pressroom import GONE, LATER, SITE, Pressroom
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
from pressrun.services.reports.list_descriptions import show_list
from pressrun.services.settings import BounceSettings
from pressrun.smtp.handover import Outgoing
from pressrun.store.transaction import Transaction

WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe to News")
ADA = "ada@reader.example"
TEXT = "Dear {{ name | default: reader }},\n\nread [the latest]({{ latest_url }}) or [all]({{ archive_url }})."


def written(text: str = TEXT, subject: str = "Welcome aboard") -> bytes:
    return f"---\nsubject: {subject}\n---\n{text}\n".encode()


async def set_welcome(press: Pressroom, source: bytes | None = None, **settings: str) -> None:
    files = {"welcome": source or written()}
    await press.office.lists.set_list("news", {"welcome": "welcome.md", **settings}, files)


async def request(press: Pressroom, address: str = ADA) -> int:
    """A sign-up whose own mail is out of the way; returns the number of its confirmation."""
    await press.office.sign_ups.request(["news"], Applicant(parse_address(address), WEB), network=None)
    await press.change("update delivery set state = 'delivered' where notice_id is not null")
    confirmation_id: int = (await press.rows("select max(id) from confirmation"))[0][0]
    return confirmation_id


async def confirm(press: Pressroom, number: int) -> Confirmed:
    outcome, _ = await press.office.confirmations.confirm(number, WEB)
    return outcome


async def join(press: Pressroom, address: str = ADA) -> int:
    number = await request(press, address)
    assert await confirm(press, number) is Confirmed.CONFIRMED
    return number


async def welcome_id(press: Pressroom) -> int:
    edition_id: int = (await press.rows("select edition_id from welcome"))[0][0]
    return edition_id


def subjects(sent: list[Outgoing]) -> list[tuple[str, str]]:
    return sorted((outgoing.rcpt_to, message_from_bytes(outgoing.content)["Subject"]) for outgoing in sent)


def message(outgoing: Outgoing) -> EmailMessage:
    return message_from_bytes(outgoing.content, policy=policy.default)


async def test_a_list_without_one_greets_nobody(press: Pressroom) -> None:
    await join(press)
    assert [] == await press.send_all()


async def test_each_new_reader_gets_one(press: Pressroom) -> None:
    await set_welcome(press)
    woken = press.office.woken
    for address in (ADA, "bob@reader.example"):
        await join(press, address)
    assert press.office.woken > woken
    assert [(ADA, "Welcome aboard"), ("bob@reader.example", "Welcome aboard")] == subjects(await press.send_all())
    number = await welcome_id(press)
    assert ("finished", 2, {"delivered": 2}) == (
        await press.state(number),
        (await press.stored(number)).audience,
        await press.counts(number),
    )
    assert [] == await press.send_all()


async def test_it_is_a_mail_like_an_edition_without_a_page(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    [sent] = await press.send_all()
    mail = message(sent)
    subscription = await press.subscription(ADA)
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


async def test_no_page_no_search_and_no_listing_has_it(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.send_all()
    number = await welcome_id(press)
    assert (None,) == (await press.rows("select first_claim_at from edition where id = ?", number))[0]
    assert [] == await press.rows("select rowid from archive_search where rowid = ?", number)
    assert [] == await press.office.database.read(list_editions, "news", int(press.office.now))
    assert [] == await press.office.database.read(list_editions, None, int(press.office.now))


async def test_the_same_file_can_be_sent_as_an_edition_too(press: Pressroom) -> None:
    await set_welcome(press)
    await press.readers(1)
    taken = await press.edition_admin.send("news", Manuscript(source=written(), source_name="welcome.md", assets={}))
    assert ("welcome-aboard", "sending") == ((await press.stored(taken)).slug, await press.state(taken))


async def test_confirming_twice_greets_once(press: Pressroom) -> None:
    await set_welcome(press)
    number = await join(press)
    assert await confirm(press, number) is Confirmed.ALREADY
    assert 1 == len(await press.send_all())
    assert await confirm(press, number) is Confirmed.ALREADY
    assert [] == await press.send_all()


async def test_who_left_and_came_back_is_not_greeted_again(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.send_all()
    await press.leave(ADA)
    await join(press)
    assert [] == await press.send_all()
    assert {"delivered": 1} == await press.counts(await welcome_id(press))


async def test_those_who_are_added_or_imported_are_not_greeted(press: Pressroom) -> None:
    await set_welcome(press)
    await press.readers(2)
    await press.office.subscribers.import_batch("news", [ImportRow(line=2, email=ADA)], asks=False)
    assert [] == await press.send_all()


async def test_who_comes_back_from_bounces_is_not_greeted(press: Pressroom) -> None:
    await set_welcome(press)
    await press.readers(1)
    address = "r0@reader.example"
    change(press.office.settings, bounces=BounceSettings(hard_limit=1))
    await press.edition()
    await press.send_all(GONE)
    press.pass_time(10)
    await press.change("delete from suppression")
    number = await request(press, address)
    assert await confirm(press, number) is Confirmed.CONFIRMED
    assert [] == await press.send_all()


async def test_who_undoes_a_leaving_gets_the_one_that_waited(press: Pressroom) -> None:
    await set_welcome(press, leaving_note="true")
    await join(press)
    await press.leave(ADA)
    assert [] == await press.send_all()
    undo_unsubscribe = UndoUnsubscribe(press.office.context)
    for _ in range(2):
        await undo_unsubscribe.undo((await press.rows("select max(id) from unsubscribe"))[0][0], WEB)
        assert "active" == (await press.rows("select state from subscription"))[0][0]
    assert [(ADA, "Welcome aboard")] == subjects(await press.send_all())
    assert 1 == (await press.stored(await welcome_id(press))).audience


@pytest.mark.parametrize("how", ["leave", "pause", "suppress", "erase"])
async def test_who_is_gone_before_the_claim_gets_none(press: Pressroom, how: str) -> None:
    await set_welcome(press)
    await join(press)
    match how:
        case "leave":
            await press.leave(ADA)
        case "pause":
            await press.change("update subscription set state = 'suspended', suspended_for = 'paused'")
        case "suppress":
            await press.office.suppressions.add(parse_address(ADA), "operator")
        case _:
            await press.office.subscribers.erase(parse_address(ADA))
    assert [] == await press.send_all()
    assert "finished" == await press.state(await welcome_id(press))


async def test_a_retry_is_the_same_mail(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    [first] = await press.send_all(LATER)
    press.pass_time(400)
    [second] = await press.send_all()
    assert first.content == second.content
    assert {"delivered": 1} == await press.counts(await welcome_id(press))


async def test_a_killed_process_sends_what_waits_and_nothing_twice(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.turn()  # claimed, and the process dies
    await press.start()
    assert 1 == len(await press.send_all())
    await press.start()
    assert [] == await press.send_all()


async def test_the_hours_of_the_list_hold_it(press: Pressroom) -> None:
    await set_welcome(press, hours="08:00-09:00")  # it is 08:00 UTC at NOW
    press.pass_time(2 * 3600)
    await join(press)
    assert [] == await press.send_all()
    press.pass_time(22 * 3600)
    assert 1 == len(await press.send_all())


async def test_it_follows_the_settings_of_the_list(press: Pressroom) -> None:
    await set_welcome(press)
    first = await welcome_id(press)
    await press.office.lists.set_list("news", {"postal_address": "2 Quay"})
    second = await welcome_id(press)
    assert first != second
    await join(press)
    [sent] = await press.send_all()
    text = message(sent).get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
    assert (True, False) == ("2 Quay" in text, "1 Road" in text)


async def test_it_is_made_anew_only_where_it_would_be_another(press: Pressroom) -> None:
    await set_welcome(press)
    first = await welcome_id(press)
    await press.office.lists.set_list("news", {"cadence": "Every Thursday"})
    await press.office.lists.renew_welcomes()
    await set_welcome(press)
    assert first == await welcome_id(press)
    assert [(1,)] == await press.rows("select count(*) from edition")


async def test_a_start_makes_it_anew_for_another_address_of_the_site(press: Pressroom) -> None:
    await set_welcome(press)
    first = await welcome_id(press)
    elsewhere = structs.replace(press.office.context, site=replace(SITE, base_url="https://other.example"))
    await ListAdmin(elsewhere, builder_at(elsewhere.site)).renew_welcomes()
    assert first != await welcome_id(press)
    await join(press)
    [sent] = await press.send_all()
    assert "https://other.example/news/latest" in message(sent).get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one


async def test_one_that_cannot_be_made_anew_serves_on(press: Pressroom) -> None:
    """The postal address went by another door, say."""
    await set_welcome(press)
    first = await welcome_id(press)
    await press.change("update list set postal_address = ''")
    await press.office.lists.renew_welcomes()
    assert first == await welcome_id(press)


async def test_a_database_that_does_not_answer_at_the_start_ends_nothing(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(tx: Transaction) -> list[str]:
        raise Unavailable("no answer")

    monkeypatch.setattr("pressrun.store.readers.welcomes.lists_with_welcome", fail)
    await press.office.lists.renew_welcomes()
    assert ["list.welcome_not_renewed"] == [record.getMessage() for record in caplog.records]


async def test_what_preflight_warns_of_is_said(press: Pressroom) -> None:
    source = written("Look: ![](https://x.example/a.png)")
    answer = await press.office.lists.set_list("news", {"welcome": "w.md"}, {"welcome": source})
    assert "image-no-alt" in [finding["code"] for finding in answer["findings"]]
    assert "findings" not in await press.office.lists.set_list("news", {"cadence": "Weekly"})


async def test_a_new_text_reaches_those_who_join_from_then_on(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await set_welcome(press, written(subject="Another welcome"))
    await join(press, "bob@reader.example")
    assert [(ADA, "Welcome aboard"), ("bob@reader.example", "Another welcome")] == subjects(await press.send_all())


async def test_off_ends_it_with_what_waits(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.office.lists.set_list("news", {"welcome": "off"})
    await join(press, "bob@reader.example")
    assert [] == await press.send_all()
    settings = await press.office.database.read(show_list, "news")
    assert (None, None) == (settings["welcome"], settings["welcome_edition"])


async def test_a_closed_list_greets_nobody_and_a_reopened_one_does(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.office.lists.close_list("news")
    assert [] == await press.send_all()
    await press.office.lists.set_list("news", {"closed": "false"})
    await join(press, "bob@reader.example")
    assert [("bob@reader.example", "Welcome aboard")] == subjects(await press.send_all())


FAULTS: dict[str, tuple[bytes, type[PressrunError]]] = {
    "no subject": (b"---\npreheader: x\n---\nHello\n", PressrunError),
    "an unknown key": (b"---\nsubject: x\nsubjet: y\n---\nHello\n", BadInput),
    "a field that no member has": (written("Hello {{ town }}"), PreflightFailed),
    "a file that is missing": (written("![x](x.png)"), PreflightFailed),
    "no text": (written(""), PreflightFailed),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_file_with_errors_changes_nothing(press: Pressroom, fault: str) -> None:
    await set_welcome(press)
    first, before = await welcome_id(press), await press.office.database.read(show_list, "news")
    source, kind = FAULTS[fault]
    with pytest.raises(kind) as raised:
        await set_welcome(press, source, title="Other")
    assert 65 == raised.value.exit_code
    assert (first, before) == (await welcome_id(press), await press.office.database.read(show_list, "news"))


async def test_a_setting_without_which_it_may_not_go_is_refused(press: Pressroom) -> None:
    await set_welcome(press)
    with pytest.raises(PreflightFailed, match="postal address"):
        await press.office.lists.set_list("news", {"postal_address": ""})
    await press.office.lists.set_list("news", {"postal_address": "", "welcome": "off"})


async def test_it_is_ended_by_its_setting_alone(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    with pytest.raises(Refused, match="welcome=off"):
        await press.edition_admin.cancel(await welcome_id(press))


async def test_its_report_is_there(press: Pressroom) -> None:
    await set_welcome(press)
    await join(press)
    await press.send_all()
    settings = await press.office.database.read(list_descriptions.show_list, "news")
    number = settings["welcome_edition"]
    assert isinstance(number, int)
    shown = await press.office.database.read(edition_descriptions.show_edition, number, int(press.office.now))
    assert ("welcome.md", "Welcome aboard", 1, 1) == (
        settings["welcome"],
        shown.subject,
        shown.audience,
        shown.delivered,
    )
