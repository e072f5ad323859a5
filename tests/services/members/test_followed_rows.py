"""Files and programs from elsewhere go on naming a former address: they mean whoever has changed it here."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import select
from tests.services.harness import ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.core.signing.tokens import digests_of
from pressrun.services.members.import_decision import ImportOptions
from pressrun.services.members.import_preview import ImportPreview
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.members.member_puts import PutRequest
from pressrun.services.members.member_sync import leavers, listed_keys, synced_members
from pressrun.services.readers.requests import Origin
from pressrun.store.readers import address_changes, subscribers
from pressrun.store.transaction import Transaction

OLD, NEW, NEWEST = "ann@old.example", "ann@new.example", "ann@newest.example"


async def change(services: ServiceHarness, old: str, new: str) -> int:
    """Ann changes her address, and confirms that; returns the id of the change."""

    def work(tx: Transaction) -> int:
        person = subscribers.find_subscriber(tx, parse_address(old))
        assert person is not None
        address, now = parse_address(new), int(services.now)
        number = address_changes.insert_change(
            tx, subscriber_id=person.id, old=old, new=address, now=now, expires_at=now + 100
        )
        subscribers.move_to_address(tx, person.id, address, digests_of(services.keys, address))
        address_changes.record_confirmed(tx, number, former={}, expires_at=now + 100)
        return number

    return await services.database.write(work)


async def join(services: ServiceHarness, old: str, new: str) -> None:
    """Somebody goes on as the reader who has the new address."""

    def work(tx: Transaction) -> None:
        person, now = subscribers.find_subscriber(tx, parse_address(old)), int(services.now)
        assert person is not None
        number = address_changes.insert_change(
            tx, subscriber_id=person.id, old=old, new=parse_address(new), now=now, expires_at=now + 100
        )
        address_changes.record_confirmed(tx, number, former={}, expires_at=now + 100)

    await services.database.write(work)


async def moved(services: ServiceHarness) -> dict[str, str]:
    present = await services.database.read(address_changes.moved_addresses)
    return {key: address.typed for key, address in present.items()}


async def members(services: ServiceHarness) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await select(
            services.database,
            "select address, name, state from subscriber join subscription on subscriber_id = subscriber.id "
            "order by subscriber.id",
        )
    ]


def row(address: str, line: int = 1, name: str = "") -> ImportRow:
    return ImportRow(line=line, email=address, name=name)


async def joined(services: ServiceHarness, source: str) -> None:
    await services.make_list()
    await services.subscribers.import_batch("news", [row(OLD)], source=source)


@pytest.mark.parametrize("source", ["import", "sync"])
async def test_a_row_with_the_former_address_is_taken_for_the_new_one(services: ServiceHarness, source: str) -> None:
    """However often it was changed; the answer says so, and the dry run before it."""
    await joined(services, source)
    await change(services, OLD, NEW)
    await change(services, NEW, NEWEST)
    rows = [row("Ann@OLD.example", 1, "Ann"), row(NEWEST, 2)]
    options = ImportOptions(list_name="news", keys=services.keys, now=int(services.now), asks=False, source=source)
    _, shown = await services.database.read(lambda tx: ImportPreview(tx, options, frozenset()).preview_rows(rows))
    answer = await services.subscribers.import_batch("news", rows, source=source)
    assert (0, 1, 1, 1) == tuple(answer[key] for key in ("added", "updated", "unchanged", "followed"))
    assert shown.plain() == answer
    assert [(NEWEST, "Ann", "active")] == await members(services)


async def test_nobody_leaves_whose_former_address_is_in_the_roster(services: ServiceHarness) -> None:
    """Who is missing by both addresses does."""
    await joined(services, "sync")
    await change(services, OLD, NEW)

    def leaving(tx: Transaction, *listed: str) -> list[str]:
        moved = address_changes.moved_addresses(tx)
        keys = sorted(key for address in listed for key in listed_keys(address, moved))
        return list(leavers(iter(keys), synced_members(tx, "news")))

    assert [] == await services.database.read(leaving, OLD)
    assert [NEW] == await services.database.read(leaving, "bob@x.example")


async def test_an_address_that_others_had_as_well_leads_nobody_astray(services: ServiceHarness) -> None:
    """Ann takes the address that Bob has left, which Dan had joined: her rows are not Bob's, and Dan's are not hers."""
    third, bob, last = "bob@third.example", "bob@x.example", "ann@last.example"
    await services.make_list()
    rows = [row(address, line) for line, address in enumerate((OLD, third, "dan@old.example"), 1)]
    await services.subscribers.import_batch("news", rows)
    await change(services, OLD, NEW)
    await change(services, "dan@old.example", "dan@x.example")
    await join(services, "dan@x.example", third)
    await change(services, third, bob)
    await change(services, NEW, third)
    of_dan = {"dan@old.example": bob, "dan@x.example": bob}
    assert {OLD: third, NEW: third, third: bob, **of_dan} == await moved(services)
    await change(services, third, last)
    assert {OLD: last, NEW: last, third: last, **of_dan} == await moved(services)


async def test_a_change_that_was_undone_is_not_followed(services: ServiceHarness) -> None:
    await joined(services, "import")
    number = await change(services, OLD, NEW)

    def undo(tx: Transaction) -> None:
        assert subscribers.find_subscriber(tx, parse_address(NEW)) is not None  # and lock her
        stored = address_changes.find_change(tx, number)
        assert stored is not None
        address_changes.record_undone(tx, stored)

    await services.database.write(undo)
    answer = await services.subscribers.import_batch("news", [row(OLD)])
    assert (1, False) == (answer["added"], "followed" in answer)


async def test_a_former_address_that_is_suppressed_stays_so(services: ServiceHarness) -> None:
    """What its row would change is nothing that the owner of the new one has asked for."""
    await joined(services, "import")
    await change(services, OLD, NEW)
    await services.suppressions.add(parse_address(OLD), "operator")
    answer = await services.subscribers.import_batch("news", [row(OLD, 1, "Ann")])
    assert (1, False) == (answer["skipped_suppressed"], "followed" in answer)
    assert [(NEW, "", "active")] == await members(services)


def put(address: str) -> PutRequest:
    return PutRequest(
        list_name="news",
        address=parse_address(address),
        changes=MemberChanges(name="Ann"),
        confirm=Confirm.VOUCH,
        origin=Origin(source="api:crm"),
    )


async def test_a_program_that_names_the_former_address_means_the_new_one(services: ServiceHarness) -> None:
    """However often, together or alone; otherwise both addresses would get each edition."""
    await joined(services, "import")
    await change(services, OLD, NEW)
    requests = [put(OLD), put(NEW), put("bob@x.example"), put(OLD.upper())]
    answers = await asyncio.gather(*map(services.members.put, requests))
    assert [NEW, NEW, "bob@x.example", NEW] == [answer.email for answer in answers]
    assert [(NEW, "Ann", "active"), ("bob@x.example", "Ann", "active")] == await members(services)
    with pytest.raises(Refused, match="already known"):
        await services.members.create(put(OLD))


async def test_a_program_learns_of_no_address_on_another_list(services: ServiceHarness) -> None:
    await joined(services, "import")
    await change(services, OLD, NEW)
    await services.make_list("other")
    answer = await services.members.put(replace(put(OLD), list_name="other"))
    assert (OLD, "active") == (answer.email, answer.state)


async def test_a_program_brings_nobody_back_by_a_former_address(services: ServiceHarness) -> None:
    await joined(services, "import")
    await change(services, OLD, NEW)
    await services.subscribers.remove("news", parse_address(NEW))
    assert "unsubscribed" == (await services.members.put(put(OLD))).state
    assert [(NEW, "", "unsubscribed")] == await members(services)
