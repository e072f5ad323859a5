"""Approvals and schedules stop counting once whoever made them has lost the right: at every door, and at the hour."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.acts.roles_model import Someone, Visit
from tests.acts.roles_world import Actor, World, make_list
from tests.database import select
from tests.services.harness import open_services

from pressrun.core.errors import NotPermitted, Refused

TEXT = {"source": b"---\nsubject: Boats\n---\nHello\n", "source_name": "a.md"}
STATES = "select state, started_at is not null, pause_reason from edition order by id"
PUBLISHER = {"list": "news", "role": "publisher"}
LOSSES: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "revoked": (("user.revoke", {"person": "bea", "list": "news"}),),
    "lowered": (("user.grant", {"person": "bea", "list": "news", "role": "editor"}),),
    "no editor": (("editor.rm", {"list": "news", "address": "bea@t.example"}),),
    "removed": (("user.rm", {"person": "bea"}),),
    "replaced": (
        ("user.rm", {"person": "bea"}),
        ("user.add", {"name": "bea", "address": "bea@t.example"}),
        ("user.grant", {"person": "bea", **PUBLISHER}),
    ),
}


class Desk(World):
    """Ann, Bea and Cleo are publishers of a list that asks for a second person."""

    async def begin(self) -> None:
        await make_list(self, "news")
        await self.at_shell("list.set", list="news", settings={"approval": "second-person"})
        self.visits: dict[str, Visit] = {}
        for number, name in enumerate(("ann", "bea", "cleo"), 1):
            await self.at_shell("user.add", name=name, address=f"{name}@t.example")
            await self.at_shell("user.grant", person=name, **PUBLISHER)
            link = await self.newest_link(number)
            visit = await self.enter(Someone(number=number, name=name, address=None, link=link), "link")
            assert visit is not None
            self.visits[name] = visit

    async def at_shell(self, act: str, /, **arguments: Any) -> Any:
        return await self.perform(None, act, arguments)

    async def by(self, name: str, act: str, /, **arguments: Any) -> Any:
        return await self.perform(self.visits[name], act, arguments)

    async def draft(self) -> int:
        made = await self.by("ann", "edition.draft", list="news", **TEXT)
        number: int = made.id
        return number

    async def lose(self, loss: str) -> None:
        self.pass_time(1)
        for act, arguments in LOSSES[loss]:
            await self.at_shell(act, **arguments)

    def pass_time(self, seconds: int) -> None:
        self.services.now = self.model.now = self.model.now + seconds

    async def states(self) -> list[tuple[Any, ...]]:
        return await select(self.services.database, STATES)

    def hour(self) -> str:
        return datetime.fromtimestamp(self.model.now + 600, UTC).isoformat()


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_services(tmp_path) as services:
        desk = Desk(services, random.Random(0))
        await desk.begin()
        yield desk


async def caller_by(desk: Desk, door: str) -> Actor:
    """Somebody who may send: at the shell, at a page, or a program of the machine."""
    if door == "api":
        made = await desk.at_shell("token.create", name="ci", scope="write", lists=("news",))
        return desk.know(made.id, made.token)
    return None if door == "shell" else desk.visits["cleo"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("door", ["shell", "page", "api"])
@pytest.mark.parametrize("act", ["edition.release", "edition.schedule"])
async def test_an_approval_counts_while_its_approver_may_approve(desk: Desk, act: str, door: str, loss: str) -> None:
    edition, at = await desk.draft(), {"at": desk.hour()} if act == "edition.schedule" else {}
    await desk.by("bea", "edition.approve", id=edition)
    await desk.lose(loss)
    sender = await caller_by(desk, door)
    with pytest.raises(Refused, match=r"(who|that) approved edition 1,? may no longer approve editions of news"):
        await desk.perform(sender, act, {"id": edition, **at})
    assert [("draft", 0, None)] == await desk.states()
    await desk.by("cleo", "edition.approve", id=edition)
    await desk.perform(sender, act, {"id": edition, **at})
    assert "draft" != (await desk.states())[0][0]


async def test_an_approval_of_a_revoked_token_does_not_count_and_one_of_an_expired_one_does(desk: Desk) -> None:
    made = [
        await desk.at_shell("token.create", name=name, scope="write", lists=("news",), expires="1h")
        for name in ("one", "two")
    ]
    edition = await desk.draft()
    await desk.perform(desk.know(made[0].id, made[0].token), "edition.approve", {"id": edition})
    await desk.at_shell("token.revoke", id=made[0].id)
    with pytest.raises(Refused, match="the token that approved"):
        await desk.by("cleo", "edition.release", id=edition)
    await desk.perform(desk.know(made[1].id, made[1].token), "edition.approve", {"id": edition})
    desk.pass_time(7200)
    await desk.at_shell("edition.release", id=edition)
    assert "draft" != (await desk.states())[0][0]


async def test_no_author_approves_once_the_approval_before_counts_no_longer(desk: Desk) -> None:
    """It vouched for what Ann wrote, and now nobody does."""
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    await desk.lose("revoked")
    with pytest.raises(NotPermitted, match="somebody else"):
        await desk.by("ann", "edition.approve", id=edition)


async def test_no_author_approves_settings_that_have_changed_since(desk: Desk) -> None:
    """They may be Ann's, too, and are in every copy; Bea has seen all the rest."""
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    await desk.by("ann", "list.set", list="news", settings={"footer": "Win a boat"})
    with pytest.raises(NotPermitted, match="somebody else"):
        await desk.by("ann", "edition.approve", id=edition)
    await desk.by("bea", "edition.approve", id=edition)
    await desk.by("ann", "edition.release", id=edition)
    assert "draft" != (await desk.states())[0][0]


