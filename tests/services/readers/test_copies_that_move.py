"""A reader changes language, address or mind in the middle of an edition: their copy goes along, and comes once.

A slice of an audience has one row here, and the copies of the first reader are put off, so that no edition finishes.
"""

from __future__ import annotations

import pytest
import pytest_asyncio
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness

from pressrun.core.addresses.address import parse_address
from pressrun.services.editions import audience, lifecycle
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.undo_unsubscribe import UndoOutcome, UndoUnsubscribe
from pressrun.store.queue import copy_counts
from pressrun.store.transaction import Transaction

WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")
SLOW, ADA, NEW, LAST = "slow@slow.example", "ada@reader.example", "new@elsewhere.example", "last@last.example"


async def make_family(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> DeliveryHarness:
    """A newsletter in two languages, with two readers of the first one."""
    for module in (audience, lifecycle):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    await harness.services.make_list("boletim", language="pt")
    await harness.change("update list set family = 'f', leaving_note = 0")
    await harness.add_readers([SLOW, ADA])
    harness.pass_time(10)
    return harness


@pytest_asyncio.fixture
async def family(harness: DeliveryHarness, monkeypatch: pytest.MonkeyPatch) -> DeliveryHarness:
    return await make_family(harness, monkeypatch)


async def prepare(harness: DeliveryHarness, *what: str, issue: str | None = None) -> int:
    """An edition that has not started."""
    edition = await harness.edition(*what, scheduled_at=int(harness.services.now) + 1)
    await harness.change("update edition set issue = ? where id = ?", issue, edition)
    return edition


async def begin(harness: DeliveryHarness, *what: str, issue: str | None = None) -> int:
    """An edition that has started, with its first slice taken."""
    edition = await prepare(harness, *what, issue=issue)
    await start_now(harness, edition)
    return edition


async def start_now(harness: DeliveryHarness, edition: int) -> None:
    def start(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, edition), int(harness.services.now))

    await harness.services.database.write(start)
    harness.pass_time(1)


async def take_rest(harness: DeliveryHarness) -> None:
    while await harness.services.database.record(lifecycle.continue_oldest, int(harness.services.now)):
        pass


async def begin_for_all(harness: DeliveryHarness) -> int:
    edition = await begin(harness)
    await take_rest(harness)
    return edition


async def send(harness: DeliveryHarness) -> list[str]:
    """Send what may go now; returns who gets an edition."""
    told = []
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        [(edition,)] = await harness.rows("select edition_id from delivery where id = ?", outgoing.delivery_id)
        is_slow = outgoing.rcpt_to == SLOW
        harness.answer(outgoing, LATER if is_slow else TAKEN)
        told += [] if is_slow or edition is None else [outgoing.rcpt_to]
    await harness.run_cycle()
    return told


async def send_rest(harness: DeliveryHarness, edition: int) -> list[str]:
    """Send all that waits, now and later; returns who gets an edition."""
    await take_rest(harness)
    told = []
    for _ in range(3):
        told += await send(harness)
        harness.pass_time(7200)
    assert None is await harness.services.database.read(copy_counts.find_difference, edition)
    assert sum((await harness.counts(edition)).values()) == (await harness.stored(edition)).audience
    return sorted(told)


async def link_of(harness: DeliveryHarness, address: str) -> PreferenceLink:
    [(number, epoch)] = await harness.rows("select id, epoch from subscriber where address = ?", address)
    return PreferenceLink(subscriber_id=number, epoch=epoch)


async def choose(harness: DeliveryHarness, name: str) -> None:
    change = PreferenceChanges(families={"f": name})
    await Preferences(harness.services.context).save(await link_of(harness, ADA), change, WEB)
    harness.pass_time(1)


async def pause(harness: DeliveryHarness, address: str = ADA, *names: str) -> None:
    await Preferences(harness.services.context).pause(await link_of(harness, address), 3, WEB, names=names)
    harness.pass_time(1)


