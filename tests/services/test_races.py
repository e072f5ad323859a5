"""Every two decisions that could meet over one row, on two connections to PostgreSQL, stopped at every statement.

SQLite lets one transaction write at a time, so there nothing can come in between (tests/services/test_at_once.py has
what lies in several transactions).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg.errors import DeadlockDetected
from tests.database import select
from tests.editions.inline_builder import builder_at, preparer_of
from tests.editions.stored import due_at
from tests.races import Race, Step, run_race
from tests.services.copy_races import COPY_RACES, CROSSWISE
from tests.services.harness import NOW, ServiceHarness
from tests.services.list_races import LIST_RACES
from tests.services.people_races import PEOPLE_RACES
from tests.services.queue_races import QUEUE_RACES
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused, no_such_list
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import digests_of
from pressrun.core.site import Site
from pressrun.services.editions import lifecycle
from pressrun.services.editions.advance import advance
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.suspension import probe_suspended, suspend_bouncing
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.settings import BounceSettings
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.postgresql import connection
from pressrun.store.postgresql.statements import reading_statements
from pressrun.store.queue import deliveries, retries
from pressrun.store.queue.retries import FailedPlace
from pressrun.store.readers import subscriptions
from pressrun.store.readers.held_sign_ups import HeldSelection
from pressrun.store.transaction import Transaction

ADA, BOB, NEW = (parse_address(f"{name}@reader.example") for name in ("ada", "bob", "new"))
WEB = Origin(source="web", language="en")
D = 86400
BOUNCES = BounceSettings()


async def number_in(services: ServiceHarness, sql: str) -> int:
    """The number that a query finds; 0 where there is none."""
    rows = await select(services.database, sql)
    return int(rows[0][0] or 0) if rows else 0


# ---------------------------------------------------------------------- what comes before


async def a_list(services: ServiceHarness) -> None:
    await services.make_list()


async def a_reader(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ADA)


async def a_request(services: ServiceHarness) -> None:
    """A stranger has asked and was mailed."""
    await services.make_list()
    await services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)


async def an_expired_request(services: ServiceHarness) -> None:
    await a_request(services)
    services.now += 400 * D


async def a_former_reader(services: ServiceHarness) -> None:
    await a_reader(services)
    await leave(services)


async def a_former_reader_who_asks(services: ServiceHarness) -> None:
    await a_former_reader(services)
    await services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)


async def a_paused_reader(services: ServiceHarness) -> None:
    await a_reader(services)
    await pause(services)
    services.now += 40 * D


async def a_scheduled_edition(services: ServiceHarness) -> None:
    await a_reader(services)
    await services.subscribers.add("news", BOB)
    await services.make_edition()


async def a_sending_edition(services: ServiceHarness) -> None:
    await a_scheduled_edition(services)
    await start(services)


async def a_finished_edition(services: ServiceHarness) -> None:
    """Of its two copies one has failed."""
    await a_sending_edition(services)
    await services.database.write(_fail_one)


def _fail_one(tx: Transaction) -> None:
    edition = _edition(tx)
    driver = tx._connection
    driver.execute("update delivery set state = 'failed', kind = 'soft' where id = (select min(id) from delivery)")
    driver.execute("update delivery set state = 'delivered' where state = 'queued'")
    lifecycle.finish_if_done(tx, edition, NOW)


async def bounced_copies(services: ServiceHarness) -> None:
    """One bounce more and Ada is suspended."""
    await a_reader(services)
    for _ in range(BOUNCES.soft_limit):
        edition = await services.make_edition()
        await services.database.write(_bounce, edition)


def _bounce(tx: Transaction, edition: int) -> None:
    lifecycle.start(tx, lifecycle.require_edition(tx, edition), NOW)
    tx._connection.execute(
        "update delivery set state = 'failed', kind = 'soft', bounce = 'full', first_attempt_at = 1, recorded_at = 1"
    )


async def a_suspended_reader(services: ServiceHarness) -> None:
    await bounced_copies(services)
    await bounce(services)
    services.now += 30 * D


async def a_change_of_address(services: ServiceHarness) -> None:
    await a_reader(services)
    await AddressChanges(services.context).request(await number_in(services, "select id from subscriber"), NEW, WEB)


async def a_change_to_a_reader(services: ServiceHarness) -> None:
    await a_change_of_address(services)
    await services.make_list("other")
    await services.subscribers.add("other", NEW)


async def held_sign_ups(services: ServiceHarness) -> None:
    await services.make_list()
    change(
        services.context.settings,
        limits=LimitSettings(hold_sign_ups_above=2, hold_sign_ups_floor=1, confirmations_per_address=Rate(100, 3600.0)),
    )
    for address in (BOB, ADA, NEW):
        await services.sign_ups.request(["news"], Applicant(address, WEB), network=None)


async def web_requests(services: ServiceHarness) -> None:
    await services.make_list()
    for address in (ADA, BOB):
        await requests_of(services).sign_up(["news"], Applicant(address, WEB), network=None)


async def a_closed_list(services: ServiceHarness) -> None:
    await a_reader(services)
    await services.lists.close_list("news")


# ---------------------------------------------------------------------- steps


async def leave(services: ServiceHarness) -> object:
    return await services.unsubscribes.unsubscribe(await number_in(services, "select min(id) from subscription"), WEB)


async def confirm(services: ServiceHarness) -> object:
    outcome, _ = await services.confirmations.confirm(
        await number_in(services, "select min(id) from confirmation"), WEB
    )
    return outcome


async def sign_up(services: ServiceHarness) -> object:
    return await services.sign_ups.request(["news"], Applicant(ADA, WEB, name="Ada"), network=None)


async def sign_up_from_one_network(services: ServiceHarness) -> object:
    change(services.context.settings, limits=LimitSettings(sign_ups_per_ip=Rate(1, 3600.0)))
    answer = await services.sign_ups.request(["news"], Applicant(ADA, WEB), network="192.0.2.1")
    return type(answer).__name__


async def pause(services: ServiceHarness) -> object:
    await Preferences(services.context).pause_one(
        await number_in(services, "select min(id) from subscription"), 30, WEB
    )
    return None


async def save(services: ServiceHarness) -> object:
    changes = PreferenceChanges(language="de", text_only=True)
    return await Preferences(services.context).save(await link(services), changes, WEB) is not None


async def link(services: ServiceHarness) -> PreferenceLink:
    number = await number_in(services, "select min(id) from subscriber")
    return PreferenceLink(subscriber_id=number, epoch=await number_in(services, "select epoch from subscriber"))


async def end_pause(services: ServiceHarness) -> object:
    return await services.database.write(subscriptions.end_pauses, int(services.now)) >= 0


async def forget(services: ServiceHarness) -> object:
    return await services.database.write(forget_unconfirmed, services.context.entropy, int(services.now)) >= 0


async def erase(services: ServiceHarness) -> object:
    return (await services.subscribers.erase(ADA)).erased


async def refuse(services: ServiceHarness) -> object:
    digests = digests_of(services.keys, ADA)
    numbers = [int.from_bytes(digests.own[at : at + 4], "big") for at in range(0, 32, 4)]
    await NeverAgain(services.context).refuse(0, numbers, WEB)
    return None


async def complain(services: ServiceHarness) -> object:
    return await services.suppressions.add(ADA, "complaint")


async def close(services: ServiceHarness) -> object:
    return await services.lists.close_list("news") is not None


async def set_title(services: ServiceHarness) -> object:
    return (await services.lists.set_list("news", {"title": "Newer"})).title


async def set_description(services: ServiceHarness) -> object:
    return (await services.lists.set_list("news", {"cadence": "weekly", "title": "Weekly"})).title


async def remove_list(services: ServiceHarness) -> object:
    await services.lists.remove_list("news")
    return None


async def reopen(services: ServiceHarness) -> object:
    """A removal takes several transactions, between which the list says so: as good as that it is gone."""
    try:
        return await services.lists.set_list("news", {"closed": "false"}) is not None
    except Refused as problem:
        if "is being removed" in str(problem):
            raise no_such_list("news") from None
        raise


def _edition(tx: Transaction) -> int:
    return int(tx._connection.execute("select min(id) from edition").fetchone()[0])


async def _on_edition(services: ServiceHarness, work: object, *args: object) -> object:
    number = await number_in(services, "select min(id) from edition")
    return await services.database.write(work, number, *args)  # type: ignore[arg-type]


async def start(services: ServiceHarness) -> object:
    def count_changed(tx: Transaction) -> int:
        return len(advance(tx, due_at(NOW))[0].changed)

    return await services.database.write(count_changed) >= 0


async def pause_edition(services: ServiceHarness) -> object:
    return (await _on_edition(services, lifecycle.pause)) is not None


async def cancel_edition(services: ServiceHarness) -> object:
    return (await _on_edition(services, lifecycle.cancel, NOW)) is not None


async def resend(services: ServiceHarness) -> object:
    def resend(tx: Transaction, edition: int, now: int) -> lifecycle.Resent:
        places = retries.failed_places(tx, edition, FailedPlace(), 10)
        return lifecycle.resend_failed(tx, edition, now, [place.id for place in places])

    return (await _on_edition(services, resend, NOW)) is not None


async def finish(services: ServiceHarness) -> object:
    return (await _on_edition(services, lifecycle.finish_if_done, NOW)) is not None


async def claim(services: ServiceHarness) -> object:
    """What a dispatcher does: claim every copy that may go, and cancel the others."""

    def claim_copies(tx: Transaction, number: int) -> int:
        edition = lifecycle.require_edition(tx, number)
        if edition.state is not EditionState.SENDING:
            return 0
        claimed, _ = deliveries.claim_copies(
            tx, session=1, edition_id=number, destination="", now=int(services.now), limit=9
        )
        return len(claimed)

    numbers = [number for (number,) in await select(services.database, "select id from edition")]
    return [await services.database.write(claim_copies, number) for number in numbers]


async def send(services: ServiceHarness) -> object:
    site = Site(base_url="https://n.example", mail_domain="lists.example", receives_mail=True)
    context = replace(services.context, site=site)
    admin = EditionAdmin(preparer_of(context, builder_at(site, services.path / "layouts")))
    body = b"---\nsubject: Boats\n---\nHello\n"
    try:
        await admin.send("news", Manuscript(source=body, source_name="a.md", assets={}))
    except Exception as problem:  # noqa: BLE001 - which of the two is refused is for the oracle
        return f"{type(problem).__name__}: {str(problem)[:20]}"
    return "sent"


async def import_ada(services: ServiceHarness) -> object:
    row = ImportRow(line=2, email="ada@reader.example", name="Ada Imported", attributes={"boat": "red"})
    answer = await services.subscribers.import_batch("news", [row])
    return {name: number for name, number in answer.items() if number}


async def bounce(services: ServiceHarness) -> object:
    copies = await select(services.database, "select id from delivery where edition_id is not null")
    numbers = [number for (number,) in copies]
    return len(await services.database.write(suspend_bouncing, numbers, BOUNCES, int(services.now)))


async def probe(services: ServiceHarness) -> object:
    return await services.database.write(probe_suspended, BOUNCES, services.context.entropy, int(services.now)) >= 0


async def confirm_change(services: ServiceHarness) -> object:
    number = await number_in(services, "select max(id) from address_change")
    return (await AddressChanges(services.context).confirm(number, WEB))[0]


async def undo_change(services: ServiceHarness) -> object:
    number = await number_in(services, "select max(id) from address_change")
    return (await AddressChanges(services.context).undo(number, WEB))[0]


async def undo_leaving(services: ServiceHarness) -> object:
    number = await number_in(services, "select max(id) from unsubscribe")
    return (await UndoUnsubscribe(services.context).undo(number, WEB))[0]


def requests_of(services: ServiceHarness) -> WebRequests:
    return WebRequests(
        services.context,
        sign_ups=services.sign_ups,
    )


async def carry_out(services: ServiceHarness) -> object:
    await requests_of(services).carry_out()
    return None


async def release_held(services: ServiceHarness) -> object:
    await services.held.release(HeldSelection())
    return None


async def drop_held(services: ServiceHarness) -> object:
    await services.held.drop(HeldSelection())
    return None


# Each function of the table in docs/decisions/0058: what comes before, and the two that meet.
RACES: dict[str, tuple[Step, Step, Step]] = {
    "two who leave": (a_reader, leave, leave),
    "leave and pause": (a_reader, leave, pause),
    "leave and confirm": (a_former_reader_who_asks, leave, confirm),
    "leave and save": (a_reader, leave, save),
    "leave and import": (a_reader, leave, import_ada),
    "leave and erase": (a_reader, leave, erase),
    "leave and bounce": (bounced_copies, leave, bounce),
    "leave and start": (a_scheduled_edition, leave, start),
    "leave and close": (a_reader, leave, close),
    "confirm twice": (a_request, confirm, confirm),
    "confirm and erase": (a_request, confirm, erase),
    "confirm and close": (a_request, confirm, close),
    "confirm and sign up": (a_request, confirm, sign_up),
    "confirm and complain": (a_request, confirm, complain),
    "confirm and forget": (a_request, confirm, forget),
    "sign up twice": (a_list, sign_up, sign_up),
    "sign up and close": (a_list, sign_up, close),
    "sign up and forget": (an_expired_request, sign_up, forget),
    "sign up and import": (a_list, sign_up, import_ada),
    "sign up and erase": (a_reader, sign_up, erase),
    "sign up from one network": (a_list, sign_up_from_one_network, sign_up_from_one_network),
    "save and import": (a_reader, save, import_ada),
    "save and erase": (a_reader, save, erase),
    "import twice": (a_list, import_ada, import_ada),
    "import and close": (a_list, import_ada, close),
    "pause and its end": (a_paused_reader, pause, end_pause),
    "the end of a pause and leave": (a_paused_reader, end_pause, leave),
    "undo twice": (a_former_reader, undo_leaving, undo_leaving),
    "undo and sign up": (a_former_reader, undo_leaving, sign_up),
    "undo and close": (a_former_reader, undo_leaving, close),
    "bounce twice": (bounced_copies, bounce, bounce),
    "bounce and pause": (bounced_copies, bounce, pause),
    "probe twice": (a_suspended_reader, probe, probe),
    "probe and leave": (a_suspended_reader, probe, leave),
    "move twice": (a_change_of_address, confirm_change, confirm_change),
    "move and stop": (a_change_of_address, confirm_change, undo_change),
    "move and leave": (a_change_of_address, confirm_change, leave),
    "move to a reader and leave": (a_change_to_a_reader, confirm_change, leave),
    "move and erase": (a_change_of_address, confirm_change, erase),
    "start twice": (a_scheduled_edition, start, start),
    "start and pause": (a_scheduled_edition, start, pause_edition),
    "start and cancel": (a_scheduled_edition, start, cancel_edition),
    "start and close": (a_scheduled_edition, start, close),
    "pause and cancel an edition": (a_sending_edition, pause_edition, cancel_edition),
    "claim and leave": (a_sending_edition, claim, leave),
    "claim and pause": (a_sending_edition, claim, pause),
    "claim and complain": (a_sending_edition, claim, complain),
    "claim and erase": (a_sending_edition, claim, erase),
    "claim and cancel": (a_sending_edition, claim, cancel_edition),
    "claim twice": (a_sending_edition, claim, claim),
    "resend and finish": (a_finished_edition, resend, finish),
    "resend twice": (a_finished_edition, resend, resend),
    "resend and close": (a_finished_edition, resend, close),
    "send twice": (a_reader, send, send),
    "send and close": (a_reader, send, close),
    "set and close": (a_list, set_title, close),
    "set twice": (a_list, set_title, set_description),
    "remove and reopen": (a_closed_list, remove_list, reopen),
    "release twice": (held_sign_ups, release_held, release_held),
    "release and drop": (held_sign_ups, release_held, drop_held),
    "release and erase": (held_sign_ups, release_held, erase),
    "carry out twice": (web_requests, carry_out, carry_out),
    "carry out and close": (web_requests, carry_out, close),
    "carry out a leaving twice": (a_former_reader, carry_out, carry_out),
    "refuse twice": (a_reader, refuse, refuse),
    "refuse and confirm": (a_request, refuse, confirm),
    "refuse and sign up": (a_request, refuse, sign_up),
    "refuse and save": (a_reader, refuse, save),
    "pauses end twice": (a_paused_reader, end_pause, end_pause),
    **COPY_RACES,
    **LIST_RACES,
    **QUEUE_RACES,
    **PEOPLE_RACES,
}


@pytest.mark.thorough
@pytest.mark.only_on("postgresql", "SQLite lets one transaction write at a time")
@pytest.mark.parametrize("name", RACES)
async def test_two_at_once_do_what_they_would_do_one_after_the_other(name: str, tmp_path: Path) -> None:
    before, first, second = RACES[name]
    tally = await run_race(Race(before=before, first=first, second=second, after=claim), tmp_path)
    assert tally.iterations > 0


@pytest.mark.thorough
@pytest.mark.only_on("postgresql", "SQLite lets one transaction write at a time")
async def test_two_who_change_their_languages_crosswise_only_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is undone as a deadlock, which the server finds after a second."""
    undone, make = [], DeadlockDetected.__init__

    def note(problem: DeadlockDetected, *args: Any, **named: Any) -> None:
        undone.append(args)
        make(problem, *args, **named)

    monkeypatch.setattr(DeadlockDetected, "__init__", note)
    before, first, second = CROSSWISE
    await run_race(Race(before=before, first=first, second=second, after=claim), tmp_path)
    assert [] == undone


# Races that only a lock decides; in the others a guard, a constraint or the row that is taken does so as well.
BY_LOCKS = (
    "sign up and close",
    "send and close",
    "set and close",
    "save and import",
    "sign up from one network",
    "set a password and reset",
)


@pytest.mark.thorough
@pytest.mark.only_on("postgresql", "SQLite lets one transaction write at a time")
@pytest.mark.parametrize("name", BY_LOCKS)
async def test_without_locks_two_at_once_do_something_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So these tests can fail, and the locks are what they pass by."""
    monkeypatch.setattr(connection, "writing_statements", reading_statements)
    before, first, second = RACES[name]
    with pytest.raises(AssertionError, match="allowed"):
        await run_race(Race(before=before, first=first, second=second, after=claim), tmp_path)
