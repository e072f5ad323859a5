"""What comes in by no verb leaves its row in the audit log, too: mail, the page of an editor, and the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import execute
from tests.delivery.harness import GONE, TAKEN, open_delivery
from tests.editions.inline_builder import builder_at
from tests.editions.stored import due_at
from tests.inbound.mailroom import Mailroom, open_mailroom
from tests.services.bounces.test_auto_pause import send_some
from tests.services.incoming.posts import BELIEVED, DKIM, EVE, RELAY, answers, post, prepare, rows, set_list

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.editions.advance import advance
from pressrun.services.readers.erasure import erase
from pressrun.services.settings import TokenSettings
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.editions.editions import Edition

ACTS = "select who, way, action, list, object, outcome from audit where action <> 'migrate' order by number"


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, believed=BELIEVED) as opened:
        await prepare(opened)
        yield opened


def approval(room: Mailroom) -> DraftApproval:
    return DraftApproval(room.context, builder_at(room.site))


async def test_a_post_by_mail(room: Mailroom) -> None:
    """The editor is known by a keyed digest, which goes when they are erased."""
    await answers(room, post())
    assert [("editor", "mail", "edition.post", "news", "edition 1", "done")] == await rows(room, ACTS)
    digest = suppression_digest(room.keys, parse_address(EVE).key).hex()[:16]
    assert [(f'{{"editor":"{digest}"}}',)] == await rows(room, "select content from audit where way = 'mail'")
    await erase(room.database, parse_address(EVE), room.keys, lambda count: b"x" * count, int(room.now))
    assert [(None,)] == await rows(room, "select content from audit where way = 'mail'")


async def test_a_post_that_is_refused(room: Mailroom) -> None:
    await set_list(room, postal_address="")
    await answers(room, post())
    assert [("editor", "mail", "edition.post", "news", None, "refused")] == await rows(room, ACTS)


async def test_a_proven_post_that_goes_at_once(room: Mailroom) -> None:
    await set_list(room, post_by_mail="direct")
    await answers(room, post(Authentication_Results=DKIM), peer=RELAY)
    assert ["edition.release", "edition.post"] == [row[2] for row in await rows(room, ACTS)]


async def test_the_page_of_an_editor(room: Mailroom) -> None:
    """Looking leaves no row, nor does a button that comes too late."""
    await answers(room, post())
    await approval(room).find(1)
    await approval(room).release(1)
    await approval(room).release(1)
    await approval(room).discard(1)
    assert [("editor", "page", "edition.release", "news", "edition 1", "done")] == (await rows(room, ACTS))[1:]


async def test_a_draft_that_is_discarded(room: Mailroom) -> None:
    await answers(room, post())
    await approval(room).discard(1)
    assert "edition.discard" == (await rows(room, ACTS))[-1][2]


async def test_a_draft_that_nobody_released(room: Mailroom) -> None:
    housekeeping = Housekeeping(room.context)
    await answers(room, post())
    room.now += TokenSettings().approve_lifetime_seconds + 1
    await housekeeping.round()
    assert [("clock", "clock", "edition.cancel", "news", "edition 1", "done")] == (await rows(room, ACTS))[1:]


@pytest.mark.parametrize(("late_by", "action"), [(0, "edition.start"), (10, "edition.pause")])
async def test_an_edition_whose_time_has_come(room: Mailroom, late_by: int, action: str) -> None:
    await answers(room, post())
    now = int(room.now)
    await execute(room.database, "update edition set state = 'scheduled', scheduled_at = ?", now)
    request = due_at(now + late_by, late_grace_seconds=5.0)
    await room.database.write(advance, request)
    await room.database.write(advance, request)
    assert [("clock", "clock", action, "news", "edition 1", "done")] == (await rows(room, ACTS))[1:]


async def test_an_edition_whose_start_was_undone_for_an_error_of_ours(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await answers(room, post())
    now = int(room.now)
    await execute(room.database, "update edition set state = 'scheduled', scheduled_at = ?", now)

    def refuse(*_: object) -> list[Edition]:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("pressrun.services.editions.lifecycle.finish_if_done", refuse)
    await room.database.write(advance, due_at(now, careful=True))
    assert [("clock", "clock", "edition.pause", "news", "edition 1", "done")] == (await rows(room, ACTS))[1:]


async def test_an_edition_that_fares_badly(tmp_path: Path) -> None:
    async with open_delivery(tmp_path) as harness:
        await harness.readers(120)
        number = await harness.edition()
        await send_some(harness, [GONE] * 7 + [TAKEN] * 93)
        assert "paused" == await harness.state(number)
        acts = [row for row in await harness.rows(ACTS) if row[0] == "clock"]
        assert [("clock", "clock", "edition.pause", "news", f"edition {number}", "done")] == acts


@pytest.mark.parametrize(("by_clock", "acts"), [(False, []), (True, ["edition.start"])])
async def test_an_edition_that_starts_and_finishes_within_a_second(
    tmp_path: Path, by_clock: bool, acts: list[str]
) -> None:
    """Its end is not recorded as a start by the clock: a person, or an earlier cycle, has started it."""
    async with open_delivery(tmp_path) as harness:
        await harness.readers(1)
        number = await harness.edition(scheduled_at=int(harness.services.now) if by_clock else None)
        await harness.run_cycle()
        copy = harness.next_outgoing()
        assert copy is not None
        harness.answer(copy, TAKEN)
        await harness.run_cycle()
        assert "finished" == await harness.state(number)
        assert acts == [row[2] for row in await harness.rows(ACTS)]
