"""The claim looks whether each copy and notice may still go, whatever was queued, deferred, paused or in flight."""

from __future__ import annotations

import pytest
from tests.delivery.harness import LATER, TAKEN, UNSENT, DeliveryHarness, mail_to_owner

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import digests_of
from pressrun.delivery.queue.claims import NOTICE_BATCH
from pressrun.delivery.queue.destination_queues import STALE_SECONDS
from pressrun.services.mails.forwards import new_forward
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.suppression import SuppressionReason
from pressrun.store.lists.lists import find_list
from pressrun.store.queue import deliveries
from pressrun.store.queue.copy_counts import recount
from pressrun.store.queue.deliveries import ClaimedCopy
from pressrun.store.queue.notices import insert_notice
from pressrun.store.readers import suppressions
from pressrun.store.transaction import Transaction


async def keep_out(
    harness: DeliveryHarness, address: str, reason: SuppressionReason = SuppressionReason.OPERATOR
) -> None:
    """A suppression alone, as an earlier version or another door may leave it: nothing that waits is cancelled."""
    digests = digests_of(harness.services.keys, parse_address(address))

    def write(tx: Transaction) -> None:
        digest = digests.mailbox if reason is SuppressionReason.NEVER_AGAIN else digests.own
        suppressions.suppress(tx, digest, address=address, reason=reason, since=1)

    await harness.services.database.write(write)


async def stop(harness: DeliveryHarness, address: str, how: str) -> None:
    if how in [reason.value for reason in SuppressionReason]:
        await keep_out(harness, address, SuppressionReason(how))
        return
    why = "bounces" if how == "suspended" else None
    number = await harness.subscription(address)
    await harness.change("update subscription set state = ?, suspended_for = ? where id = ?", how, why, number)


WAYS = [*(reason.value for reason in SuppressionReason), "suspended", "unsubscribed", "pending"]


@pytest.mark.parametrize("how", WAYS)
async def test_a_queued_copy_of_somebody_who_may_not_be_mailed_is_cancelled(harness: DeliveryHarness, how: str) -> None:
    addresses = await harness.readers(3)
    edition = await harness.edition()
    await stop(harness, addresses[0], how)
    sent = await harness.send_all()
    assert addresses[1:] == sorted(outgoing.rcpt_to for outgoing in sent)
    assert ("finished", {"delivered": 2, "cancelled": 1}) == (
        await harness.state(edition),
        await harness.counts(edition),
    )


@pytest.mark.parametrize("reason", list(SuppressionReason))
async def test_a_reason_holds_for_one_spelling_and_never_again_for_all(
    harness: DeliveryHarness, reason: SuppressionReason
) -> None:
    """And for nobody else."""
    await harness.add_readers(["ada+news@reader.example", "bob@reader.example"])
    await keep_out(harness, "ada@reader.example", reason)
    await harness.edition()
    expected = ["bob@reader.example"]
    if reason is not SuppressionReason.NEVER_AGAIN:
        expected.insert(0, "ada+news@reader.example")
    assert expected == sorted(outgoing.rcpt_to for outgoing in await harness.send_all())


@pytest.mark.parametrize("how", WAYS)
async def test_a_deferred_copy_is(harness: DeliveryHarness, how: str) -> None:
    [address] = await harness.readers(1)
    edition = await harness.edition()
    await harness.send_all(LATER)
    await stop(harness, address, how)
    harness.pass_time(400)
    assert [] == await harness.send_all()
    assert ("finished", {"cancelled": 1}) == (await harness.state(edition), await harness.counts(edition))


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("result", [LATER, UNSENT])
async def test_one_in_flight_that_comes_back_is(harness: DeliveryHarness, how: str, result: object) -> None:
    [address] = await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await stop(harness, address, how)
    harness.answer(outgoing, result)  # type: ignore[arg-type]
    harness.pass_time(400)
    assert [] == await harness.send_all()
    assert ("finished", {"cancelled": 1}) == (await harness.state(edition), await harness.counts(edition))


async def test_one_in_flight_beside_it_is_not(harness: DeliveryHarness) -> None:
    """Its relay may have it already, and whoever comes back would get a cancelled copy again."""
    addresses = await harness.readers(2)
    edition = await harness.edition()
    await harness.run_cycle()
    outgoing, other = harness.all_outgoing()
    for address in addresses:
        await stop(harness, address, "unsubscribed")
    harness.answer(outgoing, LATER)
    await harness.run_cycle()
    harness.answer(other, TAKEN)
    await harness.run_cycle()
    assert {"cancelled": 1, "delivered": 1} == await harness.counts(edition)


