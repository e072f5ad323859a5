"""Races of the queue: mail that comes in, what a dispatcher takes over, and what it does about bad results.

The steps for tests/services/test_races.py, over the same services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace
from tests.database import begin_session, execute, select
from tests.races import Step
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.site import Site
from pressrun.delivery.queue.recovery import Journaled, recover
from pressrun.services.bounces.auto_pause import LEAST_OUTCOMES, AutoPause
from pressrun.services.bounces.operator_alerts import alert_of_policy
from pressrun.services.editions import lifecycle
from pressrun.store.queue import deliveries, inbound
from pressrun.store.queue.deliveries import DeliveryResult
from pressrun.store.queue.inbound import InboundState, NewInbound
from pressrun.store.queue.journal import Claim, JournalEntry
from pressrun.store.readers import bounces
from pressrun.store.transaction import Transaction

CONTENT = b"Subject: Boats\r\n\r\nHello\r\n"
SITE = Site(base_url="https://n.example", mail_domain="lists.example", operator="ops@example.test")


# ---------------------------------------------------------------------- what comes before


async def nothing(_: ServiceHarness) -> None:
    """Nothing has to come before."""


async def a_mail(services: ServiceHarness) -> None:
    await take_mail(services)


async def a_claimed_edition(services: ServiceHarness) -> None:
    """Two copies that a session had claimed which is gone; a relay has taken one of them."""
    await services.make_list()
    for name in ("ada", "bob"):
        await services.subscribers.add("news", parse_address(f"{name}@reader.example"))
    number = await services.make_edition()
    session = await begin_session(services.database)

    def claim(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, number), NOW)
        deliveries.claim_copies(tx, session=session, edition_id=number, destination="", now=NOW, limit=9)

    await services.database.write(claim)


async def an_orphaned_edition(services: ServiceHarness) -> None:
    await a_claimed_edition(services)
    await execute(services.database, "update session set state = 'gone'")


# ---------------------------------------------------------------------- steps


async def take_mail(services: ServiceHarness, digest: bytes = b"a") -> object:
    """One recipient of a mail; another digest is another recipient of the same content."""
    row = NewInbound(digest=digest, mail_from="a@x.example", recipient="news@lists.example", peer="", utf8=False)
    return await services.database.write(inbound.store_mail, [row], CONTENT, int(services.now))


async def settle_mail(services: ServiceHarness) -> object:
    """What is processed leaves nothing behind but its digest."""

    def settle(tx: Transaction) -> bool:
        if not inbound.claim_mail(tx, 1, NOW):
            return False
        inbound.record_mail_result(tx, 1, InboundState.DONE, "command")
        return True

    return await services.database.write(settle)


async def take_over(services: ServiceHarness) -> object:
    """What a start does: record what a relay has, and queue the rest."""
    rows = await select(
        services.database, "select id, attempts, first_attempt_at, claimed_by from delivery order by id"
    )
    claims = [Claim(*row) for row in rows[:1] if row[3] is not None]
    entries = {claim: JournalEntry(claim, "primary", 250, "") for claim in claims}
    await recover(services.database, 77, Journaled(entries=entries), services.now)
    return None


async def record(services: ServiceHarness) -> object:
    """The one who had claimed the copies says what became of them."""
    copies = await select(services.database, "select id from delivery order by id")
    sessions_ = await select(services.database, "select min(id) from session")
    results = [
        DeliveryResult(id=number, state=DeliveryState.DELIVERED, due_at=NOW, relay="primary", code=250, edition_id=1)
        for (number,) in copies
    ]
    await services.database.record(deliveries.record_results, sessions_[0][0], results, NOW)
    return None


async def auto_pause(services: ServiceHarness) -> object:
    """A relay refuses the message itself for every reader."""
    auto_pause = AutoPause(replace(services.context, site=SITE, clock=lambda: NOW))
    results = [
        DeliveryResult(
            id=number,
            state=DeliveryState.FAILED,
            due_at=NOW,
            relay="primary",
            kind=FailureKind.HARD,
            bounce=BounceClass.MESSAGE,
            edition_id=1,
        )
        for number in range(1, LEAST_OUTCOMES + 1)
    ]
    return len(await services.database.record(auto_pause.after_results, results, NOW))


async def alert(services: ServiceHarness) -> object:
    """A provider refuses two copies for policy."""

    def tell(tx: Transaction, copies: Sequence[int]) -> list[str]:
        refused = [(copy, "550 no") for copy in bounces.find_failed_copies(tx, copies)]
        return alert_of_policy(tx, refused, NOW, replace(services.context, site=SITE))

    numbers = [number for (number,) in await select(services.database, "select id from delivery order by id")]
    return await services.database.record(tell, numbers)


async def on_edition(services: ServiceHarness, button: str) -> object:
    change = getattr(lifecycle, button)
    values = () if button == "pause" else (NOW,)
    return (await services.database.write(change, 1, *values)) is not None


QUEUE_RACES: Mapping[str, tuple[Step, Step, Step]] = {
    "one mail twice": (nothing, take_mail, take_mail),
    "two mails of one content": (nothing, take_mail, partial(take_mail, digest=b"b")),
    "take a mail and settle another of its content": (a_mail, partial(take_mail, digest=b"b"), settle_mail),
    "settle a mail twice": (a_mail, settle_mail, settle_mail),
    "take over twice": (an_orphaned_edition, take_over, take_over),
    "take over and record": (an_orphaned_edition, take_over, record),
    "take over from the living": (a_claimed_edition, take_over, record),
    "pause automatically twice": (a_claimed_edition, auto_pause, auto_pause),
    "pause automatically and pause an edition": (a_claimed_edition, auto_pause, partial(on_edition, button="pause")),
    "pause automatically and cancel an edition": (a_claimed_edition, auto_pause, partial(on_edition, button="cancel")),
    "alert twice": (a_claimed_edition, alert, alert),
}
"""What comes before, and the two that meet."""
