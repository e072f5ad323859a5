"""The JSON shapes that programs depend on."""

from __future__ import annotations

import pytest
from msgspec.structs import asdict
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.services.editions import lifecycle
from pressrun.services.reports import (
    edition_descriptions,
    edition_reports,
    list_descriptions,
    queue_listing,
    subscriber_record,
)
from pressrun.services.reports.subscriber_listing import SubscriberSelection, list_subscribers
from pressrun.store.queue import deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.transaction import Transaction

COUNTS = ("queued", "claimed", "deferred", "delivered", "failed", "cancelled")


async def edition_with_outcomes(services: ServiceHarness) -> int:
    """Three copies: one failed, one deferred, one queued."""
    await services.make_list()
    for name in ("a", "b", "c"):
        await services.subscribers.add("news", parse_address(f"{name}@{name}.example"))
    edition = await services.make_edition()

    def send(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, edition), NOW)
        (first, second), _ = deliveries.claim_copies(
            tx, session=1, destination="", edition_id=edition, now=NOW, limit=2
        )
        failed = DeliveryResult(
            id=first.id,
            state=DeliveryState.FAILED,
            due_at=NOW,
            relay="r",
            code=550,
            enhanced="5.1.1",
            reply="no such user",
            kind=FailureKind.HARD,
            edition_id=edition,
        )
        later = DeliveryResult(
            id=second.id,
            state=DeliveryState.DEFERRED,
            due_at=NOW + 60,
            relay="r",
            code=451,
            reply="later",
            edition_id=edition,
        )
        deliveries.record_results(tx, 1, [failed, later], NOW)

    await services.database.write(send)
    return edition


async def test_the_six_counts_add_up_to_the_audience(services: ServiceHarness) -> None:
    edition = await edition_with_outcomes(services)
    shown = await services.database.read(edition_descriptions.show_edition, edition, int(services.now))
    assert (3, [1, 0, 1, 0, 1, 0]) == (shown.audience, [getattr(shown, name) for name in COUNTS])
    for name in ("news", None):
        [listed] = await services.database.read(edition_descriptions.list_editions, name, int(services.now))
        assert asdict(listed) == {key: getattr(shown, key) for key in asdict(listed)}


async def test_copies_that_are_settled_cannot_go_out_again_after_a_restore(services: ServiceHarness) -> None:
    edition = await edition_with_outcomes(services)
    await services.database.write(lambda tx: lifecycle.hold_restored(tx, edition, 3))
    shown = await services.database.read(edition_descriptions.show_edition, edition, int(services.now))
    assert (2, 1) == (shown.may_have_gone, shown.failed)


async def test_a_report_tells_failures_and_what_waits_in_the_remotes_words(services: ServiceHarness) -> None:
    edition = await edition_with_outcomes(services)
    report = await services.database.read(edition_reports.report_edition, edition, int(services.now))
    names = ("address", "code", "enhanced", "text", "kind")
    assert [("a@a.example", 550, "5.1.1", "no such user", "hard")] == [
        tuple(getattr(copy, name) for name in names) for copy in report.edition.failures
    ]
    assert [("b@b.example", 451, None, "later", None)] == [
        tuple(getattr(copy, name) for name in names) for copy in report.edition.waiting
    ]
    assert (0, 0) == (report.edition.unsubscribed, report.edition.complaints)


async def test_the_queue_is_told_by_domain(services: ServiceHarness) -> None:
    await edition_with_outcomes(services)
    queue = {row.domain: row for row in await services.database.read(queue_listing.list_queue, int(services.now))}
    assert ["b.example", "c.example"] == sorted(map(str, queue))
    assert (0, 1, "2027-01-15T08:01:00Z", None, "later") == tuple(
        getattr(queue["b.example"], name) for name in ("queued", "deferred", "next_attempt", "paused_until", "reason")
    )


async def test_a_list_keeps_its_revision_until_a_setting_changes(services: ServiceHarness) -> None:
    """From one version of the program to the next, too: programs hold it, and send it back."""
    await services.make_list()
    shown = await services.database.read(list_descriptions.show_list, "news")
    await services.subscribers.add("news", parse_address("a@x.example"))
    again = await services.database.read(list_descriptions.show_list, "news")
    changed = await services.lists.set_list("news", {"cadence": "weekly"})
    assert (695472644046, 695472644046) == (shown.revision, again.revision)
    assert shown.revision != changed.revision


async def test_readers_are_listed_by_state(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", parse_address("A@x.example"), name="Ann")
    await services.subscribers.add("news", parse_address("b@x.example"), asks=True)
    everyone = await services.database.read(lambda tx: list(list_subscribers(tx, "news", SubscriberSelection())))
    assert {"address": "A@x.example", "name": "Ann", "state": "active", "source": "operator"} == {
        name: everyone[0][name] for name in ("address", "name", "state", "source")
    }
    pending = await services.database.read(
        lambda tx: list(list_subscribers(tx, "news", SubscriberSelection(state="pending")))
    )
    assert (["b@x.example"], 2) == ([reader["address"] for reader in pending], len(everyone))


async def test_what_is_not_there_is_said_to_be_so(services: ServiceHarness) -> None:
    await services.make_list()
    with pytest.raises(NotFound):
        await services.database.read(edition_descriptions.show_edition, 7, 0)
    with pytest.raises(NotFound):
        await services.database.read(list_descriptions.show_list, "nope")
    with pytest.raises(NotFound):
        await services.database.read(list_subscribers, "nope", SubscriberSelection())
    with pytest.raises(NotFound):
        await services.database.read(subscriber_record.show_subscriber, services.keys, parse_address("a@x.example"))
