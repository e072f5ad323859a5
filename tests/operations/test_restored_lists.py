"""A list that was closed or removed since a backup sends nothing after a restore, until somebody opens it again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.delivery.harness import open_delivery
from tests.operations.backup_tools import make_backup
from tests.operations.moving import execute
from tests.operations.test_lives_after_restore import reopened
from tests.operations.test_restore import backup, count, data, put_back, rows

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SYNC
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.services.upkeep.carry_over import ENDED_JOB
from pressrun.store.readers import consent
from pressrun.store.readers.consent import ConsentEvent
from pressrun.store.upkeep.datadir import DataDir

__all__ = ["backup", "data"]

pytestmark = pytest.mark.only_on("sqlite", "those on a server are moved there by the test itself")

OPEN_EDITIONS = "edition where state in ('scheduled', 'sending', 'paused')"


@pytest.fixture(autouse=True)
def is_open(data: DataDir, backup: Path) -> None:
    """All lists are open, in the backup too."""
    execute(data.database, "update list set closed_at = null", "delete from list_removal")
    backup.unlink()
    make_backup(data, backup)


def test_a_list_that_was_closed_since_is_closed(data: DataDir, backup: Path) -> None:
    name, number = rows(data.database, "select name, id from list order by id")[0]
    execute(data.database, f"update list set closed_at = 5 where id = {number}")
    report = put_back(data, backup)
    assert ([name], [(5,)]) == (report.closed, rows(data.database, f"select closed_at from list where id = {number}"))


def test_a_list_that_was_removed_since_comes_back_closed(data: DataDir, backup: Path) -> None:
    """Even if another one has its name by now. Its editions and requests have ended, and its readers are there."""
    execute(data.database, "update subscription set state = 'pending' where id = (select max(id) from subscription)")
    backup.unlink()
    make_backup(data, backup)
    names = [name for (name,) in rows(data.database, "select name from list order by name")]
    readers = count(data.database, "subscription where state = 'active'")
    execute(
        data.database,
        "delete from list",
        f"insert into list (name, title, from_address, created_at) values ('{names[0]}', 'T', 'a@a.example', 7)",
    )
    report = put_back(data, backup)
    assert (names, {}, []) == (report.closed, report.held.editions, report.problems)
    assert (0, 0) == (count(data.database, OPEN_EDITIONS), count(data.database, "list where closed_at is null"))
    assert (readers, 0) == tuple(
        count(data.database, f"subscription where state = '{state}'") for state in ("active", "pending")
    )


@pytest.mark.parametrize("is_removed", [True, False], ids=["gone", "being removed"])
async def test_who_left_a_list_that_was_removed_since_stays_out(tmp_path: Path, *, is_removed: bool) -> None:
    """Also once it is open again, and whatever else they read; who came back before it was removed reads again, be it
    from another language.
    """
    (tmp_path / "lived").mkdir()
    async with open_delivery(tmp_path / "lived") as harness:
        stays, leaves, returns, switches, confirms = await harness.readers(5)
        lists, data = harness.services.lists, DataDir(harness.services.path)
        await lists.set_list("news", {"leaving_note": "true", "family": "harbour"})
        await lists.create_list("nouvelles", {"title": "Nouvelles", "language": "fr", "family": "harbour"})
        make_backup(data, tmp_path / "lived.tar")
        await harness.leave(leaves)
        await harness.add_readers([leaves], "nouvelles")
        await harness.leave(returns)
        undo = UndoUnsubscribe(harness.services.context).undo
        assert UndoOutcome.RESTORED is (await undo(2, Origin(source="web")))[0]
        await harness.leave(confirms)
        asked = Applicant(parse_address(confirms), Origin(source="web"))
        await harness.services.sign_ups.request(["news"], asked, network=None)
        await harness.services.confirmations.confirm(1, Origin(source="web"))
        preferences = Preferences(harness.services.context)
        for name in ("nouvelles", "news"):
            changes = PreferenceChanges(families={"harbour": name})
            await preferences.save(PreferenceLink(subscriber_id=4, epoch=0), changes, Origin(source="web"))
        await lists.close_list("news")
        if is_removed:
            await lists.remove_list("news")
        else:
            await harness.change("insert into list_removal (list_id, created_at) values (1, 1)")
            await harness.change("delete from subscription where list_id = 1")
        await harness.change("update session set state = 'gone'")
    report = await asyncio.to_thread(put_back, data, tmp_path / "lived.tar")
    states = dict(rows(data.database, "select address, state from recipient where list_id = 1"))
    back = dict.fromkeys([stays, returns, switches, confirms], "active")
    assert {leaves: "unsubscribed", **back} == states
    assert ([], 2) == (report.problems, report.ended)  # the other one is of the other language


async def test_a_sync_brings_back_whom_a_sync_had_removed_and_nobody_who_left(tmp_path: Path) -> None:
    """Once the list that was removed since is open again. One of them had asked before, and one had been removed."""
    (tmp_path / "lived").mkdir()
    synced, leaves, is_removed, was_removed, asks = (f"{letter}@reader.example" for letter in "abcde")
    roster = [ImportRow(line=line, email=f"{letter}@reader.example") for line, letter in enumerate("abcde", 1)]
    async with open_delivery(tmp_path / "lived") as harness:
        services, data = harness.services, DataDir(harness.services.path)
        await services.subscribers.import_batch("news", roster[:4], source=SYNC)
        await services.subscribers.remove_synced("news", [was_removed])
        asked = Applicant(parse_address(asks), Origin(source="web"))
        await services.sign_ups.request(["news"], asked, network=None)
        make_backup(data, tmp_path / "lived.tar")
        await services.confirmations.confirm(1, Origin(source="web"))
        for address in (leaves, was_removed, asks):
            await harness.leave(address)
        await services.subscribers.remove("news", parse_address(is_removed))
        await services.subscribers.remove_synced("news", [synced])
        await services.lists.close_list("news")
        await services.lists.remove_list("news")
        await harness.change("update session set state = 'gone'")
    await asyncio.to_thread(put_back, data, tmp_path / "lived.tar")
    async with reopened(data, services.now) as harness:
        await harness.housekeeping.step()
        await harness.services.lists.set_list("news", {"closed": "false"})
        await harness.services.subscribers.import_batch("news", roster, source=SYNC)
    assert [(synced,)] == rows(data.database, "select address from recipient where may_be_mailed")


@pytest.mark.parametrize("is_removed", [False, True], ids=["there", "removed, too"])
async def test_who_left_a_later_list_of_that_name_stays_out(tmp_path: Path, *, is_removed: bool) -> None:
    """To its readers it was the same list."""
    (tmp_path / "lived").mkdir()
    async with open_delivery(tmp_path / "lived") as harness:
        stays, leaves, returns = await harness.readers(3)
        lists, data = harness.services.lists, DataDir(harness.services.path)
        make_backup(data, tmp_path / "lived.tar")
        await lists.close_list("news")
        await lists.remove_list("news")
        await lists.create_list("news", {"title": "News"})
        await harness.add_readers([stays, leaves, returns])
        await harness.leave(leaves)
        await harness.leave(returns)
        undo = UndoUnsubscribe(harness.services.context).undo
        assert UndoOutcome.RESTORED is (await undo(2, Origin(source="web")))[0]
        if is_removed:
            await lists.close_list("news")
            await lists.remove_list("news")
        await harness.change("update session set state = 'gone'")
    report = await asyncio.to_thread(put_back, data, tmp_path / "lived.tar")
    states = rows(data.database, "select address, state from recipient order by address")
    assert [(stays, "active"), (leaves, "unsubscribed"), (returns, "active")] == states
    assert ([], 1) == (report.problems, report.ended)


async def test_who_came_back_to_a_list_as_somebody_merged_with_them_reads_it(tmp_path: Path) -> None:
    (tmp_path / "lived").mkdir()
    async with open_delivery(tmp_path / "lived") as harness:
        [address] = await harness.readers(1)
        services, data = harness.services, DataDir(harness.services.path)
        make_backup(data, tmp_path / "lived.tar")
        await harness.leave(address)
        back = ConsentEvent(
            subscriber_id=1,
            list_id=1,
            list_name="news",
            event="moved",
            at=int(services.now),
            source="web",
            salt=b"s" * 16,
            address=address,
        )
        await services.database.write(consent.append_consent, back)
        await services.lists.close_list("news")
        await services.lists.remove_list("news")
        await harness.change("update session set state = 'gone'")
    await asyncio.to_thread(put_back, data, tmp_path / "lived.tar")
    assert [("active",)] == rows(data.database, "select state from recipient")


async def test_who_paused_or_bounced_before_a_list_was_removed_gets_no_mail_once_it_is_back(tmp_path: Path) -> None:
    """A pause that had become longer lasts as long, and one that had been ended or become shorter may last. Other lists
    are not paused.
    """
    (tmp_path / "lived").mkdir()
    async with open_delivery(tmp_path / "lived") as harness:
        names = ("pauses", "longer", "ends", "leaves", "bounces", "reads", "shorter", "is removed")
        ids = dict(zip(names, [await harness.subscription(a) for a in await harness.readers(8)], strict=True))
        services, data = harness.services, DataDir(harness.services.path)
        preferences, origin = Preferences(services.context), Origin(source="web")
        for name in ("longer", "ends"):
            await preferences.pause_one(ids[name], 3, origin)
        for name in ("shorter", "is removed"):
            await preferences.pause_one(ids[name], 30, origin)
        synced = "update subscription set source = 'sync' where id = ?"
        await harness.change(synced, ids["is removed"])
        await services.subscribers.remove_synced("news", ["r7@reader.example"])
        await services.lists.create_list("other", {"title": "Other"})
        await harness.add_readers(["r0@reader.example"], "other")
        make_backup(data, tmp_path / "lived.tar")
        await preferences.pause_one(ids["shorter"], 3, origin)
        for name in ("pauses", "longer", "leaves"):
            await preferences.pause_one(ids[name], 30, origin)
        await harness.change(
            "update subscription set state = 'active', suspended_for = null, paused_until = null where id = ?",
            ids["ends"],
        )
        await harness.leave("r3@reader.example")
        failed = "insert into suspension (subscriber_id, since, first_edition_id) values (?, 1, 0)"
        await harness.change(failed, ids["bounces"])
        now = int(services.now)
        await services.lists.close_list("news")
        await services.lists.remove_list("news")
        await harness.change("update session set state = 'gone'")
    report = await asyncio.to_thread(put_back, data, tmp_path / "lived.tar")
    assert [] == report.problems
    month, three_days = now + 30 * 86400, now + 3 * 86400
    assert [
        ("suspended", "paused", month),
        ("suspended", "paused", month),
        ("suspended", "paused", three_days),
        ("unsubscribed", None, None),
        ("suspended", "bounces", None),
        ("active", None, None),
        ("suspended", "paused", month),
        ("unsubscribed", None, month),
        ("active", None, None),
    ] == rows(data.database, "select state, suspended_for, paused_until from subscription order by id")


def test_no_import_goes_on_by_itself(data: DataDir, backup: Path) -> None:
    """It would ask people again whom it has already asked, and bring back people who have left since."""
    execute(data.database, "update job set state = 'applying', problem = null")
    backup.unlink()
    make_backup(data, backup)
    put_back(data, backup)
    assert [("cancelled", ENDED_JOB)] == rows(data.database, "select distinct state, problem from job")


def test_a_list_that_was_opened_since_stays_closed(data: DataDir, backup: Path) -> None:
    execute(data.database, "update list set closed_at = 5")
    backup.unlink()
    make_backup(data, backup)
    execute(data.database, "update list set closed_at = null")
    assert ([], 0) == (put_back(data, backup).closed, count(data.database, "list where closed_at is null"))
