"""Leaving by a link that may have been passed on: who is told, and what the link to undo it restores."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.database import execute, execute_in
from tests.web.harness import NOW, WebHarness, words_of

from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import WebPurpose
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.subscription_records import end_subscription
from pressrun.services.reports.list_descriptions import show_list
from pressrun.store.readers import bounces, subscriptions
from pressrun.store.transaction import Transaction

ADA = "ada@reader.example"
DAY = 86400
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BUTTON = {"action": "leave"}


async def leave(web: WebHarness, reader: int, data: dict[str, str] = BUTTON, edition: int = 0) -> Any:
    async with web.client() as client:
        return await client.post(web.unsubscribe_path(reader, edition), data=data)


async def undo(web: WebHarness, number: int = 1, *, method: str = "POST") -> Any:
    token = web.tokens.make(WebPurpose.UNDO_UNSUBSCRIBE, number, int(NOW) + 30 * DAY)
    async with web.client() as client:
        return await client.request(method, f"/confirm/{token}")


async def notes(web: WebHarness) -> list[str]:
    return [to for kind, to, _ in await web.notices() if kind == "left"]


@pytest.mark.parametrize("data", [BUTTON, ONE_CLICK])
async def test_who_is_unsubscribed_by_a_link_is_told_once(web: WebHarness, data: dict[str, str]) -> None:
    reader = await web.add_reader(await web.add_list())
    for _ in range(2):
        assert 200 == (await leave(web, reader, data)).status_code
    assert [ADA] == await notes(web)


@pytest.mark.parametrize("accepted", ["", "en-US,en;q=0.9"])
async def test_the_note_after_one_click_is_in_the_language_of_the_list(web: WebHarness, accepted: str) -> None:
    """A program of the mailbox provider sends the one-click POST, and its language is not the reader's."""
    reader = await web.add_reader(await web.add_list(language="es-MX"))
    async with web.client() as client:
        headers = {"Accept-Language": accepted} if accepted else {}
        await client.post(web.unsubscribe_path(reader), data=ONE_CLICK, headers=headers)
    await notes(web)
    assert [("es-MX",)] == [tuple(row) for row in await web.rows("select language from notice where kind = 'left'")]


async def test_the_page_names_a_masked_address_alone(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list(), "ada.lovelace@mail.engines.example")
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
    assert "to a•••@m•••.example?" in words_of(page.text)
    assert [] == [word for word in ("lovelace", "engines") if word in page.text]


async def test_undoing_restores_exactly_what_was_and_only_that_list(web: WebHarness) -> None:
    news, other = await web.add_list(), await web.add_list("other")
    reader, second = await web.add_reader(news), await web.add_reader(other)
    async with web.client() as client:
        await client.post(web.preferences_path(1), data={"action": "pause", "days": "9"})
    before = await web.subscription(reader)
    web.clock.now += 60
    await leave(web, reader)
    await leave(web, second)
    page = await undo(web, method="GET")
    assert (1, "unsubscribed") == (page.text.count("<button"), (await web.subscription(reader)).state)
    for _ in range(2):
        assert "subscribed again" in (await undo(web)).text
    after = await web.subscription(reader)
    assert [getattr(before, name) for name in ("state", "suspended_for", "paused_until", "since", "source")] == [
        getattr(after, name) for name in ("state", "suspended_for", "paused_until", "since", "source")
    ]
    assert "unsubscribed" == (await web.subscription(second)).state
    assert "restored" == (await web.consent())[-1]["event"]


@pytest.mark.parametrize("pauses", [False, True])
async def test_who_was_suspended_for_bounces_meanwhile_does_not_become_active(web: WebHarness, pauses: bool) -> None:
    """Bounces suspend what is active: undoing must not open what had just been left, nor may the end of a pause."""
    news, other = await web.add_list(), await web.add_list("other")
    reader, second = await web.add_reader(news), await web.add_reader(other)
    edition = await web.add_edition(news, state="sending")
    if pauses:
        async with web.client() as client:
            await client.post(web.preferences_path(1), data={"action": "pause", "days": "9"})
    await leave(web, reader)

    await web.database.write(bounces.suspend, {1: edition}, suppressed=(), now=int(web.clock.now))
    for _ in range(2):
        assert "subscribed again" in (await undo(web)).text
    async with web.client() as client:
        await client.post(web.preferences_path(1), data={"action": "resume"})
    for number in (reader, second):
        subscription = await web.subscription(number)
        assert ("suspended", "bounces", None) == (
            subscription.state,
            subscription.suspended_for,
            subscription.paused_until,
        )