async def resume(harness: DeliveryHarness, address: str = ADA) -> None:
    await Preferences(harness.services.context).resume(await link_of(harness, address), WEB)
    harness.pass_time(1)


async def move(harness: DeliveryHarness) -> None:
    """Ada changes to the new address."""
    changes = AddressChanges(harness.services.context)
    await changes.request((await link_of(harness, ADA)).subscriber_id, parse_address(NEW), WEB)
    harness.pass_time(1)
    assert AddressChangeOutcome.DONE is (await changes.confirm(1, WEB))[0]
    harness.pass_time(1)


async def move_back(harness: DeliveryHarness) -> None:
    assert AddressChangeOutcome.DONE is (await AddressChanges(harness.services.context).undo(1, WEB))[0]
    harness.pass_time(1)


# ---------------------------------------------------------------------- before their slice is taken


async def test_another_language_before_their_slice(family: DeliveryHarness) -> None:
    """The edition comes in no other language: it is theirs in the one in which they read when it started."""
    edition = await begin(family)
    await choose(family, "boletim")
    assert [ADA] == await send_rest(family, edition)


@pytest.mark.parametrize("is_sent", [False, True])
async def test_another_language_and_back_before_their_slice(family: DeliveryHarness, is_sent: bool) -> None:
    edition = await begin(family)
    await choose(family, "boletim")
    sent = await send(family) if is_sent else []
    await choose(family, "news")
    assert [ADA] == sent + await send_rest(family, edition)


async def test_a_reader_who_returns_to_a_language_joins_no_audience_in_progress(family: DeliveryHarness) -> None:
    """They got the edition in the other language, whether or not somebody has said that both are one issue."""
    await choose(family, "boletim")
    edition = await begin(family)
    await choose(family, "news")
    assert [] == await send_rest(family, edition)


@pytest.mark.parametrize("is_sent", [False, True])
async def test_a_change_to_another_reader_and_back_before_their_slice(family: DeliveryHarness, is_sent: bool) -> None:
    await family.add_readers([NEW], "boletim")
    edition = await begin(family)
    await move(family)
    sent = await send(family) if is_sent else []
    await move_back(family)
    assert [NEW if is_sent else ADA] == sent + await send_rest(family, edition)


@pytest.mark.parametrize("joins", ["before", "late"])
async def test_a_change_to_a_reader_of_the_list_and_back_before_their_slice(
    family: DeliveryHarness, joins: str
) -> None:
    """Who was there at the start gets it, and nobody else."""
    if joins == "before":
        await family.add_readers([NEW])
    edition = await begin(family)
    if joins == "late":
        family.pass_time(1)
        await family.add_readers([NEW])
    await move(family)
    await move_back(family)
    assert [ADA, *([NEW] if joins == "before" else [])] == sorted(await send_rest(family, edition))


@pytest.mark.parametrize("has_passed", [False, True])
async def test_a_change_to_a_reader_of_the_list_and_back_after_their_slice(
    family: DeliveryHarness, has_passed: bool
) -> None:
    """Each gets their own, also where the slice of the other has passed with the change."""
    await family.add_readers([NEW])
    edition = await begin(family)
    await move(family)
    if has_passed:
        await take_rest(family)
    await move_back(family)
    assert [ADA, NEW] == sorted(await send_rest(family, edition))


async def test_a_reader_who_joins_after_the_start_does_not_get_it_by_pausing(family: DeliveryHarness) -> None:
    await family.add_readers([NEW])
    await family.leave(NEW)
    family.pass_time(1)
    edition = await begin(family)
    back = "update subscription set state = 'active', since = ? where state = 'unsubscribed'"
    await family.change(back, int(family.services.now))
    family.pass_time(1)
    await pause(family, NEW)
    await resume(family, NEW)
    assert [ADA] == await send_rest(family, edition)


# ---------------------------------------------------------------------- what a pause has stopped


