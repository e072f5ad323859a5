"""A restore replaces everything or nothing, and takes over from the former data what leads to less mail."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.harness import mail_to_owner
from tests.operations.backup_tools import CONFIG, make_backup
from tests.operations.moving import content, empty_database, execute, filled, leftovers, move
from tests.store.every_table import fill_consent
from tests.store.sqlite.test_migrate import FIRST, chained

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, Refused, TryAgain
from pressrun.core.signing.tokens import WebPurpose, WebTokens, suppression_digest
from pressrun.operations.backup import restore as restoring
from pressrun.operations.backup.encodings import open_backup
from pressrun.operations.backup.newer_database import open_newer
from pressrun.operations.backup.restore import RestoreReport, locked_for_restore, restore
from pressrun.services import evidence
from pressrun.services.mails.forwards import new_forward
from pressrun.services.upkeep.carry_over import KEPT_FORWARD, KEPT_POST
from pressrun.store.location import Location, open_for_reading
from pressrun.store.postgresql.location import PostgresDatabase
from pressrun.store.postgresql.move_target import PostgresReplacement
from pressrun.store.queue.inbound import NewInbound, retired_digest, store_mail
from pressrun.store.queue.journal import Claim, Journal, JournalEntry
from pressrun.store.queue.notices import insert_notice
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.table_store import UNKNOWN_IDS, MoveMark
from pressrun.store.upkeep import last_backup, restore_switch
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys, rotate_link_key
from pressrun.store.upkeep.preparing import prepare

pytestmark = pytest.mark.only_on("sqlite", "those on a server are moved there by the test itself")

SCHEMA_OF_0_2 = 32
LEFT = "update subscription set state = 'unsubscribed', state_before = null, suspended_for = null, paused_until = null"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = filled(tmp_path / "data")
    keys = load_keys(data)
    assert isinstance(data.database, SqliteFile)
    with closing(sqlite3.connect(data.database.path)) as connection, connection:  # the filler makes no addresses
        connection.create_function("digest_of", 1, lambda key: suppression_digest(keys, key))
        connection.execute(
            "update subscriber set address = 'r' || id || '@a.example', domain = 'a.example', attributes = '{}'"
        )
        connection.execute("update subscriber set address_key = address, suppression_digest = digest_of(address)")
    return data


@pytest.fixture
def backup(data: DataDir, tmp_path: Path) -> Path:
    """Of data with an active reader, a scheduled edition and one that is being sent."""
    execute(
        data.database,
        "update subscription set state = 'active', state_before = null, suspended_for = null, paused_until = null",
        "delete from suppression",
        "update suspension set ended_at = since",
        "delete from bulk_change",
        "update edition set is_welcome = 0, is_repeat = 1, finished_at = null, pause_reason = null",
        "update edition set canary_copies = null",
        "update edition set state = 'scheduled', started_at = null where id = (select min(id) from edition)",
        "update edition set state = 'sending', started_at = 9 where id <> (select min(id) from edition)",
        "update delivery set state = 'queued', claimed_by = null, kind = null, bounce = null",
    )
    make_backup(data, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def put_back(data: DataDir, path: Path) -> RestoreReport:
    with open_backup(path, None) as backup, locked_for_restore(data):
        return restore(data, backup, CONFIG, lambda _: None)


def put_back_newer(data: DataDir, path: Path, newer: Path) -> RestoreReport:
    """Put back a backup with a database that is newer than its own."""
    with open_backup(path, None) as backup, open_newer(newer) as database, locked_for_restore(data):
        return restore(data, backup, CONFIG, lambda _: None, database)


def copy_of(data: DataDir, target: Path) -> Path:
    """A copy of the database by SQLite, as one file."""
    assert isinstance(data.database, SqliteFile)
    with closing(sqlite3.connect(data.database.path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def rows(location: Location, sql: str) -> list[tuple[Any, ...]]:
    with closing(location.connect(readonly=True)) as connection:
        tables = connection.tables()
        with tables.snapshot():
            return [tuple(row) for row in tables.execute(sql).fetchall()]


def count(location: Location, what: str) -> object:
    return rows(location, f"select count(*) from {what}")[0][0]


def test_a_newer_database_is_used_instead_of_that_in_the_backup(data: DataDir, backup: Path, tmp_path: Path) -> None:
    """It brings who left and who came since; all else is as with the backup's own."""
    first = rows(data.database, "select min(id) from subscription")[0][0]
    joined = "insert into suppression (digest, address, reason, since) values (x'07', 'a@b.example', 'complaint', 5)"
    execute(data.database, f"{LEFT} where id = {first}", joined, "create table _litestream_seq (id integer)")
    there = DataDir(tmp_path / "there")
    report = put_back_newer(there, backup, newer := copy_of(data, tmp_path / "newer.sqlite3"))
    assert (newer, [], []) == (report.newer, report.problems, report.evidence_problems)
    assert report.rows["suppression"] == report.manifest.rows["suppression"] + 1
    assert [("unsubscribed",)] == rows(there.database, f"select state from subscription where id = {first}")
    assert count(there.database, "suppression where reason = 'complaint'") == 1
    assert {*report.held.editions} == {row[0] for row in rows(data.database, "select id from edition")}
    before, after = content(data.database), content(there.database)
    ids = {name: (int(before[name]), int(after[name])) for name in before if name.startswith("ids of")}
    assert all(later - earlier == UNKNOWN_IDS for earlier, later in ids.values())
    assert prepare(there).newest == 1
    assert newer.exists()


def _make_older(data: DataDir, newer: Path) -> None:
    """The evidence goes on only after this copy was made."""
    copy_of(data, newer)
    assert isinstance(data.database, SqliteFile)
    fill_consent(data.database.path, random.Random(3), 3)


def _take_another_course(data: DataDir, newer: Path) -> None:
    """Both go on after this moment, each in its own way."""
    copy_of(data, newer)
    assert isinstance(data.database, SqliteFile)
    fill_consent(data.database.path, random.Random(3), 3)
    fill_consent(newer, random.Random(4), 4)


def _cut(data: DataDir, newer: Path) -> None:
    newer.write_bytes(copy_of(data, newer).read_bytes()[: 5 * 4096])


def _write_something(_: DataDir, newer: Path) -> None:
    newer.write_bytes(b"x" * 9000)


def _make_another(_: DataDir, newer: Path) -> None:
    copy_of(filled(newer.with_name("other"), seed=2), newer)


def _rotate(data: DataDir, newer: Path) -> None:
    prepare(data)
    rotate_link_key(data)
    copy_of(data, newer)
    (data.keys / "link-2").unlink()
    execute(data.database, "delete from keyring where number = 2")


def _leave_open(data: DataDir, newer: Path) -> None:
    copy_of(data, newer)
    newer.with_name(f"{newer.name}-wal").write_bytes(b"x")


