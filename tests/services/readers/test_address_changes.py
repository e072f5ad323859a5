"""A reader changes their address in the middle of an edition: they get it once, never not at all, and what bounces from
one mailbox does not count against the other."""

from __future__ import annotations

from functools import partial

import pytest
import pytest_asyncio
from tests.delivery.harness import GONE, LATER, TAKEN, DeliveryHarness
from tests.settings import change as change_settings

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound, Refused
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import digests_of
from pressrun.services.editions import lifecycle
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChangeOutcome, AddressChanges
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.services.suppression import SuppressionReason
from pressrun.smtp.handover import HandOver
from pressrun.store.queue import copy_counts
from pressrun.store.readers import suppressions

OLD, NEW = "old@reader.example", "new@elsewhere.example"
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="words")


@pytest_asyncio.fixture
async def change(harness: DeliveryHarness) -> AddressChanges:
    """A reader of news asks for an address whose owner reads another list."""
    await harness.services.make_list("other")
    await harness.add_readers([NEW], "other")
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    reader = await harness.rows("select id from subscriber where address = ?", OLD)
    await changes.request(reader[0][0], parse_address(NEW), WEB)
    await harness.send_all()
    return changes


async def confirm(changes: AddressChanges) -> None:
    assert (await changes.confirm(1, WEB))[0] is AddressChangeOutcome.DONE


async def undo(changes: AddressChanges) -> None:
    assert (await changes.undo(1, WEB))[0] is AddressChangeOutcome.DONE


async def get_news(harness: DeliveryHarness, edition: int) -> list[str]:
    """Send all that waits, now and later; returns who gets the edition."""
    for _ in range(3):
        await harness.send_all()
        harness.pass_time(7200)
    rows = await harness.rows(
        "select address from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id where edition_id = ? and delivery.state = 'delivered'",
        edition,
    )
    return [address for (address,) in rows]


async def test_what_a_full_window_forbids_counts_in_no_other(harness: DeliveryHarness) -> None:
    await harness.add_readers([OLD])
    change_settings(harness.services.settings, limits=LimitSettings(confirmations=Rate(1, 3600.0)))
    changes = AddressChanges(harness.services.context)
    for _ in range(2):
        await changes.request(1, parse_address(NEW), WEB)
        harness.pass_time(5)
    counted = "select scope, count(*) from limit_event group by scope order by scope"
    assert [
        ("address_changes_per_reader", 1),
        ("confirmations", 1),
        ("confirmations_per_address", 1),
        ("requests_per_form", 1),
    ] == await harness.rows(counted)


async def test_a_copy_that_waits_goes_to_the_new_address(harness: DeliveryHarness, change: AddressChanges) -> None:
    edition = await harness.edition()
    await confirm(change)
    assert [NEW] == await get_news(harness, edition)


