"""Readers who moved, left or undid a change since a backup get no mail that they would not get without a restore."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.harness import open_delivery
from tests.operations.backup_tools import make_backup
from tests.operations.moving import execute
from tests.operations.test_lives_after_restore import reopened
from tests.operations.test_restore import LEFT, backup, count, data, put_back, rows
from tests.services.readers.doors import Step
from tests.services.readers.rare_doors import RareDoors

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services import evidence
from pressrun.services.editions import audience, lifecycle
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.erasure import erase
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.store.database import Database
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import load_keys

__all__ = ["backup", "data"]

pytestmark = pytest.mark.only_on("sqlite", "those on a server are moved there by the test itself")

ADA, BEA = parse_address("ada@reader.example"), parse_address("bea@reader.example")
WEB = Origin(source="web")
STEPS = 80
MAILABLE = """
    select list_id, lower(address) from recipient
    where may_be_mailed and list_id in (select id from list where closed_at is null)
    order by list_id, address"""
WAITING = """
    select message_secret, subscriber_id from delivery join edition on edition.id = edition_id
    join subscription on subscription.id = subscription_id
    where delivery.state in ('queued', 'deferred') and is_welcome = 0"""
DELIVERED = """
    select message_secret, subscriber_id from delivery join edition on edition.id = edition_id
    join subscription on subscription.id = subscription_id where delivery.state = 'delivered'"""

# Evidence about people whom an erasure cannot find.
UNREACHABLE = "consent where subscriber_id is not null and subscriber_id not in (select id from subscriber)"
SUBSCRIBED = """
    select list_id, address_key from subscription join subscriber on subscriber.id = subscriber_id
    where state in ('active', 'suspended') and list_id in (select id from list where closed_at is null)"""

READING = "update subscription set state = 'active', state_before = null, suspended_for = null, paused_until = null"
A_READER_AND_ANOTHER = """
    select subscription.subscriber_id, subscriber.id from subscription, subscriber
    where subscriber.id <> subscription.subscriber_id limit 1"""
ANOTHER_PAST = ("drop trigger consent_stays", "update consent set chain = x'00'")

Rows = set[tuple[Any, ...]]


def subscriptions(data: DataDir) -> dict[object, object]:
    """The states of all subscriptions."""
    return {row[0]: row[1] for row in rows(data.database, "select id, state from subscription")}


def moved(data: DataDir, reader: object, address: str) -> str:
    """The statement that gives a reader another address, and ends the links to their preferences."""
    digest = suppression_digest(load_keys(data), address).hex()
    return f"""update subscriber set address = '{address}', address_key = '{address}', epoch = {(1 << 63) - 1},
        suppression_digest = x'{digest}', mailbox_digest = null where id = {reader}"""


def test_a_subscription_that_is_gone_since_has_ended(data: DataDir, backup: Path) -> None:
    """As when a merge of two readers was undone. A subscription that its reader has again is left as it is."""
    first, second = list(subscriptions(data))[:2]
    columns = "list_id, subscriber_id, state, source, since"
    execute(
        data.database,
        "delete from list_removal",
        f"delete from subscription where id = {first}",
        f"create table anew as select {columns} from subscription where id = {second}",
        f"delete from subscription where id = {second}",
        f"insert into subscription ({columns}) select * from anew",
        "drop table anew",
    )
    report = put_back(data, backup)
    after = subscriptions(data)
    assert (1, "unsubscribed", "active") == (report.ended, after[first], after[second])


def test_a_list_that_is_gone_since_comes_back_with_its_readers(data: DataDir, backup: Path) -> None:
    before = subscriptions(data)
    execute(data.database, "delete from list")
    assert (0, before) == (put_back(data, backup).ended, subscriptions(data))


def test_a_list_that_was_being_removed_comes_back_with_its_readers(data: DataDir, backup: Path) -> None:
    """Somebody who sees that it was the wrong list may stop the daemon, and restore."""
    before = subscriptions(data)
    execute(
        data.database,
        "insert or ignore into list_removal (list_id, created_at) select id, 1 from list",
        "delete from subscription where id = (select min(id) from subscription)",
    )
    assert (0, before) == (put_back(data, backup).ended, subscriptions(data))


def test_readers_move_in_whatever_order_their_addresses_become_free(data: DataDir, backup: Path) -> None:
    first, second = [row[0] for row in rows(data.database, "select id from subscriber order by id")][:2]
    execute(data.database, moved(data, second, "new@b.example"), moved(data, first, f"r{second}@a.example"))
    put_back(data, backup)
    readers = {row[0]: row[1] for row in rows(data.database, "select id, address_key from subscriber")}
    assert (f"r{second}@a.example", "new@b.example") == (readers[first], readers[second])


def test_nobody_is_mailed_at_a_former_address_whose_new_one_is_taken(data: DataDir, backup: Path) -> None:
    first, second = [row[0] for row in rows(data.database, "select id from subscriber order by id")][:2]
    execute(data.database, "update subscription set source = 'sync'")
    backup.unlink()
    make_backup(data, backup)
    execute(
        data.database,
        moved(data, second, "between@b.example"),
        moved(data, first, f"r{second}@a.example"),
        moved(data, second, f"r{first}@a.example"),
    )
    put_back(data, backup)
    of_both = f"select distinct state, source from subscription where subscriber_id in ({first}, {second})"
    assert [("unsubscribed", "restore")] == rows(data.database, of_both)  # so no sync brings them back


@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize("whose", ["somebody else's", "their former one"])
def test_nobody_gets_an_address_that_is_not_theirs(
    data: DataDir, tmp_path: Path, whose: str, *, is_taken: bool
) -> None:
    """Ids are drawn again after an earlier restore, and a backup may be later than the data that it replaces."""
    [(first, second)] = rows(data.database, A_READER_AND_ANOTHER)
    reader = f"""
        select address, epoch, subscription.state from subscriber join subscription on subscriber_id = subscriber.id
        where subscriber.id = {first}"""
    execute(data.database, READING, "delete from suspension", f"update subscriber set epoch = 5 where id = {first}")
    before = rows(data.database, reader)
    assert before
    make_backup(data, tmp_path / "backup.tar")
    execute(
        data.database,
        moved(data, second, "gone@b.example"),
        f"update subscriber set epoch = 0 where id = {second}",
        moved(data, first, f"r{second}@a.example" if is_taken else "new@b.example"),
        f"update subscriber set created_at = created_at + 1 where id = {first}"
        if whose == "somebody else's"
        else f"update subscriber set epoch = 4 where id = {first}",
        *ANOTHER_PAST,
    )
    put_back(data, tmp_path / "backup.tar")
    assert before == rows(data.database, reader)


@pytest.mark.parametrize(("before", "expected"), [("'unsubscribed'", "unsubscribed"), ("null", "pending")])
def test_who_had_paused_a_list_and_has_to_confirm_since_is_not_resumed(
    data: DataDir, tmp_path: Path, before: str, expected: str
) -> None:
    """The pause would end by itself. They had left, and anybody may have asked for them again; what they were mailed
    confirms nothing here. Or another reader, whose pause it was, is not merged with them any more.
    """
    paused = "update subscription set state = 'suspended', suspended_for = 'paused', paused_until = 100"
    execute(data.database, LEFT, paused)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, LEFT, f"update subscription set state = 'pending', state_before = {before}")
    put_back(data, tmp_path / "backup.tar")
    assert {expected} == set(subscriptions(data).values())


async def test_no_file_brings_back_who_confirmed_and_left_since_although_somebody_asked_again(tmp_path: Path) -> None:
    """Nobody can confirm that here. A request that waited before, and waits still, can be confirmed."""
    (tmp_path / "lived").mkdir()
    async with open_delivery(tmp_path / "lived") as harness:
        services, data = harness.services, DataDir(harness.services.path)
        await harness.readers(1)
        await harness.leave("r0@reader.example")
        for address in (ADA, parse_address("r0@reader.example")):
            await services.sign_ups.request(["news"], Applicant(address, WEB), network=None)
        make_backup(data, tmp_path / "backup.tar")
        await services.confirmations.confirm(1, WEB)
        await harness.leave(ADA.typed)
        await services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
        await harness.change("update session set state = 'gone'")
    await asyncio.to_thread(put_back, data, tmp_path / "backup.tar")
    async with reopened(data, services.now) as harness:
        answer = await harness.services.subscribers.import_batch("news", [ImportRow(line=1, email=ADA.typed)])
        outcome, _ = await harness.services.confirmations.confirm(2, WEB)
    assert (1, Confirmed.CONFIRMED) == (answer["skipped_unsubscribed"], outcome)
    assert [("active",), ("unsubscribed",)] == rows(data.database, "select state from subscription order by id")


def test_who_left_does_not_end_what_somebody_else_with_their_id_reads(data: DataDir, tmp_path: Path) -> None:
    """After an earlier restore readers have the ids of others who came since the backup."""
    execute(data.database, READING, "delete from suspension")
    execute(data.database, "update subscriber set created_at = id")
    make_backup(data, tmp_path / "backup.tar")
    [(reader, other)] = rows(data.database, A_READER_AND_ANOTHER)
    execute(data.database, f"update subscriber set created_at = {other} where id = {reader}", LEFT, *ANOTHER_PAST)
    put_back(data, tmp_path / "backup.tar")
    assert [("active",)] == rows(
        data.database, f"select distinct state from subscription where subscriber_id = {reader}"
    )


@pytest.mark.parametrize(("before", "since"), [("'bounces'", "null"), ("null", "'bounces'")])
def test_a_list_that_no_proof_turns_on_any_more_stays_so(
    data: DataDir, tmp_path: Path, before: str, since: str
) -> None:
    """As if an earlier version had imported it as suspended, and bounces have shown since that a file had done so; also
    with data behind the backup.
    """
    suspended = f"update subscription set state = 'suspended', suspended_for = {before}"
    execute(data.database, LEFT, suspended)
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, f"update subscription set suspended_for = {since}")
    put_back(data, tmp_path / "backup.tar")
    assert [(None,)] == rows(data.database, "select distinct suspended_for from subscription")


def test_a_request_that_is_void_since_stays_void(data: DataDir, tmp_path: Path) -> None:
    """It was mailed to an address that the reader has given up."""
    execute(data.database, LEFT, "update subscription set state = 'pending', round = 2")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "update subscription set round = 3")
    put_back(data, tmp_path / "backup.tar")
    assert [(3,)] == rows(data.database, "select distinct round from subscription")


@pytest.mark.parametrize("state", ["done", "undone"])
def test_a_change_of_address_is_where_it_was(data: DataDir, tmp_path: Path, state: str) -> None:
    """A change stopped since cannot be confirmed, and one confirmed, or even requested, since can be undone."""
    reader = rows(data.database, "select min(id) from subscriber")[0][0]
    columns = "(subscriber_id, old_address, new_address, created_at, id, state, former, expires_at)"
    change = f"insert into address_change {columns} values ({reader}, 'a@a.example', 'b@b.example', 5, %s)"
    execute(data.database, "delete from address_change", change % "7, 'asked', '{}', 90")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "delete from address_change")
    execute(data.database, change % f"7, '{state}', '{{1}}', 99", change % f"8, '{state}', '{{2}}', 99")
    put_back(data, tmp_path / "backup.tar")
    changes = rows(data.database, "select id, state, former, expires_at from address_change order by id")
    assert [(7, state, "{1}", 99), (8, state, "{2}", 99)] == changes


@pytest.mark.parametrize(("erased_at", "is_left"), [(5, 0), (4, 1)])
def test_who_was_erased_before_confirming_is_erased_again(
    data: DataDir, tmp_path: Path, erased_at: int, is_left: int
) -> None:
    """Except those who have asked to subscribe after they were erased."""
    reader = rows(data.database, "select min(subscriber_id) from subscription")[0][0]
    execute(
        data.database,
        "delete from suppression",
        f"update subscription set state = 'pending', suspended_for = null where subscriber_id = {reader}",
        f"update subscriber set created_at = 5 where id = {reader}",
    )
    make_backup(data, tmp_path / "backup.tar")
    digest = f"select suppression_digest, 'erased', {erased_at} from subscriber where id = {reader}"
    execute(data.database, f"insert into suppression (digest, reason, since) {digest}")
    if not is_left:
        execute(data.database, f"delete from subscriber where id = {reader}")
    report = put_back(data, tmp_path / "backup.tar")
    assert (1 - is_left, is_left) == (report.erased, count(data.database, f"subscriber where id = {reader}"))


@pytest.mark.parametrize("is_newer", [True, False])
def test_who_came_back_after_an_erasure_stays_if_the_backup_is_newer(
    data: DataDir, backup: Path, *, is_newer: bool
) -> None:
    """As when an older backup was restored by mistake, and then the newer one: they confirmed in the meantime. In data
    that continue the backup, an erasure that seems to be earlier came later, by a clock that was set back.
    """
    [(reader,)] = rows(data.database, "select min(subscriber_id) from subscription")
    execute(data.database, f"update subscriber set created_at = 6 where id = {reader}")
    backup.unlink()
    make_backup(data, backup)
    erased = f"select suppression_digest, 'erased', 5 from subscriber where id = {reader}"
    execute(data.database, f"insert into suppression (digest, reason, since) {erased}")
    execute(data.database, *(ANOTHER_PAST if is_newer else ()), f"delete from subscriber where id = {reader}")
    report = put_back(data, backup)
    mailable = rows(data.database, f"select distinct may_be_mailed from recipient where subscriber_id = {reader}")
    expected = (0, [(1,)], 0) if is_newer else (1, [], 1)
    assert expected == (report.erased, mailable, count(data.database, "suppression"))


@pytest.mark.parametrize("reason", ["erased", "complaint"])
def test_who_has_no_subscription_any_more_and_was_erased_since_is_erased_again(
    data: DataDir, tmp_path: Path, reason: str
) -> None:
    """Their list was removed before the backup. A complaint stays the reason why they get no mail."""
    [(reader,)] = rows(data.database, "select min(id) from subscriber")
    execute(data.database, "delete from suppression", f"delete from subscription where subscriber_id = {reader}")
    make_backup(data, tmp_path / "backup.tar")
    digest = f"select suppression_digest, '{reason}', created_at from subscriber where id = {reader}"
    execute(
        data.database,
        f"insert into suppression (digest, reason, since) {digest}",
        f"delete from subscriber where id = {reader}",
    )
    assert 1 == put_back(data, tmp_path / "backup.tar").erased
    assert (0, 1) == (count(data.database, f"subscriber where id = {reader}"), count(data.database, "suppression"))


@pytest.mark.parametrize(("address", "reason"), [("null", "never-again"), ("address", "complaint")])
def test_who_was_suppressed_since_is_not_erased(data: DataDir, backup: Path, address: str, reason: str) -> None:
    """Nor who asked for no mail at all to their mailbox, and had another of its addresses erased."""
    digest = f"select suppression_digest, {address}, '{reason}', 5 from subscriber order by id limit 1"
    execute(data.database, f"insert into suppression (digest, address, reason, since) {digest}")
    readers = count(data.database, "subscriber")
    assert (0, readers) == (put_back(data, backup).erased, count(data.database, "subscriber"))


def test_an_erased_address_that_is_in_the_settings_of_the_backup_is_named(data: DataDir, tmp_path: Path) -> None:
    """An operator has to set another one before it can be erased. Everybody else is erased, and nobody gets mail."""
    reading = "subscription on subscription.subscriber_id = subscriber.id and state = 'active'"
    [(owner,)] = rows(data.database, f"select address from subscriber join {reading} order by subscriber.id limit 1")
    [(other,)] = rows(data.database, f"select address from subscriber where address <> '{owner}' order by id limit 1")
    execute(data.database, "delete from suppression", f"update list set owner = '{owner}'")
    make_backup(data, tmp_path / "backup.tar")
    erased = f"from subscriber where address in ('{owner}', '{other}')"
    digests = f"select suppression_digest, 'erased', created_at {erased}"
    execute(data.database, "update list set owner = null", f"insert into suppression (digest, reason, since) {digests}")
    report = put_back(data, tmp_path / "backup.tar")
    [problem] = report.problems
    assert f"not erased again: {owner} is used in the settings of " in problem
    assert problem.endswith("Set another address there first, then erase it")
    assert (1, 0) == (report.erased, count(data.database, f"subscriber where address = '{other}'"))
    assert [(0,)] == rows(data.database, f"select distinct may_be_mailed from recipient where address = '{owner}'")


def test_a_change_to_an_address_that_was_erased_is_forgotten(data: DataDir, tmp_path: Path) -> None:
    reader = rows(data.database, "select min(id) from subscriber")[0][0]
    columns = "(subscriber_id, old_address, new_address, created_at, id, state, former, expires_at)"
    asked = f"({reader}, 'a@a.example', 'b@b.example', 5, 7, 'asked', '{{}}', 90)"
    execute(data.database, "delete from address_change", f"insert into address_change {columns} values {asked}")
    make_backup(data, tmp_path / "backup.tar")
    execute(data.database, "delete from address_change")
    put_back(data, tmp_path / "backup.tar")
    assert 0 == count(data.database, "address_change")


@pytest.mark.parametrize(
    ("state", "is_known"),
    [("'unsubscribed', null", 1), ("'pending', 'unsubscribed'", 1), ("'active', null", 0), ("'pending', null", 0)],
)
def test_who_joined_and_left_since_has_left(data: DataDir, backup: Path, state: str, is_known: int) -> None:
    """Also if somebody has asked for them again: a file that brought them in would do so once more. Readers who are
    still subscribed, or have never been, are not taken over.
    """
    execute(data.database, "update subscriber set created_at = 5")  # others came in the same second
    backup.unlink()
    make_backup(data, backup)
    reader, last = rows(data.database, "select max(subscriber_id) + 5, max(id) + 5 from subscription")[0]
    columns = "id, address, address_key, domain, suppression_digest, created_at"
    execute(
        data.database,
        f"insert into subscriber ({columns}) values ({reader}, 'N@b.example', 'n@b.example', 'b.example', x'07', 5)",
        "insert into subscription (id, list_id, subscriber_id, state, state_before, source, since)"
        f" select {last}, max(id), {reader}, {state}, 'import', 6 from list",
    )
    report = put_back(data, backup)
    theirs = f"subscription where subscriber_id = {reader} and list_id = (select max(id) from list)"
    known = count(data.database, f"{theirs} and state = 'unsubscribed' and since = 6")
    assert ([], is_known, is_known) == (report.problems, report.ended, known)
    assert is_known == count(data.database, "subscriber where address = 'N@b.example'")


async def live(folder: Path, seed: int) -> tuple[DataDir, Rows]:
    """A random life of a newsletter, in the middle of which there was a backup, and who was subscribed then."""
    dice, then = random.Random(seed), Rows()
    async with open_delivery(folder) as harness:
        lives, data = RareDoors(harness, dice, merges=True, is_issue=False), DataDir(harness.services.path)
        await lives.begin()
        of_readers: list[Step] = [lives.leave, lives.sign_up, lives.pause, lives.switch, lives.erase, lives.start]
        of_lists: list[Step] = [lives.make_anew, lives.never_again, lives.complain, lives.ask_again, lives.undo_leaving]
        of_movers: list[Step] = [lives.ask_for_address, lives.move, lives.move_back]
        moment = dice.randrange(5, STEPS - 20)
        for number in range(STEPS):
            if number == moment:
                make_backup(data, folder / "backup.tar")
                then = {*rows(data.database, SUBSCRIBED)}
            of_copies = [lives.take_slice, lives.claim, lives.answer]
            step = dice.choice([*of_readers, *of_movers, *of_movers, *of_lists, *of_copies])
            await step()
            harness.pass_time(1)
        await harness.change("update session set state = 'gone'")
    return data, then


async def test_a_restore_leads_to_less_mail_alone_and_loses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was subscribed at the backup and at the end is so after it, perhaps with a pause."""
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    for seed in range(12):
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        data, then = await live(folder, seed)
        before, kept, delivered = ({*rows(data.database, sql)} for sql in (MAILABLE, SUBSCRIBED, DELIVERED))
        report = await asyncio.to_thread(put_back, data, folder / "backup.tar")
        again = {*rows(data.database, WAITING)} & delivered
        more = {*rows(data.database, MAILABLE)} - before
        lost = (then & kept) - {*rows(data.database, SUBSCRIBED)}
        assert ([], set(), set(), set()) == (report.problems, more, lost, again), seed
        assert 0 == count(data.database, UNREACHABLE), seed


