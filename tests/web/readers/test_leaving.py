"""Leaving by a link that may have been passed on: who is told, and what the link to undo it restores."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.database import execute, execute_in
from tests.web.house import NOW, House, words_of

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


async def leave(house: House, reader: int, data: dict[str, str] = BUTTON, edition: int = 0) -> Any:
    async with house.client() as client:
        return await client.post(house.unsubscribe_path(reader, edition), data=data)


async def undo(house: House, number: int = 1, *, method: str = "POST") -> Any:
    token = house.tokens.make(WebPurpose.UNDO_UNSUBSCRIBE, number, int(NOW) + 30 * DAY)
    async with house.client() as client:
        return await client.request(method, f"/confirm/{token}")


async def notes(house: House) -> list[str]:
    return [to for kind, to, _ in await house.notices() if kind == "left"]


@pytest.mark.parametrize("data", [BUTTON, ONE_CLICK])
async def test_who_is_unsubscribed_by_a_link_is_told_once(house: House, data: dict[str, str]) -> None:
    reader = await house.add_reader(await house.add_list())
    for _ in range(2):
        assert 200 == (await leave(house, reader, data)).status_code
    assert [ADA] == await notes(house)


@pytest.mark.parametrize("accepted", ["", "en-US,en;q=0.9"])
async def test_the_note_after_one_click_is_in_the_language_of_the_list(house: House, accepted: str) -> None:
    """A program of the mailbox provider sends the one-click POST, and its language is not the reader's."""
    reader = await house.add_reader(await house.add_list(language="es-MX"))
    async with house.client() as client:
        headers = {"Accept-Language": accepted} if accepted else {}
        await client.post(house.unsubscribe_path(reader), data=ONE_CLICK, headers=headers)
    await notes(house)
    assert [("es-MX",)] == [tuple(row) for row in await house.rows("select language from notice where kind = 'left'")]


async def test_the_page_names_a_masked_address_alone(house: House) -> None:
    reader = await house.add_reader(await house.add_list(), "ada.lovelace@mail.engines.example")
    async with house.client() as client:
        page = await client.get(house.unsubscribe_path(reader))
    assert "to a•••@m•••.example?" in words_of(page.text)
    assert [] == [word for word in ("lovelace", "engines") if word in page.text]


async def test_undoing_restores_exactly_what_was_and_only_that_list(house: House) -> None:
    news, other = await house.add_list(), await house.add_list("other")
    reader, second = await house.add_reader(news), await house.add_reader(other)
    async with house.client() as client:
        await client.post(house.preferences_path(1), data={"action": "pause", "days": "9"})
    before = await house.subscription(reader)
    house.clock.now += 60
    await leave(house, reader)
    await leave(house, second)
    page = await undo(house, method="GET")
    assert (1, "unsubscribed") == (page.text.count("<button"), (await house.subscription(reader)).state)
    for _ in range(2):
        assert "subscribed again" in (await undo(house)).text
    after = await house.subscription(reader)
    assert [getattr(before, name) for name in ("state", "suspended_for", "paused_until", "since", "source")] == [
        getattr(after, name) for name in ("state", "suspended_for", "paused_until", "since", "source")
    ]
    assert "unsubscribed" == (await house.subscription(second)).state
    assert "restored" == (await house.consent())[-1]["event"]


@pytest.mark.parametrize("pauses", [False, True])
async def test_who_was_suspended_for_bounces_meanwhile_does_not_become_active(house: House, pauses: bool) -> None:
    """Bounces suspend what is active: undoing must not open what had just been left, nor may the end of a pause."""
    news, other = await house.add_list(), await house.add_list("other")
    reader, second = await house.add_reader(news), await house.add_reader(other)
    edition = await house.add_edition(news, state="sending")
    if pauses:
        async with house.client() as client:
            await client.post(house.preferences_path(1), data={"action": "pause", "days": "9"})
    await leave(house, reader)

    await house.database.write(bounces.suspend, {1: edition}, suppressed=(), now=int(house.clock.now))
    for _ in range(2):
        assert "subscribed again" in (await undo(house)).text
    async with house.client() as client:
        await client.post(house.preferences_path(1), data={"action": "resume"})
    for number in (reader, second):
        subscription = await house.subscription(number)
        assert ("suspended", "bounces", None) == (
            subscription.state,
            subscription.suspended_for,
            subscription.paused_until,
        )


