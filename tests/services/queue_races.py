"""Races of the queue: mail that comes in, what a dispatcher takes over, and what it does about bad results.

The steps for tests/services/test_races.py, over the same office.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace
from tests.database import begin_session, execute, select
from tests.races import Step
from tests.services.office import NOW, Office

from pressrun.core.addresses.address import parse_address
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.site import Site
from pressrun.delivery.queue.recovery import recover
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


async def nothing(_: Office) -> None:
    """Nothing has to come before."""


async def a_mail(office: Office) -> None:
    await take_mail(office)


async def a_claimed_edition(office: Office) -> None:
    """Two copies that a session had claimed which is gone; a relay has taken one of them."""
    await office.make_list()
    for name in ("ada", "bob"):
        await office.subscribers.add("news", parse_address(f"{name}@reader.example"))
    number = await office.make_edition()
    session = await begin_session(office.database)

    def claim(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, number), NOW)
        deliveries.claim_copies(tx, session=session, edition_id=number, destination="", now=NOW, limit=9)

    await office.database.write(claim)


async def an_orphaned_edition(office: Office) -> None:
    await a_claimed_edition(office)
    await execute(office.database, "update session set state = 'gone'")


# ---------------------------------------------------------------------- steps


async def take_mail(office: Office, digest: bytes = b"a") -> object:
    """One recipient of a mail; another digest is another recipient of the same content."""
    row = NewInbound(digest=digest, mail_from="a@x.example", recipient="news@lists.example", peer="", utf8=False)
    return await office.database.write(inbound.store_mail, [row], CONTENT, int(office.now))


async def settle_mail(office: Office) -> object:
    """What is processed leaves nothing behind but its digest."""

    def settle(tx: Transaction) -> bool:
        if not inbound.claim_mail(tx, 1, NOW):
            return False
        inbound.record_mail_result(tx, 1, InboundState.DONE, "command")
        return True

    return await office.database.write(settle)


async def take_over(office: Office) -> object:
    """What a start does: record what a relay has, and queue the rest."""
    rows = await select(office.database, "select id, attempts, first_attempt_at, claimed_by from delivery order by id")
    entries = [JournalEntry(Claim(*row), "primary", 250, "") for row in rows[:1] if row[3] is not None]
    await recover(office.database, 77, entries, office.now)
    return None


async def record(office: Office) -> object:
    """The one who had claimed the copies says what became of them."""
    copies = await select(office.database, "select id from delivery order by id")
    sessions_ = await select(office.database, "select min(id) from session")
    results = [
        DeliveryResult(id=number, state=DeliveryState.DELIVERED, due_at=NOW, relay="primary", code=250, edition_id=1)
        for (number,) in copies
    ]
    await office.database.record(deliveries.record_results, sessions_[0][0], results, NOW)
    return None


async def auto_pause(office: Office) -> object:
    """A relay refuses the message itself for every reader."""
    auto_pause = AutoPause(replace(office.context, site=SITE, clock=lambda: NOW))
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
    return len(await office.database.record(auto_pause.after_results, results, NOW))


async def alert(office: Office) -> object:
    """A provider refuses two copies for policy."""

    def tell(tx: Transaction, copies: Sequence[int]) -> list[str]:
        refused = [(copy, "550 no") for copy in bounces.find_failed_copies(tx, copies)]
        return alert_of_policy(tx, refused, NOW, replace(office.context, site=SITE))

    numbers = [number for (number,) in await select(office.database, "select id from delivery order by id")]
    return await office.database.record(tell, numbers)


async def on_edition(office: Office, button: str) -> object:
    change = getattr(lifecycle, button)
    values = () if button == "pause" else (NOW,)
    return (await office.database.write(change, 1, *values)) is not None


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