UNUSABLE: dict[str, tuple[Callable[[DataDir, Path], object], str]] = {
    "older than the backup": (_make_older, "older than the backup"),
    "on another course": (_take_another_course, "its history differs"),
    "cut": (_cut, "malformed"),
    "no database": (_write_something, "is not a Pressrun database"),
    "of another installation": (_make_another, "another suppression key than the backup"),
    "used with a newer key": (_rotate, "used with link key 2, which is newer than the backup"),
    "open": (_leave_open, "is in use"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_database_that_is_no_continuation_is_refused(data: DataDir, tmp_path: Path, case: str) -> None:
    """Nothing changes then."""
    make, words = UNUSABLE[case]
    make(data, tmp_path / "newer.sqlite3")
    make_backup(data, tmp_path / "backup.tar")
    there = DataDir(tmp_path / "there")
    with pytest.raises(BadInput, match=words) as caught:
        put_back_newer(there, tmp_path / "backup.tar", tmp_path / "newer.sqlite3")
    assert str(there.root) not in str(caught.value)
    assert not there.root.exists() or ["lock"] == [path.name for path in there.root.iterdir()]


@pytest.fixture
def released(data: DataDir) -> DataDir:
    """Data of version 0.2, with a row of evidence."""
    assert isinstance(data.database, SqliteFile)
    path, steps = data.database.path, migrate.package_steps()
    path.unlink()
    migrate.create(path, FIRST, 1)
    older = {number: step for number, step in steps.items() if number <= SCHEMA_OF_0_2}
    migrate.migrate(path, older, backups=data.backups, keys=load_keys(data))
    shutil.rmtree(data.backups)
    chained(path, 1)
    return data


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_newer_database_beside_a_backup_of_an_earlier_version(
    released: DataDir, tmp_path: Path, is_migrated: bool
) -> None:
    """Whether the copy was made before the upgrade or after it."""
    assert isinstance(released.database, SqliteFile)
    make_backup(released, tmp_path / "backup.tar")
    chained(released.database.path, 2)
    if is_migrated:
        released.database.migrate(backups=released.backups, keys=load_keys(released))
    newer = copy_of(released, tmp_path / "newer.sqlite3")
    there = DataDir(tmp_path / "there")
    report = put_back_newer(there, tmp_path / "backup.tar", newer)
    assert ([], []) == (report.problems, report.evidence_problems)
    assert 2 == report.rows["consent"] == report.manifest.rows["consent"] + 1 == count(there.database, "consent")


def test_an_older_database_beside_a_backup_of_an_earlier_version(released: DataDir, tmp_path: Path) -> None:
    assert isinstance(released.database, SqliteFile)
    newer = copy_of(released, tmp_path / "newer.sqlite3")
    chained(released.database.path, 2)
    make_backup(released, tmp_path / "backup.tar")
    with pytest.raises(BadInput, match="older than the backup"):
        put_back_newer(DataDir(tmp_path / "there"), tmp_path / "backup.tar", newer)


def test_into_an_empty_folder(data: DataDir, backup: Path, tmp_path: Path) -> None:
    """Everything is there, and may be opened. Ids leave room for those that nobody knows of."""
    there = DataDir(tmp_path / "there")
    report = put_back(there, backup)
    assert (report.problems, report.aside, report.config) == ([], [], None)
    assert prepare(there).newest == 1
    assert sorted(path.name for path in there.root.iterdir()) == [
        "keys",
        "last-backup.json",
        "lock",
        "pressrun.sqlite3",
    ]
    before, after = content(data.database), content(there.database)
    changed = {name for name in before if before[name] != after[name] and not name.startswith("ids of")}
    assert changed - {"inbound", "unsubscribe"} == {
        "audit",
        "audit_head",
        "copy_count",
        "delivery",
        "edition",
        "pending_request",
        "enter_link",
        "event",
        "id_counter",
        "job",
        "login_code",
        "login_session",
        "session",
    }
    ids = {name: (int(before[name]), int(after[name])) for name in before if name.startswith("ids of")}
    assert all(later - earlier == UNKNOWN_IDS for earlier, later in ids.values())
    assert last_backup.find(there) is not None


def test_editions_come_back_paused_and_mails_to_one_person_cancelled(
    data: DataDir, backup: Path, tmp_path: Path
) -> None:
    there = DataDir(tmp_path / "there")
    report = put_back(there, backup)
    assert {*report.held.editions} == {row[0] for row in rows(data.database, "select id from edition")}
    assert count(there.database, "edition where state <> 'paused' or may_have_gone is null") == 0
    assert count(there.database, "delivery where notice_id is not null and state in ('queued', 'claimed')") == 0
    assert report.held.notices == count(data.database, "delivery where notice_id is not null")
    assert count(there.database, "pending_request") == 0


@pytest.mark.parametrize("is_told", [0, 1])
def test_who_has_just_left_is_not_told_by_a_mail_that_nobody_expects(
    data: DataDir, tmp_path: Path, is_told: int
) -> None:
    """They may have been told before the restore. Whoever has the mail can still undo that they left."""
    execute(data.database, f"update unsubscribe set notice_queued = {is_told}")
    make_backup(data, tmp_path / "backup.tar")
    left = rows(data.database, "select id from unsubscribe")
    put_back(data, tmp_path / "backup.tar")
    assert left * is_told == rows(data.database, "select id from unsubscribe")


@pytest.mark.parametrize("state", ["queued", "claimed", "deferred"])
def test_a_mail_that_waits_to_be_forwarded_is_kept_for_a_person(data: DataDir, tmp_path: Path, state: str) -> None:
    """It was accepted, so its sender believes that it arrives."""
    mail, number = mail_to_owner(7_000), _forward(data)
    claimed_by = "(select min(id) from session)" if state == "claimed" else "null"
    execute(data.database, f"update delivery set state = '{state}', claimed_by = {claimed_by} where id = {number}")
    make_backup(data, tmp_path / "backup.tar")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [("kept", KEPT_FORWARD, mail.content)] == rows(
        data.database,
        "select state, outcome, content from inbound join inbound_content on inbound_content.id = content_id "
        "where inbound.id = 7000",
    )
    assert 0 == count(data.database, "delivery where notice_id is not null and state in ('queued', 'claimed')")


def test_a_mail_that_was_forwarded_since_is_not_kept_for_a_person(data: DataDir, tmp_path: Path) -> None:
    """The former database knows it. Whoever retries what may have arrived would send a second copy."""
    number = _forward(data)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, f"update delivery set state = 'delivered', recorded_at = 2 where id = {number}")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [("delivered",)] == rows(data.database, f"select state from delivery where id = {number}")
    assert 0 == count(data.database, "inbound where id = 7000")


@pytest.mark.parametrize("secret", [b"m" * 16, b"n" * 16])
def test_another_mail_that_waits_is_kept_where_one_was_forwarded_since(
    data: DataDir, tmp_path: Path, secret: bytes
) -> None:
    number, other = _forward(data), _forward(data, 7_001, secret)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, f"update delivery set state = 'delivered', recorded_at = 2 where id = {number}")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [(7_001, "kept")] == rows(data.database, "select id, state from inbound where id in (7000, 7001)")
    assert [("failed",)] == rows(data.database, f"select state from delivery where id = {other}")