async def test_the_link_works_for_a_day(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    house.clock.now += DAY
    assert 404 == (await undo(house)).status_code
    assert "unsubscribed" == (await house.subscription(reader)).state


async def test_copies_that_the_leaving_cancelled_go_out_after_all(house: House) -> None:
    number = await house.add_list()
    reader = await house.add_reader(number)
    running, over = await house.add_edition(number, state="sending"), await house.add_edition(number, "second")

    def queue(tx: Any) -> None:
        for edition in (running, over):
            execute_in(
                tx,
                "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, ?, 'd', ?, 0)",
                edition,
                reader,
                "queued",
            )

    await house.database.write(queue)
    await leave(house, reader, edition=running)
    assert [("cancelled",), ("cancelled",)] == await house.rows(
        "select state from delivery where edition_id is not null order by id"
    )
    assert [(1,), (0,)] == await house.rows("select unsubscribed from edition order by id")
    await undo(house)
    assert [("queued",), ("cancelled",)] == await house.rows(
        "select state from delivery where edition_id is not null order by id"
    )
    assert [(0,), (0,)] == await house.rows("select unsubscribed from edition order by id")


async def reasons(house: House) -> list[tuple[Any, ...]]:
    return await house.rows("select month, reason, number from leaving_reason order by reason")


async def say_why(house: House, reason: str, number: int = 1) -> Any:
    token = house.tokens.make(WebPurpose.WHY, number, int(NOW) + DAY)
    async with house.client() as client:
        return await client.post(f"/unsubscribe/why/{token}", data={"reason": reason})


async def test_whoever_leaves_may_say_why_and_is_counted_once(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    page = await leave(house, reader)
    assert ["too-many", "not-expected", "never-signed-up", "other"] == re.findall(
        'type="radio" [^>]*value="([^"]*)', page.text
    )
    where = re.findall('action="(/unsubscribe/why/[^"]*)"', page.text)
    before = await house.rows("select * from subscription")
    async with house.client() as client:
        answers = [await client.post(where[0], data={"reason": reason}) for reason in ("too-many", "other")]
    assert [200, 200] == [answer.status_code for answer in answers]
    assert [("2026-05", "too-many", 1)] == await reasons(house)
    assert before == await house.rows("select * from subscription")
    shown = await house.database.read(show_list, "news")
    assert {"2026-05": {"too-many": 1}} == shown["leaving_reasons"]


async def test_the_answers_of_several_are_added_up(house: House) -> None:
    number = await house.add_list()
    for index, reason in enumerate(("other", "too-many", "other"), 1):
        await leave(house, await house.add_reader(number, f"r{index}@reader.example"))
        await say_why(house, reason, index)
    assert [("2026-05", "other", 2), ("2026-05", "too-many", 1)] == await reasons(house)


async def test_saying_why_leaves_the_way_back_open_and_is_no_way_back(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    await say_why(house, "other")
    assert "unsubscribed" == (await house.subscription(reader)).state
    await undo(house)
    assert "active" == (await house.subscription(reader)).state
    assert 404 == (await say_why(house, "too-many")).status_code
    assert [("2026-05", "other", 1)] == await reasons(house)


@pytest.mark.parametrize("reason", ["", "because", "too-many "])
async def test_what_is_no_answer_shows_the_question_again(house: House, reason: str) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    answer = await say_why(house, reason)
    assert (200, 4) == (answer.status_code, answer.text.count('type="radio"'))
    assert [] == await reasons(house)


@pytest.mark.only_on("sqlite", "it lists the tables as SQLite does; both engines have the same")
async def test_nothing_of_a_reader_stands_beside_the_reasons(house: House) -> None:
    """The row of the leaving says that there was an answer, not which, and no other row names both."""
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    await say_why(house, "never-signed-up")
    for (table,) in await house.rows(
        "select name from sqlite_schema where type = 'table' and name not like '%search%'"
    ):
        if table != "leaving_reason":
            assert "never-signed-up" not in repr(await house.rows(f"select * from {table}"))


async def test_a_confirmation_from_before_stays_void(house: House) -> None:
    await house.add_list()
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        confirm = house.confirm_path(await house.last_confirmation())
        await client.post(confirm)
        await leave(house, 1)
        await undo(house)
        await leave(house, 1)
        await client.post(confirm)
    assert "unsubscribed" == (await house.subscription(1)).state


async def test_only_the_last_leaving_can_be_undone(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    await undo(house)
    await leave(house, reader)
    assert 404 == (await undo(house, 1)).status_code
    assert 200 == (await undo(house, 2)).status_code


async def leave_by_own_link(house: House) -> None:
    async with house.client() as client:
        await client.post(house.preferences_path(1, 0, int(NOW) + 3600), data={"action": "leave-all"})


async def be_removed(house: House) -> None:
    """What `subscriber rm`, an import and "never again" do."""

    def end(tx: Transaction) -> None:
        subscription = subscriptions.find_subscription_by_id(tx, 1)
        assert subscription is not None
        end_subscription(tx, subscription, "operator", int(NOW))

    await house.database.write(end)


@pytest.mark.parametrize("end", [leave_by_own_link, be_removed])
async def test_the_link_of_an_earlier_leaving_takes_back_no_later_end(
    house: House, end: Callable[[House], Awaitable[None]]
) -> None:
    """Also where the later end has no link of its own."""
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
        await client.post(house.confirm_path(await house.last_confirmation()))
    await end(house)
    assert 404 == (await undo(house)).status_code
    assert "unsubscribed" == (await house.subscription(reader)).state


async def test_who_signed_up_again_meanwhile_gets_back_what_they_had(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    async with house.client() as client:
        await client.post("/news/subscribe", data={"email": ADA})
    assert "subscribed again" in (await undo(house)).text
    assert ("active", None) == ((standing := await house.subscription(reader)).state, standing.state_before)


@pytest.mark.parametrize("state", ["pending", "suspended"])
async def test_who_got_no_mail_is_not_told(house: House, state: str) -> None:
    await leave(house, await house.add_reader(await house.add_list(), state=state))
    assert [] == await house.notices()


async def test_who_is_suppressed_is_not_told_and_cannot_undo(house: House) -> None:
    number = await house.add_list()
    await house.suppress(ADA, "complaint")
    await leave(house, await house.add_reader(number))
    assert [] == await house.notices()
    bob = await house.add_reader(number, "bob@reader.example")
    await leave(house, bob)
    await house.suppress("bob@reader.example", "complaint")
    assert 404 == (await undo(house)).status_code


async def test_a_list_can_do_without(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await execute(house.database, "update list set leaving_note = 0")
    await leave(house, reader)
    assert [] == await house.notices()


async def test_notes_have_a_limit_and_leaving_has_none(house: House) -> None:
    house.limits = LimitSettings(unsubscribe_notes_per_address=Rate(2, 86400.0))
    number = await house.add_list()
    readers = [await house.add_reader(number, f"ada+{tag}@reader.example") for tag in range(4)]
    pages = {words_of((await leave(house, reader)).text) for reader in readers}
    assert (1, 2) == (len(pages), len(await notes(house)))
    assert [("unsubscribed",)] * 4 == await house.rows("select state from subscription")


async def test_leaving_by_an_editions_preferences_page_is_told_and_by_the_readers_own_is_not(house: House) -> None:
    number = await house.add_list()
    await house.add_reader(number)
    await house.add_reader(number, "bob@reader.example")
    async with house.client() as client:
        await client.post(house.preferences_path(1), data={"action": "leave-all"})
        await client.post(house.preferences_path(2, 0, int(NOW) + 3600), data={"action": "leave-all"})
    assert [ADA] == await notes(house)


async def test_a_closed_list_takes_nobody_back(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader)
    await house.close_list()
    assert 404 == (await undo(house)).status_code


# ---------------------------------------------------------------------- the page of the link


async def test_the_page_offers_a_pause_and_a_pause_is_all_that_it_is(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    other = await house.add_reader(await house.add_list("other"))
    async with house.client() as client:
        page = await client.get(house.unsubscribe_path(reader))
        asked = await client.get(house.unsubscribe_path(reader), params={"pause": "30"})
    paused = await leave(house, reader, {"action": "pause"})
    assert ("Pause for 30 days instead" in words_of(page.text), "Paused until" in words_of(paused.text)) == (True, True)
    subscription = await house.subscription(reader)
    assert ("suspended", "paused", int(NOW) + 30 * DAY) == (
        subscription.state,
        subscription.suspended_for,
        subscription.paused_until,
    )
    assert "active" == (await house.subscription(other)).state
    question, button = "Pause sending The Harbour Letter to a•••@r•••.example?", "Pause for 30 days"
    assert f"{question} {button} " in words_of(asked.text)
    assert [("paused", f"{question} [{button}]")] == [(item["event"], item["text"]) for item in await house.consent()]


@pytest.mark.parametrize("state", ["pending", "suspended", "unsubscribed"])
async def test_what_sends_nothing_cannot_be_paused(house: House, state: str) -> None:
    reader = await house.add_reader(await house.add_list(), state=state)
    before = await house.everything()
    async with house.client() as client:
        page = await client.get(house.unsubscribe_path(reader))
    answer = await leave(house, reader, {"action": "pause"})
    assert (False, 200) == ("instead" in page.text, answer.status_code)
    assert before == await house.everything()


async def test_who_has_just_left_can_undo_it_there(house: House) -> None:
    reader = await house.add_reader(await house.add_list())
    page = await leave(house, reader)
    path = page.text.partition('<form method="post" action="')[2].partition('"')[0]
    house.clock.now += DAY - 1
    async with house.client() as client:
        assert 200 == (await client.post(path)).status_code
    assert "active" == (await house.subscription(reader)).state
    house.clock.now += 1
    async with house.client() as client:
        assert 404 == (await client.post(path)).status_code


@pytest.mark.parametrize("first", [BUTTON, ONE_CLICK])
async def test_who_comes_later_with_the_link_is_not_offered_to_undo_it(house: House, first: dict[str, str]) -> None:
    """They may be somebody else, whom the mail was passed on to."""
    reader = await house.add_reader(await house.add_list())
    await leave(house, reader, first)
    assert "/confirm/" not in (await leave(house, reader)).text


async def test_each_page_of_the_link_has_one_button(house: House) -> None:
    """The pause is a link to a page with a button of its own."""
    reader = await house.add_reader(await house.add_list())
    async with house.client() as client:
        page = await client.get(house.unsubscribe_path(reader))
        path = page.text.partition('<p class="back"><a href="')[2].partition('"')[0]
        pause = await client.get(path)
        assert (1, 1) == (page.text.count("<button"), pause.text.count("<button"))
        await client.post(path, data={"action": "pause"})
    assert "paused" == (await house.subscription(reader)).suspended_for