async def test_a_copy_in_flight_that_is_put_off_goes_to_the_new_address(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    edition = await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    await confirm(change)
    harness.answer(outgoing, LATER)
    await harness.run_cycle()
    assert [NEW] == await get_news(harness, edition)


async def test_a_copy_in_flight_that_arrives_is_the_only_one(harness: DeliveryHarness, change: AddressChanges) -> None:
    edition = await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    await confirm(change)
    harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert 1 == len(await get_news(harness, edition))


async def test_a_change_while_the_audience_is_taken_loses_no_copy(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    """Their slice is still to come."""
    edition, now = await harness.edition(), int(harness.services.now)
    await harness.change("delete from delivery where edition_id = ?", edition)
    await harness.services.database.write(copy_counts.recount, edition)
    await harness.change(
        "insert into bulk_change (kind, edition_id, created_at, done_through, last_id)"
        " values ('audience', ?, ?, 0, 1000)",
        edition,
        now,
    )
    harness.pass_time(1)
    await confirm(change)
    while await harness.services.database.record(lifecycle.continue_oldest, int(harness.services.now)):
        pass
    assert [NEW] == await get_news(harness, edition)


async def test_an_undone_change_gives_the_copies_back(harness: DeliveryHarness, change: AddressChanges) -> None:
    edition = await harness.edition()
    await harness.run_cycle()
    for outgoing in harness.all_outgoing():
        harness.answer(outgoing, LATER)
    await harness.run_cycle()
    await confirm(change)
    await undo(change)
    assert [OLD] == await get_news(harness, edition)


async def test_a_bounce_of_the_former_address_says_nothing_of_the_new_one(harness: DeliveryHarness) -> None:
    """The copy was in flight to a mailbox that is closed, which is why its reader has moved."""
    await harness.add_readers([OLD])
    await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    harness.pass_time(1)
    await confirm(changes)
    harness.answer(outgoing, GONE)
    await harness.run_cycle()
    assert [] == await harness.rows("select digest from suppression")
    assert [NEW] == await get_news(harness, await harness.edition("Hello again"))


async def test_a_bounce_of_the_new_address_counts(harness: DeliveryHarness) -> None:
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await harness.send_all()
    await harness.edition()
    await harness.send_all(GONE)
    assert [(NEW,)] == await harness.rows("select address from suppression")


async def test_a_bounce_of_the_new_address_says_nothing_of_the_former_one(harness: DeliveryHarness) -> None:
    """Somebody took the change back while a copy was in flight to the new one."""
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await harness.send_all()
    await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    harness.pass_time(1)
    await undo(changes)
    harness.answer(outgoing, GONE)
    await harness.run_cycle()
    assert [OLD] == await get_news(harness, await harness.edition("Hello again"))


@pytest.mark.parametrize(
    ("new", "suppressed", "reason", "gets_news"),
    [
        (NEW, NEW, SuppressionReason.OPERATOR, False),
        ("new+news@elsewhere.example", NEW, SuppressionReason.NEVER_AGAIN, False),
        (NEW, OLD, SuppressionReason.OPERATOR, True),
    ],
)
async def test_a_suppression_counts_for_the_address_that_a_reader_has_now(
    harness: DeliveryHarness, new: str, suppressed: str, reason: SuppressionReason, *, gets_news: bool
) -> None:
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(new), WEB)
    await confirm(changes)
    digest = digests_of(harness.services.keys, parse_address(suppressed)).own
    await harness.services.database.write(
        partial(suppressions.suppress, address=suppressed, reason=reason, since=1), digest
    )
    assert ([new] if gets_news else []) == await get_news(harness, await harness.edition())


@pytest.mark.parametrize(("reply", "state"), [(TAKEN, "delivered"), (GONE, "failed")])
async def test_what_became_of_copies_at_the_old_address_stays_with_it(
    harness: DeliveryHarness, change: AddressChanges, reply: HandOver, state: str
) -> None:
    """A bounce there counts against nobody else, and a copy that failed there is not sent to the other reader."""
    edition, old = await harness.edition(), await harness.subscription(OLD)
    await harness.send_all(reply)
    await confirm(change)
    assert [(old, state)] == await harness.rows(
        "select subscription_id, state from delivery where edition_id = ?", edition
    )


@pytest.mark.parametrize("reads_both", [False, True])
async def test_whoever_takes_a_change_back_was_reached_whatever_bounced_before(
    harness: DeliveryHarness, change: AddressChanges, reads_both: bool
) -> None:
    """They moved because mail came back, and the link to undo reached the old mailbox after all."""
    if reads_both:
        await harness.add_readers([NEW])
    await harness.edition()
    [outgoing] = [outgoing for outgoing in await harness.outgoing_after_cycle() if outgoing.rcpt_to == OLD]
    harness.answer(outgoing, GONE)
    await harness.run_cycle()
    await confirm(change)
    await undo(change)
    await harness.send_all()
    assert OLD in await get_news(harness, await harness.edition("Hello again"))


async def test_a_copy_in_flight_waits_for_the_new_destination_alone(harness: DeliveryHarness) -> None:
    """It may be put off because the former one takes nothing."""
    await harness.add_readers([OLD])
    edition = await harness.edition()
    [outgoing] = await harness.outgoing_after_cycle()
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    harness.answer(outgoing, LATER)
    await harness.run_cycle()
    assert [("deferred", "elsewhere.example")] == await harness.rows(
        "select state, domain from delivery where edition_id = ?", edition
    )


@pytest.mark.parametrize("state", ["queued", "deferred"])
async def test_a_copy_that_waits_does_so_for_the_new_destination(harness: DeliveryHarness, state: str) -> None:
    await harness.add_readers([OLD])
    await harness.edition()
    await harness.send_all(LATER)
    await harness.change("update delivery set state = ?", state)
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    assert [("elsewhere.example",)] == await harness.rows("select domain from delivery where edition_id is not null")


@pytest_asyncio.fixture
async def joins_late(harness: DeliveryHarness, change: AddressChanges) -> int:
    """An edition that the reader at the old address is about to get; whoever has the new one joins after its start."""
    edition = await harness.edition()
    await harness.add_readers([NEW])
    return edition


@pytest.mark.parametrize("is_in_flight", [False, True])
async def test_a_reader_of_two_addresses_gets_what_waits_for_one_at_the_other(
    harness: DeliveryHarness, change: AddressChanges, joins_late: int, is_in_flight: bool
) -> None:
    [outgoing] = await harness.outgoing_after_cycle() if is_in_flight else [None]
    await confirm(change)
    if outgoing:
        harness.answer(outgoing, LATER)
    assert [NEW] == await get_news(harness, joins_late)
    assert None is await harness.services.database.read(copy_counts.find_difference, joins_late)


async def test_it_waits_for_the_end_of_a_pause_at_the_other(
    harness: DeliveryHarness, change: AddressChanges, joins_late: int
) -> None:
    [(reader, epoch)] = await harness.rows("select id, epoch from subscriber where address = ?", NEW)
    preferences, link = Preferences(harness.services.context), PreferenceLink(subscriber_id=reader, epoch=epoch)
    await preferences.pause(link, 3, WEB)
    await harness.readers(1)
    await confirm(change)
    assert [] == await get_news(harness, joins_late)
    await harness.change("update edition set state = 'sending', finished_at = null")
    await preferences.resume(link, WEB)
    assert [NEW] == await get_news(harness, joins_late)


@pytest.mark.parametrize("has_arrived", [False, True])
async def test_what_waits_comes_back_with_the_address(
    harness: DeliveryHarness, change: AddressChanges, joins_late: int, has_arrived: bool
) -> None:
    """Once, whichever address has it."""
    await confirm(change)
    if has_arrived:
        await harness.send_all()
    await undo(change)
    assert [NEW if has_arrived else OLD] == await get_news(harness, joins_late)


async def test_what_the_reader_of_another_address_has_got_in_another_language_is_not_sent_again(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    await harness.change("update list set language = 'pt' where name = 'other'")
    await harness.change("update list set family = 'f'")
    await harness.change("update subscription set since = since - 100")
    editions = [await harness.edition(f"In {name}", name) for name in ("other", "news")]
    await harness.change("update edition set issue = 'one'")
    reader = await harness.rows("select id, epoch from subscriber where address = ?", NEW)
    link = PreferenceLink(subscriber_id=reader[0][0], epoch=reader[0][1])
    await Preferences(harness.services.context).save(link, PreferenceChanges(families={"f": "news"}), WEB)
    await confirm(change)
    assert [[NEW], []] == [await get_news(harness, edition) for edition in editions]


async def unsubscribe(harness: DeliveryHarness, subscription: int) -> UnsubscribeOutcome:
    """Follow the link of a mail that went to the old address."""
    return await harness.services.unsubscribes.unsubscribe(subscription, WEB)


@pytest.mark.parametrize("reads_both", [False, True])
async def test_who_leaves_by_an_earlier_mail_gets_no_more_at_the_new_address(
    harness: DeliveryHarness, change: AddressChanges, reads_both: bool
) -> None:
    if reads_both:
        await harness.add_readers([NEW])
    old = await harness.subscription(OLD)
    await confirm(change)
    assert UnsubscribeOutcome.LEFT is await unsubscribe(harness, old)
    assert [] == await get_news(harness, await harness.edition())


async def test_after_a_change_is_undone_an_earlier_mail_ends_the_old_subscription_alone(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    await harness.add_readers([NEW])
    old = await harness.subscription(OLD)
    await confirm(change)
    await undo(change)
    assert UnsubscribeOutcome.LEFT is await unsubscribe(harness, old)
    assert [NEW] == await get_news(harness, await harness.edition())
    assert UnsubscribeOutcome.NOT_SUBSCRIBED is await unsubscribe(harness, old)


async def test_an_earlier_mail_unsubscribes_who_went_on_in_another_language_before_the_list_was_removed(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    """Its link leads from one reader to another, and from there to another list."""
    old = await harness.subscription(OLD)
    await confirm(change)
    taker, in_other_language = await harness.subscription(NEW), await harness.subscription(NEW, "other")
    await harness.change(
        "update subscription set state = 'unsubscribed', moved_to = ? where id = ?", in_other_language, taker
    )
    await harness.services.lists.close_list("news")
    await harness.services.lists.remove_list("news")
    assert UnsubscribeOutcome.LEFT is await unsubscribe(harness, old)
    assert [("unsubscribed",)] == await harness.rows("select state from subscription")


@pytest.mark.parametrize("has_confirmed", [False, True])
async def test_a_sign_up_of_the_old_address_does_not_take_away_the_way_back(
    harness: DeliveryHarness, has_confirmed: bool
) -> None:
    """Anybody can send it, among them whoever took the lists away."""
    await harness.add_readers([OLD])
    earlier = await harness.subscription(OLD)
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
    if has_confirmed:
        assert Confirmed.CONFIRMED is (await harness.services.confirmations.confirm(1, WEB))[0]
    await undo(changes)
    await harness.send_all()
    assert [OLD] == await get_news(harness, await harness.edition())
    assert AddressChangeOutcome.ALREADY is (await changes.undo(1, WEB))[0]
    assert UnsubscribeOutcome.LEFT is await unsubscribe(harness, earlier)
    assert [] == await get_news(harness, await harness.edition("Hello again"))


@pytest.mark.parametrize("has_signed_up", [False, True])
async def test_an_import_does_not_bring_back_who_was_erased_by_a_former_address(
    harness: DeliveryHarness, has_signed_up: bool
) -> None:
    """Unless somebody reads there again: that is another reader, who is left alone."""
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    if has_signed_up:
        await harness.services.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
        await harness.services.confirmations.confirm(1, WEB)
    await harness.services.subscribers.erase(parse_address(NEW))
    rows = [ImportRow(line=line, email=address) for line, address in enumerate((OLD, NEW), 2)]
    outcomes = await harness.services.subscribers.import_batch("news", rows)
    assert (0, 1 if has_signed_up else 2) == (outcomes["added"], outcomes["skipped_suppressed"])
    assert ([OLD] if has_signed_up else []) == await get_news(harness, await harness.edition())


async def test_an_operator_who_knows_the_former_address_meets_the_reader(harness: DeliveryHarness) -> None:
    """Adding it would send them each edition twice, and who asks to be removed may be known by it alone."""
    await harness.add_readers([OLD])
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    with pytest.raises(Refused, match=f"{OLD} has changed to {NEW}, which is active on news"):
        await harness.services.subscribers.add("news", parse_address(OLD))
    assert [(NEW,)] == await harness.rows("select address from subscriber")
    assert NEW == (await harness.services.subscribers.remove("news", parse_address(OLD)))["address"]
    with pytest.raises(NotFound):
        await harness.services.subscribers.remove("news", parse_address(OLD))


async def test_a_sign_up_does_not_keep_from_a_reader_what_another_one_was_given(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    """Anybody can ask for a list that the old address reads no more."""
    await confirm(change)
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(OLD), WEB), network=None)
    await undo(change)
    await harness.send_all()
    assert [OLD] == await get_news(harness, await harness.edition())
    assert Confirmed.ALREADY is (await harness.services.confirmations.confirm(1, WEB))[0]


async def test_a_request_for_the_new_address_does_not_cost_a_reader_their_name(harness: DeliveryHarness) -> None:
    """Many sign up there first, and then find how to change the address."""
    rows = [ImportRow(line=2, email=OLD, name="Ada", language="de", attributes={"town": "Kiel"})]
    await harness.services.subscribers.import_batch("news", rows)
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(NEW), WEB), network=None)
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(NEW), WEB)
    await confirm(changes)
    known = "select name, language, attributes from subscriber where address = ?"
    assert [("Ada", "de", '{"town": "Kiel"}')] == await harness.rows(known, NEW)


async def test_whoever_reads_at_the_new_address_keeps_their_name(
    harness: DeliveryHarness, change: AddressChanges
) -> None:
    await harness.services.subscribers.import_batch("other", [ImportRow(line=2, email=NEW, name="Eve")])
    await confirm(change)
    assert [("Eve",)] == await harness.rows("select name from subscriber where address = ?", NEW)


async def test_whoever_has_the_new_address_already_stays_subscribed(harness: DeliveryHarness) -> None:
    """As after a restore of data in which the change was only asked for."""
    await harness.add_readers([OLD])
    changes, [(reader,)] = AddressChanges(harness.services.context), await harness.rows("select id from subscriber")
    await changes.request(reader, parse_address(NEW), WEB)
    await harness.change("update subscriber set address = ?, address_key = ?", NEW, NEW)
    assert AddressChangeOutcome.ALREADY is (await changes.confirm(1, WEB))[0]
    assert [("active",)] == await harness.rows("select state from subscription")
