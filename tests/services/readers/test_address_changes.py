"""A reader changes their address in the middle of an edition: they get it once, never not at all, and what bounces from
one mailbox does not count against the other."""

from __future__ import annotations

import pytest
import pytest_asyncio
from tests.delivery.pressroom import GONE, LATER, TAKEN, Pressroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound, Refused
from pressrun.services.editions import lifecycle
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.store.queue import copy_counts

OLD, NEW = "old@reader.example", "new@elsewhere.example"
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")


@pytest_asyncio.fixture
async def change(press: Pressroom) -> AddressChanges:
    """A reader of news asks for an address whose owner reads another list."""
    await press.office.make_list("other")
    await press.add_readers([NEW], "other")
    await press.add_readers([OLD])
    changes = AddressChanges(press.office.context)
    reader = await press.rows("select id from subscriber where address = ?", OLD)
    await changes.request(reader[0][0], parse_address(NEW), WEB)
    await press.send_all()
    return changes


async def confirm(changes: AddressChanges) -> None:
    assert (await changes.confirm(1, WEB))[0] is AddressChangeOutcome.DONE


async def undo(changes: AddressChanges) -> None:
    assert (await changes.undo(1, WEB))[0] is AddressChangeOutcome.DONE


async def get_news(press: Pressroom, edition: int) -> list[str]:
    """Send all that waits, now and later; returns who gets the edition."""
    for _ in range(3):
        await press.send_all()
        press.pass_time(7200)
    rows = await press.rows(
        "select address from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id where edition_id = ? and delivery.state = 'delivered'",
        edition,
    )
    return [address for (address,) in rows]


async def test_a_copy_that_waits_goes_to_the_new_address(press: Pressroom, change: AddressChanges) -> None:
    edition = await press.edition()
    await confirm(change)
    assert [NEW] == await get_news(press, edition)


async def test_a_copy_in_flight_that_is_put_off_goes_to_the_new_address(
    press: Pressroom, change: AddressChanges
) -> None:
    edition = await press.edition()
    [outgoing] = await press.take_after_turn()
    await confirm(change)
    press.answer(outgoing, LATER)
    await press.turn()
    assert [NEW] == await get_news(press, edition)


async def test_a_copy_in_flight_that_arrives_is_the_only_one(press: Pressroom, change: AddressChanges) -> None:
    edition = await press.edition()
    [outgoing] = await press.take_after_turn()
    await confirm(change)
    press.answer(outgoing, TAKEN)
    await press.turn()
    assert 1 == len(await get_news(press, edition))


async def test_a_change_while_the_audience_is_taken_loses_no_copy(press: Pressroom, change: AddressChanges) -> None:
    """Their slice is still to come."""
    edition, now = await press.edition(), int(press.office.now)
    await press.change("delete from delivery where edition_id = ?", edition)
    await press.office.database.write(copy_counts.recount, edition)
    await press.change(
        "insert into bulk_change (kind, edition_id, created_at, done_through, last_id)"
        " values ('audience', ?, ?, 0, 1000)",
        edition,
        now,
    )
    press.pass_time(1)
    await confirm(change)
    while await press.office.database.record(lifecycle.continue_oldest, int(press.office.now)):
        pass
    assert [NEW] == await get_news(press, edition)


async def test_an_undone_change_gives_the_copies_back(press: Pressroom, change: AddressChanges) -> None:
    edition = await press.edition()
    await press.turn()
    for outgoing in press.take_all():
        press.answer(outgoing, LATER)
    await press.turn()
    await confirm(change)
    await undo(change)
    assert [OLD] == await get_news(press, edition)


async def test_a_bounce_of_the_former_address_says_nothing_of_the_new_one(press: Pressroom) -> None:
    """The copy was in flight to a mailbox that is closed, which is why its reader has moved."""
    await press.add_readers([OLD])
    await press.edition()
    [outgoing] = await press.take_after_turn()
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    press.pass_time(1)
    await confirm(changes)
    press.answer(outgoing, GONE)
    await press.turn()
    assert [] == await press.rows("select digest from suppression")
    assert [NEW] == await get_news(press, await press.edition("Hello again"))


async def test_a_bounce_of_the_new_address_counts(press: Pressroom) -> None:
    await press.add_readers([OLD])
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await press.send_all()
    await press.edition()
    await press.send_all(GONE)
    assert [(NEW,)] == await press.rows("select address from suppression")


async def test_a_bounce_of_the_new_address_says_nothing_of_the_former_one(press: Pressroom) -> None:
    """Somebody took the change back while a copy was in flight to the new one."""
    await press.add_readers([OLD])
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await press.send_all()
    await press.edition()
    [outgoing] = await press.take_after_turn()
    press.pass_time(1)
    await undo(changes)
    press.answer(outgoing, GONE)
    await press.turn()
    assert [OLD] == await get_news(press, await press.edition("Hello again"))