@pytest.mark.parametrize("how", WAYS)
async def test_one_that_a_killed_process_had_claimed_is(harness: DeliveryHarness, how: str) -> None:
    [address] = await harness.readers(1)
    edition = await harness.edition()
    await harness.run_cycle()
    await stop(harness, address, how)
    await harness.start()
    assert [] == await harness.send_all()
    assert ("finished", {"cancelled": 1}) == (await harness.state(edition), await harness.counts(edition))


@pytest.mark.parametrize(("attempts", "first_attempt_at"), [(1, None), (2, 5)])
@pytest.mark.parametrize("is_kept_out", [False, True])
async def test_one_that_was_never_sent_is_as_if_it_had_not_been_tried(
    harness: DeliveryHarness, attempts: int, first_attempt_at: int | None, *, is_kept_out: bool
) -> None:
    """The time until it is given up goes on from the first attempt that was made."""
    [address] = await harness.readers(1)
    await harness.edition()
    await harness.run_cycle()
    await harness.change("update delivery set attempts = ?, first_attempt_at = 5", attempts)
    if is_kept_out:
        await keep_out(harness, address)
    [(copy,)] = await harness.rows("select id from delivery")
    await harness.services.database.write(deliveries.release, harness.owner.session, [copy], int(harness.services.now))
    state = "cancelled" if is_kept_out else "queued"
    columns = "select state, attempts, first_attempt_at from delivery"
    assert [(state, attempts - 1, first_attempt_at)] == await harness.rows(columns)


async def test_an_edition_without_a_reader_left_is_finished_with_the_next_cycle(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(3)
    edition = await harness.edition()
    for address in addresses:
        await keep_out(harness, address)
    await harness.run_cycle()
    assert {"cancelled": 3} == await harness.counts(edition)
    await harness.dispatcher.cycle()
    assert ("finished", {"cancelled": 3}) == (await harness.state(edition), await harness.counts(edition))


async def test_what_may_not_go_takes_no_place_from_what_may(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(12)
    edition = await harness.edition()
    for address in addresses[:10]:
        await keep_out(harness, address)

    def claim(tx: Transaction) -> tuple[list[ClaimedCopy], int]:
        now = int(harness.services.now)
        return deliveries.claim_copies(tx, session=1, edition_id=edition, destination="", now=now, limit=2)

    claimed, cancelled = await harness.services.database.write(claim)
    assert (10, addresses[10:]) == (cancelled, [copy.address for copy in claimed])


async def test_a_canary_has_as_many_readers_as_it_should(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(20)
    edition = await harness.edition(canary_percent=20)
    for address in addresses[:10]:
        await keep_out(harness, address)
    sent = await harness.send_all()
    assert (4, "paused") == (len(sent), await harness.state(edition))
    assert not {outgoing.rcpt_to for outgoing in sent} & set(addresses[:10])


async def test_a_canary_that_no_relay_took_at_first_goes_to_the_readers_who_were_drawn(
    harness: DeliveryHarness,
) -> None:
    """What is claimed and given back keeps its place."""
    await harness.readers(40)
    edition = await harness.edition(canary_percent=10)
    drawn = await harness.rows(
        "select subscriber.address from delivery join subscription on subscription.id = subscription_id"
        " join subscriber on subscriber.id = subscriber_id order by due_at, delivery.id limit 4"
    )
    await harness.run_cycle()
    harness.pass_time(STALE_SECONDS + 1)
    await harness.run_cycle()
    sent = await harness.send_all()
    assert (4, "paused") == (len(sent), await harness.state(edition))
    assert {address for (address,) in drawn} == {outgoing.rcpt_to for outgoing in sent}


async def test_a_canary_of_people_who_may_not_be_mailed_ends_the_edition(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(2)
    edition = await harness.edition(canary_percent=50)
    for address in addresses:
        await keep_out(harness, address)
    await harness.run_cycle()
    await harness.dispatcher.cycle()
    assert "finished" == await harness.state(edition)


async def test_resending_leaves_out_who_may_not_be_mailed(harness: DeliveryHarness) -> None:
    addresses = await harness.readers(2)
    edition = await harness.edition()
    await harness.send_all()
    await harness.change("update delivery set state = 'failed'")
    await harness.services.database.write(recount, edition)
    await keep_out(harness, addresses[0], SuppressionReason.NEVER_AGAIN)
    resent = await harness.edition_admin.resend(edition)
    assert (1, 1) == (resent.queued, resent.left_out)


# ---------------------------------------------------------------------- notices

SIGN_UP = Origin(source="web", words="[Subscribe]")


@pytest.mark.parametrize("reason", list(SuppressionReason))
async def test_a_confirmation_goes_out_only_while_it_may_lift_the_reason(
    harness: DeliveryHarness, reason: SuppressionReason
) -> None:
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("new@reader.example"), SIGN_UP), network=None
    )
    await keep_out(harness, "new@reader.example", reason)
    expected = ["new@reader.example"] if reason in (SuppressionReason.HARD_BOUNCE, SuppressionReason.ERASED) else []
    assert expected == [outgoing.rcpt_to for outgoing in await harness.send_all()]


@pytest.mark.parametrize("reason", list(SuppressionReason))
async def test_one_that_an_operator_asks_for_does_not(harness: DeliveryHarness, reason: SuppressionReason) -> None:
    await harness.services.subscribers.add("news", parse_address("new@reader.example"), asks=True)
    await keep_out(harness, "new@reader.example", reason)
    assert [] == await harness.send_all()
    assert [("cancelled",)] == await harness.rows("select state from delivery")


@pytest.mark.parametrize("spelling", ["New@reader.example", "new+tag@reader.example"])
async def test_never_again_reaches_the_notices_of_every_spelling(harness: DeliveryHarness, spelling: str) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(parse_address(spelling), SIGN_UP), network=None)
    await keep_out(harness, "new+other@reader.example", SuppressionReason.NEVER_AGAIN)
    assert [] == await harness.send_all()


async def test_a_notice_in_flight_is_not_tried_again(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("new@reader.example"), SIGN_UP), network=None
    )
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    await harness.services.suppressions.add(parse_address("new@reader.example"), "never-again")
    harness.answer(outgoing, LATER)
    harness.pass_time(400)
    assert [] == await harness.send_all()


