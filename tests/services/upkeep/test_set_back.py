"""When a database is set back to an earlier moment, nothing goes out twice, and nobody who has left is mailed."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.delivery.harness import LATER, RELAY, TAKEN, DeliveryHarness, mail_to_owner

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import DatabaseSetBack, Unavailable
from pressrun.core.signing.chain import Head
from pressrun.delivery.queue.jobs import claim_of
from pressrun.services.mails.forwards import new_forward
from pressrun.services.upkeep import carry_over
from pressrun.services.upkeep.carry_over import HeldBack
from pressrun.services.upkeep.set_back import follow_chains
from pressrun.store.database import Database
from pressrun.store.people import audit
from pressrun.store.programs import events
from pressrun.store.queue.copy_counts import recount
from pressrun.store.queue.journal import SLOTS, Claim, Journal, JournalEntry
from pressrun.store.queue.notices import insert_notice
from pressrun.store.readers import consent
from pressrun.store.sqlite.tables import SqliteTables
from pressrun.store.table_store import UNKNOWN_IDS, TableStore
from pressrun.store.upkeep import sessions
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keep_head, load_head
from pressrun.store.upkeep.sessions import SKIPPED_IDS

HEADS = {"consent": consent.read_head, "audit": audit.read_head}


async def set_back(harness: DeliveryHarness, edition: int) -> None:
    """All copies of an edition stand where they stood before the first claim."""
    before = (
        "state = 'queued', claimed_by = null, attempts = 0, first_attempt_at = null, recorded_at = null, relay = null"
    )
    await harness.change(f"update delivery set {before} where edition_id = ?", edition)
    await harness.services.database.write(recount, edition)


async def deliver_some(harness: DeliveryHarness, number: int) -> list[int]:
    """A relay accepts so many copies, which are journaled and recorded; returns their ids."""
    await harness.run_cycle()
    taken = [harness.next_outgoing() for _ in range(number)]
    jobs = {job.row.id: job for job in harness.dispatcher.broker._in_flight.values()}
    for outgoing in taken:
        assert outgoing is not None
        harness.taken.append(JournalEntry(claim_of(jobs[outgoing.delivery_id]), RELAY, 250, "2.0.0"))
        harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    return [outgoing.delivery_id for outgoing in taken if outgoing is not None]


async def keep_heads(harness: DeliveryHarness, data: DataDir) -> dict[str, Head]:
    data.keys.mkdir(exist_ok=True)
    heads = {chain: await harness.services.database.read(read_head) for chain, read_head in HEADS.items()}
    for chain, head in heads.items():
        keep_head(data, chain, head)
    return heads


async def follow(harness: DeliveryHarness, data: DataDir) -> list[HeldBack]:
    """What a start holds back since the chains lack rows."""
    reports: list[HeldBack] = []
    await follow_chains(harness.services.database, data, int(harness.services.now), reports.append)
    return reports


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    root = tmp_path / "files"
    root.mkdir()
    return DataDir(root)


async def test_a_daemon_that_runs_claims_nothing_more(harness: DeliveryHarness) -> None:
    await harness.readers(20)
    edition = await harness.edition()
    await deliver_some(harness, 5)
    harness.dispatcher.broker.give_back()
    await harness.dispatcher.cycle()
    await set_back(harness, edition)
    with pytest.raises(DatabaseSetBack, match="set back to an earlier moment"):
        await harness.run_cycle()
    assert harness.owner.is_set_back
    await harness.run_cycle()
    assert harness.next_outgoing() is None
    assert {"queued": 20} == await harness.counts(edition)


async def test_the_next_start_repeats_what_relays_accepted(harness: DeliveryHarness) -> None:
    """Copies and notices, of whatever attempt; the others go out once."""
    await harness.readers(20)
    edition = await harness.edition()
    had = await deliver_some(harness, 5)
    await set_back(harness, edition)
    await harness.start()
    assert {"delivered": 5, "queued": 15} == await harness.counts(edition)
    assert {"delivered": 5, "queued": 15} == await _rows_by_state(harness)
    rest = [outgoing.delivery_id for outgoing in await harness.send_all()]
    assert sorted([*had, *rest]) == sorted({*had, *rest})
    assert 20 == len([*had, *rest])
    assert "finished" == await harness.state(edition)


async def _rows_by_state(harness: DeliveryHarness) -> dict[str, int]:
    return {
        str(state): int(number)
        for state, number in await harness.rows("select state, count(*) from delivery group by state")
    }


async def test_a_later_attempt_counts_as_well(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    harness.answer(outgoing, LATER)
    await harness.run_cycle()
    deferred = await harness.rows("select state, attempts, first_attempt_at, due_at, claimed_by from delivery")
    harness.pass_time(3600)
    await deliver_some(harness, 1)
    assert {"delivered": 1} == await harness.counts(edition)
    columns = "state = ?, attempts = ?, first_attempt_at = ?, due_at = ?, claimed_by = ?"
    await harness.change(f"update delivery set {columns}", *deferred[0])
    await harness.services.database.write(recount, edition)
    await harness.start()
    assert {"delivered": 1} == await harness.counts(edition)


async def test_a_claim_of_another_life_says_nothing(harness: DeliveryHarness) -> None:
    """Copies that were queued anew since a relay accepted them, as failed ones are by hand."""
    await harness.readers(2)
    edition = await harness.edition()
    await deliver_some(harness, 2)
    harness.pass_time(10)
    now = int(harness.services.now)
    await set_back(harness, edition)
    await harness.change("update delivery set due_at = ?", now)
    await harness.start()
    assert {"queued": 2} == await harness.counts(edition)
    await harness.change("update delivery set attempts = 1, first_attempt_at = ?", now)
    harness.taken = [replace(entry, claim=replace(entry.claim, attempts=3)) for entry in harness.taken]
    await harness.start()
    assert {"queued": 2} == await harness.counts(edition)


async def test_a_resent_copy_goes_out_though_the_clock_was_ahead_before(harness: DeliveryHarness) -> None:
    """The journal says that it was accepted later than it was queued: that was before it bounced."""
    await harness.readers(2)
    edition = await harness.edition()
    await deliver_some(harness, 2)
    harness.pass_time(-3600)
    await harness.change("update delivery set state = 'failed', kind = 'hard'")
    await harness.services.database.write(recount, edition)
    assert 2 == (await harness.edition_admin.resend(edition)).queued
    await harness.run_cycle()
    assert not harness.owner.is_set_back
    await harness.start()
    assert {"queued": 2} == await harness.counts(edition)


async def test_what_was_claimed_at_that_moment_and_accepted_later_is_not_sent_again(harness: DeliveryHarness) -> None:
    """By a later attempt, or by a claim that came after the first was given back."""
    await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    rows = await harness.rows("select state, attempts, first_attempt_at, due_at, claimed_by, id from delivery")
    deferred = harness.next_outgoing()
    assert deferred is not None
    harness.answer(deferred, LATER)
    harness.dispatcher.broker.give_back()
    await harness.dispatcher.cycle()
    harness.pass_time(3600)
    await harness.run_cycle()
    await deliver_some(harness, 2)
    assert {"delivered": 2} == await harness.counts(edition)
    columns = "state = ?, attempts = ?, first_attempt_at = ?, due_at = ?, claimed_by = ?"
    for row in rows:
        await harness.change(f"update delivery set {columns} where id = ?", *row)
    await harness.services.database.write(recount, edition)
    await harness.start()
    assert {"delivered": 2} == await harness.counts(edition)


async def test_what_was_accepted_before_the_oldest_entry_may_be_lost_though_that_one_was_claimed(
    harness: DeliveryHarness,
) -> None:
    await harness.readers(6)
    edition = await harness.edition()
    await harness.run_cycle()
    claimed = await harness.rows("select state, attempts, first_attempt_at, due_at, claimed_by, id from delivery")
    await deliver_some(harness, 4)
    columns = "state = ?, attempts = ?, first_attempt_at = ?, due_at = ?, claimed_by = ?, recorded_at = null"
    for row in claimed:
        await harness.change(f"update delivery set {columns} where id = ?", *row)
    await harness.services.database.write(recount, edition)
    harness.taken = harness.taken[1:]
    harness.oldest = (harness.taken[0].claim,)
    await harness.start()
    assert "paused" == await harness.state(edition)
    assert {"delivered": 3, "queued": 3} == await harness.counts(edition)


async def test_what_the_journal_no_longer_knows_waits_for_a_person(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    harness.oldest = (harness.taken[0].claim,)
    await set_back(harness, edition)
    with caplog.at_level(logging.ERROR):
        await harness.start()
    assert "paused" == await harness.state(edition)
    assert {"delivered": 4, "queued": 2} == await harness.counts(edition)
    [record] = [record for record in caplog.records if record.message == "storage.set_back"]
    assert {"editions": [edition], "notices": 0} == record.__dict__["fields"]
    assert await _new_id(harness) > UNKNOWN_IDS
    await harness.edition_admin.resume(edition, accepts_repeats=True)
    await harness.send_all()  # by the process that held it back
    assert {"delivered": 6} == await harness.counts(edition)


async def test_programs_hear_of_what_is_held_back(harness: DeliveryHarness, data: DataDir) -> None:
    """They may have seen the ids that followed, and ask for later ones."""
    await harness.readers(3)
    await harness.edition()
    heads = await keep_heads(harness, data)
    keep_head(data, "audit", Head(heads["audit"].number + 1, bytes(32)))
    before = await harness.services.database.read(events.newest)
    await follow(harness, data)
    [(paused,)] = await harness.rows("select id from event where type = 'edition.paused'")
    assert paused > before + UNKNOWN_IDS


async def test_a_start_that_cannot_hold_back_repeats_nothing_either(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one would take what this one has recorded for all that was forgotten."""
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    harness.oldest = (harness.taken[0].claim,)
    await set_back(harness, edition)
    with monkeypatch.context() as patch:
        patch.setattr(carry_over, "hold_restored", _lose_the_database)
        with pytest.raises(Unavailable):
            await harness.start()
    await harness.start()
    assert "paused" == await harness.state(edition)