async def test_a_paused_reader_changes_the_language(family: DeliveryHarness) -> None:
    edition = await begin_for_all(family)
    await pause(family)
    await choose(family, "boletim")
    assert [] == await send(family)
    await resume(family)
    assert [ADA] == await send_rest(family, edition)


async def test_a_copy_that_moves_to_a_paused_language_rests_until_the_pause_ends(family: DeliveryHarness) -> None:
    await family.add_readers([ADA], "boletim")
    await pause(family, ADA, "boletim")
    edition = await begin_for_all(family)
    await choose(family, "boletim")
    assert {"queued": 1, "cancelled": 1} == await family.counts(edition)
    await resume(family)
    assert [ADA] == await send_rest(family, edition)


async def test_who_is_suppressed_during_a_pause_gets_nothing_back_at_its_end(family: DeliveryHarness) -> None:
    edition = await begin_for_all(family)
    await pause(family)
    await family.services.suppressions.add(parse_address(ADA), "operator")
    await resume(family)
    assert {"queued": 1, "cancelled": 1} == await family.counts(edition)


async def test_a_paused_reader_gets_an_issue_once(family: DeliveryHarness) -> None:
    """In the language that comes first once the pause is over."""
    edition = await begin_for_all(family)
    other = await family.edition("Bom dia", "boletim", scheduled_at=int(family.services.now) + 86400)
    await family.change("update edition set issue = 'one'")
    await pause(family)
    await choose(family, "boletim")
    await resume(family)
    await family.edition_admin.reschedule(other, int(family.services.now) + 1)
    family.pass_time(2)
    assert [ADA] == await send_rest(family, edition)
    assert [] == await send_rest(family, other)


async def test_a_paused_reader_of_both_languages_who_chooses_one_gets_an_issue_once(family: DeliveryHarness) -> None:
    """The pause has stopped a copy of it in each of them."""
    await family.add_readers([ADA], "boletim")
    edition = await begin_for_all(family)
    other = await begin(family, "Bom dia", "boletim")
    await family.change("update edition set issue = 'one'")
    await pause(family)
    await choose(family, "boletim")
    await resume(family)
    assert [ADA] == await send_rest(family, edition) + await send_rest(family, other)


async def test_a_reader_pauses_between_two_changes_of_the_language(family: DeliveryHarness) -> None:
    """The first one is before their slice."""
    edition = await begin(family)
    await choose(family, "boletim")
    await pause(family)
    await choose(family, "news")
    await resume(family)
    assert [ADA] == await send_rest(family, edition)


@pytest.mark.parametrize("is_undone", [False, True])
async def test_a_paused_reader_changes_to_the_address_of_another_one(family: DeliveryHarness, is_undone: bool) -> None:
    await family.add_readers([NEW], "boletim")
    edition = await begin_for_all(family)
    await pause(family)
    await move(family)
    if is_undone:
        await move_back(family)
    await resume(family, ADA if is_undone else NEW)
    assert [ADA if is_undone else NEW] == await send_rest(family, edition)


async def test_the_later_one_of_two_pauses_keeps_what_the_earlier_one_has_stopped(family: DeliveryHarness) -> None:
    await family.add_readers([ADA], "boletim")
    edition = await begin_for_all(family)
    await pause(family, ADA, "news")
    await pause(family, ADA, "boletim")
    await choose(family, "boletim")
    await resume(family)
    assert [ADA] == await send_rest(family, edition)


async def test_a_later_pause_at_the_other_address_keeps_what_an_earlier_one_has_stopped(
    family: DeliveryHarness,
) -> None:
    edition = await begin_for_all(family)
    await family.add_readers([NEW])
    await pause(family)
    await pause(family, NEW)
    await move(family)
    await resume(family, NEW)
    assert [NEW] == await send_rest(family, edition)


