"""A list of any size is removed a slice at a time, and to the end, whoever dies meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from tests.database import execute, select, select_in
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.services.lists.list_end import begin_removal, remove_slice
from pressrun.services.mails.forwards import FORWARD
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.bulk_changes import ROWS_AT_ONCE
from pressrun.store.queue import copy_counts
from pressrun.store.queue.notices import NewNotice, insert_notices
from pressrun.store.transaction import Transaction

READERS = 2 * ROWS_AT_ONCE + 500
_LEFT = {
    "subscription": "select count(*) from subscription where list_id = 1",
    "delivery": "select count(*) from delivery where edition_id = 1",
    "event": "select count(*) from event where list_id = 1",
    "notice": "select count(*) from notice where list_id = 1",
}


async def a_large_list(services: ServiceHarness) -> None:
    """Closed, with an edition that everybody has got a copy of; another list has a reader as well."""
    await services.make_list()
    await services.make_list("tides")
    rows = [ImportRow(line=number, email=f"r{number}@reader.example") for number in range(READERS)]
    await services.subscribers.import_batch("news", rows)
    await services.subscribers.import_batch("tides", rows[:1])
    await services.database.write(queue_mails)
    await services.queue_audience(await services.make_edition())
    await services.lists.close_list("news")


def queue_mails(tx: Transaction) -> None:
    """A mail about the list to everybody, and as many that are forwarded to its owner."""
    for kind, prefix in (("confirmation", b"c"), (FORWARD, b"f")):
        mails = [
            NewNotice(
                kind=kind,
                address=parse_address(f"r{number}@reader.example"),
                message_secret=prefix * 12 + number.to_bytes(4, "big"),
                list_id=1,
                subscriber_id=None,
                language="en",
            )
            for number in range(READERS)
        ]
        insert_notices(tx, mails, NOW)


async def left(services: ServiceHarness) -> dict[str, int]:
    return {table: (await select(services.database, query))[0][0] for table, query in _LEFT.items()}


async def test_no_statement_touches_more_than_a_slice(
    services: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the row of the list goes, by which what it has would go at once, there is nothing left."""
    await a_large_list(services)
    assert min((await left(services)).values()) >= READERS
    assert (kept := await select(services.database, "select id from event where list_id is distinct from 1"))
    touched: dict[str, int] = {}
    run = Transaction.run

    def counting(tx: Transaction, name: str, /, **parameters: Any) -> int:
        if name == "lists.delete":
            touched["left to lists.delete"] = max(select_in(tx, query)[0][0] for query in _LEFT.values())
        number = run(tx, name, **parameters)
        touched[name] = max(number, touched.get(name, 0))
        return number

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "run", counting)
        await services.lists.remove_list("news")
    assert 0 == touched["left to lists.delete"]
    assert {} == {name: number for name, number in touched.items() if number > ROWS_AT_ONCE}
    assert dict.fromkeys(_LEFT, 0) == await left(services)
    assert [("tides",)] == [tuple(row) for row in await select(services.database, "select name from list")]
    assert READERS == (await select(services.database, "select count(*) from notice where kind = 'forward'"))[0][0]
    assert READERS == (await select(services.database, "select count(*) from delivery where state = 'queued'"))[0][0]
    assert 1 == (await select(services.database, "select count(*) from subscription"))[0][0]
    assert kept == await select(services.database, "select id from event")


async def test_what_a_kill_leaves_is_removed_by_housekeeping(services: ServiceHarness) -> None:
    """Meanwhile nobody can reopen the list."""
    await a_large_list(services)
    list_id = await services.database.write(begin_removal, "news", int(services.now))
    assert await services.database.write(remove_slice, list_id, int(services.now))
    before = await left(services)
    assert before["delivery"] == READERS - ROWS_AT_ONCE
    with pytest.raises(Refused, match="being removed"):
        await services.lists.set_list("news", {"closed": "false"})
    housekeeping = Housekeeping(services.context)
    await housekeeping.round()
    assert dict.fromkeys(_LEFT, 0) == await left(services)
    assert [("tides",)] == [tuple(row) for row in await select(services.database, "select name from list")]


async def test_no_copy_of_another_list_is_left_waiting(services: ServiceHarness) -> None:
    """A reader of this list may have come from that one while the copy was in flight."""
    await services.make_list()
    await services.make_list("tides")
    await services.subscribers.add("news", parse_address("a@reader.example"))
    edition = await services.make_edition("tides", EditionState.PAUSED)
    copy = "insert into delivery (edition_id, subscription_id, domain, state, due_at) values (?, 1, 'a.example', ?, 5)"
    await execute(services.database, copy, edition, "queued")
    await services.database.write(copy_counts.recount, edition)
    await services.lists.close_list("news")
    await services.lists.remove_list("news")
    assert [("cancelled", None)] == await select(services.database, "select state, subscription_id from delivery")
    assert await services.database.read(copy_counts.find_difference, edition) is None


async def test_other_archives_can_be_searched_as_before(services: ServiceHarness) -> None:
    for name in ("news", "tides"):
        await services.make_list(name)
    await services.make_edition("news")
    edition = await services.make_edition("tides")
    await services.lists.close_list("news")
    await services.lists.remove_list("news")
    assert [(edition,)] == await select(services.database, "select rowid from archive_search")