COMMITS = 5  # of a start that holds everything back


async def start_and_kill(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, commits: int) -> None:
    """Start, and be killed after so many commits."""
    left = itertools.count(commits - 1, -1)

    def killed(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def call(*args: object, **values: object) -> object:
            result = await method(*args, **values)
            if next(left) == 0:
                raise Unavailable("the process was killed")
            return result

        return call

    with monkeypatch.context() as patch:
        for name in ("write", "with_tables"):
            patch.setattr(Database, name, killed(getattr(Database, name)))
        with pytest.raises(Unavailable, match="was killed"):
            await harness.start()


@pytest.mark.parametrize("commits", range(1, COMMITS + 1))
async def test_a_start_that_is_killed_leaves_the_rest_to_the_next(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    harness.oldest = (harness.taken[0].claim,)
    await set_back(harness, edition)
    await start_and_kill(harness, monkeypatch, commits)
    await harness.start()
    assert "paused" == await harness.state(edition)
    assert {"delivered": 4, "queued": 2} == await harness.counts(edition)
    assert await _new_id(harness) > UNKNOWN_IDS


@pytest.mark.parametrize("door", ["journal", "chains"])
async def test_a_forward_that_a_relay_accepted_is_not_kept_for_a_person(
    harness: DeliveryHarness, data: DataDir, door: str
) -> None:
    """Whoever retries what may have arrived would send a second copy. The other forward waits for a person."""
    owner, database = parse_address("owner@harbour.example"), harness.services.database
    for number in (7_000, 7_001):
        forward = new_forward(mail_to_owner(number), owner, None, trace=b"Trace: x\r\n", message_secret=bytes(16))
        await database.write(insert_notice, forward, 1)
    [accepted] = await deliver_some(harness, 1)
    waiting = "state = 'queued', claimed_by = null, attempts = 0, first_attempt_at = null, recorded_at = null"
    await harness.change(f"update delivery set {waiting}")
    if door == "journal":
        harness.oldest = (harness.taken[0].claim,)
    else:
        heads = await keep_heads(harness, data)
        keep_head(data, "audit", Head(heads["audit"].number + 1, bytes(32)))
        with closing(Journal.open(data.journal)) as journal:
            journal.append(harness.taken)
        assert 1 == len(await follow(harness, data))
    await harness.start()
    states = await harness.rows("select state from delivery order by id = ? desc", accepted)
    assert [("delivered",), ("failed",)] == states
    assert [(7_001, "kept")] == await harness.rows("select id, state from inbound")


def _lose_the_database(*_: object) -> None:
    raise Unavailable("the server has gone away")


@pytest.mark.parametrize("commits", range(1, COMMITS + 1))
async def test_copies_that_were_queued_since_wait_for_a_person(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """The rows that relays have accepted are not there, so nobody knows whose they were."""
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    harness.dispatcher.broker.give_back()
    await harness.dispatcher.cycle()
    last = max(entry.claim.delivery_id for entry in harness.taken)
    await harness.services.database.with_tables(lambda tables: _forget_copies(tables, edition, last))
    with pytest.raises(DatabaseSetBack):
        await harness.run_cycle()
    await start_and_kill(harness, monkeypatch, commits)
    await harness.start()
    assert "paused" == await harness.state(edition)
    assert await _new_id(harness) > UNKNOWN_IDS
    await harness.edition_admin.resume(edition, accepts_repeats=True)
    await harness.start()
    assert "sending" == await harness.state(edition)


async def test_a_start_that_dies_while_it_skips_ids_leaves_those_of_editions_to_the_next(
    harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server does not undo what sequences have skipped, so nothing else shows the set-back then."""
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    last = max(entry.claim.delivery_id for entry in harness.taken)
    await harness.services.database.with_tables(lambda tables: _forget_copies(tables, edition, last))
    with monkeypatch.context() as patch:
        patch.setattr(TableStore, "raise_counters", _lose_the_database)
        with pytest.raises(Unavailable):
            await harness.start()
    await harness.start()
    assert await _new_id(harness) > UNKNOWN_IDS


def _forget_copies(tables: TableStore, edition: int, last: int) -> None:
    tables.execute("delete from delivery where edition_id = ? and id >= ?", (edition, last))
    if isinstance(tables, SqliteTables):
        tables.raise_ids({**tables.last_ids(), "delivery": 0})
    else:
        tables.execute("select setval(cast(pg_get_serial_sequence('delivery', 'id') as regclass), ?)", (last - 1,))


async def test_what_the_journal_knows_as_a_whole_holds_nothing_back(harness: DeliveryHarness) -> None:
    """The numbers of editions go on where they were: after a power cut a file has them all."""
    await harness.readers(6)
    edition = await harness.edition()
    await deliver_some(harness, 4)
    harness.oldest, harness.taken = (harness.taken[0].claim,), harness.taken[1:]
    await set_back(harness, edition)
    before = max(number for (number,) in await harness.rows("select id from delivery"))
    await harness.start()
    assert "sending" == await harness.state(edition)
    is_file = harness.services.database.location.is_exclusive
    assert is_file == (await _new_id(harness) < UNKNOWN_IDS)
    await harness.run_cycle()
    assert max(number for (number,) in await harness.rows("select id from delivery")) > before + SKIPPED_IDS


async def _new_id(harness: DeliveryHarness) -> int:
    return await harness.edition("another")


async def test_chains_that_have_lost_rows_hold_everything_back(harness: DeliveryHarness, data: DataDir) -> None:
    """Somebody may have left since: an edition goes to them only when a person says so."""
    await harness.readers(3)
    edition = await harness.edition()
    heads = await keep_heads(harness, data)
    await follow(harness, data)
    assert "sending" == await harness.state(edition)
    for chain in HEADS:
        later = Head(heads[chain].number + 1, bytes(32))
        keep_head(data, chain, later)
        await follow(harness, data)
        assert "paused" == await harness.state(edition)
        assert heads[chain] == load_head(data, chain)
        await harness.edition_admin.resume(edition, accepts_repeats=True)
        await follow(harness, data)
        assert "sending" == await harness.state(edition)


async def test_a_database_without_readers_is_held_back_once(harness: DeliveryHarness, data: DataDir) -> None:
    """The moment may be before the first one came; everybody who logs in again stays in at the next start."""
    await keep_heads(harness, data)
    keep_head(data, "consent", Head(2, bytes(32)))
    assert 1 == len(await follow(harness, data))
    assert [] == await follow(harness, data)


async def test_chains_that_went_on_from_an_earlier_row_hold_everything_back(
    harness: DeliveryHarness, data: DataDir
) -> None:
    """As where a command was used before the service was started again."""
    await harness.readers(3)
    edition = await harness.edition()
    heads = await keep_heads(harness, data)
    await harness.leave("r0@reader.example")
    keep_head(data, "consent", Head(heads["consent"].number, bytes(32)))
    await follow(harness, data)
    assert "paused" == await harness.state(edition)


async def test_a_process_that_holds_everything_back_keeps_its_session(harness: DeliveryHarness, data: DataDir) -> None:
    """It would claim nothing, and end since another one seems to have begun."""
    heads = await keep_heads(harness, data)
    keep_head(data, "audit", Head(heads["audit"].number + 1, bytes(32)))
    assert 1 == len(await follow(harness, data))
    assert await harness.services.database.read(sessions.is_live, harness.owner.session)


async def test_heads_that_cannot_be_kept_keep_nobody_from_starting(harness: DeliveryHarness, data: DataDir) -> None:
    """A service that does not start at all answers no link to unsubscribe."""
    heads = await keep_heads(harness, data)
    data.consent_head.unlink(missing_ok=True)
    data.consent_head.mkdir()
    keep_head(data, "audit", Head(heads["audit"].number + 1, bytes(32)))
    assert 1 == len(await follow(harness, data))


async def test_heads_that_nobody_can_read_hold_nothing_back(harness: DeliveryHarness, data: DataDir) -> None:
    await harness.readers(3)
    edition = await harness.edition()
    await follow(harness, data)  # none was kept yet
    data.keys.mkdir()
    data.consent_head.write_text("nonsense\n", encoding="ascii")
    await follow(harness, data)
    assert "sending" == await harness.state(edition)


def test_the_journal_says_how_far_back_it_goes(tmp_path: Path) -> None:
    """Only where it has overwritten something."""
    journal = Journal.open(tmp_path / "journal", 2)
    try:
        entries = [JournalEntry(Claim(number, 1, 5, 1), RELAY, 250, "") for number in range(1, SLOTS + 2)]
        journal.append(entries[: SLOTS - 1])
        assert set() == journal.oldest()
        journal.append(entries[SLOTS - 1 :])
        assert {entries[1].claim} == journal.oldest()
    finally:
        journal.close()
