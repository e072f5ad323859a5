"""A sync makes its own members what the roster says, and touches nobody else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.database import execute, select
from tests.services.harness import ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.evidence import verify
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.member_sync import leavers, parse_limit, synced_members
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.services.reports import subscriber_record
from pressrun.services.reports.exported_members import table_of_members
from pressrun.services.reports.subscriber_listing import SubscriberSelection
from pressrun.store.queue import copy_counts
from pressrun.store.readers import bounces, subscribers, subscriptions
from pressrun.store.readers.subscriptions import Subscription, find_subscription_by_id
from pressrun.store.transaction import Transaction

ANN, BOB, CID = "ann@x.example", "bob@x.example", "cid@x.example"
WEB = Origin(source="web")


async def sync(services: ServiceHarness, *listed: str, names: dict[str, str] | None = None) -> dict[str, object]:
    """A whole sync, as the command makes it."""
    keys = sorted(parse_address(address).key for address in listed)
    gone = await services.database.read(lambda tx: list(leavers(iter(keys), synced_members(tx, "news"))))
    left = await services.subscribers.remove_synced("news", gone)
    rows = [ImportRow(line=n, email=address, name=(names or {}).get(address, "")) for n, address in enumerate(listed)]
    answer = await services.subscribers.import_batch("news", rows, source="sync")
    return {name: value for name, value in (answer | left).items() if value}


async def states(services: ServiceHarness, *addresses: str) -> list[tuple[str, str]]:
    standings = []
    for address in addresses:
        shown = await services.database.read(subscriber_record.show_subscriber, services.keys, parse_address(address))
        standings += [(membership.state, membership.source or "") for membership in shown.lists]
    return standings


async def subscription_id(services: ServiceHarness, address: str) -> int:
    def find(tx: Transaction) -> int:
        person = subscribers.find_subscriber(tx, parse_address(address))
        assert person is not None
        return subscriptions.subscriptions_of(tx, person.id)[0].id

    return await services.database.read(find)


async def standing(services: ServiceHarness, address: str) -> Subscription:
    subscription = await services.database.read(find_subscription_by_id, await subscription_id(services, address))
    assert subscription is not None
    return subscription


async def events(services: ServiceHarness, address: str) -> list[tuple[str, str]]:
    shown = await services.database.read(subscriber_record.show_subscriber, services.keys, parse_address(address))
    return [(entry.event, entry.source or "") for entry in shown.consent]


async def test_members_come_change_and_go_with_the_roster(services: ServiceHarness) -> None:
    """Whoever a sync removed comes back when they are listed again; each step is evidence, in a chain that holds."""
    await services.make_list()
    assert {"added": 2} == await sync(services, ANN, BOB)
    assert {"unchanged": 1, "updated": 1} == await sync(services, ANN, BOB, names={ANN: "Ann"})
    assert {"unchanged": 1, "left": 1} == await sync(services, BOB)
    assert {"unchanged": 1} == await sync(services, BOB)
    assert [("unsubscribed", "sync"), ("active", "sync")] == await states(services, ANN, BOB)
    assert {"unchanged": 1, "updated": 1} == await sync(services, ANN, BOB)
    assert [("imported", "sync"), ("removed", "sync"), ("imported", "sync")] == await events(services, ANN)
    assert [("active", "sync"), ("active", "sync")] == await states(services, ANN, BOB)
    assert [] == (await services.database.read(verify, [])).problems


async def test_members_of_other_origin_are_untouched(services: ServiceHarness) -> None:
    """Neither their profile nor their membership depends on the roster."""
    await services.make_list()
    await services.subscribers.add("news", parse_address(ANN), name="Ann")
    await services.subscribers.import_batch("news", [ImportRow(line=1, email=BOB)])
    assert {"added": 1, "unchanged": 2} == await sync(services, ANN, BOB, CID, names={ANN: "Other"})
    assert {"left": 1} == await sync(services)
    assert [("active", "operator"), ("active", "import"), ("unsubscribed", "sync")] == await states(
        services, ANN, BOB, CID
    )


async def test_whoever_became_a_member_otherwise_meanwhile_is_not_removed(services: ServiceHarness) -> None:
    """The keys of leavers are compared first, and removed after that."""
    await services.make_list()
    await sync(services, ANN)
    await services.subscribers.add("news", parse_address(BOB))
    assert {"left": 1} == await services.subscribers.remove_synced("news", [ANN, BOB])
    assert [("unsubscribed", "sync"), ("active", "operator")] == await states(services, ANN, BOB)


async def test_whoever_goes_with_a_sync_gets_no_copy_that_waits(services: ServiceHarness) -> None:
    await services.make_list()
    await sync(services, ANN)
    await services.make_edition(state=EditionState.SENDING)
    await execute(
        services.database,
        "insert into delivery (edition_id, subscription_id, domain, state, due_at)"
        " values (1, 1, 'x.example', 'queued', 1)",
    )
    await services.database.write(copy_counts.recount, 1)
    await sync(services)
    assert [("cancelled",)] == await select(services.database, "select state from delivery")


async def test_a_file_that_unsubscribes_a_synced_member_is_evidence_of_that(services: ServiceHarness) -> None:
    await services.make_list()
    await sync(services, ANN)
    await services.subscribers.import_batch("news", [ImportRow(line=1, email=ANN, state="unsubscribed")])
    assert [("imported", "sync"), ("withdrawn", "import")] == await events(services, ANN)


@pytest.mark.parametrize(
    ("limit", "leaving", "is_exceeded"),
    [("5%", 5, False), ("5%", 6, True), ("20", 20, False), ("20", 21, True), ("0", 0, False)],
)
def test_as_many_may_leave_as_the_limit_says(limit: str, leaving: int, is_exceeded: bool) -> None:
    assert is_exceeded is parse_limit(limit).is_exceeded(leaving, 100)


async def test_whoever_left_or_is_suppressed_stays_out(services: ServiceHarness) -> None:
    """They are listed as skipped, however often the roster names them."""
    await services.make_list()
    await sync(services, ANN, BOB, CID)
    await services.unsubscribes.unsubscribe(await subscription_id(services, ANN), WEB)
    await services.suppressions.add(parse_address(BOB), "complaint")
    for _ in range(2):
        answer = await sync(services, ANN, BOB, CID)
        assert (1, 1, 1) == (answer["skipped_unsubscribed"], answer["skipped_suppressed"], answer["unchanged"])
    assert [("unsubscribed", "web"), ("active", "sync")] == await states(services, ANN, CID)


async def test_a_reader_whom_a_sync_removed_can_still_leave_for_good(services: ServiceHarness) -> None:
    """Their link answers that they are not subscribed, and no later sync brings them back."""
    await services.make_list()
    await sync(services, ANN)
    await sync(services)
    number = await subscription_id(services, ANN)
    for _ in range(2):
        assert UnsubscribeOutcome.NOT_SUBSCRIBED == await services.unsubscribes.unsubscribe(number, WEB)
    assert [("imported", "sync"), ("removed", "sync"), ("withdrawn", "web")] == await events(services, ANN)
    assert {"skipped_unsubscribed": 1} == {
        name: value for name, value in (await sync(services, ANN)).items() if isinstance(value, int)
    }
    assert [("unsubscribed", "web")] == await states(services, ANN)


async def test_whoever_comes_back_is_still_paused_or_suspended(services: ServiceHarness) -> None:
    """A pause is the reader's wish, and bounces do not end because a roster lacked somebody for a day."""
    await services.make_list()
    await sync(services, ANN, BOB, CID)
    paused = await subscription_id(services, ANN)
    await Preferences(services.context).pause_one(paused, 30, WEB)
    edition = await services.make_edition()
    bouncing = (await standing(services, BOB)).subscriber_id
    await services.database.write(bounces.suspend, {bouncing: edition}, suppressed=(), now=services.context.now)
    before = [await standing(services, address) for address in (ANN, BOB)]
    assert {"left": 3} == await sync(services)
    await sync(services, ANN, BOB, CID)
    assert [("suspended", "sync"), ("suspended", "sync"), ("active", "sync")] == await states(services, ANN, BOB, CID)
    after = [await standing(services, address) for address in (ANN, BOB)]
    assert ["paused", "bounces"] == [subscription.suspended_for for subscription in after]
    assert [subscription.paused_until for subscription in before] == [
        subscription.paused_until for subscription in after
    ]