async def test_the_link_works_for_a_day(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    web.clock.now += DAY
    assert 404 == (await undo(web)).status_code
    assert "unsubscribed" == (await web.subscription(reader)).state


async def test_copies_that_the_leaving_cancelled_go_out_after_all(web: WebHarness) -> None:
    number = await web.add_list()
    reader = await web.add_reader(number)
    running, over = await web.add_edition(number, state="sending"), await web.add_edition(number, "second")

    def queue(tx: Any) -> None:
        for edition in (running, over):
            execute_in(
                tx,
                "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, ?, 'd', ?, 0)",
                edition,
                reader,
                "queued",
            )

    await web.database.write(queue)
    await leave(web, reader, edition=running)
    assert [("cancelled",), ("cancelled",)] == await web.rows(
        "select state from delivery where edition_id is not null order by id"
    )
    assert [(1,), (0,)] == await web.rows("select unsubscribed from edition order by id")
    await undo(web)
    assert [("queued",), ("cancelled",)] == await web.rows(
        "select state from delivery where edition_id is not null order by id"
    )
    assert [(0,), (0,)] == await web.rows("select unsubscribed from edition order by id")


async def reasons(web: WebHarness) -> list[tuple[Any, ...]]:
    return await web.rows("select month, reason, number from leaving_reason order by reason")


async def say_why(web: WebHarness, reason: str, number: int = 1) -> Any:
    token = web.tokens.make(WebPurpose.WHY, number, int(NOW) + DAY)
    async with web.client() as client:
        return await client.post(f"/unsubscribe/why/{token}", data={"reason": reason})


async def test_whoever_leaves_may_say_why_and_is_counted_once(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    page = await leave(web, reader)
    assert ["too-many", "not-expected", "never-signed-up", "other"] == re.findall(
        'type="radio" [^>]*value="([^"]*)', page.text
    )
    where = re.findall('action="(/unsubscribe/why/[^"]*)"', page.text)
    before = await web.rows("select * from subscription")
    async with web.client() as client:
        answers = [await client.post(where[0], data={"reason": reason}) for reason in ("too-many", "other")]
    assert [200, 200] == [answer.status_code for answer in answers]
    assert [("2026-05", "too-many", 1)] == await reasons(web)
    assert before == await web.rows("select * from subscription")
    shown = await web.database.read(show_list, "news")
    assert {"2026-05": {"too-many": 1}} == shown.leaving_reasons


async def test_the_answers_of_several_are_added_up(web: WebHarness) -> None:
    number = await web.add_list()
    for index, reason in enumerate(("other", "too-many", "other"), 1):
        await leave(web, await web.add_reader(number, f"r{index}@reader.example"))
        await say_why(web, reason, index)
    assert [("2026-05", "other", 2), ("2026-05", "too-many", 1)] == await reasons(web)


async def test_saying_why_leaves_the_way_back_open_and_is_no_way_back(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    await say_why(web, "other")
    assert "unsubscribed" == (await web.subscription(reader)).state
    await undo(web)
    assert "active" == (await web.subscription(reader)).state
    assert 404 == (await say_why(web, "too-many")).status_code
    assert [("2026-05", "other", 1)] == await reasons(web)


@pytest.mark.parametrize("reason", ["", "because", "too-many "])
async def test_what_is_no_answer_shows_the_question_again(web: WebHarness, reason: str) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    answer = await say_why(web, reason)
    assert (200, 4) == (answer.status_code, answer.text.count('type="radio"'))
    assert [] == await reasons(web)


@pytest.mark.only_on("sqlite", "it lists the tables as SQLite does; both engines have the same")
async def test_nothing_of_a_reader_stands_beside_the_reasons(web: WebHarness) -> None:
    """The row of the leaving says that there was an answer, not which, and no other row names both."""
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    await say_why(web, "never-signed-up")
    for (table,) in await web.rows("select name from sqlite_schema where type = 'table' and name not like '%search%'"):
        if table != "leaving_reason":
            assert "never-signed-up" not in repr(await web.rows(f"select * from {table}"))


async def test_a_confirmation_from_before_stays_void(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        confirm = web.confirm_path(await web.last_confirmation())
        await client.post(confirm)
        await leave(web, 1)
        await undo(web)
        await leave(web, 1)
        await client.post(confirm)
    assert "unsubscribed" == (await web.subscription(1)).state


async def test_only_the_last_leaving_can_be_undone(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    await undo(web)
    await leave(web, reader)
    assert 404 == (await undo(web, 1)).status_code
    assert 200 == (await undo(web, 2)).status_code


async def leave_by_own_link(web: WebHarness) -> None:
    async with web.client() as client:
        await client.post(web.preferences_path(1, 0, int(NOW) + 3600), data={"action": "leave-all"})


async def be_removed(web: WebHarness) -> None:
    """What `subscriber rm`, an import and "never again" do."""

    def end(tx: Transaction) -> None:
        subscription = subscriptions.find_subscription_by_id(tx, 1)
        assert subscription is not None
        end_subscription(tx, subscription, "operator", int(NOW))

    await web.database.write(end)


@pytest.mark.parametrize("end", [leave_by_own_link, be_removed])
async def test_the_link_of_an_earlier_leaving_takes_back_no_later_end(
    web: WebHarness, end: Callable[[WebHarness], Awaitable[None]]
) -> None:
    """Also where the later end has no link of its own."""
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        await client.post(web.confirm_path(await web.last_confirmation()))
    await end(web)
    assert 404 == (await undo(web)).status_code
    assert "unsubscribed" == (await web.subscription(reader)).state


async def test_who_signed_up_again_meanwhile_gets_back_what_they_had(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
    assert "subscribed again" in (await undo(web)).text
    assert ("active", None) == ((standing := await web.subscription(reader)).state, standing.state_before)


@pytest.mark.parametrize("state", ["pending", "suspended"])
async def test_who_got_no_mail_is_not_told(web: WebHarness, state: str) -> None:
    await leave(web, await web.add_reader(await web.add_list(), state=state))
    assert [] == await web.notices()


async def test_who_is_suppressed_is_not_told_and_cannot_undo(web: WebHarness) -> None:
    number = await web.add_list()
    await web.suppress(ADA, "complaint")
    await leave(web, await web.add_reader(number))
    assert [] == await web.notices()
    bob = await web.add_reader(number, "bob@reader.example")
    await leave(web, bob)
    await web.suppress("bob@reader.example", "complaint")
    assert 404 == (await undo(web)).status_code


async def test_a_list_can_do_without(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await execute(web.database, "update list set leaving_note = 0")
    await leave(web, reader)
    assert [] == await web.notices()


async def test_notes_have_a_limit_and_leaving_has_none(web: WebHarness) -> None:
    web.limits = LimitSettings(unsubscribe_notes_per_address=Rate(2, 86400.0))
    number = await web.add_list()
    readers = [await web.add_reader(number, f"ada+{tag}@reader.example") for tag in range(4)]
    pages = {words_of((await leave(web, reader)).text) for reader in readers}
    assert (1, 2) == (len(pages), len(await notes(web)))
    assert [("unsubscribed",)] * 4 == await web.rows("select state from subscription")


async def test_leaving_by_an_editions_preferences_page_is_told_and_by_the_readers_own_is_not(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_reader(number)
    await web.add_reader(number, "bob@reader.example")
    async with web.client() as client:
        await client.post(web.preferences_path(1), data={"action": "leave-all"})
        await client.post(web.preferences_path(2, 0, int(NOW) + 3600), data={"action": "leave-all"})
    assert [ADA] == await notes(web)


async def test_a_closed_list_takes_nobody_back(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader)
    await web.close_list()
    assert 404 == (await undo(web)).status_code


# ---------------------------------------------------------------------- the page of the link


async def test_the_page_offers_a_pause_and_a_pause_is_all_that_it_is(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    other = await web.add_reader(await web.add_list("other"))
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
        asked = await client.get(web.unsubscribe_path(reader), params={"pause": "30"})
    paused = await leave(web, reader, {"action": "pause"})
    assert ("Pause for 30 days instead" in words_of(page.text), "Paused until" in words_of(paused.text)) == (True, True)
    subscription = await web.subscription(reader)
    assert ("suspended", "paused", int(NOW) + 30 * DAY) == (
        subscription.state,
        subscription.suspended_for,
        subscription.paused_until,
    )
    assert "active" == (await web.subscription(other)).state
    question, button = "Pause sending The Harbour Letter to a•••@r•••.example?", "Pause for 30 days"
    assert f"{question} {button} " in words_of(asked.text)
    assert [("paused", f"{question} [{button}]")] == [(item["event"], item["text"]) for item in await web.consent()]


@pytest.mark.parametrize("state", ["pending", "suspended", "unsubscribed"])
async def test_what_sends_nothing_cannot_be_paused(web: WebHarness, state: str) -> None:
    reader = await web.add_reader(await web.add_list(), state=state)
    before = await web.everything()
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
    answer = await leave(web, reader, {"action": "pause"})
    assert (False, 200) == ("instead" in page.text, answer.status_code)
    assert before == await web.everything()


async def test_who_has_just_left_can_undo_it_there(web: WebHarness) -> None:
    reader = await web.add_reader(await web.add_list())
    page = await leave(web, reader)
    path = page.text.partition('<form method="post" action="')[2].partition('"')[0]
    web.clock.now += DAY - 1
    async with web.client() as client:
        assert 200 == (await client.post(path)).status_code
    assert "active" == (await web.subscription(reader)).state
    web.clock.now += 1
    async with web.client() as client:
        assert 404 == (await client.post(path)).status_code


@pytest.mark.parametrize("first", [BUTTON, ONE_CLICK])
async def test_who_comes_later_with_the_link_is_not_offered_to_undo_it(web: WebHarness, first: dict[str, str]) -> None:
    """They may be somebody else, whom the mail was passed on to."""
    reader = await web.add_reader(await web.add_list())
    await leave(web, reader, first)
    assert "/confirm/" not in (await leave(web, reader)).text


async def test_each_page_of_the_link_has_one_button(web: WebHarness) -> None:
    """The pause is a link to a page with a button of its own."""
    reader = await web.add_reader(await web.add_list())
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
        path = page.text.partition('<p class="back"><a href="')[2].partition('"')[0]
        pause = await client.get(path)
        assert (1, 1) == (page.text.count("<button"), pause.text.count("<button"))
        await client.post(path, data={"action": "pause"})
    assert "paused" == (await web.subscription(reader)).suspended_for