@pytest.mark.parametrize("is_resumed_first", [False, True])
async def test_a_paused_reader_to_whom_another_one_moves_and_back_gets_their_own_copy(
    family: DeliveryHarness, is_resumed_first: bool
) -> None:
    await family.add_readers([NEW])
    family.pass_time(1)
    edition = await begin_for_all(family)
    await pause(family, NEW)
    await move(family)
    if is_resumed_first:
        await resume(family, NEW)
        await move_back(family)
    else:
        await move_back(family)
        await resume(family, NEW)
    assert [ADA, NEW] == await send_rest(family, edition)


@pytest.mark.parametrize("how", ["pause", "leave"])
async def test_what_comes_back_waits_for_the_destination_of_now(family: DeliveryHarness, how: str) -> None:
    """The reader has changed their address in the meantime."""
    edition = await begin_for_all(family)
    await family.add_readers([ADA], "boletim")  # somebody who left every list has no link to change the address by
    await family.change("update list set leaving_note = 1")
    await (pause(family) if how == "pause" else family.leave(ADA))
    await move(family)
    if how == "pause":
        await resume(family, NEW)
    else:
        assert UndoOutcome.RESTORED is (await UndoUnsubscribe(family.services.context).undo(1, WEB))[0]
    of_ada = "select domain from delivery where edition_id = ? and domain <> 'slow.example'"
    assert [("elsewhere.example",)] == await family.rows(of_ada, edition)
    assert [NEW] == await send_rest(family, edition)


# ---------------------------------------------------------------------- two readers of one list


async def test_a_change_to_the_address_of_a_former_reader_keeps_what_waits(family: DeliveryHarness) -> None:
    """The former reader's copy was cancelled when they unsubscribed."""
    await family.add_readers([NEW])
    family.pass_time(1)
    edition = await begin_for_all(family)
    await family.leave(NEW)
    family.pass_time(1)
    await move(family)
    assert [NEW] == await send_rest(family, edition)


async def test_an_undone_change_to_another_reader_of_the_list_gives_both_their_copies(family: DeliveryHarness) -> None:
    """Whoever changes the address of somebody else to their own keeps no edition from them."""
    await family.add_readers([NEW])
    family.pass_time(1)
    edition = await begin_for_all(family)
    await move(family)
    await move_back(family)
    assert [ADA, NEW] == await send_rest(family, edition)


async def test_what_comes_back_while_its_edition_is_paused_goes_when_that_goes_on(family: DeliveryHarness) -> None:
    edition = await begin_for_all(family)
    await pause(family)
    await family.edition_admin.pause(edition)
    await resume(family)
    await family.edition_admin.resume(edition)
    assert [ADA] == await send_rest(family, edition)


async def test_a_pause_in_another_language_brings_back_no_copy_of_before(family: DeliveryHarness) -> None:
    """They had left, and came back before they paused."""
    edition = await begin_for_all(family)
    await family.leave(ADA)
    family.pass_time(1)
    number = await family.subscription(ADA)
    await family.change("update subscription set state = 'active', since = since + 1 where id = ?", number)
    family.pass_time(1)
    await pause(family)
    await choose(family, "boletim")
    await resume(family)
    assert [] == await send_rest(family, edition)


async def test_a_copy_that_came_before_a_pause_is_not_made_way_for(family: DeliveryHarness) -> None:
    """Another reader, whose copy waits, becomes the one who has had it and has paused since."""
    await family.add_readers([NEW])
    family.pass_time(10)
    edition = await begin_for_all(family)
    await family.run_cycle()
    for outgoing in family.all_outgoing():
        family.answer(outgoing, TAKEN if outgoing.rcpt_to == NEW else LATER)
    await family.run_cycle()
    family.pass_time(1)
    await pause(family, NEW)
    await move(family)
    await resume(family, NEW)
    assert [] == await send_rest(family, edition)


# ---------------------------------------------------------------------- one issue in several languages


async def get_issue(harness: DeliveryHarness, name: str) -> list[str]:
    """Send the edition of the one issue in this language; returns who gets it."""
    edition = await begin(harness, f"Hello from {name}", name, issue="may")
    return await send_rest(harness, edition)


