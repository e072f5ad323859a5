"""Rows of copies are removed for their age: what stays, what can no longer be done, and that nobody suffers for it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.delivery.harness import GONE, SITE, TAKEN, DeliveryHarness
from tests.services.bounces.test_bounce_handler import FULL, notify, report, state_of
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import NotFound, Refused
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.editions import lifecycle
from pressrun.services.editions.edition_issues import unlink_edition
from pressrun.services.mail_results import MailResult
from pressrun.services.readers.requests import Origin
from pressrun.services.reports.copy_trace import trace_copy
from pressrun.services.reports.edition_reports import EditionReport, report_edition
from pressrun.services.settings import BounceSettings, RetentionSettings
from pressrun.services.upkeep import retention
from pressrun.services.upkeep.retention import PASS_SECONDS, Retention
from pressrun.smtp.handover import HandOver
from pressrun.store.queue.inbound import InboundState
from pressrun.store.upkeep.datadir import DataDir, remove_old_backups
from pressrun.store.upkeep.retention import find_removed

DAY = 86400
ADA, BEN = "r0@reader.example", "r1@reader.example"


class Rests:
    """Notes how long each rest was, and takes none."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def loop_of(harness: DeliveryHarness, rests: Rests | None = None) -> Retention:
    change(harness.services.settings, retention=RetentionSettings(copies_seconds=30.0 * DAY))
    return Retention(replace(harness.services.context, clock=harness.clock), lambda _: [], rests or Rests())


async def age(harness: DeliveryHarness, days: float = 31) -> None:
    harness.pass_time(days * DAY)
    await loop_of(harness).remove_what_aged()


async def send(harness: DeliveryHarness, text: str, results: dict[str, HandOver], name: str = "news") -> int:
    """An edition whose copies get these answers by recipient."""
    number = await harness.edition(text, name)
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, results.get(outgoing.rcpt_to, TAKEN))
    await harness.run_cycle()
    assert "finished" == await harness.state(number)
    return number


async def rows_of(harness: DeliveryHarness, number: int) -> int:
    ((rows,),) = await harness.rows("select count(*) from delivery where edition_id = ?", number)
    return int(rows)


async def report_on(harness: DeliveryHarness, number: int) -> EditionReport:
    return await harness.services.database.read(report_edition, number, int(harness.clock()))


