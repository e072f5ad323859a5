"""Work that two handles of one database do at once has one effect, and the other one does nothing or is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import REFUSALS, OneOfSeveralDatabases, select
from tests.delivery.harness import DeliveryHarness, admin_of
from tests.editions.inline_builder import builder_at
from tests.inbound.mailroom import InlineReader, Mailroom, mail, open_mailroom
from tests.services.harness import NOW, ServiceHarness, open_services
from tests.services.incoming.posts import EVE, post, prepare
from tests.settings import change

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import Refused, Unavailable
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.quantities import Rate
from pressrun.message.incoming.reading import IncomingMail
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_admin import EditionAdmin
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.suspension import probe_suspended
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.settings import BounceSettings
from pressrun.store.database import Database
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.readers import bounces, subscribers, subscriptions
from pressrun.store.readers.held_sign_ups import HeldSelection
from pressrun.store.transaction import Transaction

ADA = parse_address("ada@reader.example")
WEB = Origin(source="web")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two processes at one database."""

    first: ServiceHarness
    second: ServiceHarness

    @property
    def both(self) -> tuple[ServiceHarness, ServiceHarness]:
        return self.first, self.second

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await select(self.first.database, sql)

    async def add_ada(self) -> int:
        """Subscribe a reader; returns the id of the subscription."""
        await self.first.subscribers.add("news", ADA)
        ((number,),) = await self.rows("select id from subscription")
        return int(number)


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    kind = OneOfSeveralDatabases
    async with open_services(tmp_path, kind=kind) as first, open_services(tmp_path, kind=kind) as second:
        await first.make_list()
        yield Pair(first, second)


def requests_of(services: ServiceHarness) -> WebRequests:
    return WebRequests(
        services.context,
        sign_ups=services.sign_ups,
    )


# ---------------------------------------------------------------------- readers


async def test_a_web_request_is_carried_out_once(pair: Pair) -> None:
    for number in range(40):  # more than one batch
        address = parse_address(f"r{number}@reader.example")
        await requests_of(pair.first).sign_up(["news"], Applicant(address, WEB), network=None)
    await asyncio.gather(*(requests_of(services).carry_out() for services in pair.both))
    assert [(40, 40)] == await pair.rows("select count(*), count(distinct address) from notice")
    assert [] == await pair.rows("select id from pending_request")


async def test_a_reader_is_notified_once_that_they_left(pair: Pair) -> None:
    for number in range(40):
        await pair.first.subscribers.add("news", parse_address(f"r{number}@reader.example"))
    for (subscription_id,) in await pair.rows("select id from subscription"):
        await pair.first.unsubscribes.unsubscribe(subscription_id, WEB)
    await asyncio.gather(*(requests_of(services).carry_out() for services in pair.both))
    assert [(40, 40)] == await pair.rows("select count(*), count(distinct address) from notice where kind = 'left'")


async def test_two_who_unsubscribe_one_reader_leave_one_trace(pair: Pair) -> None:
    number = await pair.add_ada()
    await asyncio.gather(*(services.unsubscribes.unsubscribe(number, WEB) for services in pair.both))
    assert [("unsubscribed", 1)] == await pair.rows("select state, round from subscription")
    assert [(1,)] == await pair.rows("select count(*) from consent where event = 'withdrawn'")
    assert [(1,)] == await pair.rows("select count(*) from unsubscribe")


async def held_by(pair: Pair) -> None:
    """Six sign-ups that wait for an operator."""
    limits = LimitSettings(hold_sign_ups_above=2, hold_sign_ups_floor=1, confirmations_per_address=Rate(100, 3600.0))
    change(pair.first.context.settings, limits=limits)
    for number in range(7):
        address = parse_address(f"r{number}@reader.example")
        await pair.first.sign_ups.request(["news"], Applicant(address, WEB), network=None)
    assert [(6,)] == await pair.rows("select count(*) from held_notice")


async def test_a_held_sign_up_is_released_once(pair: Pair) -> None:
    await held_by(pair)
    answers = await asyncio.gather(*(services.held.release(HeldSelection()) for services in pair.both))
    assert 6 == sum(answer.released for answer in answers)
    assert [(7, 7)] == await pair.rows("select count(*), count(distinct notice_id) from delivery")


async def test_a_held_sign_up_is_released_or_dropped(pair: Pair) -> None:
    await held_by(pair)
    released, dropped = await asyncio.gather(
        pair.first.held.release(HeldSelection()), pair.second.held.drop(HeldSelection())
    )
    assert 6 == released.released + dropped.dropped
    assert [(1 + released.released,)] == await pair.rows("select count(*) from delivery")


async def test_a_suspended_reader_is_probed_once(pair: Pair) -> None:
    await pair.add_ada()
    ((reader,),) = await pair.rows("select id from subscriber")
    edition = await pair.first.make_edition()

    first, again = partial(bounces.suspend, now=NOW), partial(bounces.suspend, now=NOW + 1)
    assert [reader] == await pair.first.database.write(first, {reader: edition}, suppressed=())
    assert [] == await pair.second.database.write(again, {reader: edition}, suppressed=())  # they are suspended already
    later, entropy = NOW + 30 * 86400, pair.first.context.entropy
    probed = await asyncio.gather(
        *(services.database.record(probe_suspended, BounceSettings(), entropy, later) for services in pair.both)
    )
    assert [0, 1] == sorted(probed)
    assert [("still_there",)] == await pair.rows("select kind from notice")


