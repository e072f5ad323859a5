"""What a restore makes of editions that have ended since the backup, and of readers whose mail has bounced since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.operations.backup_tools import make_backup
from tests.operations.moving import execute
from tests.operations.test_restore import backup, count, data, put_back, rows

from pressrun.store.upkeep.datadir import DataDir

__all__ = ["backup", "data"]

pytestmark = pytest.mark.only_on("sqlite", "those on a server are moved there by the test itself")


@pytest.mark.parametrize(
    "change", ["delete from delivery where edition_id is not null", "update delivery set state = 'claimed'"]
)
@pytest.mark.parametrize("state", ["finished", "cancelled"])
def test_nothing_waits_for_an_edition_that_is_over(data: DataDir, backup: Path, change: str, state: str) -> None:
    """Rows of its copies were removed for their age since, or the daemon was killed before it was over."""
    execute(data.database, f"update edition set state = '{state}', finished_at = 50, canary_copies = null", change)
    report = put_back(data, backup)
    waiting = count(
        data.database, "delivery where edition_id is not null and state in ('queued', 'claimed', 'deferred')"
    )
    assert ([], {}, 0) == (report.problems, report.held.editions, waiting)
    counted = rows(data.database, "select sum(queued + claimed + deferred) from copy_count")
    assert [(0,)] == counted


def test_an_edition_that_had_not_started_may_have_gone_to_all_readers_since(data: DataDir, tmp_path: Path) -> None:
    execute(
        data.database,
        "delete from bulk_change",
        "delete from delivery where edition_id is not null",
        "update subscription set state = 'active', state_before = null, suspended_for = null, paused_until = null",
        "update edition set state = 'scheduled', started_at = null, audience = 0, is_welcome = 0, is_repeat = 1",
    )
    make_backup(data, tmp_path / "backup.tar")
    readers = "(select count(*) from recipient where recipient.list_id = edition.list_id and may_be_mailed)"
    expected = dict(rows(data.database, f"select id, {readers} from edition"))
    assert any(expected.values())
    assert expected == put_back(DataDir(tmp_path / "there"), tmp_path / "backup.tar").held.editions


OPENED = """update edition set is_welcome = 0, is_repeat = 1, finished_at = null, pause_reason = null,
    canary_copies = null, state = 'sending', started_at = 9"""
WAITING_AGAIN = "update delivery set state = 'queued', claimed_by = null"


_COLUMNS = "(id, list_id, subscriber_id, state, source, since)"


def _also_on_list_900(subscription: int) -> tuple[str, str]:
    """What gives the reader of this subscription another one, 900, to a list of its own."""
    reader = f"select subscriber_id from subscription where id = {subscription}"
    return (
        "insert into list (id, name, title, from_address, created_at) values (900, 'boletim', 'B', 'a@b.example', 9)",
        f"insert into subscription {_COLUMNS} select 900, 900, ({reader}), 'active', 'web', 9",
    )


@pytest.mark.parametrize("case", ["of another edition", "over before"])
def test_a_copy_that_merely_has_the_id_of_another_one_stays_as_it_is(data: DataDir, tmp_path: Path, case: str) -> None:
    """After an earlier restore, ids were drawn twice. One that waits would not go out; a failed one would go again."""
    mine = rows(data.database, "select id, edition_id, subscription_id from delivery where subscription_id > 0")
    copy, edition, subscription = min(mine)
    other = edition if case == "over before" else min(row[1] for row in mine if row[1] != edition)
    before, after = ("delivered", "failed") if case == "over before" else ("deferred", "delivered")
    execute(
        data.database,
        "delete from bulk_change",
        OPENED,
        f"delete from delivery where edition_id in ({edition}, {other}) and id <> {copy}",
        f"update delivery set state = '{before}', recorded_at = 8, claimed_by = null, kind = null, bounce = null"
        f" where id = {copy}",
        *_also_on_list_900(subscription),
    )
    make_backup(data, tmp_path / "backup.tar")
    execute(
        data.database,
        f"update delivery set edition_id = {other}, subscription_id = 900, state = '{after}' where id = {copy}",
    )
    put_back(data, tmp_path / "backup.tar")
    assert [(edition, subscription, before)] == rows(
        data.database, f"select edition_id, subscription_id, state from delivery where id = {copy}"
    )


def test_a_copy_that_went_out_as_that_of_another_subscription_is_delivered_alone(data: DataDir, tmp_path: Path) -> None:
    """Its reader had changed to another language. The other copies of the edition still wait."""
    mine = rows(data.database, "select id, subscription_id from delivery where subscription_id > 0")
    copy, subscription = min(mine)
    execute(
        data.database,
        "delete from bulk_change",
        OPENED,
        WAITING_AGAIN,
        f"delete from delivery where subscription_id is not null and id <> {copy}",
        "insert into delivery (id, edition_id, subscription_id, domain, destination, state, due_at)"
        f" select 9900, edition_id, (select min(id) from subscription where id <> {subscription}), domain, destination,"
        f" state, due_at from delivery where id = {copy}",
        *_also_on_list_900(subscription),
    )
    make_backup(data, tmp_path / "backup.tar")
    execute(
        data.database,
        f"update delivery set subscription_id = 900, state = 'delivered', recorded_at = 9 where id = {copy}",
    )
    put_back(data, tmp_path / "backup.tar")
    assert {(copy, "delivered"), (9900, "queued")} == {
        *rows(data.database, f"select id, state from delivery where id in ({copy}, 9900)")
    }


def test_data_behind_the_backup_take_no_copy_back(data: DataDir, tmp_path: Path) -> None:
    """After the restore of an older backup, a later one is found: what it knows to have gone out does not go again."""
    earlier = DataDir(tmp_path / "earlier")
    sent = (
        "update delivery set state = 'delivered', recorded_at = 8, claimed_by = null where subscription_id is not null"
    )
    execute(data.database, "delete from bulk_change", OPENED, WAITING_AGAIN)
    shutil.copytree(data.root, earlier.root)
    execute(data.database, sent)
    delivered = count(data.database, "delivery where state = 'delivered'")
    make_backup(data, tmp_path / "later.tar")
    report = put_back(earlier, tmp_path / "later.tar")
    assert (delivered, []) == (count(earlier.database, "delivery where state = 'delivered'"), report.problems)


def test_an_edition_that_merely_has_the_id_of_another_one_stays_as_it_is(data: DataDir, backup: Path) -> None:
    """After an earlier restore, ids were drawn twice. Its copies wait for somebody to resume it."""
    execute(data.database, "update edition set state = 'finished', finished_at = 5, message_secret = x'00'")
    editions = {row[0] for row in rows(data.database, "select id from edition")}
    assert editions == {*put_back(data, backup).held.editions}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_copy_that_was_made_since_is_added_where_it_was(data: DataDir, tmp_path: Path, *, is_first: bool) -> None:
    """And nowhere else, although its reader has another subscription."""
    [(edition, mine)] = rows(
        data.database, "select edition_id, subscription_id from delivery where subscription_id > 0 order by id limit 1"
    )
    execute(
        data.database,
        "delete from bulk_change",
        OPENED,
        f"delete from delivery where edition_id = {edition}",
        *_also_on_list_900(mine),
    )
    make_backup(data, tmp_path / "backup.tar")
    made = "insert into delivery (edition_id, subscription_id, domain, state, due_at)"
    its = mine if is_first else 900
    execute(data.database, f"{made} values ({edition}, {its}, 'a.example', 'queued', 9)")
    put_back(data, tmp_path / "backup.tar")
    assert [(its,)] == rows(data.database, f"select subscription_id from delivery where edition_id = {edition}")


def test_a_copy_that_bounced_since_has_failed(data: DataDir, tmp_path: Path) -> None:
    """What the relay had accepted came back while others still waited."""
    of_readers = "where subscription_id is not null"
    execute(data.database, "delete from bulk_change", OPENED, f"{WAITING_AGAIN}, kind = null, bounce = null")
    execute(data.database, f"update delivery set state = 'delivered', recorded_at = 8 {of_readers}")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, f"update delivery set state = 'failed', kind = 'hard', bounce = 'gone' {of_readers}")
    put_back(data, tmp_path / "backup.tar")
    assert [("failed", "gone")] == rows(data.database, f"select distinct state, bounce from delivery {of_readers}")


@pytest.mark.parametrize(("then", "now"), [("draft", "sending"), ("scheduled", "finished"), ("sending", "cancelled")])
def test_data_behind_the_backup_take_no_edition_back(data: DataDir, tmp_path: Path, then: str, now: str) -> None:
    """A draft would be sent to everybody again, and what is cancelled stays so."""
    earlier = DataDir(tmp_path / "earlier")
    execute(data.database, "delete from bulk_change", OPENED, WAITING_AGAIN)
    shutil.copytree(data.root, earlier.root)
    started_at = "9" if then == "sending" else "null"
    execute(earlier.database, f"update edition set state = '{then}', started_at = {started_at}")
    finished_at = "null" if now == "sending" else "10"
    execute(data.database, f"update edition set state = '{now}', finished_at = {finished_at}")
    make_backup(data, tmp_path / "later.tar")
    put_back(earlier, tmp_path / "later.tar")
    expected = ("paused" if now == "sending" else now, 9)
    assert {expected} == {*rows(earlier.database, "select state, started_at from edition")}


def test_a_program_that_repeats_a_request_sends_no_edition_again(data: DataDir, backup: Path) -> None:
    """The keys of requests about jobs, editions that have begun, and people who were erased are known.

    Others are not: what they did is gone, and a repeat does it again.
    """
    begun, waiting = (rows(data.database, f"select {which}(id) from edition")[0][0] for which in ("max", "min"))
    [(reader,)] = rows(data.database, "select min(id) from subscriber")
    about = (
        f"'edition {begun}', null",
        f"'edition {waiting}', null",
        "null, 987654",
        f"null, {reader}",
        "'job 3', null",
    )
    keys = (f"('token 7', x'0{number}', x'01', {what}, 5, 1)" for number, what in enumerate(about))
    execute(
        data.database,
        "delete from idempotency_key",
        "insert into idempotency_key (caller, digest, request, object, subscriber_id, at, has_created)"
        f" values {', '.join(keys)}",
    )
    assert [] == put_back(data, backup).problems
    kept = rows(data.database, "select digest, at, has_created from idempotency_key where at = 5 order by digest")
    assert [(b"\0", 5, 1), (b"\2", 5, 1), (b"\4", 5, 1)] == kept


def test_editions_that_the_backup_does_not_have_are_told_with_what_had_gone_out(data: DataDir, backup: Path) -> None:
    """Whether to send it again depends on that. Drafts are not in question."""
    columns = (
        "subject, slug, list_id, title, language, source_name, source_digest, message_secret, created_at, is_repeat"
    )
    copied = "slug || id, list_id, title, language, source_name, source_digest, message_secret, created_at, 1"
    last = rows(data.database, "select max(id) from edition")[0][0]
    made = {
        "Half": ("sending", "5"),
        "New": ("sending", "5"),
        "Later": ("scheduled", "null"),
        "Idea": ("draft", "null"),
    }
    for place, (subject, (state, started)) in enumerate(made.items(), 1):
        execute(
            data.database,
            f"insert into edition ({columns}, id, state, started_at, audience) "
            f"select '{subject}', '{subject}' || {copied}, {last + place}, '{state}', {started}, 2000 "
            f"from edition where id = {last}",
        )
    execute(data.database, f"insert into copy_count (edition_id, queued, begun) values ({last + 1}, 800, 1200)")
    report = put_back(data, backup)
    told = [edition for edition in report.editions_since if any(f"“{subject}”" in edition for subject in made)]
    later, new, half = told
    assert half.endswith("1,200 of its 2,000 copies had gone out. If you send it again, those readers get it twice")
    assert f"edition {last + 2} of " in new
    assert "“Later”, is newer than the backup, and none of its copies had gone out. Send or schedule it again" in later
    assert "none of its copies had gone out" in new


def test_who_is_suspended_for_bounces_reads_nothing_of_a_list_that_comes_back(data: DataDir, backup: Path) -> None:
    reader = rows(data.database, "select min(subscriber_id) from subscription")[0][0]
    execute(
        data.database,
        "delete from suspension",
        f"insert into suspension (subscriber_id, since, first_edition_id) values ({reader}, 5, 0)",
        "delete from list",
    )
    put_back(data, backup)
    assert 0 == count(data.database, f"subscription where subscriber_id = {reader} and state = 'active'")