def test_a_mail_that_merely_has_the_id_of_one_forwarded_since_is_kept(data: DataDir, tmp_path: Path) -> None:
    """After an earlier restore, ids were drawn twice."""
    number = _forward(data)
    make_backup(data, tmp_path / "backup.tar")
    notice = f"(select notice_id from delivery where id = {number})"
    execute(
        data.database,
        f"update delivery set state = 'delivered', recorded_at = 2 where id = {number}",
        f"update notice set message_secret = x'{b'n'.hex() * 16}' where id = {notice}",
    )
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [(7_000, "kept")] == rows(data.database, "select id, state from inbound where id = 7000")


@pytest.mark.parametrize("known", [True, False])
def test_the_former_journal_tells_whether_a_mail_was_forwarded(data: DataDir, tmp_path: Path, *, known: bool) -> None:
    """A daemon that was killed had not recorded it. What its journal does not know may have arrived or not."""
    number = _forward(data)
    make_backup(data, tmp_path / "backup.tar")
    _claim(data, number, is_accepted=known)
    put_back(data, tmp_path / "backup.tar")
    expected = "delivered" if known else "failed"
    assert [(expected,)] == rows(data.database, f"select state from delivery where id = {number}")
    assert (not known) == count(data.database, "inbound where id = 7000")


@pytest.mark.parametrize("since", ["done", "kept", "unreadable", "failed"])
def test_what_became_of_a_mail_since_is_not_lost(data: DataDir, tmp_path: Path, since: str) -> None:
    """One that waits for a person still does, for as long as any other: nobody else has it."""
    [(number,)] = rows(data.database, "select min(id) from inbound where content_id is not null")
    become = f"update inbound set state = '%s', outcome = '%s' where id = {number}"
    execute(data.database, become % ("received", ""))
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, become % (since, "why"))
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    columns = "state, outcome, content_id is not null, recorded_at is not null"
    assert [(since, "why", since != "done", True)] == rows(
        data.database, f"select {columns} from inbound where id = {number}"
    )


@pytest.mark.parametrize(
    ("reached", "expected"),
    [("queued", "kept"), ("deferred", "kept"), ("claimed", "kept"), ("accepted", "done"), ("delivered", "done")],
)
def test_a_mail_that_was_being_forwarded_since_is_not_lost(
    data: DataDir, tmp_path: Path, reached: str, expected: str
) -> None:
    """It is done there, but nobody has it, unless a relay is known to have accepted it."""
    _receive(data)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update inbound set state = 'done', outcome = 'forwarded', recorded_at = 2 where id = 7000")
    number = _forward(data)
    if reached in {"claimed", "accepted"}:
        _claim(data, number, is_accepted=reached == "accepted")
    else:
        execute(data.database, f"update delivery set state = '{reached}' where id = {number}")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    result = rows(data.database, "select state, outcome, content_id is not null from inbound where id = 7000")
    assert [(expected, KEPT_FORWARD if expected == "kept" else "forwarded", expected == "kept")] == result


@pytest.mark.parametrize(
    ("since", "expected"), [("received", "received"), ("kept", "kept"), ("queued", "kept"), ("claimed", "done")]
)
def test_a_mail_that_arrived_since_is_not_lost(data: DataDir, tmp_path: Path, since: str, expected: str) -> None:
    """The backup does not have it. It comes along if it waits for something; `claimed` is one that a relay accepted."""
    make_backup(data, tmp_path / "backup.tar")
    _receive(data)
    if since in {"queued", "claimed"}:
        number = _forward(data)
        execute(data.database, "update inbound set state = 'done', content_id = null where id = 7000")
        if since == "claimed":
            _claim(data, number, is_accepted=True)
    else:
        execute(data.database, f"update inbound set state = '{since}' where id = 7000")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    mails = "select state, content from inbound left join inbound_content on inbound_content.id = content_id"
    assert [(expected, None if expected == "done" else mail_to_owner(7_000).content)] == rows(
        data.database, f"{mails} where inbound.id = 7000"
    )


def test_a_mail_to_a_list_that_arrived_since_is_kept_for_a_person(data: DataDir, tmp_path: Path) -> None:
    """As are those that waited in the backup."""
    make_backup(data, tmp_path / "backup.tar")
    _receive(data)
    execute(data.database, "update inbound set recipient = (select min(name) from list) where id = 7000")
    put_back(data, tmp_path / "backup.tar")
    assert [("kept", KEPT_POST)] == rows(data.database, "select state, outcome from inbound where id = 7000")


def test_a_mail_that_is_kept_since_and_was_done_in_the_backup_is_kept(data: DataDir, tmp_path: Path) -> None:
    """Its forward bounced since then, and the sender was not told. If it came again, both are there."""
    _receive(data)
    execute(data.database, "update inbound set state = 'done', content_id = null where id = 7000")
    make_backup(data, tmp_path / "backup.tar")
    [(content,)] = rows(data.database, "select max(id) from inbound_content")
    execute(
        data.database,
        f"update inbound set state = 'kept', content_id = {content}, digest = x'07' where id = 7000",
        "insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state) "
        f"select 7001, cast('{'d' * 32}' as blob), {content}, '', 'news-owner', '', 0, 1, 'received'",
    )
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [(7000, "kept"), (7001, "received")] == rows(
        data.database, "select id, state from inbound where id in (7000, 7001) order by id"
    )


@pytest.mark.parametrize(
    ("was", "since", "expected"),
    [
        ("kept", "dropped", "done"),
        ("kept", "retried", "kept"),
        ("kept", "forwarded", "done"),
        ("unreadable", "forwarded", "done"),
        ("failed", "forwarded", "done"),
    ],
)
def test_a_kept_mail_that_somebody_dealt_with_since_does_not_come_back(
    data: DataDir, tmp_path: Path, was: str, since: str, expected: str
) -> None:
    """Whoever retried it once more would send a second copy. If it was retried and has not gone out, it is kept."""
    _receive(data)
    execute(data.database, f"update inbound set state = '{was}' where id = 7000")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update inbound set state = 'done', content_id = null where id = 7000")
    if since != "dropped":
        number = _forward(data)
        state = "queued" if since == "retried" else "delivered"
        execute(data.database, f"update delivery set state = '{state}' where id = {number}")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    after = rows(data.database, "select state, content_id is not null from inbound where id = 7000")
    assert [(expected, expected == "kept")] == after


def test_a_mail_of_a_later_backup_is_not_processed_again(data: DataDir, tmp_path: Path) -> None:
    """Somebody restores an old backup, and then the one that they meant, where it waits."""
    make_backup(data, tmp_path / "old.tar")
    _receive(data)
    make_backup(data, tmp_path / "new.tar")
    execute(data.database, "update inbound set state = 'done', content_id = null where id = 7000")
    for backup in ("old.tar", "new.tar"):
        assert [] == put_back(data, tmp_path / backup).problems
    assert [("done", None)] == rows(data.database, "select state, content_id from inbound where id = 7000")


@pytest.mark.parametrize("was", ["received", "kept"])
def test_a_mail_of_which_a_draft_was_made_since_is_kept_for_a_person(data: DataDir, tmp_path: Path, was: str) -> None:
    """The backup has no such draft, and its editor believes that it waits."""
    _receive(data)
    to_list = "recipient = (select min(name) from list)"
    execute(data.database, f"update inbound set state = '{was}', {to_list} where id = 7000")
    make_backup(data, tmp_path / "backup.tar")
    _make_draft(data)
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [("kept", mail_to_owner(7_000).content)] == rows(
        data.database,
        "select state, content from inbound join inbound_content on inbound_content.id = content_id "
        "where inbound.id = 7000",
    )