async def test_nothing_goes_unless_asked_for(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    number = await send(harness, "one", {})
    harness.pass_time(3000 * DAY)
    loop = loop_of(harness)
    change(harness.services.settings, retention=RetentionSettings())
    await loop.remove_what_aged()
    assert 2 == await rows_of(harness, number)


async def test_rows_go_when_they_are_old_enough_and_numbers_stay(harness: DeliveryHarness) -> None:
    await harness.readers(4)
    change(harness.services.settings, bounces=BounceSettings(hard_limit=1))
    number = await send(harness, "one", {ADA: GONE, BEN: FULL})
    before = await report_on(harness, number)
    harness.pass_time(30 * DAY - 1)
    await loop_of(harness).remove_what_aged()
    assert 4 == await rows_of(harness, number)
    await send(harness, "later", {})  # Ben's mailbox is well again
    await age(harness)
    assert 0 == await rows_of(harness, number)
    after = await report_on(harness, number)
    assert {"delivered": 2, "failed": 2} == await harness.counts(number)
    assert (before.edition.kinds, before.edition.bounces) == (after.edition.kinds, after.edition.bounces)
    assert {(reply.code, reply.enhanced, reply.number) for reply in before.edition.failures_said} == {
        (reply.code, reply.enhanced, reply.number) for reply in after.edition.failures_said
    }
    assert [4] == [domain.copies for domain in after.edition.domains]
    assert sum(before.timelines["delivered"].numbers) == sum(after.timelines["delivered"].numbers)
    assert after.edition.copies_removed_at is not None


async def test_numbers_are_not_mended_by_rows_that_are_gone(harness: DeliveryHarness) -> None:
    """The daily comparison, which counts rows, leaves such an edition alone."""
    await harness.readers(3)
    number = await send(harness, "one", {})
    loop = loop_of(harness)
    change(harness.services.settings, retention=RetentionSettings(copies_seconds=0.0))
    await loop.remove_what_aged()
    harness.pass_time(DAY)
    await harness.housekeeping.round()
    assert (0, {"delivered": 3}) == (await rows_of(harness, number), await harness.counts(number))


async def test_editions_that_are_not_over_keep_their_rows(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    number = await harness.edition("one")
    await harness.edition_admin.pause(number)
    await age(harness, 400)
    assert 2 == await rows_of(harness, number)


async def test_cancelled_editions_lose_theirs(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    number = await harness.edition("one")
    await harness.edition_admin.cancel(number)
    await age(harness)
    assert (0, {"cancelled": 2}) == (await rows_of(harness, number), await harness.counts(number))


async def test_an_edition_without_its_rows_is_not_sent_again(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    number = await send(harness, "one", {ADA: GONE})
    await age(harness)
    with pytest.raises(Refused, match=r"were removed for their age .*nobody can tell who needs it again"):
        await harness.edition_admin.resend(number)
    subscription = await harness.subscription(BEN)
    is_added = await harness.services.database.write(lifecycle.add_reader, number, subscription, int(harness.clock()))
    assert (False, "finished", []) == (is_added, await harness.state(number), await harness.send_all())


async def test_a_bounce_that_comes_after_the_rows_counts_against_nobody(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    number = await harness.edition("one")
    (outgoing,) = await harness.send_all()
    await age(harness)
    result = await notify(harness, outgoing, report(BounceClass.GONE))
    assert MailResult(InboundState.DONE, "gone of what is gone", counted_as=result.counted_as) == result
    assert (("active", None, None), {"delivered": 1}) == (await state_of(harness), await harness.counts(number))


async def test_the_way_out_of_an_edition_works_for_ever(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    number = await send(harness, "one", {})
    await age(harness)
    subscription = await harness.subscription(ADA)
    await harness.services.unsubscribes.unsubscribe(subscription, Origin(source="web"), edition_id=number)
    assert ("unsubscribed", 1) == ((await state_of(harness))[0], (await harness.stored(number)).unsubscribed)


async def test_why_there_is_no_trace_of_a_copy_is_said(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    number = await send(harness, "one", {})
    await age(harness)
    with pytest.raises(NotFound, match=r"have been removed since .*\[retention\] copies"):
        await harness.services.database.read(trace_copy, number, parse_address(ADA), SITE)


async def test_who_was_erased_leaves_nothing_behind(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    number = await send(harness, "one", {ADA: FULL})
    await harness.services.subscribers.erase(parse_address(ADA))
    await age(harness)
    assert (0, {"delivered": 1, "failed": 1}) == (await rows_of(harness, number), await harness.counts(number))


async def test_an_issue_keeps_its_rows_until_all_its_editions_are_over(harness: DeliveryHarness) -> None:
    """They say who had it in which language."""
    await harness.readers(2)
    first, second = await send(harness, "one", {}), await harness.edition("two")
    await harness.edition_admin.pause(second)
    await harness.change("update edition set issue = 'may'")
    await age(harness, 400)
    assert 2 == await rows_of(harness, first)
    await harness.edition_admin.cancel(second)
    await age(harness, 29)
    assert 2 == await rows_of(harness, first)
    await age(harness, 1)
    assert 0 == await rows_of(harness, first)


async def test_an_issue_whose_rows_are_gone_goes_to_nobody_again(harness: DeliveryHarness) -> None:
    """By a new edition in another language of the family, at once or at its hour."""
    await harness.services.lists.create_list("noticias", {"title": "N", "language": "es", "postal_address": "Calle 1"})
    await harness.change("update list set family = 'paper'")
    await harness.readers(1)
    await harness.readers(1, "noticias")
    first = await send(harness, "one", {})
    await harness.change("update edition set issue = 'may'")
    await age(harness)
    later = int(harness.clock()) + 60
    second = await harness.edition("Hola", name="noticias", scheduled_at=later)
    await harness.change("update edition set issue = 'may' where id = ?", second)
    harness.pass_time(61)
    await harness.run_cycle()
    held = await harness.stored(second)
    assert held.state is EditionState.PAUSED
    assert f"the copies of edition {first} were removed" in (held.pause_reason or "")
    assert f"pressrun edition unlink {second}" in (held.pause_reason or "")
    await harness.services.database.write(unlink_edition, second)
    await harness.edition_admin.resume(second)
    assert 1 == len(await harness.send_all())


@pytest.mark.parametrize(
    ("family", "issue", "is_held"), [("paper", "may", True), ("paper", "june", False), ("herald", "may", False)]
)
async def test_only_the_issue_in_its_family_is_held(
    harness: DeliveryHarness, family: str, issue: str, is_held: bool
) -> None:
    """Others may be called the same."""
    await harness.services.make_list("noticias")
    await harness.change("update list set family = 'paper', language = 'es' where name = 'news'")
    await harness.change("update list set family = ? where name = 'noticias'", family)
    await harness.readers(1)
    first = await send(harness, "one", {})
    second = await send(harness, "two", {}, "noticias")
    await harness.change("update edition set issue = 'may', copies_removed_at = 1 where id = ?", first)
    await harness.change("update edition set issue = ? where id = ?", issue, second)
    assert (first if is_held else None) == await harness.services.database.read(find_removed, second)


async def test_a_welcome_mail_keeps_its_rows(harness: DeliveryHarness) -> None:
    """Nobody gets a second one when they come back after years."""
    await harness.readers(1)
    number = await send(harness, "Welcome", {})
    await harness.change("update edition set is_welcome = 1 where id = ?", number)
    await age(harness, 4000)
    assert 1 == await rows_of(harness, number)


@pytest.mark.parametrize("is_sending", [False, True])
async def test_it_goes_slice_by_slice_and_rests_in_between(
    harness: DeliveryHarness, is_sending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice of which everything stays does not end it. The rests are others while copies go out."""
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(retention, "RESTS" if is_sending else "RESTS_WHILE_SENDING", 0.0)
    await harness.readers(7)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    number = await send(harness, "one", {f"r{place}@reader.example": FULL for place in (0, 1, 2)})
    harness.pass_time(31 * DAY)
    if is_sending:
        await harness.edition("more")
        await harness.run_cycle()
    rests = Rests()
    await loop_of(harness, rests).remove_what_aged()
    # delivered: four in two full slices and an empty one; failed: a full one, and the third row
    assert (3, 3) == (await rows_of(harness, number), len(rests.seconds))
    assert [(4,)] == await harness.rows("select number from copy_outcome")
    assert all(seconds > 0 for seconds in rests.seconds)


async def test_an_edition_that_is_opened_again_meanwhile_keeps_its_rows(harness: DeliveryHarness) -> None:
    await harness.readers(2)
    number = await send(harness, "one", {})
    await harness.change("update edition set state = 'sending', finished_at = null where id = ?", number)
    now = int(harness.clock())
    values = {"kept": 0, "recorded_before": now, "now": now}
    assert (0, 0) == await harness.services.database.write(
        retention.remove_slice, number, DeliveryState.DELIVERED, **values
    )
    assert 2 == await rows_of(harness, number)


async def test_a_pass_is_made_every_hour_and_when_the_clock_was_set_back(harness: DeliveryHarness) -> None:
    """One that fails is made again."""
    change(harness.services.settings, retention=RetentionSettings(backups_of_schema_seconds=7.0))
    asked: list[float] = []

    def remove(before: float) -> list[str]:
        asked.append(before)
        if len(asked) == 1:
            raise OSError(5, "Input/output error")
        return []

    loop = Retention(replace(harness.services.context, clock=harness.clock), remove, Rests())
    passes = []
    for seconds in (0, 0, 0, PASS_SECONDS, 1, 0, -1, -1):
        harness.pass_time(seconds)
        loop._isolated = None  # as at the start of each step
        await loop.step()
        passes.append(len(asked))
    assert [1, 2, 2, 2, 3, 3, 4, 5] == passes


async def test_free_space_is_given_back_until_none_is_left(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    free = [5, 3, 0]

    async def shrink() -> int:
        return free.pop(0)

    monkeypatch.setattr(harness.services.database, "shrink", shrink)
    rests = Rests()
    await loop_of(harness, rests).remove_what_aged()
    ((octets, count),) = [
        (record.__dict__["fields"]["octets"], len(rests.seconds))
        for record in caplog.records
        if record.message == "storage.shrunk"
    ]
    assert (8, 2) == (octets, count)


async def test_what_was_removed_is_in_the_audit_log(harness: DeliveryHarness) -> None:
    """Once for an edition, however many passes it takes; what nothing was removed of is not there."""
    await harness.readers(2)
    change(harness.services.settings, bounces=BounceSettings(soft_limit=9))
    number = await send(harness, "one", {ADA: FULL})
    await send(harness, "two", {ADA: FULL, BEN: FULL})
    await age(harness)
    context = replace(harness.services.context, clock=harness.clock)
    change(harness.services.settings, retention=RetentionSettings(backups_of_schema_seconds=7.0))
    asked: list[float] = []

    def remove(before: float) -> list[str]:
        asked.append(before)
        return ["schema-7.sqlite3"]

    await Retention(context, remove).remove_what_aged()
    assert [harness.clock() - 7] == asked
    rows = await harness.rows("select action, object, who from audit where action like 'retention.%' order by number")
    assert [
        ("retention.copies", f"edition {number}", "clock"),
        ("retention.backup", "schema-7.sqlite3", "clock"),
    ] == rows


def test_old_backups_of_the_schema_go_and_nothing_else(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.backups.mkdir()
    for name, at in (("schema-7.sqlite3", 100), ("schema-8.sqlite3", 200), ("moved.sqlite3", 1), ("notes", 1)):
        (data.backups / name).touch()
        os.utime(data.backups / name, (at, at))
    assert ["schema-7.sqlite3"] == remove_old_backups(data, 200)
    assert {"schema-8.sqlite3", "moved.sqlite3", "notes"} == {path.name for path in data.backups.iterdir()}


def test_without_backups_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert [] == remove_old_backups(DataDir(tmp_path), 200)
