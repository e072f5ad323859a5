"""How many statements a use case takes: each is a round trip where the database is on another machine.

A ceiling may fall, and rises only with a reason. Reads and writes count alike, and so does what runs right before the
commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.database import CountingDatabase
from tests.services.office import Office, open_office

from pressrun.core.address import parse_address
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.subscription_records import Origin
from pressrun.services.readers.web_requests import WebRequests

UseCase = Callable[[Office], Awaitable[object]]

ADA, BOB = parse_address("ada@reader.example"), parse_address("bob@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe")


def web_requests_of(office: Office) -> WebRequests:
    context = office.context
    return WebRequests(
        context, sign_ups=office.sign_ups, preferences=Preferences(context), unsubscribes=office.unsubscribes
    )


async def nothing(_: Office) -> None:
    """Nothing has to come before."""


async def sign_up(office: Office) -> None:
    await office.sign_ups.request("news", ADA, WEB, network="192.0.2.7", name="Ada")


async def confirm(office: Office) -> None:
    await office.sign_ups.confirm(2, WEB)  # Bob has the first


async def leave(office: Office) -> None:
    await office.unsubscribes.unsubscribe(2, WEB)


async def sign_up_on_the_web(office: Office) -> None:
    await web_requests_of(office).sign_up("news", ADA, WEB, network="192.0.2.7", name="Ada", form=7)


async def carry_out(office: Office) -> None:
    await web_requests_of(office).carry_out()


def after(*steps: UseCase) -> UseCase:
    async def run(office: Office) -> None:
        for step in steps:
            await step(office)

    return run


# What comes before, what is counted, and its ceiling.
CEILINGS: dict[str, tuple[UseCase, UseCase, int]] = {
    "a stranger signs up": (nothing, sign_up, 15),
    "somebody signs up again": (sign_up, sign_up, 15),
    "a member signs up": (after(sign_up, confirm), sign_up, 13),
    "a former member signs up": (after(sign_up, confirm, leave), sign_up, 15),
    "a reader confirms": (sign_up, confirm, 8),
    "a reader confirms again": (after(sign_up, confirm), confirm, 4),
    "a reader leaves": (after(sign_up, confirm), leave, 7),
    "a form of ours is sent": (nothing, sign_up_on_the_web, 4),
    "a sign-up on the web is carried out": (sign_up_on_the_web, carry_out, 18),
    "a reader is told that they left": (after(sign_up, confirm, leave), carry_out, 10),
}


@pytest.mark.parametrize("name", CEILINGS)
async def test_a_use_case_takes_no_more_statements_than_its_ceiling(name: str, tmp_path: Path) -> None:
    before, run, ceiling = CEILINGS[name]
    async with open_office(tmp_path, kind=CountingDatabase) as office:
        await office.make_list()
        await after(sign_up_of_bob, before)(office)  # the first of an hour takes one more
        assert isinstance(office.database, CountingDatabase)
        office.database.statements.clear()
        await run(office)
        assert len(office.database.statements) <= ceiling, office.database.statements


async def sign_up_of_bob(office: Office) -> None:
    await office.sign_ups.request("news", BOB, WEB, network=None)