def test_a_mail_of_which_an_edition_was_sent_since_is_done(data: DataDir, tmp_path: Path) -> None:
    """If it were kept, whoever retries it would send the edition once more."""
    _receive(data)
    execute(data.database, "update inbound set recipient = (select min(name) from list) where id = 7000")
    make_backup(data, tmp_path / "backup.tar")
    _make_draft(data)
    sent = "(select min(edition_id) from draft)"
    execute(
        data.database,
        f"update edition set state = 'finished', finished_at = 9 where id = {sent}",
        f"update edition set state = 'draft', finished_at = null where id <> {sent}",
    )
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [("done",)] == rows(data.database, "select state from inbound where id = 7000")


def test_a_mail_of_which_a_draft_was_made_since_may_come_again(data: DataDir, tmp_path: Path) -> None:
    """Neither the draft nor the mail is in the backup, so a repetition is all there is."""
    make_backup(data, tmp_path / "backup.tar")
    _receive(data)
    _make_draft(data)
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert 0 == count(data.database, "inbound where id = 7000")


def _make_draft(data: DataDir) -> None:
    """The mail has become a draft that waits for its release."""
    execute(
        data.database,
        "update inbound set state = 'done', content_id = null, outcome = 'held' where id = 7000",
        "update draft set mail_id = 7000 where edition_id = (select min(edition_id) from draft)",
        "update edition set state = 'draft' where id = (select min(edition_id) from draft)",
    )


@pytest.mark.parametrize("first", ["done", "received"])
def test_octets_that_came_again_since_as_another_mail_are_two_mails(data: DataDir, tmp_path: Path, first: str) -> None:
    """Without a Message-ID, they are another mail after a while. The first one is not processed once more."""
    _receive(data)
    make_backup(data, tmp_path / "backup.tar")
    retired = retired_digest(b"d" * 32, 7000).hex()
    execute(data.database, f"update inbound set digest = x'{retired}', state = '{first}' where id = 7000")
    _receive(data, number=7001)
    if first == "done":
        execute(data.database, "update inbound set content_id = null where id = 7000")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [(7000, first), (7001, "received")] == rows(
        data.database, "select id, state from inbound where id in (7000, 7001) order by id"
    )


def test_a_mail_that_came_to_both_databases_is_one_mail(data: DataDir, tmp_path: Path) -> None:
    """After the restore of an older backup, a mail server repeated it. Then it was given another id."""
    _receive(data)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update inbound set id = 7001 where id = 7000")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [(7000, "received")] == rows(data.database, "select id, state from inbound where id in (7000, 7001)")


def _receive(data: DataDir, number: int = 7000) -> None:
    """The mail to the owner is accepted, and waits to be processed."""
    mail = mail_to_owner(7_000)
    row = NewInbound(digest=b"d" * 32, mail_from=mail.mail_from, recipient=mail.recipient, peer=mail.peer, utf8=False)
    with closing(data.database.connect()) as connection:
        connection.write(lambda tx: store_mail(tx, [row], mail.content, 1))
    execute(data.database, f"update inbound set id = {number} where id = (select max(id) from inbound)")


@pytest.mark.parametrize("table", ["notice", "inbound"])
def test_mail_from_others_is_kept_if_the_former_data_cannot_tell(data: DataDir, tmp_path: Path, table: str) -> None:
    """That is a word in the report, and no reason to restore nothing."""
    _forward(data)
    waiting = (
        "update inbound set state = 'received' where id = (select min(id) from inbound where content_id is not null)"
    )
    execute(data.database, waiting)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, f"alter table {table} rename to unreadable")
    problems = put_back(data, tmp_path / "backup.tar").problems
    [told] = [problem for problem in problems if problem.startswith("mails from others: ")]
    assert told.endswith(f"no such table: {table}")
    assert 1 == count(data.database, "inbound where id = 7000 and state = 'kept'")


def test_a_mail_that_the_journal_in_the_backup_knows_is_left_to_the_next_start(data: DataDir, tmp_path: Path) -> None:
    """It was forwarded while the backup was made, and recovery records it."""
    number = _forward(data)
    _claim(data, number, is_accepted=True)
    make_backup(data, tmp_path / "backup.tar")
    there = DataDir(tmp_path / "there")
    put_back(there, tmp_path / "backup.tar")
    assert [("claimed",)] == rows(there.database, f"select state from delivery where id = {number}")
    assert 0 == count(there.database, "inbound where id = 7000")


def _claim(data: DataDir, number: int, *, is_accepted: bool) -> None:
    """Claim a mail; if a relay has accepted it, the journal says so."""
    [(session,)] = rows(data.database, "select min(id) from session")
    claimed = f"state = 'claimed', claimed_by = {session}, attempts = 1, first_attempt_at = 5"
    execute(data.database, f"update delivery set {claimed} where id = {number}")
    with closing(Journal.open(data.journal)) as journal:
        journal.append([JournalEntry(Claim(number, 1, 5, session), "primary", 250, "2.0.0")] if is_accepted else [])


def _forward(data: DataDir, mail: int = 7_000, secret: bytes = b"m" * 16) -> int:
    """A mail to the owner that waits to be forwarded; returns its delivery."""
    owner = parse_address("owner@harbour.example")
    forward = new_forward(mail_to_owner(mail), owner, None, trace=b"Trace: x\r\n", message_secret=secret)
    with closing(data.database.connect()) as connection:
        return connection.write(lambda tx: insert_notice(tx, forward, 1))


def test_a_mail_that_was_forwarded_before_is_not_forwarded_again(data: DataDir, tmp_path: Path) -> None:
    """Its content is still there, for the case that it bounces."""
    number = _forward(data)
    execute(data.database, f"update delivery set state = 'delivered', recorded_at = 2 where id = {number}")
    make_backup(data, tmp_path / "backup.tar")
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [("delivered",)] == rows(data.database, f"select state from delivery where id = {number}")
    assert 0 == count(data.database, "inbound where id = 7000")


