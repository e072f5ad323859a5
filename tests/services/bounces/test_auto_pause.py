"""Editions that fare badly pause by themselves, once, and say why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.harness import GONE, TAKEN, DeliveryHarness, open_delivery
from tests.settings import change

from pressrun.services.bounces import auto_pause
from pressrun.smtp.handover import HandOver, Outcome, Outgoing, Stage
from pressrun.smtp.reply import Reply
from pressrun.store.queue import deliveries

TOO_LARGE = HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(552, "message too large for r0@reader.example", "5.3.4"))

AT_ONCE = 20


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        await room.services.lists.set_list("news", {"owner": "owner@lists.example"})
        yield room


async def send_some(harness: DeliveryHarness, outcomes: list[HandOver]) -> list[Outgoing]:
    """Answer as many copies as there are outcomes, some at a time, and let the clock go on a little with each."""
    sent: list[Outgoing] = []
    while len(sent) < len(outcomes):
        await harness.run_cycle()
        copies = list(islice(iter(harness.next_outgoing, None), min(AT_ONCE, len(outcomes) - len(sent))))
        if not copies:
            break
        for copy in copies:
            harness.answer(copy, outcomes[len(sent)])
            harness.pass_time(1)
            sent.append(copy)
        await harness.run_cycle()
    return sent


async def mails_to_owner(harness: DeliveryHarness) -> list[Outgoing]:
    return [copy for copy in await mails_to_people(harness) if copy.rcpt_to == "owner@lists.example"]


async def mails_to_people(harness: DeliveryHarness) -> list[Outgoing]:
    await harness.run_cycle()
    return [copy for copy in harness.all_outgoing() if not copy.rcpt_to.startswith("r")]


async def test_too_many_refusals_pause_an_edition_once(harness: DeliveryHarness) -> None:
    """Judged from 100 outcomes on; the owner hears the figures, and whoever resumes it knows."""
    await harness.readers(120)
    number = await harness.edition()
    await send_some(harness, [GONE] * 6 + [TAKEN] * 93)
    assert "sending" == await harness.state(number)
    await send_some(harness, [GONE])
    assert "paused" == await harness.state(number)
    reason = (await harness.stored(number)).pause_reason
    assert reason is not None
    assert reason.startswith("7 of 100 copies were refused")
    (told,) = await mails_to_owner(harness)
    assert b"7 of 100 copies were refused" in told.content
    harness.answer(told, TAKEN)
    await harness.edition_admin.resume(number)
    await send_some(harness, [GONE] * 20)
    assert "finished" == await harness.state(number)


async def test_refusals_in_a_burst_are_judged_at_once(harness: DeliveryHarness) -> None:
    """Within a second of the last count in the database, what has come since is added to it."""
    await harness.readers(120)
    number = await harness.edition()
    await send_some(harness, [TAKEN] * 92 + [GONE])
    await harness.run_cycle()
    for copy in list(islice(iter(harness.next_outgoing, None), 7)):
        harness.answer(copy, GONE)
    await harness.run_cycle()
    assert "paused" == await harness.state(number)


async def test_who_has_a_shell_gets_commands_and_the_owner_gets_words(harness: DeliveryHarness) -> None:
    """The operator can do something about it; the owner hears what becomes of the readers."""
    pauses = harness.bounce_handler.auto_pause
    site = replace(pauses._context.site, operator="ops@harbour.example")
    pauses._context = structs.replace(pauses._context, site=site)
    await harness.readers(120)
    number = await harness.edition()
    await send_some(harness, [GONE] * 6 + [TAKEN] * 93 + [GONE])
    told = {copy.rcpt_to: copy.content for copy in await mails_to_people(harness)}
    assert {"owner@lists.example", "ops@harbour.example"} == set(told)
    command = f"pressrun edition resume {number}".encode()
    assert command in told["ops@harbour.example"]
    assert b"(pause_at_hard)" in told["ops@harbour.example"]
    assert b"Copies refused permanently: 7 of 100" in told["owner@lists.example"]
    assert not [
        word for word in (b"pressrun ", b"pause_at") if word in told["owner@lists.example"].split(b"\r\n\r\n", 1)[1]
    ]


@pytest.mark.parametrize("refusal", [GONE, TOO_LARGE])
async def test_the_share_can_be_set_and_switched_off(harness: DeliveryHarness, refusal: HandOver) -> None:
    """`100%` is never."""
    change(harness.services.settings, delivery=replace(harness.settings, pause_at_hard=1.0))
    await harness.readers(110)
    number = await harness.edition()
    await send_some(harness, [refusal] * 110)
    assert "finished" == await harness.state(number)


async def complain(harness: DeliveryHarness, edition: int) -> None:
    await harness.change("update edition set complaints = complaints + 1 where id = ?", edition)
    await harness.services.database.write(
        harness.bounce_handler.auto_pause.after_complaint, edition, int(harness.clock())
    )


async def test_complaints_pause_an_edition(harness: DeliveryHarness) -> None:
    """Three in a thousand are many."""
    await harness.readers(120)
    number = await harness.edition()
    await send_some(harness, [TAKEN] * 100)
    await complain(harness, number)
    assert "paused" == await harness.state(number)
    assert "1 of 100 readers complained" in str((await harness.stored(number)).pause_reason)


@pytest.mark.parametrize("bad_news", ["refusals", "complaint"])
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_came_before_there_were_enough_outcomes_counts_when_there_are(
    harness: DeliveryHarness, bad_news: str, is_restarted: bool
) -> None:
    """Though nothing bad comes after it, and also when another process goes on."""
    await harness.readers(120)
    number = await harness.edition()
    if bad_news == "refusals":
        await send_some(harness, [GONE] * 6 + [TAKEN] * 44)
    else:
        await send_some(harness, [TAKEN] * 50)
        await complain(harness, number)
    if is_restarted:
        harness.bounce_handler.auto_pause._health.clear()
        await harness.start()
    await send_some(harness, [TAKEN] * 49)
    assert "sending" == await harness.state(number)
    await send_some(harness, [TAKEN])
    assert "paused" == await harness.state(number)
    await harness.edition_admin.resume(number)
    await send_some(harness, [TAKEN] * 21)  # the owner's mail is the first
    assert "finished" == await harness.state(number)


async def test_bad_news_of_one_second_is_judged_together(harness: DeliveryHarness) -> None:
    """One complaint of 400 readers is none too many; the second, within the same second, is."""
    await harness.readers(420)
    number = await harness.edition()
    await send_some(harness, [TAKEN] * 400)
    await complain(harness, number)
    assert "sending" == await harness.state(number)
    await complain(harness, number)
    assert "paused" == await harness.state(number)


async def test_refusals_of_one_second_are_judged_together(harness: DeliveryHarness) -> None:
    """As soon as the share is too large, not a second later."""
    await harness.readers(190)
    number = await harness.edition()
    for index, copy in enumerate(await harness.outgoing_after_cycle()):
        harness.answer(copy, GONE if index >= 120 else TAKEN)
        await harness.run_cycle()
        if await harness.state(number) == "paused":
            break
    assert str((await harness.stored(number)).pause_reason).startswith("7 of 127 copies were refused")


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [([TOO_LARGE] * 100, "paused"), ([TOO_LARGE] * 99, "sending"), ([TAKEN] * 99 + [TOO_LARGE] * 3, "sending")],
)
async def test_a_message_that_the_relay_refuses_as_such_stops_the_edition(
    harness: DeliveryHarness, outcomes: list[HandOver], state: str
) -> None:
    """Not the readers: nobody is suspended for it, and the rest stays queued. It is judged as every share is."""
    await harness.readers(110)
    number = await harness.edition()
    await send_some(harness, outcomes)
    assert state == await harness.state(number)
    assert [("active", 110)] == await harness.rows("select state, count(*) from subscription group by state")
    if state == "paused":
        reason = str((await harness.stored(number)).pause_reason)
        assert reason.endswith("message too large for …")  # no address is kept where erasing would not find it


async def test_the_words_of_such_a_refusal_do_not_name_the_mailbox(harness: DeliveryHarness) -> None:
    """Everybody who sees the edition reads them, and few may see its readers."""
    await harness.readers(1)
    number = await harness.edition()
    await send_some(harness, [HandOver(Outcome.REFUSED, Stage.CONTENT, Reply(552, "too large for R0", "5.3.4"))])
    assert "too large for …" == await harness.services.database.read(deliveries.last_refusal, number, "message")


async def test_only_the_editions_that_last_had_news_are_kept_in_memory(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most editions end without bad news. After years, all of them would be there."""
    monkeypatch.setattr(auto_pause, "EDITIONS_AT_MOST", 2)
    await harness.readers(1)
    numbers = []
    for number in range(4):
        numbers.append(await harness.edition(f"Hello {number}"))
        await send_some(harness, [TAKEN])
    assert numbers[-2:] == list(harness.bounce_handler.auto_pause._health)