async def test_nor_is_one_that_a_killed_process_had_claimed(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(
        ["news"], Applicant(parse_address("new@reader.example"), SIGN_UP), network=None
    )
    await harness.run_cycle()
    await harness.services.suppressions.add(parse_address("new@reader.example"), "operator")
    await harness.start()
    assert [] == await harness.send_all()


async def test_a_flood_of_notices_that_may_not_go_holds_up_no_other(harness: DeliveryHarness) -> None:
    for number in range(NOTICE_BATCH + 10):
        address = parse_address(f"r{number}@reader.example")
        await harness.services.subscribers.add("news", address, asks=True)
        await keep_out(harness, address.typed)
    await harness.services.subscribers.add("news", parse_address("last@reader.example"), asks=True)
    await harness.run_cycle()
    assert ["last@reader.example"] == [outgoing.rcpt_to for outgoing in harness.all_outgoing()]


@pytest.mark.parametrize("state", ["queued", "deferred"])
async def test_a_mail_for_an_owner_who_is_suppressed_is_kept_for_a_person(
    harness: DeliveryHarness, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    mail = mail_to_owner(7)

    def forward(tx: Transaction) -> None:
        owner = parse_address("owner@harbour.example")
        insert_notice(tx, new_forward(mail, owner, find_list(tx, "news"), trace=b"", message_secret=b"m"), 1)

    await harness.services.database.write(forward)
    await harness.change("update delivery set state = ?", state)
    await keep_out(harness, "owner@harbour.example")
    addresses = await harness.readers(1)
    await harness.edition()
    with caplog.at_level("INFO"):
        assert addresses == [outgoing.rcpt_to for outgoing in await harness.send_all()]
    columns = "select state, recorded_at from delivery where notice_id is not null"
    assert [("failed", int(harness.services.now))] == await harness.rows(columns)
    assert [("kept", "not sent: its address is suppressed", mail.content)] == await harness.rows(
        "select state, outcome, content from inbound join inbound_content on inbound_content.id = inbound.content_id"
    )
    assert "inbound.forward_bounced" in [record.getMessage() for record in caplog.records]