@pytest.mark.parametrize("reads_both", [False, True])
async def test_whoever_takes_a_change_back_was_reached_whatever_bounced_before(
    press: Pressroom, change: AddressChanges, reads_both: bool
) -> None:
    """They moved because mail came back, and the link to undo reached the old mailbox after all."""
    if reads_both:
        await press.add_readers([NEW])
    await press.edition()
    [outgoing] = [outgoing for outgoing in await press.take_after_turn() if outgoing.rcpt_to == OLD]
    press.answer(outgoing, GONE)
    await press.turn()
    await confirm(change)
    await undo(change)
    await press.send_all()
    assert OLD in await get_news(press, await press.edition("Hello again"))


async def test_a_copy_in_flight_waits_for_the_new_destination_alone(press: Pressroom) -> None:
    """It may be put off because the former one takes nothing."""
    await press.add_readers([OLD])
    edition = await press.edition()
    [outgoing] = await press.take_after_turn()
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    press.answer(outgoing, LATER)
    await press.turn()
    assert [("deferred", "elsewhere.example")] == await press.rows(
        "select state, domain from delivery where edition_id = ?", edition
    )


@pytest_asyncio.fixture
async def joins_late(press: Pressroom, change: AddressChanges) -> int:
    """An edition that the reader at the old address is about to get; whoever has the new one joins after its start."""
    edition = await press.edition()
    await press.add_readers([NEW])
    return edition


@pytest.mark.parametrize("is_in_flight", [False, True])
async def test_a_reader_of_two_addresses_gets_what_waits_for_one_at_the_other(
    press: Pressroom, change: AddressChanges, joins_late: int, is_in_flight: bool
) -> None:
    [outgoing] = await press.take_after_turn() if is_in_flight else [None]
    await confirm(change)
    if outgoing:
        press.answer(outgoing, LATER)
    assert [NEW] == await get_news(press, joins_late)
    assert None is await press.office.database.read(copy_counts.find_difference, joins_late)


async def test_it_waits_for_the_end_of_a_pause_at_the_other(
    press: Pressroom, change: AddressChanges, joins_late: int
) -> None:
    [(reader, epoch)] = await press.rows("select id, epoch from subscriber where address = ?", NEW)
    preferences, link = Preferences(press.office.context), PreferenceLink(subscriber_id=reader, epoch=epoch)
    await preferences.pause(link, 3, WEB)
    await press.readers(1)
    await confirm(change)
    assert [] == await get_news(press, joins_late)
    await press.change("update edition set state = 'sending', finished_at = null")
    await preferences.resume(link, WEB)
    assert [NEW] == await get_news(press, joins_late)


@pytest.mark.parametrize("has_arrived", [False, True])
async def test_what_waits_comes_back_with_the_address(
    press: Pressroom, change: AddressChanges, joins_late: int, has_arrived: bool
) -> None:
    """Once, whichever address has it."""
    await confirm(change)
    if has_arrived:
        await press.send_all()
    await undo(change)
    assert [NEW if has_arrived else OLD] == await get_news(press, joins_late)


async def test_what_the_reader_of_another_address_has_got_in_another_language_is_not_sent_again(
    press: Pressroom, change: AddressChanges
) -> None:
    await press.change("update list set language = 'pt' where name = 'other'")
    await press.change("update list set family = 'f'")
    await press.change("update subscription set since = since - 100")
    editions = [await press.edition(f"In {name}", name) for name in ("other", "news")]
    await press.change("update edition set issue = 'one'")
    reader = await press.rows("select id, epoch from subscriber where address = ?", NEW)
    link = PreferenceLink(subscriber_id=reader[0][0], epoch=reader[0][1])
    await Preferences(press.office.context).save(link, PreferenceChanges(families={"f": "news"}), WEB)
    await confirm(change)
    assert [[NEW], []] == [await get_news(press, edition) for edition in editions]


async def unsubscribe(press: Pressroom, subscription: int) -> UnsubscribeOutcome:
    """Follow the link of a mail that went to the old address."""
    return await press.office.unsubscribes.unsubscribe(subscription, WEB)


@pytest.mark.parametrize("reads_both", [False, True])
async def test_who_leaves_by_an_earlier_mail_gets_no_more_at_the_new_address(
    press: Pressroom, change: AddressChanges, reads_both: bool
) -> None:
    if reads_both:
        await press.add_readers([NEW])
    old = await press.subscription(OLD)
    await confirm(change)
    assert UnsubscribeOutcome.LEFT is await unsubscribe(press, old)
    assert [] == await get_news(press, await press.edition())


async def test_after_a_change_is_undone_an_earlier_mail_ends_the_old_subscription_alone(
    press: Pressroom, change: AddressChanges
) -> None:
    await press.add_readers([NEW])
    old = await press.subscription(OLD)
    await confirm(change)
    await undo(change)
    assert UnsubscribeOutcome.LEFT is await unsubscribe(press, old)
    assert [NEW] == await get_news(press, await press.edition())
    assert UnsubscribeOutcome.NOT_SUBSCRIBED is await unsubscribe(press, old)


