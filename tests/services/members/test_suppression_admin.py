"""Keeping addresses out: by hand and from a file."""

from __future__ import annotations

import pytest
from tests.database import select
from tests.services.harness import ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import BadInput, NotFound
from pressrun.core.signing.tokens import digests_of, pack_digests
from pressrun.core.timestamps import rfc3339
from pressrun.services.members.import_rows import SuppressionRow
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.requests import Origin
from pressrun.services.reports import subscriber_record, suppression_listing
from pressrun.store.queue import copy_counts

ANN = parse_address("Ann@x.example")


async def test_suppressing_ends_what_waits(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    edition = await services.make_edition()
    await services.queue_audience(edition)
    await services.suppressions.add(parse_address("ann@X.example"), "operator")
    assert 1 == (await services.database.read(copy_counts.count_copies, edition))["cancelled"]
    shown = await services.database.read(subscriber_record.show_subscriber, services.keys, ANN)
    assert "operator" == shown.suppressed


async def test_a_confirmation_that_waits_ends_unless_it_may_lift_the_reason(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN, asks=True)
    await services.suppressions.add(ANN, "hard-bounce")
    assert ["queued"] == await _states(services)
    await services.suppressions.add(ANN, "never-again")
    assert ["cancelled"] == await _states(services)


@pytest.mark.parametrize("strong", ["complaint", "operator", "never-again"])
@pytest.mark.parametrize("weak", ["hard-bounce", "erased"])
async def test_a_weaker_reason_does_not_replace_a_stronger_one(
    services: ServiceHarness, strong: str, weak: str
) -> None:
    await services.suppressions.add(ANN, strong)
    assert strong == (await services.suppressions.add(ANN, weak)).reason
    assert [strong] == [
        suppression.reason for suppression in await services.database.read(suppression_listing.list_suppressions)
    ]


@pytest.mark.parametrize("strong", ["complaint", "operator", "never-again"])
@pytest.mark.parametrize("weak", ["hard-bounce", "erased"])
async def test_a_stronger_one_replaces_a_weaker_one(services: ServiceHarness, strong: str, weak: str) -> None:
    await services.suppressions.add(ANN, weak)
    await services.suppressions.add(ANN, strong)
    assert [("Ann@x.example", strong)] == [
        (suppression.address, suppression.reason)
        for suppression in await services.database.read(suppression_listing.list_suppressions)
    ]


async def test_never_again_stands_once_for_its_mailbox(services: ServiceHarness) -> None:
    tagged = parse_address("ann+news@x.example")
    await services.suppressions.add(tagged, "never-again")
    await services.suppressions.add(ANN, "never-again")
    assert ["ann+news@x.example"] == [
        suppression.address for suppression in await services.database.read(suppression_listing.list_suppressions)
    ]
    await services.suppressions.remove(tagged)
    with pytest.raises(NotFound):
        await services.suppressions.remove(ANN)


@pytest.mark.parametrize("reason", ["operator", "never-again"])
async def test_saying_it_again_leaves_since_when(services: ServiceHarness, reason: str) -> None:
    began_at = services.now
    await services.suppressions.add(ANN, reason)
    services.now += 60
    await services.suppressions.add(parse_address("ANN@x.example"), reason)
    row = (await services.database.read(suppression_listing.list_suppressions))[0]
    assert ("Ann@x.example", rfc3339(int(began_at))) == (row.address, row.since)


async def test_using_the_link_again_leaves_since_when(services: ServiceHarness) -> None:
    numbers = pack_digests(digests_of(services.keys, ANN).own)
    began_at = services.now
    for _ in range(2):
        await NeverAgain(services.context).refuse(0, numbers, Origin(source="web"))
        services.now += 60
    row = (await services.database.read(suppression_listing.list_suppressions))[0]
    assert ("never-again", rfc3339(int(began_at))) == (row.reason, row.since)


async def test_an_equal_reason_replaces_none(services: ServiceHarness) -> None:
    """By whichever door it comes."""
    await services.suppressions.add(ANN, "complaint")
    assert "complaint" == (await services.suppressions.add(ANN, "operator")).reason
    answer = await services.suppressions.import_batch([SuppressionRow(line=1, address="ann@x.example")])
    assert (0, 1) == (answer["added"], answer["unchanged"])


async def test_lifting_works_once(services: ServiceHarness) -> None:
    await services.suppressions.add(ANN, "complaint")
    await services.suppressions.remove(parse_address("ann@x.example"))
    with pytest.raises(NotFound):
        await services.suppressions.remove(ANN)


async def test_an_unknown_reason_is_refused(services: ServiceHarness) -> None:
    with pytest.raises(BadInput, match="hard-bounce, complaint"):
        await services.suppressions.add(ANN, "because")


async def test_a_file_adds_what_is_new_and_tells_what_is_wrong(services: ServiceHarness) -> None:
    """What stands there already keeps its reason: a file is no ground to weaken one."""
    await services.suppressions.add(ANN, "never-again")
    rows = [
        SuppressionRow(line=2, address="ann@x.example"),
        SuppressionRow(line=3, address="b@x.example", reason="complaint", since="2020-01-02"),
        SuppressionRow(line=4, address="nobody"),
        SuppressionRow(line=5, address="c@x.example", reason="because"),
        SuppressionRow(line=6, address="d@x.example", since="never"),
    ]
    answer = await services.suppressions.import_batch(rows)
    assert (1, 1, [4, 5, 6]) == (
        answer["added"],
        answer["unchanged"],
        [refused["line"] for refused in answer["invalid"]],
    )
    suppressions = {
        suppression.address: suppression
        for suppression in await services.database.read(suppression_listing.list_suppressions)
    }
    assert ("never-again", "complaint", "2020-01-02T00:00:00Z") == (
        suppressions["Ann@x.example"].reason,
        suppressions["b@x.example"].reason,
        suppressions["b@x.example"].since,
    )


async def test_a_file_does_what_its_rows_would_do_one_by_one(services: ServiceHarness) -> None:
    """What waits ends, for every spelling of a mailbox that is never to be mailed again; each reader is noted once."""
    await services.make_list()
    for name in ("ann", "ann+tag", "bob", "cid", "dora"):
        await services.subscribers.add("news", parse_address(f"{name}@x.example"))
    await services.subscribers.add("news", parse_address("eve@x.example"), asks=True)
    edition = await services.make_edition()
    await services.queue_audience(edition)
    rows = [
        SuppressionRow(line=2, address="bob@x.example", reason="hard-bounce"),
        SuppressionRow(line=3, address="BOB@x.example", reason="complaint"),
        SuppressionRow(line=4, address="bob@x.example", reason="hard-bounce"),
        SuppressionRow(line=5, address="ann+other@x.example", reason="never-again"),
        SuppressionRow(line=6, address="ann+tag@x.example", reason="operator"),
        SuppressionRow(line=7, address="eve@x.example", reason="hard-bounce"),
        SuppressionRow(line=8, address="dora@x.example", reason="erased"),
    ]
    answer = await services.suppressions.import_batch(rows)
    assert (5, 2) == (answer["added"], answer["unchanged"])
    assert {"cancelled": 4, "queued": 2} == await _number_by_state(services)  # Cid's copy, and the mail to Eve
    suppressions = await services.database.read(suppression_listing.list_suppressions)
    assert {
        ("BOB@x.example", "complaint"),
        ("ann+other@x.example", "never-again"),
        ("eve@x.example", "hard-bounce"),
        (None, "erased"),
    } == {(suppression.address, suppression.reason) for suppression in suppressions}
    noted = await select(
        services.database,
        "select address, how from event join subscriber on subscriber.id = subscriber_id"
        " where type = 'subscriber.suppressed' order by address, how",
    )
    assert [
        ("ann+tag@x.example", "never-again"),
        ("ann@x.example", "never-again"),
        ("bob@x.example", "complaint"),
        ("bob@x.example", "hard-bounce"),
        ("dora@x.example", "erased"),
        ("eve@x.example", "hard-bounce"),
    ] == [tuple(row) for row in noted]
    await services.suppressions.import_batch([SuppressionRow(line=2, address="eve@x.example")])
    assert {"cancelled": 5, "queued": 1} == await _number_by_state(services)


async def _number_by_state(services: ServiceHarness) -> dict[str, int]:
    return dict(await select(services.database, "select state, count(*) from delivery group by state"))


async def _states(services: ServiceHarness) -> list[str]:
    return [state for (state,) in await select(services.database, "select state from delivery")]
