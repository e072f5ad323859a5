"""Races over the copies of readers who change their language, their address or their mind during an edition."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.database import execute, select
from tests.races import Step
from tests.services.office import NOW, Office

from pressrun.core.addresses.address import Address, parse_address
from pressrun.services.editions import audience, lifecycle
from pressrun.services.editions.advance import AdvanceRequest, advance
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


async def a_family(office: Office) -> None:
    """A newsletter in three languages with two readers, and a scheduled edition in the first one."""
    await office.make_list()
    await office.make_list("boletim", language="pt")
    await office.make_list("nouvelles", language="fr")
    await execute(office.database, "update list set family = 'f'")
    for address in (BOB, ADA):
        await office.subscribers.add("news", address)
    await office.make_edition()
    office.now += 1


async def two_languages(office: Office) -> None:
    """Ada reads the first one, and Bob the second."""
    await a_family(office)
    await save(office, BOB, "boletim")


async def a_sent_edition(office: Office) -> None:
    await a_family(office)
    await start(office)
    office.now += 1


async def a_slice(office: Office) -> None:
    """Of an edition that has started; Ada's is still to come."""
    await a_family(office)
    await execute(office.database, "update subscription set since = since - 100")

    def begin(tx: Transaction) -> None:
        whole, audience.ROWS_AT_ONCE = audience.ROWS_AT_ONCE, 1  # type: ignore[attr-defined]
        try:
            lifecycle.start(tx, lifecycle.require_edition(tx, 1), NOW)
        finally:
            audience.ROWS_AT_ONCE = whole  # type: ignore[attr-defined]

    await office.database.write(begin)
    office.now += 1


async def paused(office: Office, before: Step) -> None:
    await before(office)
    await pause(office)
    office.now += 1


async def left(office: Office, before: Step) -> None:
    await before(office)
    await leave(office)
    office.now += 1


async def asked(office: Office, before: Step) -> None:
    """Ada has asked for the address of somebody who reads another language."""
    await before(office)
    await office.subscribers.add("boletim", NEW)
    await AddressChanges(office.context).request(await number_of(office), NEW, WEB)


async def asked_twice(office: Office, before: Step) -> None:
    """So has Bob."""
    await asked(office, before)
    [(bob,)] = await select(office.database, "select id from subscriber where address = 'bob@reader.example'")
    await AddressChanges(office.context).request(bob, NEW, WEB)


async def moved(office: Office, before: Step) -> None:
    await asked(office, before)
    await confirm_change(office)
    office.now += 1


# ---------------------------------------------------------------------- steps


async def number_of(office: Office, who: Address = ADA) -> int:
    rows = await select(office.database, "select id from subscriber where address = ?", who.typed)
    return int(rows[0][0]) if rows else 0


async def link(office: Office, who: Address = ADA) -> PreferenceLink:
    number = await number_of(office, who)
    rows = await select(office.database, "select epoch from subscriber where id = ?", number)
    return PreferenceLink(subscriber_id=number, epoch=rows[0][0] if rows else 0)


async def save(office: Office, who: Address, name: str) -> None:
    await Preferences(office.context).save(await link(office, who), PreferenceChanges(families={"f": name}), WEB)


async def choose(office: Office, name: str, who: Address = ADA) -> object:
    """A link that the other step has ended does nothing, and says so."""
    await save(office, who, name)
    return None


async def pause(office: Office) -> object:
    await Preferences(office.context).pause(await link(office), 3, WEB)
    return None


async def resume(office: Office) -> object:
    await Preferences(office.context).resume(await link(office), WEB)
    return None


async def leave(office: Office) -> object:
    [(number,)] = await select(
        office.database,
        "select min(subscription.id) from subscription join subscriber on subscriber.id = subscriber_id"
        " where address = 'ada@reader.example'",
    )
    return await office.unsubscribes.unsubscribe(number, WEB)


async def undo_leaving(office: Office) -> object:
    return (await UndoUnsubscribe(office.context).undo(1, WEB))[0]


async def erase(office: Office) -> object:
    return (await office.subscribers.erase(ADA)).erased


async def complain(office: Office) -> object:
    return await office.suppressions.add(ADA, "complaint")


async def close(office: Office, name: str) -> object:
    return await office.lists.close_list(name) is not None


async def confirm_change(office: Office, number: int = 1) -> object:
    return (await AddressChanges(office.context).confirm(number, WEB))[0]


async def undo_change(office: Office) -> object:
    return (await AddressChanges(office.context).undo(1, WEB))[0]


async def start(office: Office) -> object:
    def count_changed(tx: Transaction) -> int:
        request = AdvanceRequest(
            now=NOW + 1,
            idle=(),
            relays=("primary",),
            late_grace_seconds=900.0,
            careful=False,
            on_paused=lambda *_: None,
        )
        return len(advance(tx, request)[0].changed)

    return await office.database.write(count_changed) >= 0


async def take_slice(office: Office) -> object:
    return await office.database.record(lifecycle.continue_oldest, int(office.now))


async def cancel_edition(office: Office) -> object:
    return await office.database.write(lifecycle.cancel, 1, int(office.now)) is not None


async def claim_copies(office: Office) -> object:
    def work(tx: Transaction) -> int:
        edition = lifecycle.require_edition(tx, 1)
        if edition.state != "sending":
            return 0
        deliveries.claim_copies(tx, session=1, edition_id=1, destination="", now=int(office.now), limit=9)
        return 0  # however many: a copy that somebody else is about to change is left to the next claim

    return await office.database.write(work)


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