def test_who_left_or_was_suppressed_since_stays_out(data: DataDir, backup: Path) -> None:
    first, second = [row[0] for row in rows(data.database, "select id from subscription order by id")][:2]
    execute(
        data.database,
        f"{LEFT} where id = {first}",
        f"update subscription set state = 'suspended', suspended_for = 'bounces' where id = {second}",
        "insert into suppression (digest, address, reason, since) values (x'07', 'a@b.example', 'complaint', 5)",
    )
    report = put_back(data, backup)
    states = {row[0]: row[1] for row in rows(data.database, "select id, state from subscription")}
    assert (states[first], states[second]) == ("unsubscribed", "suspended")
    assert count(data.database, "suppression where reason = 'complaint'") == 1
    assert (report.ended, report.erased, report.problems) == (2, 0, [])


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("null, 'erased'", "'a@b.example', 'hard-bounce'", (None, "erased")),
        ("'a@b.example', 'never-again'", "'a@b.example', 'hard-bounce'", ("a@b.example", "never-again")),
        ("'a@b.example', 'hard-bounce'", "null, 'erased'", (None, "erased")),
        ("'a@b.example', 'complaint'", "null, 'complaint'", (None, "complaint")),
        ("'a@b.example', 'complaint'", "null, 'erased'", (None, "complaint")),
        ("'a@b.example', 'operator'", "null, 'complaint'", (None, "operator")),
        ("'a@b.example', 'never-again'", "null, 'never-again'", (None, "never-again")),
    ],
)
def test_a_weaker_reason_lets_nobody_in_and_brings_no_erased_address_back(
    data: DataDir, tmp_path: Path, here: str, there: str, expected: tuple[str | None, str]
) -> None:
    """If only a bounce were known, anybody could have a confirmation mailed to a reader who wants no mail at all."""
    suppressed = "insert into suppression (digest, address, reason, since) values (x'07', %s, 5)"
    execute(data.database, "delete from suppression", suppressed % here)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "delete from suppression", suppressed % there)
    assert [] == put_back(data, tmp_path / "backup.tar").problems
    assert [expected] == rows(data.database, "select address, reason from suppression")


def test_who_left_after_a_sync_had_removed_them_stays_out(data: DataDir, tmp_path: Path) -> None:
    """A sync brings back whom a sync has removed, so it matters who ended a subscription."""
    execute(data.database, f"{LEFT}, source = 'sync'")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update subscription set source = 'web'")
    put_back(data, tmp_path / "backup.tar")
    assert {row[0] for row in rows(data.database, "select source from subscription")} == {"web"}


def test_a_pause_that_became_longer_stays_so(data: DataDir, tmp_path: Path) -> None:
    """One that ended earlier than in the backup does not count, since it would lead to more mail."""
    first, second, third = [row[0] for row in rows(data.database, "select id from subscription order by id")][:3]
    execute(
        data.database,
        f"{LEFT}",
        "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = 100",
    )
    make_backup(data, tmp_path / "backup.tar")
    execute(
        data.database,
        f"update subscription set paused_until = 200 where id = {first}",
        f"update subscription set suspended_for = 'bounces', paused_until = null where id = {second}",
        f"update subscription set paused_until = 50 where id = {third}",
    )
    put_back(data, tmp_path / "backup.tar")
    after = {row[0]: row[1:] for row in rows(data.database, "select id, suspended_for, paused_until from subscription")}
    assert [after[first], after[second], after[third]] == [("paused", 200), ("bounces", None), ("paused", 100)]


def test_who_was_suspended_since_can_come_back_and_is_asked_once(data: DataDir, tmp_path: Path) -> None:
    """The link in the probe that went out since works, as the suspension is there; and no other probe goes out."""
    first, second = [row[0] for row in rows(data.database, "select id from subscriber order by id")][:2]
    since = "insert into suspension (subscriber_id, since, first_edition_id, probed_at) values"
    unqueued = "update unsubscribe set notice_queued = 0"
    execute(data.database, "delete from suspension", f"{since} ({first}, 5, 1, null)", unqueued)
    make_backup(data, tmp_path / "backup.tar")
    execute(
        data.database,
        f"update suspension set probed_at = 8 where subscriber_id = {first}",
        f"{since} ({second}, 7, 2, 9)",
    )
    put_back(data, tmp_path / "backup.tar")
    suspensions = rows(
        data.database, "select subscriber_id, since, probed_at, ended_at from suspension order by subscriber_id"
    )
    assert suspensions == [(first, 5, 8, None), (second, 7, 9, None)]
    assert count(data.database, "unsubscribe") == 0


def test_nothing_goes_to_the_address_that_a_reader_had_before(data: DataDir, backup: Path) -> None:
    """Nor do preferences links work that have ended since. An address that somebody else has here stays theirs."""
    first, second = [row[0] for row in rows(data.database, "select id from subscriber order by id")][:2]
    epoch = (1 << 63) - 1  # later than any that the filler draws
    keys, changes = load_keys(data), []
    for reader, address in ((first, "new@b.example"), (second, f"r{first}@a.example")):
        digest = suppression_digest(keys, address).hex()
        changes.append(
            f"""update subscriber set address = '{address}', address_key = '{address}', epoch = {epoch},
                suppression_digest = x'{digest}', mailbox_digest = null where id = {reader}"""
        )
    execute(data.database, *changes)
    report = put_back(data, backup)
    readers = {row[0]: row[1:] for row in rows(data.database, "select id, address_key, epoch from subscriber")}
    assert readers[first] == ("new@b.example", epoch)
    assert readers[second][1] == epoch
    assert (report.erased, report.problems) == (0, [])


def test_links_signed_since_and_keys_retired_since_stay_so(data: DataDir, backup: Path) -> None:
    """Readers leave by links in mails since the backup, and a key that leaked since serves for nothing else."""
    prepare(data)  # its keys are on record
    token = WebTokens(rotate_link_key(data)).make(WebPurpose.UNSUBSCRIBE, 5, 0)
    execute(data.database, "update keyring set retires_at = 7 where number = 1")
    report = put_back(data, backup)
    ring = prepare(data)
    assert WebTokens(ring).read(WebPurpose.UNSUBSCRIBE, token) == (5, 0)
    assert (ring.newest, sorted(ring.retired), report.problems) == (2, [1], [])


def test_keys_that_cannot_be_taken_over_are_named(data: DataDir, backup: Path) -> None:
    (data.keys / "link-1").write_text(f"{'07' * 32}\n")
    (data.keys / "link-1").chmod(0o600)
    assert any("link key 1" in problem for problem in put_back(data, backup).problems)
    (data.keys / "suppression").write_text("-")
    assert any("does not hold a key" in problem for problem in put_back(data, backup).problems)


def test_who_was_erased_since_is_erased_again(data: DataDir, backup: Path) -> None:
    (erased,) = rows(data.database, "select min(subscriber_id) from subscription")[0]
    suppressed = f"select suppression_digest, 'erased', created_at from subscriber where id = {erased}"
    execute(data.database, f"insert into suppression (digest, reason, since) {suppressed}")
    report = put_back(data, backup)
    assert (report.erased, report.problems) == (1, [])
    assert count(data.database, f"subscriber where id = {erased}") == 0
    with open_for_reading(data.database) as tx:
        assert evidence.verify(tx, ()).problems == []


