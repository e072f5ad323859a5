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
from tests.services.office import NOW, Office, open_office

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
UseCase = Callable[[Office], Awaitable[object]]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        await opened.make_list()
        yield opened


async def journal(office: Office, after: int = 0) -> list[Event]:
    """Type, list, address, edition, actor and how of the events after an id, in order."""
    newest = await office.database.read(events.newest)
    rows = await office.database.read(
        events.page, after=after, through=newest, limit=1000, types=(), lists=None, reader_lists=None
    )
    assert [row["id"] for row in rows] == list(range(after + 1, newest + 1))
    return [tuple(row[name] for name in ("type", "list", "email", "edition", "actor", "how")) for row in rows]


def of_ada(type_: str, how: str, *, list_name: str | None = "news", actor: str = READER) -> Event:
    return (type_, list_name, "ada@reader.example", None, actor, how)


async def sign_up(office: Office) -> None:
    await office.sign_ups.request(["news"], Applicant(ADA, WEB, name="Ada"), network=None)


async def join(office: Office) -> None:
    await sign_up(office)
    await office.confirmations.confirm(1, WEB)


async def leave(office: Office) -> None:
    await office.unsubscribes.unsubscribe(1, WEB, how="one-click")


async def pause(office: Office) -> None:
    await Preferences(office.context).pause_one(1, 30, WEB)


async def expire(office: Office) -> None:
    await office.database.write(forget_unconfirmed, os.urandom, NOW + 10**7)


async def end_pause(office: Office) -> None:
    await office.database.write(subscriptions.end_pauses, NOW + 10**7)


async def suspend(office: Office) -> None:
    await office.database.write(bounces.suspend, {1: 1}, suppressed=[1], now=NOW)


async def paused(office: Office) -> None:
    await join(office)
    await pause(office)


async def resume(office: Office) -> None:
    link = PreferenceLink(subscriber_id=1, epoch=0)
    await Preferences(office.context).resume(link, WEB)


async def left(office: Office) -> None:
    await join(office)
    await leave(office)
    await office.database.write(notify_unsubscribers, office.context)


async def undo(office: Office) -> None:
    await UndoUnsubscribe(office.context).undo(1, WEB)


async def remove(office: Office) -> None:
    await office.subscribers.remove("news", ADA)


async def erase(office: Office) -> None:
    await office.subscribers.erase(ADA)


async def close(office: Office) -> None:
    await office.lists.close_list("news")


async def bar(office: Office) -> None:
    await office.suppressions.add(ADA, "operator")


async def bar_and_lift(office: Office) -> None:
    await bar(office)
    await office.suppressions.remove(ADA)


async def nothing(_: Office) -> None:
    """Nothing comes before."""


def import_(*rows: ImportRow) -> UseCase:
    async def run(office: Office) -> None:
        await office.subscribers.import_batch("news", rows)

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
async def test_a_change_is_one_event(office: Office, before: UseCase, use_case: UseCase, expected: list[Event]) -> None:
    await before(office)
    after = await office.database.read(events.newest)
    with acted_by(READER):
        await use_case(office)
    assert expected == await journal(office, after)


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
async def test_whoever_comes_in_by_the_door_of_actions_is_named(office: Office, actor: Actor, name: str) -> None:
    """By every way that the audit log knows, also where several share a transaction."""
    log = AuditLog(office.context)
    with acted_by(READER), log.acting(log.entry(actor, "subscriber.add")):
        await asyncio.gather(sign_up(office), office.subscribers.add("news", BOB))
    assert {name} == {event[4] for event in await journal(office)}


async def test_those_who_share_a_commit_act_for_themselves(office: Office) -> None:
    """Readers and programs come at the same moment, and their requests become one transaction."""

    async def join_as(who: str, address: Address) -> None:
        with acted_by(who):
            await office.sign_ups.request(["news"], Applicant(address, WEB), network=None)

    await asyncio.gather(join_as(READER, ADA), join_as("token:site", BOB), join_as("token:crm", CYD))
    assert {(READER, "ada"), ("token:site", "bob"), ("token:crm", "cyd")} == {
        (event[4], str(event[2]).partition("@")[0]) for event in await journal(office)
    }


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_is_in_the_journal(office: Office, seed: int) -> None:
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
        after = await office.database.read(events.newest)
        use_case = chance.choice(choices)
        with suppress(PressrunError), acted_by(READER):
            await use_case(office)
        standings = await read_standings(office)
        changed = {key for key in {*before, *standings} if before.get(key) != standings.get(key)}
        rows = await select(
            office.database,
            "select subscriber_id, list_id, type from event where id > ? and type like 'subscription.%'",
            after,
        )
        assert sorted(changed) == sorted((row[0], row[1]) for row in rows), (use_case, changed, rows)
        types = {(row[0], row[1]): row[2] for row in rows}
        assert types == {key: of_subscription(before.get(key), standings.get(key)) for key in changed}
        before = standings


async def read_standings(office: Office) -> dict[tuple[int, int], Standing]:
    """How each subscription stands."""
    rows = await select(office.database, "select subscriber_id, list_id, state, suspended_for from subscription")
    return {(row[0], row[1]): (SubscriptionState(row[2]), row[3]) for row in rows}


async def confirm_last(office: Office) -> None:
    number = (await select(office.database, "select coalesce(max(id), 0) from confirmation"))[0][0]
    await office.confirmations.confirm(number, WEB)


async def switch_address(office: Office) -> None:
    """Ada and Bob take turns with their addresses: where the other one is a reader, subscriptions move."""
    changes = AddressChanges(office.context)
    await changes.request(1, BOB, WEB)
    number = (await select(office.database, "select coalesce(max(id), 0) from address_change"))[0][0]
    await changes.confirm(number, WEB)
    await changes.undo(number, WEB)
