"""Races over the copies of readers who change their language, their address or their mind during an edition."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.database import execute, select
from tests.editions.stored import due_at
from tests.races import Step
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import Address, parse_address
from pressrun.services.editions import audience, lifecycle
from pressrun.services.editions.advance import advance
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.store.queue import deliveries
from pressrun.store.transaction import Transaction

ADA, BOB, NEW = (parse_address(f"{name}@reader.example") for name in ("ada", "bob", "new"))
WEB = Origin(source="web", language="en")


# ---------------------------------------------------------------------- what comes before


async def a_family(services: ServiceHarness) -> None:
    """A newsletter in three languages with two readers, and a scheduled edition in the first one."""
    await services.make_list()
    await services.make_list("boletim", language="pt")
    await services.make_list("nouvelles", language="fr")
    await execute(services.database, "update list set family = 'f'")
    for address in (BOB, ADA):
        await services.subscribers.add("news", address)
    await services.make_edition()
    services.now += 1


async def two_languages(services: ServiceHarness) -> None:
    """Ada reads the first one, and Bob the second."""
    await a_family(services)
    await save(services, BOB, "boletim")


async def a_sent_edition(services: ServiceHarness) -> None:
    await a_family(services)
    await start(services)
    services.now += 1


async def a_slice(services: ServiceHarness) -> None:
    """Of an edition that has started; Ada's is still to come."""
    await a_family(services)
    await execute(services.database, "update subscription set since = since - 100")

    def begin(tx: Transaction) -> None:
        whole, audience.ROWS_AT_ONCE = audience.ROWS_AT_ONCE, 1  # type: ignore[attr-defined]
        try:
            lifecycle.start(tx, lifecycle.require_edition(tx, 1), NOW)
        finally:
            audience.ROWS_AT_ONCE = whole  # type: ignore[attr-defined]

    await services.database.write(begin)
    services.now += 1


async def paused(services: ServiceHarness, before: Step) -> None:
    await before(services)
    await pause(services)
    services.now += 1


async def left(services: ServiceHarness, before: Step) -> None:
    await before(services)
    await leave(services)
    services.now += 1


async def asked(services: ServiceHarness, before: Step) -> None:
    """Ada has asked for the address of somebody who reads another language."""
    await before(services)
    await services.subscribers.add("boletim", NEW)
    await AddressChanges(services.context).request(await number_of(services), NEW, WEB)


async def asked_twice(services: ServiceHarness, before: Step) -> None:
    """So has Bob."""
    await asked(services, before)
    [(bob,)] = await select(services.database, "select id from subscriber where address = 'bob@reader.example'")
    await AddressChanges(services.context).request(bob, NEW, WEB)


async def moved(services: ServiceHarness, before: Step) -> None:
    await asked(services, before)
    await confirm_change(services)
    services.now += 1


# ---------------------------------------------------------------------- steps


async def number_of(services: ServiceHarness, who: Address = ADA) -> int:
    rows = await select(services.database, "select id from subscriber where address = ?", who.typed)
    return int(rows[0][0]) if rows else 0


async def link(services: ServiceHarness, who: Address = ADA) -> PreferenceLink:
    number = await number_of(services, who)
    rows = await select(services.database, "select epoch from subscriber where id = ?", number)
    return PreferenceLink(subscriber_id=number, epoch=rows[0][0] if rows else 0)


async def save(services: ServiceHarness, who: Address, name: str) -> None:
    await Preferences(services.context).save(await link(services, who), PreferenceChanges(families={"f": name}), WEB)


async def choose(services: ServiceHarness, name: str, who: Address = ADA) -> object:
    """A link that the other step has ended does nothing, and says so."""
    await save(services, who, name)
    return None


async def pause(services: ServiceHarness) -> object:
    await Preferences(services.context).pause(await link(services), 3, WEB)
    return None


async def resume(services: ServiceHarness) -> object:
    await Preferences(services.context).resume(await link(services), WEB)
    return None


async def leave(services: ServiceHarness) -> object:
    [(number,)] = await select(
        services.database,
        "select min(subscription.id) from subscription join subscriber on subscriber.id = subscriber_id"
        " where address = 'ada@reader.example'",
    )
    return await services.unsubscribes.unsubscribe(number, WEB)


async def undo_leaving(services: ServiceHarness) -> object:
    return (await UndoUnsubscribe(services.context).undo(1, WEB))[0]


async def erase(services: ServiceHarness) -> object:
    return (await services.subscribers.erase(ADA)).erased


async def complain(services: ServiceHarness) -> object:
    return await services.suppressions.add(ADA, "complaint")