LONE = "password where not exists (select 1 from authenticator_app where person_id = password.person_id)"
# What happened after a backup to what somebody may do, or logs in with, and what then must not be there.
TAKEN_SINCE = {
    "a person was removed": ("delete from person where id = 1001", "person where id = 1001"),
    "an operator is none": ("update person set is_operator = 0", "person where is_operator = 1"),
    "a log-in was ended": ("update person set enrolled_at = null", "person where enrolled_at is not null"),
    "a right was revoked": ("delete from permission", "permission"),
    "a role became less": ("update permission set role = 'viewer'", "permission where role <> 'viewer'"),
    "access became less": ("update permission set readers = 'see'", "permission where readers not in ('see', 'none')"),
    "a token was revoked": ("delete from api_token where id = 1001", "api_token where id = 1001"),
    "passwords were changed": ("update password set hash = 'new'", "password"),
    "a passkey was removed": ("delete from passkey where id = 1001", "passkey where id = 1001"),
    "a code was used": ("delete from recovery_code", "recovery_code"),
    "an app was replaced": ("update authenticator_app set salt = x'00'", "authenticator_app"),
    "the app beside a password was replaced": (
        "update authenticator_app set salt = x'00'",
        "password where person_id = 1002",
    ),
    "the app beside a password was removed": ("delete from authenticator_app", "password where person_id = 1002"),
    "an app was set up beside a password": ("insert into authenticator_app values (1001, x'02', 1, 1)", LONE),
    "an account was unlinked": ("delete from identity", "identity"),
}


@pytest.fixture
def staffed(data: DataDir) -> DataDir:
    """People with every kind of right and credential."""
    execute(
        data.database,
        "delete from person",
        "delete from api_token",
        "insert into person (id, name, created_at, is_operator, enrolled_at) values (1001, 'ann', 5, 1, 6)",
        "insert into person (id, name, created_at, is_operator, enrolled_at) values (1002, 'bea', 5, 0, 6)",
        "insert into permission select id, 1002, 'publisher', 'export' from list",
        "insert into api_token (id, name, digest, scope, is_everywhere, created_at)"
        " values (1001, 'a', x'01', 'read', 1, 1), (1002, 'b', x'02', 'read', 1, 1)",
        "insert into password values (1001, 'hers', 1), (1002, 'old', 1)",
        "insert into passkey (id, person_id, credential_id, credential, name, sign_count, created_at)"
        " values (1001, 1002, x'01', x'02', 'n', 0, 1), (1002, 1002, x'02', x'02', 'n', 0, 1)",
        "insert into recovery_code values (1002, x'01')",
        "insert into authenticator_app values (1002, x'01', 1, 1)",
        "insert into identity values ('https://id.example', 's', 1002)",
    )
    return data


@pytest.mark.parametrize("case", TAKEN_SINCE)
def test_what_was_taken_away_since_is_not_brought_back(staffed: DataDir, tmp_path: Path, case: str) -> None:
    """And nothing else goes."""
    make_backup(staffed, tmp_path / "backup.tar")
    change, gone = TAKEN_SINCE[case]
    assert count(staffed.database, gone) != 0
    execute(staffed.database, change)
    left = {table: count(staffed.database, table) for table in ("person", "api_token", "passkey")}
    report = put_back(staffed, tmp_path / "backup.tar")
    assert ([], True) == (report.problems, report.access > 0)
    assert count(staffed.database, gone) == 0
    assert left == {table: count(staffed.database, table) for table in left}


def test_who_was_taken_out_since_is_the_only_one(staffed: DataDir, tmp_path: Path) -> None:
    """Otherwise nobody could log in."""
    another = "insert into person (id, name, created_at, is_operator, enrolled_at) values (1003, 'cat', 5, 1, 6)"
    execute(staffed.database, another)
    make_backup(staffed, tmp_path / "backup.tar")
    execute(staffed.database, "update person set is_operator = 0, enrolled_at = null where id = 1001")
    assert put_back(staffed, tmp_path / "backup.tar").access == 1
    people = rows(staffed.database, "select id, is_operator, enrolled_at from person order by id")
    assert people == [(1001, 0, None), (1002, 0, 6), (1003, 1, 6)]


def test_an_operator_who_has_set_up_passkeys_since_has_no_password(staffed: DataDir, tmp_path: Path) -> None:
    """With it alone, somebody else could set up another passkey, and so do everything."""
    make_backup(staffed, tmp_path / "backup.tar")
    execute(
        staffed.database,
        "insert into passkey (id, person_id, credential_id, credential, name, sign_count, created_at)"
        " values (1003, 1001, x'03', x'02', 'n', 0, 1), (1004, 1002, x'04', x'02', 'n', 0, 1)",
    )
    assert put_back(staffed, tmp_path / "backup.tar").access == 1
    assert rows(staffed.database, "select person_id from password") == [(1002,)]


def test_codes_of_apps_that_were_used_since_are_used_up(staffed: DataDir, tmp_path: Path) -> None:
    """And passkeys have counted as far as they did; those who have not used theirs since keep it as well."""
    make_backup(staffed, tmp_path / "backup.tar")
    execute(
        staffed.database,
        "update authenticator_app set last_step = 7",
        "update passkey set sign_count = 5 where id = 1001",
    )
    assert put_back(staffed, tmp_path / "backup.tar").access == 0
    assert rows(staffed.database, "select last_step from authenticator_app") == [(7,)]
    assert rows(staffed.database, "select sign_count from passkey order by id") == [(5,), (0,)]


def test_who_got_more_since_has_what_they_had(staffed: DataDir, tmp_path: Path) -> None:
    """New people, tokens and rights are as the backup says: a restore may be for taking them back."""
    execute(staffed.database, "update permission set role = 'viewer', readers = 'none'")
    make_backup(staffed, tmp_path / "backup.tar")
    execute(
        staffed.database,
        "update permission set role = 'publisher', readers = 'export'",
        "update person set is_operator = 1",
        "insert into person (id, name, created_at, is_operator, enrolled_at) values (1003, 'eve', 7, 1, 8)",
    )
    assert put_back(staffed, tmp_path / "backup.tar").access == 0
    assert rows(staffed.database, "select id, is_operator from person order by id") == [(1001, 1), (1002, 0)]
    assert count(staffed.database, "permission where role <> 'viewer' or readers <> 'none'") == 0


def test_the_people_of_other_data_take_nobody_out(staffed: DataDir, tmp_path: Path) -> None:
    """Data that began anew have an audit log of their own."""
    make_backup(staffed, tmp_path / "backup.tar")
    execute(staffed.database, "delete from person", "update audit_head set chain = x'00'")
    execute(staffed.database, "drop trigger audit_stays", "update audit set chain = x'00'")
    report = put_back(staffed, tmp_path / "backup.tar")
    assert (report.access, count(staffed.database, "person")) == (0, 2)


def test_who_came_back_since_is_not_taken_over(data: DataDir, tmp_path: Path) -> None:
    """Only what leads to less mail is."""
    execute(data.database, LEFT)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update subscription set state = 'active'")
    put_back(data, tmp_path / "backup.tar")
    assert count(data.database, "subscription where state <> 'unsubscribed'") == 0


def test_an_id_that_means_somebody_else_changes_nobody(data: DataDir, backup: Path, tmp_path: Path) -> None:
    """After an earlier restore: the ids are the same, but the readers came at other times, and so did the evidence."""
    earlier = DataDir(tmp_path / "earlier")
    shutil.copytree(data.root, earlier.root)
    for seed, branch in enumerate((data, earlier)):
        assert isinstance(branch.database, SqliteFile)
        fill_consent(branch.database.path, random.Random(seed), 2)
    make_backup(data, tmp_path / "later.tar")
    execute(earlier.database, LEFT, "update subscriber set created_at = created_at + 1")
    report = put_back(earlier, tmp_path / "later.tar")
    assert (report.ended, report.erased) == (0, 0)
    assert "the evidence of consent" in report.problems[0]
    assert count(earlier.database, "subscription where state = 'unsubscribed'") == 0


