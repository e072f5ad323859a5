"""How many statements a use case takes: each is a round trip where the database is on another machine.

A ceiling may fall, and rises only with a reason. Reads and writes count alike, and so does what runs right before the
commit. What PostgreSQL needs to lock the windows of limits comes on top.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.database import CountingDatabase
from tests.services.harness import NOW, ServiceHarness, open_services
from tests.settings import change

from pressrun.core.access.rights import ReaderAccess, Role, TokenScope
from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.site import Site
from pressrun.services.bounces.bounce_handler import BounceHandler
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.sessions import Entrant, Sessions
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.members.member_changes import Confirm, MemberChanges
from pressrun.services.members.member_puts import MemberPuts, PutRequest
from pressrun.services.members.neighbours import BATCH
from pressrun.services.people.people_admin import Grant
from pressrun.services.people.tokens import PREFIX, TokenMaker, TokenRequest, Tokens
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.edition_descriptions import list_editions
from pressrun.services.settings import DeliverySettings
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.people import people
from pressrun.store.people.log_ins import Method
from pressrun.store.queue import audiences, deliveries
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.readers import subscriptions
from pressrun.store.transaction import Transaction

UseCase = Callable[[ServiceHarness], Awaitable[object]]

ADA, BOB = parse_address("ada@reader.example"), parse_address("bob@reader.example")
SITE = Site(base_url="https://n.example", mail_domain="lists.example", operator="ops@example.test")
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe")


def web_requests_of(services: ServiceHarness) -> WebRequests:
    context = services.context
    return WebRequests(context, sign_ups=services.sign_ups)


async def nothing(_: ServiceHarness) -> None:
    """Nothing has to come before."""


async def sign_up(services: ServiceHarness) -> None:
    await services.sign_ups.request(["news"], Applicant(ADA, WEB, name="Ada"), network="192.0.2.7")


async def confirm(services: ServiceHarness) -> None:
    await services.confirmations.confirm(2, WEB)  # Bob has the first


TOKEN_OF_ZEROS = PREFIX + "A" * 43  # made of zeros


async def make_token(services: ServiceHarness) -> None:
    """One that was used today."""
    services.tokens = Tokens(replace(services.context, entropy=bytes))
    await services.people.add("ann", None)
    await services.people.grant("ann", Grant(list="news", role=Role.EDITOR))
    ann = await services.database.read(people.find_by_name, "ann")
    assert ann is not None
    request = TokenRequest(name="site", lists=("news",), scope=TokenScope.DRAFT)
    await services.tokens.create(request, TokenMaker(person_id=ann.id))
    await show_token(services)


async def show_token(services: ServiceHarness) -> None:
    assert await services.tokens.recognise(TOKEN_OF_ZEROS, None) is not None


def sessions_of(services: ServiceHarness) -> Sessions:
    return Sessions(replace(services.context, entropy=bytes))


async def log_in(services: ServiceHarness) -> None:
    def begin(tx: Transaction) -> None:
        person_id = people.insert_person(tx, "ann", ADA, NOW, may_log_in=True)
        people.put_permission(tx, 1, person_id, Role.EDITOR, ReaderAccess.NONE)
        visitor = Visitor(client=None, network="unknown", agent="")
        sessions_of(services).begin(tx, Entrant(person_id, "ann", 0), Method.PASSKEY, visitor)

    await services.database.write(begin)


async def find_who_is_logged_in(services: ServiceHarness) -> None:
    assert await sessions_of(services).find(bytes(32).hex()) is not None


async def leave(services: ServiceHarness) -> None:
    await services.unsubscribes.unsubscribe(2, WEB)


async def sign_up_on_the_web(services: ServiceHarness) -> None:
    await web_requests_of(services).sign_up(["news"], Applicant(ADA, WEB, name="Ada"), network="192.0.2.7", form=7)


async def carry_out(services: ServiceHarness) -> None:
    await web_requests_of(services).carry_out()


def import_rows(*, state: str = "", asks: bool = False, odd: str = "") -> UseCase:
    """As many rows as an import has in a transaction, in one state, every odd one of them in another one."""

    async def run(services: ServiceHarness) -> None:
        rows = [
            ImportRow(line=number, email=f"r{number}@reader.example", name=odd, state=odd if number % 2 else state)
            for number in range(BATCH)
        ]
        await services.subscribers.import_batch("news", rows, asks=asks)

    return run


def put_members(name: str) -> UseCase:
    """32 requests of a program that come together."""

    async def run(services: ServiceHarness) -> None:
        puts, origin = MemberPuts(services.context, services.sign_ups.abuse_limits), Origin(source="api:crm")
        wanted = [
            PutRequest(
                list_name="news",
                address=parse_address(f"r{number}@reader.example"),
                changes=MemberChanges(name=name),
                confirm=Confirm.VOUCH,
                origin=origin,
            )
            for number in range(32)
        ]
        await services.database.write(puts.put, wanted)

    return run


async def sync_rows(services: ServiceHarness) -> None:
    rows = [ImportRow(line=number, email=f"r{number}@reader.example") for number in range(1000)]
    await services.subscribers.import_batch("news", rows, source="sync")


async def remove_synced(services: ServiceHarness) -> None:
    await services.subscribers.remove_synced("news", [f"r{number}@reader.example" for number in range(1000)])


async def suppress_rows(services: ServiceHarness) -> None:
    rows = [SuppressionRow(line=number, address=f"r{number}@reader.example") for number in range(1000)]
    await services.suppressions.import_batch(rows)


async def queue_copies_to_all(services: ServiceHarness) -> int:
    """An edition whose copies all wait, as far as readers may be mailed; returns its id."""
    edition = await services.make_edition(state=EditionState.SENDING)
    await services.database.write(
        lambda tx: audiences.queue_audience(
            tx, edition_id=edition, list_id=1, members=(0, 1 << 40), started_at=NOW, now=NOW
        )
    )
    return edition


async def queue_copies(services: ServiceHarness) -> None:
    """An edition whose copies are all claimed, as far as readers may be mailed."""
    edition = await queue_copies_to_all(services)
    await services.database.write(
        deliveries.claim_copies, session=1, edition_id=edition, destination="", now=NOW, limit=1000
    )


async def make_five_editions(services: ServiceHarness) -> None:
    for _ in range(5):
        await services.make_edition()


async def list_all_editions(services: ServiceHarness) -> None:
    assert len(await services.database.read(list_editions, "news", NOW)) == 5


def refuse(*kinds: BounceClass) -> UseCase:
    """100 copies are refused: two statements record that, the others draw the consequences."""

    async def run(services: ServiceHarness) -> None:
        change(services.settings, delivery=DeliverySettings(pause_at_hard=1.0))
        handler = BounceHandler(replace(services.context, site=SITE))
        results = [
            DeliveryResult(
                id=number,
                state=DeliveryState.FAILED,
                due_at=NOW,
                relay="primary",
                code=550,
                kind=kinds[number % len(kinds)].kind,
                bounce=kinds[number % len(kinds)],
                edition_id=1,
            )
            for number in range(2, 102)  # the first is the mail to Bob
        ]
        await services.database.record(lambda tx: deliveries.record_results(tx, 1, results, NOW))
        consequences = await services.database.record(lambda tx: handler.draw_consequences(tx, results, NOW))
        assert (len(consequences.suspended), len(consequences.alerted)) == (
            sum(result.bounce is BounceClass.GONE for result in results),
            int(BounceClass.POLICY in kinds),
        )

    return run


async def end_all_pauses(services: ServiceHarness) -> None:
    await services.database.write(subscriptions.end_pauses, NOW)


async def expire(services: ServiceHarness) -> None:
    await services.database.write(forget_unconfirmed, os.urandom, NOW + 365 * 86400)


def after(*steps: UseCase) -> UseCase:
    async def run(services: ServiceHarness) -> None:
        for step in steps:
            await step(services)

    return run


# What comes before, what is counted, and its ceiling. A transaction that moves states takes two for the journal of
# events: their ids, in the order of the commits, and the events; which readers it was takes one more where copies fail.
CEILINGS: dict[str, tuple[UseCase, UseCase, int]] = {
    "who is logged in": (log_in, find_who_is_logged_in, 3),
    "a stranger signs up": (nothing, sign_up, 15),
    "somebody signs up again": (sign_up, sign_up, 14),
    "a member signs up": (after(sign_up, confirm), sign_up, 12),
    "a former member signs up": (after(sign_up, confirm, leave), sign_up, 16),
    "a reader confirms": (sign_up, confirm, 10),
    "a reader confirms again": (after(sign_up, confirm), confirm, 3),
    # One is for editions whose audience is being taken: who leaves belongs to it.
    "a reader leaves": (after(sign_up, confirm), leave, 10),
    "a form of ours is sent": (nothing, sign_up_on_the_web, 4),
    "a sign-up on the web is carried out": (sign_up_on_the_web, carry_out, 19),
    "a reader is told that they left": (after(sign_up, confirm, leave), carry_out, 9),
    "a program shows the token of somebody for a list": (make_token, show_token, 4),
    "32 members are put by a program": (nothing, put_members("Ada"), 12),
    "32 members are put again": (put_members("Ada"), put_members("Ada"), 4),
    "32 members are put with another name": (put_members("Ada"), put_members("Bob"), 7),
    # As many as a transaction of an import has. SQLite stores them 625 at a time, and each time counts. The most that
    # any import takes, 27, is 11 for each 1,000 rows.
    "2,500 new rows are imported": (nothing, import_rows(), 24),
    "2,500 rows are imported again": (import_rows(), import_rows(), 3),
    "2,500 rows are imported and asked": (nothing, import_rows(asks=True), 27),
    "2,500 rows change what is known": (import_rows(), import_rows(state="suspended", odd="unsubscribed"), 22),
    "2,500 rows in all states are imported": (import_rows(), import_rows(state="pending", odd="unsubscribed"), 17),
    "1,000 members are removed by a sync": (sync_rows, remove_synced, 13),
    "1,000 removed members come back by a sync": (after(sync_rows, remove_synced), sync_rows, 10),
    "1,000 of 2,500 readers with copies are suppressed": (after(import_rows(), queue_copies_to_all), suppress_rows, 10),
    "1,000 addresses are suppressed again": (suppress_rows, suppress_rows, 1),
    "2,500 requests expire": (import_rows(asks=True), expire, 13),
    "five editions are listed": (make_five_editions, list_all_editions, 4),
    "pauses end": (import_rows(state="suspended"), end_all_pauses, 1),
    "100 readers are refused for good": (after(import_rows(), queue_copies), refuse(BounceClass.GONE), 15),
    "100 copies are refused for policy": (after(import_rows(), queue_copies), refuse(BounceClass.POLICY), 13),
    "100 copies are refused for both": (
        after(import_rows(), queue_copies),
        refuse(BounceClass.GONE, BounceClass.POLICY),
        20,
    ),
}


assert BATCH == 2500  # which the names say

JOURNAL = {"events.draw_ids", "events.append"}


@pytest.mark.parametrize("name", CEILINGS)
async def test_a_use_case_takes_no_more_statements_than_its_ceiling(name: str, tmp_path: Path) -> None:
    before, run, ceiling = CEILINGS[name]
    async with open_services(tmp_path, kind=CountingDatabase) as services:
        await services.make_list()
        await after(sign_up_of_bob, before)(services)  # the first of an hour takes one more
        assert isinstance(services.database, CountingDatabase)
        services.database.statements.clear()
        await run(services)
        statements = [name for name in services.database.statements if name != "limits.lock"]
        assert 0 < len(statements) <= ceiling, statements


@pytest.mark.parametrize("kind", [BounceClass.GONE, BounceClass.POLICY])
async def test_what_follows_from_a_batch_of_refusals_takes_eight_statements(kind: BounceClass, tmp_path: Path) -> None:
    """Readers are judged and suspended, or the operator is alerted, and the edition is checked, for any number of them.

    What is not counted belongs to every transaction that records results: three for these, two for its events.
    """
    async with open_services(tmp_path, kind=CountingDatabase) as services:
        await services.make_list()
        await after(sign_up_of_bob, import_rows(), queue_copies)(services)
        assert isinstance(services.database, CountingDatabase)
        services.database.statements.clear()
        await refuse(kind)(services)
        statements = services.database.statements
        counted = [name for name in statements[statements.index("bounces.failed_copies") :] if name not in JOURNAL]
        assert len([name for name in counted if name != "limits.lock"]) <= 8, counted


async def sign_up_of_bob(services: ServiceHarness) -> None:
    await services.sign_ups.request(["news"], Applicant(BOB, WEB), network=None)