@pytest.mark.parametrize("by_token", [False, True])
async def test_who_has_set_what_is_in_every_copy_does_not_approve_it(desk: Desk, by_token: bool) -> None:
    """Otherwise Bea could send a footer as long as a letter alone. A token that is gone may have been hers."""
    edition = await desk.draft()
    if by_token:
        made = await desk.by("bea", "token.create", name="own", scope="write", lists=("news",))
        setting = {"list": "news", "settings": {"footer": "Win a boat"}}
        await desk.perform(desk.know(made.id, made.token), "list.set", setting)
        await desk.by("bea", "token.revoke", id=made.id)
    else:
        await desk.by("bea", "list.set", list="news", settings={"footer": "Win a boat"})
    await desk.by("cleo", "list.set", list="news", settings={"cadence": "Weekly"})  # which no copy shows
    with pytest.raises(NotPermitted, match="settings of news that are in every copy"):
        await desk.by("bea", "edition.approve", id=edition)
    desk.pass_time(1)
    await desk.by("ann", "edition.submit", id=edition)  # Ann has seen it, and says that it is ready
    await desk.by("bea", "edition.approve", id=edition)


async def test_who_has_set_nothing_that_a_copy_shows_approves(desk: Desk) -> None:
    """Nor does a change of nothing at all count as one of the logo."""
    edition = await desk.draft()
    for settings in ({}, {"cadence": "Weekly"}):
        await desk.by("bea", "list.set", list="news", settings=settings)
    await desk.by("bea", "edition.approve", id=edition)


async def test_a_revoked_token_that_has_set_what_is_in_every_copy_is_named(desk: Desk) -> None:
    """Nobody knows whose it was. Once somebody else has seen what it did, the others can approve."""
    edition = await desk.draft()
    made = await desk.at_shell("token.create", name="ci", scope="write", lists=("news",))
    setting = {"list": "news", "settings": {"footer": "Win a boat"}}
    await desk.perform(desk.know(made.id, made.token), "list.set", setting)
    await desk.at_shell("token.revoke", id=made.id)
    with pytest.raises(
        NotPermitted, match=r"somebody else has to submit edition 1 again.*token:ci has changed"
    ) as told:
        await desk.by("bea", "edition.approve", id=edition)
    assert "you have" not in str(told.value)
    desk.pass_time(1)
    await desk.by("cleo", "edition.submit", id=edition)
    await desk.by("bea", "edition.approve", id=edition)