def test_copies_that_went_out_since_do_not_go_again(data: DataDir, backup: Path) -> None:
    """Of the edition that was scheduled in the backup there are no copies in it yet."""
    execute(
        data.database,
        "update edition set state = 'sending', started_at = 10",
        "update delivery set state = 'delivered', recorded_at = 11 where edition_id is not null",
    )
    delivered = rows(data.database, "select id from delivery where state = 'delivered' and subscription_id is not null")
    report = put_back(data, backup)
    there = rows(data.database, "select id from delivery where state = 'delivered' and subscription_id is not null")
    assert there == delivered
    assert {*report.held.editions.values()} == {0}
    for edition, audience in rows(data.database, "select id, audience from edition"):
        assert audience == count(data.database, f"delivery where edition_id = {edition}")


@pytest.mark.parametrize(
    ("is_gone", "was", "became"),
    [
        (False, "queued", "delivered"),
        (True, "queued", "delivered"),
        (False, "deferred", "delivered"),
        (False, "claimed", "failed"),
    ],
)
def test_a_copy_that_went_out_as_that_of_another_subscription_does_not_go_again(
    data: DataDir, backup: Path, is_gone: bool, was: str, became: str
) -> None:
    """The reader had changed to another language or address, and back; the other subscription may be gone by now."""
    [(copy, mine), *_] = rows(
        data.database,
        "select delivery.id, subscription_id from delivery join edition on edition.id = edition_id"
        " where delivery.subscription_id is not null and edition.state = 'sending' order by delivery.id",
    )
    execute(data.database, f"update delivery set state = '{was}' where id = {copy}")
    backup.unlink()
    make_backup(data, backup)
    execute(
        data.database,
        "insert into list (id, name, title, from_address, created_at) values (900, 'boletim', 'B', 'a@b.example', 9)",
        "insert into subscription (id, list_id, subscriber_id, state, source, since)"
        f" select 900, 900, subscriber_id, 'unsubscribed', 'web', 9 from subscription where id = {mine}",
        f"update delivery set subscription_id = {'null' if is_gone else 900} where id = {copy}",
        f"update delivery set state = '{became}', recorded_at = 11 where id = {copy}",
    )
    put_back(data, backup)
    assert [(became, mine)] == rows(data.database, f"select state, subscription_id from delivery where id = {copy}")


def test_a_copy_that_waits_elsewhere_now_keeps_waiting_when_new_ones_went_out(data: DataDir, tmp_path: Path) -> None:
    """It gets a new id here, which may not be one of those: it would count as sent."""
    [(edition, copy)] = rows(
        data.database, "select edition_id, id from delivery where subscription_id is not null order by id limit 1"
    )
    execute(
        data.database,
        "delete from bulk_change",
        "update edition set is_welcome = 0, is_repeat = 1, finished_at = null, pause_reason = null",
        "update edition set canary_copies = null, state = 'sending', started_at = 9",
        f"delete from delivery where edition_id = {edition} and id <> {copy}",
        f"update delivery set state = 'deferred', claimed_by = null, kind = null, bounce = null where id = {copy}",
        "insert into list (id, name, title, from_address, created_at) values (900, 'boletim', 'B', 'a@b.example', 9)",
        "insert into subscription (id, list_id, subscriber_id, state, source, since)"
        " select 900 + id, 900, id, 'active', 'web', 9 from subscriber order by id limit 2",
    )
    make_backup(data, tmp_path / "backup.tar")
    [(first,), (second,)] = rows(data.database, "select id from subscription where list_id = 900 order by id")
    execute(
        data.database,
        f"update delivery set subscription_id = {first} where id = {copy}",
        "insert into delivery (edition_id, subscription_id, domain, state, due_at, recorded_at)"
        f" values ({edition}, {second}, 'a.example', 'delivered', 9, 10)",
    )
    put_back(data, tmp_path / "backup.tar")
    assert [(first, "deferred"), (second, "delivered")] == rows(
        data.database,
        f"select subscription_id, state from delivery where edition_id = {edition}"
        f" and subscription_id in ({first}, {second}) order by subscription_id",
    )


def test_an_edition_that_was_opened_again_since_is_as_it_was_there(data: DataDir, tmp_path: Path) -> None:
    """So what failed before the backup and was sent again since counts as delivered."""
    over = "update edition set is_welcome = 0, is_repeat = 1, pause_reason = null, canary_copies = null, started_at = 1"
    execute(
        data.database,
        "delete from bulk_change",
        f"{over}, state = 'finished', finished_at = 9",
        "update delivery set state = 'failed', claimed_by = null, recorded_at = 8",
    )
    make_backup(data, tmp_path / "backup.tar")
    (again,) = rows(data.database, "select min(edition_id) from delivery where subscription_id is not null")[0]
    execute(
        data.database,
        f"update edition set finished_at = 99, copies_removed_at = 999 where id = {again}",
        "update delivery set state = 'delivered', recorded_at = 98 where edition_id is not null",
    )
    put_back(data, tmp_path / "backup.tar")
    sent = "delivery where subscription_id is not null and state ="
    assert count(data.database, f"{sent} 'failed' and edition_id = {again}") == 0
    assert count(data.database, f"{sent} 'delivered' and edition_id <> {again}") == 0
    assert rows(data.database, f"select state, copies_removed_at from edition where id = {again}") == [
        ("finished", 999)
    ]


def test_evidence_since_stays_in_the_chain(data: DataDir, backup: Path) -> None:
    assert isinstance(data.database, SqliteFile)
    fill_consent(data.database.path, random.Random(9), 4)
    with open_for_reading(data.database) as tx:
        head = evidence.verify(tx, ()).head
    put_back(data, backup)
    with open_for_reading(data.database) as tx:
        audit = evidence.verify(tx, [("before", head)])
    assert audit.problems == []


def test_a_damaged_database_is_replaced_with_a_word_about_it(data: DataDir, backup: Path) -> None:
    assert isinstance(data.database, SqliteFile)
    size = data.database.path.stat().st_size
    for ending in ("-wal", "-shm"):
        data.database.path.with_name(data.database.path.name + ending).unlink(missing_ok=True)
    data.database.path.write_bytes(bytes(size))
    report = put_back(data, backup)
    assert report.problems != []
    assert prepare(data).newest == 1


def test_a_backup_of_another_installation_changes_nothing(data: DataDir, backup: Path, tmp_path: Path) -> None:
    other = filled(tmp_path / "other", 2)
    before = content(other.database)
    with pytest.raises(BadInput, match="another installation"):
        put_back(other, backup)
    assert content(other.database) == before
    assert not (other.root / restore_switch.FOLDER).exists()


def test_it_needs_the_data_for_itself(data: DataDir, backup: Path) -> None:
    lock = DataLock.acquire(data)
    with pytest.raises(TryAgain):
        put_back(data, backup)
    lock.release()


