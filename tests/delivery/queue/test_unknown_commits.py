"""Commits whose answer never came while an edition went out: what they did is found out, and done once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.commits import Commits, late, watching
from tests.delivery.harness import GONE, LATER, TAKEN, DeliveryHarness, open_delivery

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import CommitUnknown
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.store.lists.lists import find_list
from pressrun.store.transaction import Transaction

LEFT = {
    "copies": "select state, attempts, claimed_by, kind, bounce from delivery order by id",
    "numbers": "select queued, claimed, deferred, delivered, failed, cancelled, refused, begun from copy_count",
    "events": "select what, number from counted_event where number > 0 order by what",
    "editions": "select state from edition order by id",
    "evidence": "select event, count(*) from consent group by event order by event",
    "suspensions": "select subscriber_id from suspension",
}


def sign_up(tx: Transaction, harness: DeliveryHarness) -> None:
    target = find_list(tx, "news")
    assert target is not None
    harness.services.sign_ups.sign_up(
        tx, [target], Applicant(parse_address("new@reader.example"), Origin(source="web"))
    )


Run: TypeAlias = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


async def until_heard(step: Callable[[], Awaitable[object]]) -> None:
    """Do it, and again if the reply of a commit was lost."""
    while True:
        with suppress(CommitUnknown):
            await step()
            return


async def story(
    folder: Path, commits: Commits | None = None, run: Run = until_heard
) -> tuple[dict[str, Any], Counter[str]]:
    """What an edition leaves behind, and how often each address got mail."""
    sent: Counter[str] = Counter()
    async with open_delivery(folder) as harness:
        addresses = await harness.readers(4)
        await harness.services.database.write(sign_up, harness)
        await harness.edition()
        with watching(commits or Commits(0, done=True)):
            for _ in range(4):
                await run(harness.run_cycle)
                for outgoing in harness.all_outgoing():
                    sent[outgoing.rcpt_to] += 1
                    is_put_off = outgoing.rcpt_to == addresses[2] and sent[outgoing.rcpt_to] == 1
                    harness.answer(
                        outgoing, GONE if outgoing.rcpt_to == addresses[1] else LATER if is_put_off else TAKEN
                    )
                await run(harness.run_cycle)
                harness.pass_time(2000)
        return {name: await harness.rows(query) for name, query in LEFT.items()}, sent


async def test_what_nobody_hears_of_is_done_once(tmp_path: Path) -> None:
    expected, sent = await story(tmp_path / "usual")
    assert 2 == sent["r2@reader.example"]  # it was deferred
    assert [("finished",)] == expected["editions"]
    for first in range(1, 5):
        for done in (True, False):
            commits = Commits(first=first, done=done)
            assert (expected, sent) == await story(tmp_path / f"{first}-{done}", commits), commits
            assert commits.lost > 1


@pytest.mark.only_on("postgresql", "a file has no server that goes on without us")
@pytest.mark.parametrize("state", ["claimed", "delivered", "failed", "deferred"])
async def test_what_a_server_is_still_committing_is_waited_for(state: str, tmp_path: Path) -> None:
    """It may wait for a standby or its disk for longer than the connection lasts."""
    expected = await story(tmp_path / "usual")
    with late(f"select from delivery where state = '{state}' and edition_id is not null") as commit:
        assert expected == await story(tmp_path / "late", run=commit.until_heard)
    assert commit.is_done