async def choose_at(harness: DeliveryHarness, address: str, name: str) -> None:
    link = await link_of(harness, address)
    await Preferences(harness.services.context).save(link, PreferenceChanges(families={"f": name}), WEB)
    harness.pass_time(1)


@pytest.mark.parametrize("is_first_switched", [False, True])
async def test_an_issue_comes_once_to_who_moves_to_another_reader_and_changes_the_language(
    family: DeliveryHarness, is_first_switched: bool
) -> None:
    """Whichever comes first."""
    await family.services.make_list("other")
    await family.add_readers([NEW], "other")
    assert [ADA] == await get_issue(family, "news")
    if is_first_switched:
        await choose(family, "boletim")
        await move(family)
    else:
        await move(family)
        await choose_at(family, NEW, "boletim")
    assert [] == await get_issue(family, "boletim")


async def test_a_reader_who_moves_and_returns_to_a_language_gets_no_second_copy(family: DeliveryHarness) -> None:
    """The other edition of the issue waits for its hour: without it, they would have missed the issue."""
    await family.services.make_list("other")
    await family.add_readers([NEW], "other")
    assert [ADA] == await get_issue(family, "news")
    waiting = await family.edition("Olá", "boletim", scheduled_at=int(family.services.now) + 86_400)
    await family.change("update edition set issue = 'may' where id = ?", waiting)
    await choose(family, "boletim")
    await move(family)
    await choose_at(family, NEW, "news")
    assert [] == await send(family)


async def test_who_had_an_issue_and_returns_to_its_language_before_their_slice_gets_no_second_copy(
    family: DeliveryHarness,
) -> None:
    await choose(family, "boletim")
    assert [ADA] == await get_issue(family, "boletim")
    await choose(family, "news")
    edition = await begin(family, issue="may")
    await choose(family, "boletim")
    assert [] == await send_rest(family, edition)


async def test_an_issue_is_not_lost_by_a_change_of_address_that_is_undone(family: DeliveryHarness) -> None:
    """The other reader has never had it, and the first one has."""
    await family.add_readers([NEW], "boletim")
    assert [ADA] == await get_issue(family, "news")
    await move(family)
    await move_back(family)
    await choose(family, "boletim")
    assert [NEW] == await get_issue(family, "boletim")


async def test_who_reads_two_languages_at_two_addresses_gets_both(family: DeliveryHarness) -> None:
    await family.add_readers([NEW], "boletim")
    assert [ADA] == await get_issue(family, "news")
    await move(family)
    assert [NEW] == await get_issue(family, "boletim")


async def test_an_issue_comes_from_the_next_language_though_copies_of_the_former_are_yet_to_be_cancelled(
    family: DeliveryHarness,
) -> None:
    """Its edition was cancelled, which takes a while for many readers."""
    edition = await begin(family, "Hello", issue="may")
    await take_rest(family)
    other = await prepare(family, "Olá", "boletim", issue="may")

    def cancel(tx: Transaction) -> None:
        lifecycle.cancel(tx, edition, int(family.services.now))

    await family.services.database.write(cancel)
    await choose(family, "boletim")
    await start_now(family, other)
    assert [ADA] == await send_rest(family, other)


async def test_an_issue_that_went_out_in_a_third_language_is_not_missed_by_who_had_it_at_another_address(
    family: DeliveryHarness,
) -> None:
    for name in ("other", "nouvelles"):
        await family.services.make_list(name, language="fr")
    await family.change("update list set family = 'f', leaving_note = 0 where name = 'nouvelles'")
    await family.add_readers([NEW], "other")
    assert [ADA] == await get_issue(family, "news")
    assert [] == await get_issue(family, "nouvelles")
    waiting = await family.edition("Olá", "boletim", scheduled_at=int(family.services.now) + 86_400)
    await family.change("update edition set issue = 'may' where id = ?", waiting)
    await move(family)
    await choose_at(family, NEW, "boletim")
    await choose_at(family, NEW, "nouvelles")
    assert [] == await send(family)