def test_restores_in_one_second_keep_what_each_of_them_replaced(
    data: DataDir, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "utc_now", lambda: 1_700_000_000.0)
    places = []
    for title in ("before the first", "before the second"):
        execute(data.database, f"update list set title = '{title}'")
        (place,) = put_back(data, backup).aside
        places.append((Path(place), title))
    for aside, title in places:
        assert {(title,)} == set(rows(SqliteFile(aside / "pressrun.sqlite3"), "select title from list"))
        assert load_keys(data).suppression_key.hex() in (aside / "keys" / "suppression").read_text()


def test_what_could_not_be_put_aside_is_refused_before_anything_changes(data: DataDir, backup: Path) -> None:
    data.backups.symlink_to("/proc")  # another file system on every machine
    before = content(data.database), sorted(path.name for path in data.root.iterdir())
    with pytest.raises(Refused, match="backups is on another file system"):
        put_back(data, backup)
    assert before == (content(data.database), sorted({path.name for path in data.root.iterdir()} - {"lock"}))
    DataLock.acquire(data).release()


def test_another_configuration_is_kept_beside_the_data(data: DataDir, backup: Path) -> None:
    with open_backup(backup, None) as opened, locked_for_restore(data):
        report = restore(data, opened, b"other", lambda _: None)
    assert report.config is not None
    assert report.config.read_bytes() == CONFIG


class Killed(BaseException):
    """Stands in for SIGKILL: whoever catches errors does not see it."""


def _kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """End the process at one of the changes of names that a switch makes; returns how many there were."""
    done = 0
    real = {name: getattr(Path, name) for name in ("rename", "replace")}

    def change(name: str) -> Callable[[Path, Path], Path]:
        def work(path: Path, target: Path) -> Path:
            nonlocal done
            done += 1
            if done == step:
                raise Killed
            return real[name](path, target)  # type: ignore[no-any-return]

        return work

    for name in real:
        monkeypatch.setattr(Path, name, change(name))
    return lambda: done


def test_a_kill_at_any_step_leaves_the_old_or_the_new(data: DataDir, backup: Path, tmp_path: Path) -> None:
    """Also when whoever completes it is killed, at each of their steps."""
    execute(data.database, "update list set title = 'old'")
    old = content(data.database)
    seen: set[str] = set()
    for step in range(1, 40):
        place = DataDir(tmp_path / f"killed {step}")
        shutil.copytree(data.root, place.root)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(restoring, "finish_restore", lambda *_: None)  # a killed process clears nothing up
            count_steps = _kill_at(patch, step)
            with suppress(Killed):
                put_back(place, backup)
        for again in range(1, 4):
            with pytest.MonkeyPatch.context() as patch, suppress(Killed):
                _kill_at(patch, again)
                DataLock.acquire(place).release()
        DataLock.acquire(place).release()
        load_keys(place)
        seen.add("old" if content(place.database) == old else "new")
        assert count(place.database, "audit where action = 'restore'") == (content(place.database) != old)
        if content(place.database) != old:
            (aside,) = (place.root / "backups").iterdir()
            assert content(SqliteFile(aside / "pressrun.sqlite3")) == old
            assert count(place.database, "list where title = 'old'") == 0
        assert [path.name for path in place.root.iterdir() if path.name.startswith(".")] == []
        if count_steps() < step:
            break
    assert seen == {"old", "new"}


@pytest.mark.parametrize("name", [restore_switch.READY, restore_switch.PLACING])
def test_nobody_reads_in_the_middle_of_a_switch(data: DataDir, name: str) -> None:
    (data.root / name).mkdir()
    with pytest.raises(TryAgain, match="interrupted"):
        restore_switch.require_no_switch(data.root)


@pytest.fixture
def server() -> Iterator[PostgresDatabase]:
    with empty_database() as database:
        yield database


@pytest.mark.needs("postgresql")
def test_to_an_empty_server(data: DataDir, backup: Path, tmp_path: Path, server: PostgresDatabase) -> None:
    there = DataDir(tmp_path / "there", server)
    report = put_back(there, backup)
    assert report.aside == []
    assert prepare(there).newest == 1
    assert leftovers(server) == []
    assert count(server, "subscriber") == count(data.database, "subscriber")
    assert list(there.root.glob("pressrun.sqlite3*")) == []  # nor the logs of SQLite


@pytest.mark.needs("postgresql")
def test_a_newer_database_to_an_empty_server(
    data: DataDir, backup: Path, tmp_path: Path, server: PostgresDatabase
) -> None:
    """What Litestream has in it for itself stays behind."""
    execute(data.database, LEFT, "create table _litestream_seq (id integer)")
    report = put_back_newer(DataDir(tmp_path / "there", server), backup, copy_of(data, tmp_path / "newer.sqlite3"))
    assert [] == report.problems
    assert count(server, "subscription where state <> 'unsubscribed'") == 0
    assert leftovers(server) == []


@pytest.mark.needs("postgresql")
def test_mail_that_waits_in_the_data_of_a_server_is_not_lost(
    data: DataDir, tmp_path: Path, server: PostgresDatabase
) -> None:
    """It was being forwarded there, and the backup does not have it."""
    make_backup(data, tmp_path / "backup.tar")
    _receive(data)
    _forward(data)
    execute(data.database, "update inbound set state = 'done', content_id = null where id = 7000")
    there, _ = move(data, server)
    assert [] == put_back(there, tmp_path / "backup.tar").problems
    assert [("kept", KEPT_FORWARD)] == rows(server, "select state, outcome from inbound where id = 7000")


@pytest.mark.needs("postgresql")
def test_over_the_data_of_a_server(data: DataDir, backup: Path, server: PostgresDatabase) -> None:
    """Who left since stays out there, too, and the former tables are kept."""
    there, _ = move(data, server)
    execute(server, LEFT, "update list set title = 'old'")
    report = put_back(there, backup)
    assert report.problems == []
    assert prepare(there).newest == 1
    assert count(server, "subscription where state <> 'unsubscribed'") == 0
    assert count(server, "list where title = 'old'") == 0
    (schema,) = (row[0] for row in rows(server, "select nspname::text from pg_namespace where nspname like 'before%'"))
    assert count(server, f"{schema}.list where title = 'old'") == count(server, "list")
    assert leftovers(server) == []


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("is_switched", [False, True])
def test_a_kill_beside_the_commit_of_a_server(
    data: DataDir, backup: Path, server: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, is_switched: bool
) -> None:
    """The commit decides about the files, too."""
    there, _ = move(data, server)
    execute(server, "update list set title = 'old'")
    (there.root / "layouts").mkdir()
    publish = PostgresReplacement.publish

    def killed(target: PostgresReplacement, mark: MoveMark) -> None:
        if is_switched:
            publish(target, mark)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(PostgresReplacement, "publish", killed)
        patch.setattr(restoring, "finish_restore", lambda *_: None)
        with pytest.raises(Killed):
            put_back(there, backup)
    DataLock.acquire(there).release()
    assert prepare(there).newest == 1
    assert (count(server, "list where title = 'old'") == 0) is is_switched
    assert (there.root / "layouts").exists() is not is_switched
    assert [path.name for path in there.root.iterdir() if path.name.startswith(".")] == []