async def close(services: ServiceHarness, name: str) -> object:
    return await services.lists.close_list(name) is not None


async def confirm_change(services: ServiceHarness, number: int = 1) -> object:
    return (await AddressChanges(services.context).confirm(number, WEB))[0]


async def undo_change(services: ServiceHarness) -> object:
    return (await AddressChanges(services.context).undo(1, WEB))[0]


async def start(services: ServiceHarness) -> object:
    def count_changed(tx: Transaction) -> int:
        return len(advance(tx, due_at(NOW + 1))[0].changed)

    return await services.database.write(count_changed) >= 0


async def take_slice(services: ServiceHarness) -> object:
    return await services.database.record(lifecycle.continue_oldest, int(services.now))


async def cancel_edition(services: ServiceHarness) -> object:
    return await services.database.write(lifecycle.cancel, 1, int(services.now)) is not None


async def claim_copies(services: ServiceHarness) -> object:
    def work(tx: Transaction) -> int:
        edition = lifecycle.require_edition(tx, 1)
        if edition.state != "sending":
            return 0
        deliveries.claim_copies(tx, session=1, edition_id=1, destination="", now=int(services.now), limit=9)
        return 0  # however many: a copy that somebody else is about to change is left to the next claim

    return await services.database.write(work)


to_boletim, to_nouvelles = partial(choose, name="boletim"), partial(choose, name="nouvelles")

CROSSWISE: tuple[Step, Step, Step] = (two_languages, to_boletim, partial(choose, name="news", who=BOB))
"""Each of two readers changes to the language of the other one."""

COPY_RACES: Mapping[str, tuple[Step, Step, Step]] = {
    "two languages": (a_sent_edition, to_boletim, to_nouvelles),
    "two languages before a slice": (a_slice, to_boletim, to_nouvelles),
    "a language and leave": (a_sent_edition, to_boletim, leave),
    "a language and leave before a slice": (a_slice, to_boletim, leave),
    "a language and a claim": (a_sent_edition, to_boletim, claim_copies),
    "a language and a start": (a_family, to_boletim, start),
    "a language and a slice": (a_slice, to_boletim, take_slice),
    "a language and a pause": (a_sent_edition, to_boletim, pause),
    "a language and the end of a pause": (partial(paused, before=a_sent_edition), to_boletim, resume),
    "a language and the end of an edition": (a_sent_edition, to_boletim, cancel_edition),
    "a language and the end of a list": (a_sent_edition, to_boletim, partial(close, name="boletim")),
    "a language and the end of its own list": (a_sent_edition, to_boletim, partial(close, name="news")),
    "a language and an erasure": (a_sent_edition, to_boletim, erase),
    "a language and a complaint": (a_sent_edition, to_boletim, complain),
    "a language and a move": (partial(asked, before=a_sent_edition), to_boletim, confirm_change),
    "a move and a claim": (partial(asked, before=a_sent_edition), confirm_change, claim_copies),
    "a move and a start": (partial(asked, before=a_family), confirm_change, start),
    "a move and a slice": (partial(asked, before=a_slice), confirm_change, take_slice),
    "a move and a pause": (partial(asked, before=a_sent_edition), confirm_change, pause),
    "a move and the end of an edition": (partial(asked, before=a_sent_edition), confirm_change, cancel_edition),
    "two moves to one reader": (
        partial(asked_twice, before=a_sent_edition),
        confirm_change,
        partial(confirm_change, number=2),
    ),
    "a move that is undone and a claim": (partial(moved, before=a_sent_edition), undo_change, claim_copies),
    "a move that is undone and a slice": (partial(moved, before=a_slice), undo_change, take_slice),
    "a move that is undone and the end of an edition": (
        partial(moved, before=a_sent_edition),
        undo_change,
        cancel_edition,
    ),
    "the end of a pause and a claim": (partial(paused, before=a_sent_edition), resume, claim_copies),
    "the end of a pause and a slice": (partial(paused, before=a_slice), resume, take_slice),
    "the end of a pause and of an edition": (partial(paused, before=a_sent_edition), resume, cancel_edition),
    "the end of a pause and leave": (partial(paused, before=a_sent_edition), resume, leave),
    "undo and claim": (partial(left, before=a_sent_edition), undo_leaving, claim_copies),
    "undo and the end of an edition": (partial(left, before=a_sent_edition), undo_leaving, cancel_edition),
    "pause and a slice": (a_slice, pause, take_slice),
    "leave and a slice": (a_slice, leave, take_slice),
}
"""What comes before, and the two that meet."""
