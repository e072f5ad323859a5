"""What the audit log has of failed log-ins: enough to see that somebody tries, never so much that strangers fill it."""

from __future__ import annotations

import asyncio

import pytest
from tests.database import select
from tests.services.log_ins.log_in_harness import VISITOR, LogInHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Unavailable
from pressrun.services.log_ins.log_in import CodeRequested
from pressrun.store.people import audit

Row = tuple[str, str, str | None, str]


async def rows(harness: LogInHarness) -> list[Row]:
    await harness.failures.carry_out()
    attempts = await select(
        harness.database,
        "select who, outcome, object, fields from audit where action = 'session.begin' order by number",
    )
    return [(str(who), str(outcome), about, str(fields)) for who, outcome, about, fields in attempts]


async def test_the_first_failure_for_a_person_in_an_hour_has_a_row(harness: LogInHarness) -> None:
    """Of all attempts on accounts that do not exist, only the first has a row, without a name."""
    await harness.set_password(await harness.add_person("ann"))
    for name in ("ann", "ann@town.example", "bob@elsewhere.example", "carl", "ann"):
        assert await harness.by_password(name, "wrong") is None
    first: list[Row] = [
        ("somebody", "refused", "person ann", '["password"]'),
        ("somebody", "refused", None, '["password"]'),
    ]
    assert first == await rows(harness)
    assert await harness.by_password("ann", "wrong") is None
    assert first == await rows(harness)
    harness.now += 3600
    assert await harness.by_password("ann", "wrong") is None
    assert [*first, first[0]] == await rows(harness)
    assert "elsewhere" not in str(await select(harness.database, "select * from audit"))
    assert (await harness.database.read(audit.read_head)).number > 0


async def test_a_wrong_code_names_whose_it_was(harness: LogInHarness) -> None:
    await harness.add_person("ann")
    for address in ("ann@town.example", "stranger@town.example"):
        asked = await harness.log_ins.request_code(parse_address(address), VISITOR)
        assert isinstance(asked, CodeRequested)
        assert await harness.log_ins.by_code(asked.secret, "WRONGONE", VISITOR) is None
    attempts = await rows(harness)
    assert [("person ann", '["code"]'), (None, '["code"]')] == [(about, fields) for _, _, about, fields in attempts]


async def test_a_passkey_that_is_not_genuine_names_whose_it_is(harness: LogInHarness) -> None:
    ann = await harness.add_person("ann")
    authenticator = await harness.add_passkey(ann)
    answer = authenticator.get(harness.ceremonies.login_options(), origin="https://evil.example")
    assert await harness.log_ins.by_passkey(answer, VISITOR) is None
    assert [("somebody", "refused", "person ann", '["passkey"]')] == await rows(harness)


async def test_failures_wait_for_a_database_that_is_away(
    harness: LogInHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away")

    harness.failures.record("password", VISITOR)
    with monkeypatch.context() as patch:
        patch.setattr(type(harness.database), "record", away)
        with pytest.raises(Unavailable):
            await harness.failures.step()
    async with asyncio.timeout(10):
        await harness.failures.step()  # without another failure
    assert 1 == len(await rows(harness))