@pytest.mark.parametrize("way", ["rm", "import"])
async def test_the_operator_can_keep_out_whom_a_sync_would_bring_back(services: ServiceHarness, way: str) -> None:
    """By removing them, or with a file that says who has left elsewhere; a second time there is nothing to do."""
    await services.make_list()
    await sync(services, ANN)
    await sync(services)
    gone = ImportRow(line=1, email=ANN, state="unsubscribed")
    if way == "rm":
        await services.subscribers.remove("news", parse_address(ANN))
        with pytest.raises(NotFound):
            await services.subscribers.remove("news", parse_address(ANN))
    else:
        assert [1, 0] == [(await services.subscribers.import_batch("news", [gone]))["updated"] for _ in range(2)]
    assert 1 == (await sync(services, ANN))["skipped_unsubscribed"]
    assert [("unsubscribed", "operator" if way == "rm" else "import")] == await states(services, ANN)


async def test_our_own_export_says_nothing_new_of_whom_a_sync_removed(services: ServiceHarness) -> None:
    """It reads back unchanged, so the next sync that names them still brings them back."""
    await services.make_list()
    await sync(services, ANN, BOB)
    services.now += 60
    await sync(services, ANN)
    services.now += 60
    table = await services.database.read(table_of_members, "news", SubscriberSelection(limit=10))
    rows = [
        ImportRow(line=n, email=m["email"], state=m["state"], subscribed_at=m["subscribed_at"])
        for n, m in enumerate(table.members)
    ]
    counts = await services.subscribers.import_batch("news", rows)
    assert {"unchanged": 2} == {name: number for name, number in counts.items() if number}
    assert 1 == (await sync(services, ANN, BOB))["updated"]


async def test_a_row_that_unsubscribes_a_synced_member_twice_does_so_once(services: ServiceHarness) -> None:
    """In one batch, as in two."""
    await services.make_list()
    await sync(services, ANN)
    rows = [ImportRow(line=line, email=ANN, state="unsubscribed") for line in (2, 3)]
    counts = await services.subscribers.import_batch("news", rows)
    assert (1, 1) == (counts["updated"], counts["unchanged"])
    assert [("unsubscribed", "import")] == await states(services, ANN)


async def test_one_address_twice_is_one_member(services: ServiceHarness) -> None:
    """Also where the two rows are spelled differently."""
    await services.make_list()
    assert {"added": 1, "unchanged": 1} == await sync(services, ANN, ANN.upper().replace("X.EXAMPLE", "x.example"))
    assert [("active", "sync")] == await states(services, ANN)


_KEYS = st.lists(st.sampled_from("abcdeé🙂"), max_size=8)


@given(_KEYS, _KEYS)
def test_leavers_are_members_that_are_not_listed(listed: Sequence[str], members: Sequence[str]) -> None:
    """In order, and each once."""
    assert sorted(set(members) - set(listed)) == list(leavers(iter(sorted(listed)), iter(sorted(set(members)))))
