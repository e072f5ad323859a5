"""Each change of a state is one event, by whoever makes it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.database import select
from tests.services.harness import NOW, ServiceHarness, open_services

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import PressrunError
from pressrun.core.lifecycles.events import Standing, of_subscription
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import notify_unsubscribers
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, person_on_page, program_by_api
from pressrun.store.programs import events
from pressrun.store.programs.events import READER, acted_by
from pressrun.store.readers import bounces, subscriptions

ADA, BOB, CYD = [parse_address(f"{name}@reader.example") for name in ("ada", "bob", "cyd")]
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe")

Event = tuple[str, str | None, str | None, int | None, str, str]
UseCase = Callable[[ServiceHarness], Awaitable[object]]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[ServiceHarness]:
    async with open_services(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def journal(services: ServiceHarness, after: int = 0) -> list[Event]:
    """Type, list, address, edition, actor and how of the events after an id, in order."""
    newest = await services.database.read(events.newest)
    rows = await services.database.read(
        events.page, after=after, through=newest, limit=1000, types=(), lists=None, reader_lists=None
    )
    assert [row.id for row in rows] == list(range(after + 1, newest + 1))
    return [(row.type, row.list, row.email, row.edition, row.actor, row.how or "") for row in rows]


def of_ada(type_: str, how: str, *, list_name: str | None = "news", actor: str = READER) -> Event:
    return (type_, list_name, "ada@reader.example", None, actor, how)


async def sign_up(services: ServiceHarness) -> None:
    await services.sign_ups.request(["news"], Applicant(ADA, WEB, name="Ada"), network=None)


async def join(services: ServiceHarness) -> None:
    await sign_up(services)
    await services.confirmations.confirm(1, WEB)


async def leave(services: ServiceHarness) -> None:
    await services.unsubscribes.unsubscribe(1, WEB, how="one-click")


async def pause(services: ServiceHarness) -> None:
    await Preferences(services.context).pause_one(1, 30, WEB)


async def expire(services: ServiceHarness) -> None:
    await services.database.write(forget_unconfirmed, os.urandom, NOW + 10**7)


async def end_pause(services: ServiceHarness) -> None:
    await services.database.write(subscriptions.end_pauses, NOW + 10**7)


async def suspend(services: ServiceHarness) -> None:
    await services.database.write(bounces.suspend, {1: 1}, suppressed=[1], now=NOW)


async def paused(services: ServiceHarness) -> None:
    await join(services)
    await pause(services)


async def resume(services: ServiceHarness) -> None:
    link = PreferenceLink(subscriber_id=1, epoch=0)
    await Preferences(services.context).resume(link, WEB)


async def left(services: ServiceHarness) -> None:
    await join(services)
    await leave(services)
    await services.database.write(notify_unsubscribers, services.context)


async def undo(services: ServiceHarness) -> None:
    await UndoUnsubscribe(services.context).undo(1, WEB)


async def remove(services: ServiceHarness) -> None:
    await services.subscribers.remove("news", ADA)


async def erase(services: ServiceHarness) -> None:
    await services.subscribers.erase(ADA)


async def close(services: ServiceHarness) -> None:
    await services.lists.close_list("news")


async def bar(services: ServiceHarness) -> None:
    await services.suppressions.add(ADA, "operator")


async def bar_and_lift(services: ServiceHarness) -> None:
    await bar(services)
    await services.suppressions.remove(ADA)


async def nothing(_: ServiceHarness) -> None:
    """Nothing comes before."""


def import_(*rows: ImportRow) -> UseCase:
    async def run(services: ServiceHarness) -> None:
        await services.subscribers.import_batch("news", rows)

    return run


ONE = import_(ImportRow(line=2, email="ada@reader.example"))
NAMED = import_(ImportRow(line=2, email="ada@reader.example", name="Ada"))
GONE = import_(ImportRow(line=2, email="ada@reader.example", state="unsubscribed"))
BOUNCING = import_(ImportRow(line=2, email="ada@reader.example", state="suspended"))


@pytest.mark.parametrize(
    ("before", "use_case", "expected"),
    [
        (nothing, sign_up, [of_ada("subscription.requested", "web")]),
        (sign_up, sign_up, []),
        (sign_up, expire, [("subscription.ended", "news", None, None, READER, "expired")]),
        (sign_up, close, [("subscription.ended", "news", None, None, READER, "closed")]),
        (join, sign_up, []),
        (join, leave, [of_ada("subscription.ended", "one-click")]),
        (join, pause, [of_ada("subscription.paused", "web")]),
        (join, remove, [of_ada("subscription.ended", "operator")]),
        (
            join,
            suspend,
            [
                of_ada("subscription.suspended", "bounces"),
                of_ada("subscriber.suppressed", "hard-bounce", list_name=None),
            ],
        ),
        (paused, end_pause, [of_ada("subscription.resumed", "pause-over")]),
        (paused, resume, [of_ada("subscription.resumed", "web")]),
        (left, undo, [of_ada("subscription.started", "undone")]),
        (left, sign_up, [of_ada("subscription.requested", "web")]),
        (join, bar, [of_ada("subscriber.suppressed", "operator", list_name=None)]),
        (
            join,
            bar_and_lift,
            [
                of_ada("subscriber.suppressed", "operator", list_name=None),
                of_ada("subscriber.unsuppressed", "", list_name=None),
            ],
        ),
        (
            join,
            erase,
            [
                ("subscription.ended", "news", None, None, READER, "erased"),
                ("subscriber.erased", None, None, None, READER, ""),
            ],
        ),
        (nothing, ONE, [of_ada("subscription.started", "import")]),
        (ONE, ONE, []),
        (ONE, NAMED, [of_ada("subscriber.changed", "import", list_name=None)]),
        (ONE, GONE, [of_ada("subscription.ended", "import")]),
        (ONE, BOUNCING, [of_ada("subscription.suspended", "import")]),
        (nothing, GONE, [of_ada("subscription.ended", "import")]),
        (nothing, BOUNCING, [of_ada("subscription.suspended", "import")]),
    ],
)
async def test_a_change_is_one_event(
    services: ServiceHarness, before: UseCase, use_case: UseCase, expected: list[Event]
) -> None:
    await before(services)
    after = await services.database.read(events.newest)
    with acted_by(READER):
        await use_case(services)
    assert expected == await journal(services, after)


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (program_by_api("crm"), "token:crm"),
        (person_on_page("ann"), "person:ann"),
        (Actor(who="root", way="shell", uid=0), "shell"),
        (Actor(who="root", way="start", uid=0), "shell"),
        (Actor(who="editor", way="mail"), "mail"),
        (audit.CLOCK, "clock"),
    ],
)
async def test_whoever_comes_in_by_the_door_of_actions_is_named(
    services: ServiceHarness, actor: Actor, name: str
) -> None:
    """By every way that the audit log knows, also where several share a transaction."""
    log = AuditLog(services.context)
    with acted_by(READER), log.acting(log.entry(actor, "subscriber.add")):
        await asyncio.gather(sign_up(services), services.subscribers.add("news", BOB))
    assert {name} == {event[4] for event in await journal(services)}


async def test_those_who_share_a_commit_act_for_themselves(services: ServiceHarness) -> None:
    """Readers and programs come at the same moment, and their requests become one transaction."""

    async def join_as(who: str, address: Address) -> None:
        with acted_by(who):
            await services.sign_ups.request(["news"], Applicant(address, WEB), network=None)

    await asyncio.gather(join_as(READER, ADA), join_as("token:site", BOB), join_as("token:crm", CYD))
    assert {(READER, "ada"), ("token:site", "bob"), ("token:crm", "cyd")} == {
        (event[4], str(event[2]).partition("@")[0]) for event in await journal(services)
    }


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_is_in_the_journal(services: ServiceHarness, seed: int) -> None:
    """Random requests: each subscription that stands otherwise afterwards has one event, which says so."""
    chance, before = random.Random(seed), dict[tuple[int, int], Standing]()
    choices = [
        ONE,
        NAMED,
        GONE,
        BOUNCING,
        sign_up,
        confirm_last,
        leave,
        pause,
        resume,
        end_pause,
        expire,
        suspend,
        remove,
        undo,
    ]
    choices += [bar, bar_and_lift, switch_address]
    for _ in range(40):
        after = await services.database.read(events.newest)
        use_case = chance.choice(choices)
        with suppress(PressrunError), acted_by(READER):
            await use_case(services)
        standings = await read_standings(services)
        changed = {key for key in {*before, *standings} if before.get(key) != standings.get(key)}
        rows = await select(
            services.database,
            "select subscriber_id, list_id, type from event where id > ? and type like 'subscription.%'",
            after,
        )
        assert sorted(changed) == sorted((row[0], row[1]) for row in rows), (use_case, changed, rows)
        types = {(row[0], row[1]): row[2] for row in rows}
        assert types == {key: of_subscription(before.get(key), standings.get(key)) for key in changed}
        before = standings


async def read_standings(services: ServiceHarness) -> dict[tuple[int, int], Standing]:
    """How each subscription stands."""
    rows = await select(services.database, "select subscriber_id, list_id, state, suspended_for from subscription")
    return {(row[0], row[1]): (SubscriptionState(row[2]), row[3]) for row in rows}


async def confirm_last(services: ServiceHarness) -> None:
    number = (await select(services.database, "select coalesce(max(id), 0) from confirmation"))[0][0]
    await services.confirmations.confirm(number, WEB)


async def switch_address(services: ServiceHarness) -> None:
    """Ada and Bob take turns with their addresses: where the other one is a reader, subscriptions move."""
    changes = AddressChanges(services.context)
    await changes.request(1, BOB, WEB)
    number = (await select(services.database, "select coalesce(max(id), 0) from address_change"))[0][0]
    await changes.confirm(number, WEB)
    await changes.undo(number, WEB)