async def test_a_failed_copy_is_not_sent_again_to_who_had_the_issue_at_another_address(family: DeliveryHarness) -> None:
    """They read both languages by now, and keep the one whose copy has failed."""
    await family.add_readers([NEW], "boletim")
    assert [ADA] == await get_issue(family, "news")
    edition = await begin(family, "Olá", "boletim", issue="may")
    await family.change("update delivery set state = 'failed' where edition_id = ?", edition)
    await family.services.database.write(copy_counts.recount, edition)
    await move(family)
    await choose_at(family, NEW, "boletim")
    [(copy,)] = await family.rows("select id from delivery where edition_id = ?", edition)

    def resend(tx: Transaction) -> lifecycle.Resent:
        return lifecycle.resend_failed(tx, edition, int(family.services.now), [copy])

    resent = await family.services.database.write(resend)
    assert (0, 1) == (resent.queued, resent.left_out)


async def test_an_issue_comes_once_after_two_moves(family: DeliveryHarness) -> None:
    """Each time to somebody who is a reader already."""
    await family.services.make_list("other")
    await family.add_readers([NEW, LAST], "other")
    assert [ADA] == await get_issue(family, "news")
    await move(family)
    changes = AddressChanges(family.services.context)
    await changes.request((await link_of(family, NEW)).subscriber_id, parse_address(LAST), WEB)
    assert AddressChangeOutcome.DONE is (await changes.confirm(2, WEB))[0]
    family.pass_time(1)
    await choose_at(family, LAST, "boletim")
    assert [] == await get_issue(family, "boletim")


@pytest.mark.parametrize("is_elsewhere", [False, True])
async def test_a_pause_brings_back_no_issue_that_came_in_another_language(
    family: DeliveryHarness, is_elsewhere: bool
) -> None:
    """To the same reader, or to one who reads at that address by now."""
    paused = NEW if is_elsewhere else ADA
    if is_elsewhere:
        await choose(family, "boletim")
        await family.add_readers([NEW])
        family.pass_time(1)
    else:
        await family.add_readers([ADA], "boletim")
    edition = await begin(family, issue="may")
    await take_rest(family)
    await pause(family, paused, "news")
    assert [ADA] == await get_issue(family, "boletim")
    if is_elsewhere:
        await move(family)
    await choose_at(family, paused, "news")
    await resume(family, paused)
    assert [] == await send_rest(family, edition)


async def test_no_copy_moves_to_a_language_in_which_the_issue_came_to_another_address(family: DeliveryHarness) -> None:
    await choose(family, "boletim")
    await family.add_readers([NEW])
    family.pass_time(1)
    assert [ADA] == await get_issue(family, "boletim")
    edition = await begin(family, issue="may")
    await take_rest(family)
    await move(family)
    await choose_at(family, NEW, "boletim")
    assert [] == await send_rest(family, edition)


@pytest.mark.parametrize("how", ["failed", "cancelled before", "edition cancelled"])
async def test_an_issue_comes_after_a_pause_where_its_copy_in_the_other_language_does_not(
    family: DeliveryHarness, how: str
) -> None:
    """Both copies are of one subscription by then."""
    await family.add_readers([SLOW, ADA], "boletim")
    other = await begin(family, "Bom dia", "boletim", issue="may")
    edition = await begin(family, issue="may")
    await take_rest(family)
    await pause(family)
    if how == "edition cancelled":
        await family.edition_admin.cancel(other)
    else:
        values = ("failed", int(family.services.now)) if how == "failed" else ("cancelled", 1)
        sql = "update delivery set state = ?, recorded_at = ? where edition_id = ? and state = 'cancelled'"
        await family.change(sql, *values, other)
        await family.services.database.write(copy_counts.recount, other)
    await choose(family, "boletim")
    await resume(family)
    assert [ADA] == await send_rest(family, edition)