async def test_who_joined_since_can_be_erased_from_the_evidence(tmp_path: Path) -> None:
    """They are no longer subscribed. What somebody asked for and never confirmed is erased at once, with its mark."""
    async with open_delivery(tmp_path) as harness:
        services, data = harness.services, DataDir(harness.services.path)
        make_backup(data, tmp_path / "backup.tar")
        await services.subscribers.import_batch("news", [ImportRow(line=1, email=ADA.typed)])
        await services.sign_ups.request(["news"], Applicant(BEA, Origin(source="web", words="words")), network=None)
        await harness.change("update session set state = 'gone'")
    evidence_of = "consent where content like '%{}%'"
    assert [1, 1] == [count(data.database, evidence_of.format(address)) for address in (ADA, BEA)]
    report = await asyncio.to_thread(put_back, data, tmp_path / "backup.tar")
    assert [1, 0] == [count(data.database, evidence_of.format(address)) for address in (ADA, BEA)]
    assert {} == subscriptions(data)
    database = await Database.open(data.database)
    try:
        await erase(database, ADA, load_keys(data), os.urandom, now=2_000_000_000)
        assert [] == report.problems + await database.read(lambda tx: evidence.verify(tx, ()).problems)
    finally:
        await database.close()
    assert 0 == count(data.database, evidence_of.format(ADA))
