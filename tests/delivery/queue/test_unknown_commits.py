"""Commits whose answer never came while an edition went out: what they did is found out, and done once."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.commits import Commits, watching
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


async def run_cycle(harness: DeliveryHarness) -> None:
    """One cycle, and others where nobody heard of a commit of it."""
    while True:
        with suppress(CommitUnknown):
            await harness.run_cycle()
            return


async def story(folder: Path, commits: Commits) -> tuple[dict[str, Any], Counter[str]]:
    """What an edition leaves behind, and how often each address got mail."""
    sent: Counter[str] = Counter()
    async with open_delivery(folder) as harness:
        addresses = await harness.readers(4)
        await harness.services.database.write(sign_up, harness)
        await harness.edition()
        with watching(commits):
            for _ in range(4):
                await run_cycle(harness)
                for outgoing in harness.all_outgoing():
                    sent[outgoing.rcpt_to] += 1
                    is_put_off = outgoing.rcpt_to == addresses[2] and sent[outgoing.rcpt_to] == 1
                    harness.answer(
                        outgoing, GONE if outgoing.rcpt_to == addresses[1] else LATER if is_put_off else TAKEN
                    )
                await run_cycle(harness)
                harness.pass_time(2000)
        return {name: await harness.rows(query) for name, query in LEFT.items()}, sent


async def test_what_nobody_hears_of_is_done_once(tmp_path: Path) -> None:
    expected, sent = await story(tmp_path / "usual", Commits(first=0, done=True))
    assert 2 == sent["r2@reader.example"]  # it was deferred
    assert [("finished",)] == expected["editions"]
    for first in range(1, 5):
        for done in (True, False):
            commits = Commits(first=first, done=done)
            assert (expected, sent) == await story(tmp_path / f"{first}-{done}", commits), commits
            assert commits.lost > 1