async def test_an_earlier_mail_unsubscribes_who_went_on_in_another_language_before_the_list_was_removed(
    press: Pressroom, change: AddressChanges
) -> None:
    """Its link leads from one reader to another, and from there to another list."""
    old = await press.subscription(OLD)
    await confirm(change)
    taker, in_other_language = await press.subscription(NEW), await press.subscription(NEW, "other")
    await press.change(
        "update subscription set state = 'unsubscribed', moved_to = ? where id = ?", in_other_language, taker
    )
    await press.office.lists.close_list("news")
    await press.office.lists.remove_list("news")
    assert UnsubscribeOutcome.LEFT is await unsubscribe(press, old)
    assert [("unsubscribed",)] == await press.rows("select state from subscription")


@pytest.mark.parametrize("has_confirmed", [False, True])
async def test_a_sign_up_of_the_old_address_does_not_take_away_the_way_back(
    press: Pressroom, has_confirmed: bool
) -> None:
    """Anybody can send it, among them whoever took the lists away."""
    await press.add_readers([OLD])
    earlier = await press.subscription(OLD)
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await press.office.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
    if has_confirmed:
        assert Confirmed.CONFIRMED is (await press.office.confirmations.confirm(1, WEB))[0]
    await undo(changes)
    await press.send_all()
    assert [OLD] == await get_news(press, await press.edition())
    assert AddressChangeOutcome.ALREADY is (await changes.undo(1, WEB))[0]
    assert UnsubscribeOutcome.LEFT is await unsubscribe(press, earlier)
    assert [] == await get_news(press, await press.edition("Hello again"))


@pytest.mark.parametrize("has_signed_up", [False, True])
async def test_an_import_does_not_bring_back_who_was_erased_by_a_former_address(
    press: Pressroom, has_signed_up: bool
) -> None:
    """Unless somebody reads there again: that is another reader, who is left alone."""
    await press.add_readers([OLD])
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    if has_signed_up:
        await press.office.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
        await press.office.confirmations.confirm(1, WEB)
    await press.office.subscribers.erase(parse_address(NEW))
    rows = [ImportRow(line=line, email=address) for line, address in enumerate((OLD, NEW), 2)]
    outcomes = await press.office.subscribers.import_batch("news", rows)
    assert (0, 1 if has_signed_up else 2) == (outcomes["added"], outcomes["skipped_suppressed"])
    assert ([OLD] if has_signed_up else []) == await get_news(press, await press.edition())


async def test_an_operator_who_knows_the_former_address_meets_the_reader(press: Pressroom) -> None:
    """Adding it would send them each edition twice, and who asks to be removed may be known by it alone."""
    await press.add_readers([OLD])
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    with pytest.raises(Refused, match=f"{OLD} has changed to {NEW}, which is active on news"):
        await press.office.subscribers.add("news", parse_address(OLD))
    assert [(NEW,)] == await press.rows("select address from subscriber")
    assert NEW == (await press.office.subscribers.remove("news", parse_address(OLD)))["address"]
    with pytest.raises(NotFound):
        await press.office.subscribers.remove("news", parse_address(OLD))


async def test_a_sign_up_does_not_keep_from_a_reader_what_another_one_was_given(
    press: Pressroom, change: AddressChanges
) -> None:
    """Anybody can ask for a list that the old address reads no more."""
    await confirm(change)
    await press.office.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
    await undo(change)
    await press.send_all()
    assert [OLD] == await get_news(press, await press.edition())
    assert Confirmed.ALREADY is (await press.office.confirmations.confirm(1, WEB))[0]


async def test_a_request_for_the_new_address_does_not_cost_a_reader_their_name(press: Pressroom) -> None:
    """Many sign up there first, and then find how to change the address."""
    rows = [ImportRow(line=2, email=OLD, name="Ada", language="de", attributes={"town": "Kiel"})]
    await press.office.subscribers.import_batch("news", rows)
    await press.office.sign_ups.request(["news"], Applicant(parse_address(NEW), WEB), network=None)
    changes = AddressChanges(press.office.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    known = "select name, language, attributes from subscriber where address = ?"
    assert [("Ada", "de", '{"town": "Kiel"}')] == await press.rows(known, NEW)


async def test_whoever_reads_at_the_new_address_keeps_their_name(press: Pressroom, change: AddressChanges) -> None:
    await press.office.subscribers.import_batch("other", [ImportRow(line=2, email=NEW, name="Eve")])
    await confirm(change)
    assert [("Eve",)] == await press.rows("select name from subscriber where address = ?", NEW)


async def test_whoever_has_the_new_address_already_stays_subscribed(press: Pressroom) -> None:
    """As after a restore of data in which the change was only asked for."""
    await press.add_readers([OLD])
    changes, [(reader,)] = AddressChanges(press.office.context), await press.rows("select id from subscriber")
    await changes.request(reader, parse_address(NEW), WEB)
    await press.change("update subscriber set address = ?, address_key = ?", NEW, NEW)
    assert AddressChangeOutcome.ALREADY is (await changes.confirm(1, WEB))[0]
    assert [("active",)] == await press.rows("select state from subscription")