# ---------------------------------------------------------------------- mail


class MeetingReader(InlineReader):
    """Holds every mail until both processes have read it."""

    def __init__(self, barrier: asyncio.Barrier) -> None:
        self._barrier = barrier

    async def read(self, content: bytes) -> IncomingMail:
        await self._barrier.wait()
        return await super().read(content)


async def test_a_mail_has_its_effects_once(tmp_path: Path) -> None:
    """Both processes have read the mail before either of them carries it out."""
    reader = MeetingReader(asyncio.Barrier(2))
    async with open_mailroom(tmp_path, reader=reader) as first, open_mailroom(tmp_path, reader=reader) as second:
        await first.make_list()
        await first.accept(mail(), "news-subscribe", mail_from="ada@reader.example")
        await asyncio.gather(first.processing.recover(), second.processing.recover())
        assert [("confirmation",)] == await select(first.database, "select kind from notice")
        assert [("requested",)] == await select(first.database, "select event from consent")
        assert ({"done": 1}, ["command"]) == (await first.counts(), first.counted + second.counted)


async def test_a_mail_that_failed_in_one_process_and_not_in_the_other_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second leaves the result of the first alone."""
    barrier = asyncio.Barrier(2)
    reader = MeetingReader(barrier)
    async with open_mailroom(tmp_path, reader=reader) as first, open_mailroom(tmp_path, reader=reader) as second:
        await first.make_list()
        await first.accept(mail(), "news-subscribe", mail_from="ada@reader.example")

        async def fail(_: bytes) -> IncomingMail:
            await barrier.wait()
            await recovered
            raise RuntimeError("a fault of this process")

        broken = MeetingReader(barrier)
        monkeypatch.setattr(broken, "read", fail)
        monkeypatch.setattr(second.processing, "_parsers", dict.fromkeys(second.processing._parsers, broken))
        recovered = asyncio.create_task(first.processing.recover())
        await asyncio.gather(recovered, second.processing.recover())
        assert {"done": 1} == await first.counts()


# ---------------------------------------------------------------------- editions


@asynccontextmanager
async def two_rooms(folder: Path) -> AsyncIterator[tuple[Mailroom, Mailroom]]:
    async with open_mailroom(folder) as first, open_mailroom(folder) as second:
        await prepare(first)
        await first.accept(post(), "news", mail_from=EVE)
        await first.processing.recover()
        yield first, second


def approval_of(room: Mailroom) -> DraftApproval:
    return DraftApproval(room.context, builder_at(room.site))


async def test_a_draft_is_released_once(tmp_path: Path) -> None:
    async with two_rooms(tmp_path) as rooms:
        outcomes = await asyncio.gather(*(approval_of(room).release(1) for room in rooms))
        assert [False, True] == sorted(is_done for _, is_done in outcomes)
        copies = await select(rooms[0].database, "select count(*) from delivery where edition_id is not null")
        assert [(3,)] == copies


async def test_a_draft_is_released_or_discarded(tmp_path: Path) -> None:
    async with two_rooms(tmp_path) as (first, second):
        (_, is_released), (_, is_discarded) = await asyncio.gather(
            approval_of(first).release(1), approval_of(second).discard(1)
        )
        assert is_released is not is_discarded
        copies = await select(first.database, "select count(*) from delivery where edition_id is not null")
        assert [(3 if is_released else 0,)] == copies


async def test_one_mail_of_two_with_the_same_content_becomes_the_draft(tmp_path: Path) -> None:
    async with open_mailroom(tmp_path) as first, open_mailroom(tmp_path) as second:
        await prepare(first)
        await first.accept(post(number=1), "news", mail_from=EVE)
        await first.accept(post(number=2), "news", mail_from=EVE)
        await asyncio.gather(first.processing.recover(), second.processing.recover())
        assert [("draft",)] == await select(first.database, "select state from edition")


async def test_one_file_that_two_send_is_one_edition(harness: DeliveryHarness, tmp_path: Path) -> None:
    """Both have built it before either of them stores it; the other one is told that it is there."""
    await harness.readers(3)
    async with open_services(tmp_path) as second:
        admins = [harness.edition_admin, admin_of(second, harness.edition_admin)]
        barrier = asyncio.Barrier(2)

        async def send(admin: EditionAdmin) -> int:
            await barrier.wait()
            body = b"---\nsubject: Boats\n---\nHello\n"
            return await admin.send("news", Manuscript(source=body, source_name="a.md", assets={}))

        outcomes = await asyncio.gather(*map(send, admins), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert ["this file is edition 1 of news already"] == [str(problem).partition(",")[0] for problem in refused]
    assert [1] == [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert [(3,)] == await harness.rows("select count(*) from delivery where edition_id is not null")


COPY = """insert into edition (list_id, slug, state, subject, title, language, source_name, source_digest,
    message_secret, created_at, is_repeat)