# ---------------------------------------------------------------------- after an intruder


async def make_token(desk: Desk, name: str, by: Any = None) -> Any:
    """A token that operates, and the one who shows it."""
    made = await desk.perform(by, "token.create", {"name": name, "scope": "write", "lists": ()})
    return desk.know(made.id, made.token)


async def test_a_revoked_token_is_answered_with_those_that_were_made_with_it(desk: Desk) -> None:
    """With all of them, when the first is revoked; later with those that came by it. None is touched."""
    first = await make_token(desk, "first")
    second = await make_token(desk, "second", first)
    await make_token(desk, "third", second)
    await make_token(desk, "fourth", first)
    await make_token(desk, "other")

    async def revoke(token_id: int) -> list[str]:
        return [made.name for made in (await desk.at_shell("token.revoke", id=token_id)).made]

    assert ["third"] == await revoke(2)
    assert [] == await revoke(5)
    assert ["third", "fourth"] == await revoke(1)
    assert [(3,), (4,)] == await select(desk.services.database, "select id from api_token order by id")


async def test_a_revoked_token_hides_nothing_that_was_made_with_it(desk: Desk) -> None:
    """An intruder may revoke the one in between. What came by others, there or gone, is not named with it."""
    origin = await make_token(desk, "origin")
    first = await make_token(desk, "first", origin)
    between = await make_token(desk, "between", first)
    await make_token(desk, "hidden", between)
    await make_token(desk, "beside", origin)
    await desk.perform(first, "token.revoke", {"id": 3})
    assert ["hidden"] == [made.name for made in (await desk.at_shell("token.revoke", id=2)).made]
    assert ["hidden", "beside"] == [made.name for made in (await desk.at_shell("token.revoke", id=1)).made]


async def test_a_revoked_origin_makes_no_token_another_ones(desk: Desk) -> None:
    origin = await make_token(desk, "origin")
    await make_token(desk, "first", origin)
    await make_token(desk, "beside", origin)
    await desk.at_shell("token.revoke", id=1)
    assert () == (await desk.at_shell("token.revoke", id=2)).made


async def stands(desk: Desk, name: str) -> list[tuple[int, str]]:
    return [(edition.id, edition.state) for edition in (await desk.at_shell("user.reset", person=name)).editions]


async def test_a_reset_names_what_the_person_has_approved(desk: Desk) -> None:
    """Until it is taken back."""
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    assert [] == await stands(desk, "cleo")
    assert [(1, "draft")] == await stands(desk, "bea")
    await desk.at_shell("edition.return", id=edition)
    assert [] == await stands(desk, "bea")


async def test_a_reset_names_what_somebody_else_has_scheduled_since_the_person_approved_it(desk: Desk) -> None:
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    await desk.by("cleo", "edition.schedule", id=edition, at=desk.hour())
    assert [(1, "scheduled")] == await stands(desk, "bea") == await stands(desk, "cleo")


async def test_a_reset_names_what_goes_out_because_the_person_said_so(desk: Desk) -> None:
    """Until it is held, or somebody else says so."""
    await desk.at_shell("list.set", list="news", settings={"approval": "none"})
    await desk.by("bea", "edition.schedule", id=await desk.draft(), at=desk.hour())
    assert [(1, "scheduled")] == await stands(desk, "bea")
    await desk.at_shell("edition.pause", id=1)
    assert [] == await stands(desk, "bea")
    await desk.at_shell("edition.resume", id=1)
    assert [] == await stands(desk, "bea")


