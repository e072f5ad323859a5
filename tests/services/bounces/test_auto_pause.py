"""Editions that fare badly pause by themselves, once, and say why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.pressroom import GONE, TAKEN, Pressroom, open_pressroom
from tests.settings import change

from pressrun.services.bounces import auto_pause
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply

TOO_LARGE = HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(552, "message too large for r0@reader.example", "5.3.4"))

AT_ONCE = 20


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Pressroom]:
    async with open_pressroom(tmp_path) as room:
        await room.office.lists.set_list("news", {"owner": "owner@lists.example"})
        yield room


async def send_some(press: Pressroom, outcomes: list[HandOver]) -> list[Outgoing]:
    """Answer as many copies as there are outcomes, some at a time, and let the clock go on a little with each."""
    sent: list[Outgoing] = []
    while len(sent) < len(outcomes):
        await press.turn()
        copies = list(islice(iter(press.take, None), min(AT_ONCE, len(outcomes) - len(sent))))
        if not copies:
            break
        for copy in copies:
            press.answer(copy, outcomes[len(sent)])
            press.pass_time(1)
            sent.append(copy)
        await press.turn()
    return sent


async def mails_to_owner(press: Pressroom) -> list[Outgoing]:
    return [copy for copy in await mails_to_people(press) if copy.rcpt_to == "owner@lists.example"]


async def mails_to_people(press: Pressroom) -> list[Outgoing]:
    await press.turn()
    return [copy for copy in press.take_all() if not copy.rcpt_to.startswith("r")]


async def test_too_many_refusals_pause_an_edition_once(press: Pressroom) -> None:
    """Judged from 100 outcomes on; the owner hears the figures, and whoever resumes it knows."""
    await press.readers(120)
    number = await press.edition()
    await send_some(press, [GONE] * 6 + [TAKEN] * 93)
    assert "sending" == await press.state(number)
    await send_some(press, [GONE])
    assert "paused" == await press.state(number)
    reason = (await press.stored(number)).pause_reason
    assert reason is not None
    assert reason.startswith("7 of 100 copies were refused")
    (told,) = await mails_to_owner(press)
    assert b"7 of 100 copies were refused" in told.content
    press.answer(told, TAKEN)
    await press.edition_admin.resume(number)
    await send_some(press, [GONE] * 20)
    assert "finished" == await press.state(number)


async def test_who_has_a_shell_gets_commands_and_the_owner_gets_words(press: Pressroom) -> None:
    """The operator can do something about it; the owner hears what becomes of the readers."""
    pauses = press.bounce_handler.auto_pause
    site = replace(pauses._context.site, operator="ops@harbour.example")
    pauses._context = structs.replace(pauses._context, site=site)
    await press.readers(120)
    number = await press.edition()
    await send_some(press, [GONE] * 6 + [TAKEN] * 93 + [GONE])
    told = {copy.rcpt_to: copy.content for copy in await mails_to_people(press)}
    assert {"owner@lists.example", "ops@harbour.example"} == set(told)
    command = f"pressrun edition resume {number}".encode()
    assert command in told["ops@harbour.example"]
    assert b"(pause_at_hard)" in told["ops@harbour.example"]
    assert b"Copies refused permanently: 7 of 100" in told["owner@lists.example"]
    assert not [
        word for word in (b"pressrun ", b"pause_at") if word in told["owner@lists.example"].split(b"\r\n\r\n", 1)[1]
    ]


@pytest.mark.parametrize("refusal", [GONE, TOO_LARGE])
async def test_the_share_can_be_set_and_switched_off(press: Pressroom, refusal: HandOver) -> None:
    """`100%` is never."""
    change(press.office.settings, delivery=replace(press.settings, pause_at_hard=1.0))
    await press.readers(110)
    number = await press.edition()
    await send_some(press, [refusal] * 110)
    assert "finished" == await press.state(number)


async def complain(press: Pressroom, edition: int) -> None:
    await press.change("update edition set complaints = complaints + 1 where id = ?", edition)
    await press.office.database.write(press.bounce_handler.auto_pause.after_complaint, edition, int(press.clock()))


async def test_complaints_pause_an_edition(press: Pressroom) -> None:
    """Three in a thousand are many."""
    await press.readers(120)
    number = await press.edition()
    await send_some(press, [TAKEN] * 100)
    await complain(press, number)
    assert "paused" == await press.state(number)
    assert "1 of 100 readers complained" in str((await press.stored(number)).pause_reason)


@pytest.mark.parametrize("bad_news", ["refusals", "complaint"])
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_came_before_there_were_enough_outcomes_counts_when_there_are(
    press: Pressroom, bad_news: str, is_restarted: bool
) -> None:
    """Though nothing bad comes after it, and also when another process goes on."""
    await press.readers(120)
    number = await press.edition()
    if bad_news == "refusals":
        await send_some(press, [GONE] * 6 + [TAKEN] * 44)
    else:
        await send_some(press, [TAKEN] * 50)
        await complain(press, number)
    if is_restarted:
        press.bounce_handler.auto_pause._health.clear()
        await press.start()
    await send_some(press, [TAKEN] * 49)
    assert "sending" == await press.state(number)
    await send_some(press, [TAKEN])
    assert "paused" == await press.state(number)
    await press.edition_admin.resume(number)
    await send_some(press, [TAKEN] * 21)  # the owner's mail is the first
    assert "finished" == await press.state(number)


async def test_bad_news_of_one_second_is_judged_together(press: Pressroom) -> None:
    """One complaint of 400 readers is none too many; the second, within the same second, is."""
    await press.readers(420)
    number = await press.edition()
    await send_some(press, [TAKEN] * 400)
    await complain(press, number)
    assert "sending" == await press.state(number)
    await complain(press, number)
    assert "paused" == await press.state(number)


async def test_refusals_of_one_second_are_judged_together(press: Pressroom) -> None:
    """As soon as the share is too large, not a second later."""
    await press.readers(200)
    number = await press.edition()
    for index, copy in enumerate(await press.take_after_turn()):
        press.answer(copy, GONE if index >= 120 else TAKEN)
        await press.turn()
        if await press.state(number) == "paused":
            break
    assert str((await press.stored(number)).pause_reason).startswith("7 of 127 copies were refused")


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [([TOO_LARGE] * 100, "paused"), ([TOO_LARGE] * 99, "sending"), ([TAKEN] * 99 + [TOO_LARGE] * 3, "sending")],
)
async def test_a_message_that_the_relay_refuses_as_such_stops_the_edition(
    press: Pressroom, outcomes: list[HandOver], state: str
) -> None:
    """Not the readers: nobody is suspended for it, and the rest stays queued. It is judged as every share is."""
    await press.readers(110)
    number = await press.edition()
    await send_some(press, outcomes)
    assert state == await press.state(number)
    assert [("active", 110)] == await press.rows("select state, count(*) from subscription group by state")
    if state == "paused":
        reason = str((await press.stored(number)).pause_reason)
        assert reason.endswith("message too large for …")  # no address is kept where erasing would not find it


async def test_only_the_editions_that_last_had_news_are_kept_in_memory(
    press: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most editions end without bad news. After years, all of them would be there."""
    monkeypatch.setattr(auto_pause, "EDITIONS_AT_MOST", 2)
    await press.readers(1)
    numbers = []
    for number in range(4):
        numbers.append(await press.edition(f"Hello {number}"))
        await send_some(press, [TAKEN])
    assert numbers[-2:] == list(press.bounce_handler.auto_pause._health)