select list_id, 'copy-' || ?, 'sending', subject, title, language, source_name, source_digest,
    message_secret, created_at, ?
from edition where id = 1"""


async def test_the_database_keeps_one_edition_of_one_content(harness: DeliveryHarness) -> None:
    """Whatever a check overlooks: a repeat is on purpose, and a cancelled edition is not in the way."""
    number = await harness.edition("Hello", scheduled_at=NOW + 60)
    with pytest.raises((*REFUSALS, Unavailable)):
        await harness.change(COPY, 1, 0)
    await harness.change(COPY, 2, 1)
    await harness.edition_admin.cancel(number)
    await harness.change(COPY, 3, 0)
    with pytest.raises((*REFUSALS, Unavailable)):
        await harness.change(COPY, 4, 0)


# ---------------------------------------------------------------------- what was read earlier and is written now


async def write_late(database: Database, work: Callable[..., object], *args: object) -> None:
    """Carry out a change that was decided before others changed the row; whoever locks it now sees that too late."""

    def run(tx: Transaction) -> None:
        for name in ("editions.get", "subscriptions.get", "subscribers.get"):
            tx.row(name, id=0)
        lists.lock_list(tx, "")
        work(tx, *args)

    await database.write(run)


async def test_an_edition_is_written_only_as_it_was_read(pair: Pair) -> None:
    """Somebody pauses, finishes or reschedules an edition that another one is about to change."""
    number = await pair.first.make_edition()
    stale = await pair.first.database.read(editions.find_edition, number)
    assert stale is not None
    paused = replace(stale, state=EditionState.PAUSED, pause_reason="by hand")
    await write_late(pair.second.database, editions.record_edition, stale, paused)
    sending = replace(stale, state=EditionState.SENDING)
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, editions.record_edition, stale, sending)
    moved = replace(paused, scheduled_at=NOW + 60)
    await write_late(pair.second.database, editions.record_edition, paused, moved)
    cancelled = replace(paused, state=EditionState.CANCELLED)
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, editions.record_edition, paused, cancelled)
    assert [("paused", NOW + 60)] == await pair.rows("select state, scheduled_at from edition")


async def test_a_subscription_is_written_only_as_it_was_read(pair: Pair) -> None:
    number = await pair.add_ada()
    stale = await pair.first.database.read(subscriptions.find_subscription_by_id, number)
    assert stale is not None
    await pair.second.unsubscribes.unsubscribe(number, WEB)
    confirmed = replace(stale, state=SubscriptionState.ACTIVE, source="web")
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, subscriptions.record_subscription, stale, confirmed, NOW)
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, subscriptions.end_subscriptions, [number], "web", NOW)
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, subscriptions.delete_subscription, stale)
    assert [("unsubscribed", 1)] == await pair.rows("select state, round from subscription")


async def test_a_profile_keeps_what_others_have_changed(pair: Pair) -> None:
    """An import of columns and a reader who chooses a language do not undo each other."""
    await pair.first.subscribers.add("news", ADA)
    stale = await pair.first.database.read(subscribers.find_subscriber, ADA)
    assert stale is not None
    spoken = replace(stale, language="de", text_only=True)
    await write_late(pair.second.database, subscribers.update_profile, stale, spoken)
    imported = replace(stale, name="Ada", attributes={"boat": "red"})
    await write_late(pair.first.database, subscribers.update_profile, stale, imported)
    person = await pair.first.database.read(subscribers.find_subscriber, ADA)
    assert replace(spoken, name="Ada", attributes={"boat": "red"}) == person


async def test_a_list_that_was_closed_is_not_opened_by_a_setting(pair: Pair) -> None:
    stale = await pair.first.database.read(lists.find_list, "news")
    assert stale is not None
    await pair.second.lists.close_list("news")
    with pytest.raises(Unavailable):
        await write_late(pair.first.database, lists.update_list, stale, replace(stale, title="Newer"))
    assert [(1,)] == await pair.rows("select closed_at is not null from list")


async def test_a_guarded_change_that_is_too_late_is_run_again(pair: Pair) -> None:
    """What it decides is then decided by what there is now."""
    number = await pair.first.make_edition()
    stale = await pair.first.database.read(editions.find_edition, number)
    assert stale is not None
    runs: list[EditionState] = []

    def pause(tx: Transaction) -> None:
        current = editions.find_edition(tx, number)
        edition = current if runs else stale
        assert edition is not None
        runs.append(edition.state)
        editions.record_edition(tx, edition, replace(edition, pause_reason="by hand", state=EditionState.PAUSED))

    await write_late(pair.second.database, editions.record_edition, stale, replace(stale, state=EditionState.SENDING))
    await pair.first.database.write(pause)
    assert [EditionState.SCHEDULED, EditionState.SENDING] == list(dict.fromkeys(runs))
    assert [("paused",)] == await pair.rows("select state from edition")