async def test_a_reset_names_nothing_of_somebody_who_may_no_longer_decide(desk: Desk) -> None:
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    await desk.lose("lowered")
    assert [] == await stands(desk, "bea")


# ---------------------------------------------------------------------- at the hour


async def wait(desk: Desk, seconds: int = 601) -> tuple[Any, ...]:
    """Let its time come, and return what became of the edition."""
    desk.pass_time(seconds)
    await desk.advance()
    return (await desk.states())[0]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("act", ["edition.schedule", "edition.release", "edition.send", "edition.move"])
async def test_a_schedule_counts_while_whoever_made_it_may_send(desk: Desk, act: str, loss: str) -> None:
    await desk.at_shell("list.set", list="news", settings={"approval": "none"})
    if act == "edition.send":
        await desk.by("bea", act, list="news", assets={}, scheduled_at=desk.model.now + 600, **TEXT)
    elif act == "edition.move":
        edition = await desk.draft()
        await desk.by("cleo", "edition.schedule", id=edition, at=desk.hour())
        await desk.by("bea", act, id=edition, scheduled_at=desk.model.now + 600)
    else:
        await desk.by("bea", act, id=await desk.draft(), at=desk.hour())
    await desk.lose(loss)
    state, has_started, reason = await wait(desk)
    assert ("paused", 0) == (state, has_started)
    assert reason.startswith("person:bea, who scheduled or resumed it, may no longer send editions of news")
    await desk.by("cleo", "edition.resume", id=1)
    assert 1 == (await wait(desk, 1))[1]


async def test_a_schedule_without_a_row_of_the_audit_log_counts(desk: Desk) -> None:
    """It is from before there was such a log, and nobody has withdrawn it."""
    await desk.services.make_edition()
    assert [] == await select(desk.services.database, "select 1 from audit where action like 'edition.%'")
    assert 1 == (await wait(desk))[1]


async def test_a_schedule_goes_on_where_somebody_else_takes_it_over(desk: Desk) -> None:
    await desk.at_shell("list.set", list="news", settings={"approval": "none"})
    await desk.by("bea", "edition.schedule", id=await desk.draft(), at=desk.hour())
    await desk.lose("removed")
    await desk.by("cleo", "edition.schedule", id=1, at=desk.hour())
    assert 1 == (await wait(desk))[1]


@pytest.mark.parametrize("is_revoked", [False, True])
async def test_a_schedule_of_a_token_ends_with_it_but_not_with_its_time(desk: Desk, is_revoked: bool) -> None:
    await desk.at_shell("list.set", list="news", settings={"approval": "none"})
    made = await desk.at_shell("token.create", name="ci", scope="write", lists=("news",), expires="5m")
    await desk.perform(
        desk.know(made.id, made.token), "edition.schedule", {"id": await desk.draft(), "at": desk.hour()}
    )
    if is_revoked:
        await desk.at_shell("token.revoke", id=made.id)
    assert (not is_revoked) == (await wait(desk))[1]


async def test_an_approval_that_is_lost_after_scheduling_holds_the_edition(desk: Desk) -> None:
    """Nobody can send it alone by resuming it. It can be made a draft again."""
    edition = await desk.draft()
    await desk.by("bea", "edition.approve", id=edition)
    await desk.by("ann", "edition.schedule", id=edition, at=desk.hour())
    await desk.lose("revoked")
    state, has_started, reason = await wait(desk)
    assert ("paused", 0) == (state, has_started)
    assert reason.endswith(": cancel it, make a draft of it again, and have that approved")
    with pytest.raises(Refused, match="person:bea, who approved edition 1, may no longer"):
        await desk.by("cleo", "edition.resume", id=edition)
    await desk.by("cleo", "edition.cancel", id=edition)
    again = await desk.draft()
    await desk.by("cleo", "edition.approve", id=again)
    await desk.by("ann", "edition.release", id=again)
    assert ["cancelled", True] == [(await desk.states())[0][0], (await desk.states())[1][1] == 1]
