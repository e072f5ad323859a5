"""The door of all verbs: what is recorded of each, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.database import execute_in, refused_updates, select
from tests.services.office import NOW, Office, open_office

from pressrun.control.calls import Call, Caller, ReportProgress
from pressrun.control.door import FOR_OWNERS, VerbDoor
from pressrun.control.protocol import MOVING, NOTE, READING, encode_arguments
from pressrun.core.errors import NotPermitted, Refused
from pressrun.services import evidence
from pressrun.services.operating.audit_log import AuditLog
from pressrun.store import audit
from pressrun.store.transaction import Transaction

INA = Caller(uid=1000, name="ina", claimed="paul")
MEMBER = Caller(uid=1001, name="eva", is_owner=False)
Work = Callable[[Office], Awaitable[Any]]


@pytest_asyncio.fixture
async def office(tmp_path: Any) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


async def change(office: Office, title: str = "x") -> None:
    def work(tx: Transaction) -> None:
        execute_in(tx, "insert into keyring values (?, x'00', null)", 1000 + len(title))

    await office.database.write(work)


async def call(office: Office, verb: str, work: Work, arguments: object = None, caller: Caller = INA) -> Any:
    async def handle(_: msgspec.Raw, __: ReportProgress) -> Any:
        return await work(office)

    log = AuditLog(office.database, lambda: office.now, lambda count: b"s" * count)
    door = VerbDoor({verb: handle}, log, office.keys)
    return await door.call(Call(verb=verb, arguments=encode_arguments(arguments or {}), caller=caller), lambda _: None)


async def rows(office: Office) -> list[tuple[Any, ...]]:
    sql = "select action, outcome, code, object from audit where action <> 'migrate' order by number"
    return await select(office.database, sql)


async def test_a_change_and_its_row_are_one_transaction(office: Office) -> None:
    async def fails_after_its_change(office: Office) -> None:
        def work(tx: Transaction) -> None:
            execute_in(tx, "insert into keyring values (1001, x'00', null)")
            raise ZeroDivisionError

        await office.database.write(work)

    with pytest.raises(ZeroDivisionError):
        await call(office, "a.verb", fails_after_its_change)
    assert [("a.verb", "failed", None, None)] == await rows(office)
    await call(office, "a.verb", change)
    assert ("a.verb", "done", None, None) == (await rows(office))[-1]
    assert [(1001,)] == await select(office.database, "select number from keyring where number > 1000")


async def test_where_no_row_can_be_written_nothing_is_changed(office: Office) -> None:
    async with refused_updates(office.database, "audit_head"):
        with pytest.raises(Exception, match="no updates"):
            await call(office, "a.verb", change)
    assert [] == await select(office.database, "select number from keyring where number > 1000")


async def test_many_transactions_have_one_row_and_a_late_failure_another(office: Office) -> None:
    async def twice_and_fail(office: Office) -> None:
        await change(office)
        await change(office, "xy")
        raise Refused("too late")

    with pytest.raises(Refused):
        await call(office, "a.verb", twice_and_fail)
    assert [("a.verb", "done", None, None), ("a.verb", "refused", 1, None)] == await rows(office)


async def test_what_changes_files_is_recorded_before_it_begins(office: Office) -> None:
    seen: list[list[tuple[Any, ...]]] = []

    async def look(office: Office) -> dict[str, int]:
        seen.append(await rows(office))
        return {"number": 2}

    await call(office, "key.rotate", look)
    assert [[("key.rotate", "begun", None, None)]] == seen
    assert ("key.rotate", "done", None, "key 2") == (await rows(office))[-1]


@pytest.mark.parametrize("verb", sorted(READING | MOVING))
async def test_what_changes_nothing_leaves_no_row(office: Office, verb: str) -> None:
    assert 7 == await call(office, verb, lambda _: asyncio.sleep(0, 7))
    assert [] == await rows(office)


async def test_tasks_that_go_on_afterwards_are_not_part_of_it(office: Office) -> None:
    may_go = asyncio.Event()
    begun: list[asyncio.Task[None]] = []

    async def later() -> None:
        await may_go.wait()
        await change(office)

    async def start(office: Office) -> None:
        begun.append(asyncio.create_task(later()))

    await call(office, "a.verb", start)
    may_go.set()
    await begun[0]
    assert [("a.verb", "done", None, None)] == await rows(office)


async def test_a_row_says_who_and_who_they_claim_to_be(office: Office) -> None:
    await call(office, "a.verb", change)
    sql = "select who, uid, claimed, way, at from audit where action = 'a.verb'"
    assert [("ina", 1000, "paul", "shell", NOW)] == await select(office.database, sql)


@pytest.mark.parametrize("verb", sorted(FOR_OWNERS))
async def test_a_member_of_the_group_is_refused_what_needs_files(office: Office, verb: str) -> None:
    with pytest.raises(NotPermitted, match="sudo"):
        await call(office, verb, change, {"action": "x", "outcome": "done"}, caller=MEMBER)
    assert [(verb, "refused", 77)] == [row[:3] for row in await rows(office)]
    await call(office, "list.set", change, caller=MEMBER)


@pytest.mark.parametrize(
    "arguments",
    [
        {"list": "ina@x.example", "address": "no address", "settings": {"a@b": "c", "title": "t"}, "id": 3},
        {"list": 7, "address": {}},
        {"list": "no\0list"},
        [1, 2],
    ],
)
async def test_odd_arguments_leave_no_trace_of_themselves(office: Office, arguments: object) -> None:
    await call(office, "inbound.rm", change, arguments)
    (row,) = await select(
        office.database, "select list, object, fields, content from audit where action = 'inbound.rm'"
    )
    assert row in {(None, "mail 3", '["title"]', "{}"), (None, None, "[]", "{}")}


async def test_a_note_is_a_row_of_another_process(office: Office) -> None:
    await call(office, NOTE, change, {"action": "dkim.create", "outcome": "refused", "code": 73})
    assert [("dkim.create", "refused", 73, None)] == await rows(office)


async def test_actions_at_the_same_time_follow_one_another(office: Office) -> None:
    def changing(number: int) -> Work:
        return lambda office: change(office, "x" * number)

    await asyncio.gather(*(call(office, f"verb.{number}", changing(number)) for number in range(9)))
    assert {f"verb.{number}" for number in range(9)} == {row[0] for row in await rows(office)}
    assert [] == (await office.database.read(evidence.verify, (), audit)).problems
