"""What a caller does again after a commit whose answer never came is done once, whether that commit was done or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from tests.commits import Commits, watching
from tests.inbound.mailroom import mail, open_mailroom
from tests.races import Step, look
from tests.services.copy_races import pause as pause_all
from tests.services.harness import ServiceHarness, open_services
from tests.services.incoming.posts import EVE, post, prepare
from tests.services.people_races import PEOPLE_RACES
from tests.services.test_races import RACES, WEB, number_in, pause, sign_up, sign_up_from_one_network

from pressrun.core.errors import CommitUnknown, PressrunError
from pressrun.store.database import Database


def called(step: object) -> str:
    """The name of a step, with what it is given."""
    if isinstance(step, partial):
        return " ".join([step.func.__name__, *map(called, step.keywords.values())])
    return str(getattr(step, "__name__", step))


# Not those of people who log in: done again, it is another session, and another row of the audit log.
STEPS: dict[str, tuple[Step, Step]] = {
    f"{called(step)} after {called(before)}": (before, step)
    for name, (before, *both) in RACES.items()
    if name not in PEOPLE_RACES
    for step in both
}
# Who signs up or pauses again has asked for that twice, which is on record and may be one more mail.
ASKED_AGAIN = {sign_up, sign_up_from_one_network, pause, pause_all}


async def until_answered(services: ServiceHarness, step: Step, commits: Commits) -> None:
    """Do it again for as long as nobody hears of it; what was done already may be refused then."""
    before = -1
    while before < commits.lost:
        before = commits.lost
        with suppress(PressrunError):
            await step(services)


@pytest.mark.parametrize("name", [name for name, (_, step) in STEPS.items() if step not in ASKED_AGAIN])
async def test_what_is_done_again_is_done_once(name: str, tmp_path: Path) -> None:
    before, step = STEPS[name]
    left = []
    for number, commits in enumerate([Commits(0, done=True), Commits(1, done=True), Commits(1, done=False)]):
        async with open_services(tmp_path / str(number), kind=Database) as services:
            await before(services)
            with watching(commits):
                await until_answered(services, step, commits)
            left.append(await look(services))
    assert left[0] == left[1]
    assert left[0] == left[2]


async def test_those_who_share_a_lost_commit_are_told_and_done_once(tmp_path: Path) -> None:
    """A group is not carried out one by one then: its commit may be done."""
    before, step = STEPS["leave after a_reader"]
    async with open_services(tmp_path, kind=Database) as services:
        await before(services)
        number = await number_in(services, "select id from subscription")
        with watching(Commits(1, done=True)):
            calls = [services.unsubscribes.unsubscribe(number, WEB) for _ in range(3)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [CommitUnknown] * 3 == [type(answer) for answer in answers]
        once = await look(services)
        await step(services)
        assert once == await look(services)


async def carried_through(folder: Path, commits: Commits) -> object:
    """What mails leave behind that are brought again and dealt with again for as long as nobody hears of a commit."""
    async with open_mailroom(folder) as room:
        await prepare(room)
        mails = [(mail(), "news-subscribe", "new@reader.example"), (post(), "news", EVE)]
        with watching(commits):
            for content, local, sender in mails:
                await until_heard(lambda: room.accept(content, local, mail_from=sender), commits)  # noqa: B023 - awaited
            await until_heard(room.processing.recover, commits)
        return await look(room)  # type: ignore[arg-type]  # both have a database


async def until_heard(step: Callable[[], Awaitable[object]], commits: Commits) -> None:
    before = -1
    while before < commits.lost:
        before = commits.lost
        with suppress(CommitUnknown):
            await step()


async def test_mail_that_is_brought_again_has_its_effects_once(tmp_path: Path) -> None:
    """Its client was told 451; what was processed is recognized."""
    expected = await carried_through(tmp_path / "usual", Commits(0, done=True))
    for first in range(1, 5):
        for done in (True, False):
            commits = Commits(first, done=done)
            outcome = await carried_through(tmp_path / f"{first}-{done}", commits)
            assert (expected, True) == (outcome, commits.lost > 0), commits
