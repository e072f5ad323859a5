"""What a token may do, when that changes while its request arrives or waits: the new rights are in force."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.database import select
from tests.web.api.desk import TOKEN, Desk
from tests.web.api.served import ServedApi

from pressrun.acts.call import Caller
from pressrun.core.access.rights import Holdings, Right
from pressrun.core.addresses.address import parse_address
from pressrun.web.api import endpoint

BOB = parse_address("bob@reader.example")
MANAGER = Holdings(by_list={"news": frozenset({Right.MANAGE_READERS})})


async def test_a_token_is_revoked_while_a_body_arrives(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends it slowly enough must not gain time by that."""
    monkeypatch.setattr(endpoint, "SLOW_SECONDS", 0.0)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"name": '
        del desk.tokens[TOKEN]
        yield b'"Ada"}'

    async with desk.client() as client:
        answer = await client.put(
            "/lists/news/subscribers/ada@reader.example",
            content=pieces(),
            headers={"Content-Type": "application/json"},
        )
    assert (401, []) == (answer.status_code, desk.calls)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("left", "status"), [(None, 401), (Holdings(by_list={"river": MANAGER.by_list["news"]}), 403), (MANAGER, 202)]
)
async def test_a_file_of_a_token_whose_rights_change_meanwhile(
    served: ServedApi, left: Holdings | None, status: int
) -> None:
    """It is not taken, and the audit log has one row of that."""
    await served.services.make_list()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"email,name\n"
        served.tokens.clear()
        if left is not None:
            served.tokens["pr_0"] = left
        yield b"ada@reader.example,Ada\n"

    async with served.client(MANAGER) as client:
        answer = await client.post("/lists/news/imports", content=pieces(), headers={"Content-Type": "text/csv"})
    jobs = await select(served.services.database, "select count(*) from job")
    assert (status, [(int(status == 202),)]) == (answer.status_code, jobs)
    outcome = "done" if status == 202 else "refused"
    assert [("list.import", outcome)] == await _rows(served)


async def test_a_file_that_is_too_large_is_one_row(served: ServedApi) -> None:
    """Although the action was under way."""
    await served.services.make_list()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield bytes(1024 * 1024)

    async with served.client(MANAGER) as client:
        answer = await client.post("/lists/news/imports", content=pieces(), headers={"Content-Type": "text/csv"})
    assert (413, [("list.import", "refused")]) == (answer.status_code, await _rows(served))


async def _rows(served: ServedApi) -> list[tuple[Any, ...]]:
    return await select(served.services.database, "select action, outcome from audit where action = 'list.import'")


@pytest.mark.parametrize(
    ("left", "status", "seen"),
    [
        (None, 401, None),
        (Holdings(by_list={"news": frozenset({Right.STATS})}), 404, None),
        (Holdings(by_list={"river": frozenset({Right.STATS})}), 200, [None]),
    ],
)
async def test_who_waits_for_events_sees_what_they_may_see_then(
    served: ServedApi, left: Holdings | None, status: int, seen: list[str | None] | None
) -> None:
    """Although they began to wait when they might see more."""
    for name in ("news", "river"):
        await served.services.make_list(name)
    await served.services.subscribers.add("river", BOB)
    came, find = asyncio.Event(), served.authenticate

    async def authenticate(token: str, client: str | None) -> Caller | None:
        caller = await find(token, client)
        came.set()
        return caller

    served.authenticate = authenticate
    async with served.client(Holdings(by_list={"river": frozenset({Right.STATS, Right.SEE_READERS})})) as client:
        waiting = asyncio.create_task(client.get("/events?after=1&wait=30&list=river"))
        await came.wait()
        served.tokens.clear()
        if left is not None:
            served.tokens["pr_0"] = left
        await served.services.subscribers.remove("river", BOB)
        answer = await waiting
    assert status == answer.status_code
    assert seen == ([event["email"] for event in answer.json()["items"]] if status == 200 else None)
