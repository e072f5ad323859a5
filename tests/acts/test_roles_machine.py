"""Random histories of people, programs and drafts: everybody does only what they may do at that moment, and editions go
out only by the rules of their list at that moment.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.acts.roles_model import Work
from tests.acts.roles_people import LISTS, NAMES, PeopleSteps
from tests.acts.roles_world import Actor, make_list
from tests.database import select
from tests.services.harness import open_services
from tests.services.log_ins.log_in_harness import PASSWORD

STEPS = 80
Step = Callable[[], Awaitable[Any]]
EDITIONS = "select id, state, started_at from edition order by id"


class Life(PeopleSteps):
    """A history, step by step."""

    def steps(self) -> list[Step]:
        often = (
            self.write, self.write, self.change, self.approve, self.approve, self.release, self.schedule, self.grant,
            self.log_in, self.log_in,
        )  # fmt: skip
        now_and_then = (
            self.add, self.invite, self.revoke, self.revoke, self.link, self.link, self.reset, self.remove,
            self.add_editor, self.remove_editor, self.erase, self.make_token, self.make_token, self.revoke_token,
            self.end_sessions, self.set_password, self.submit, self.give_back, self.resume, self.resume, self.pause,
            self.move, self.send, self.cancel, self.discard, self.settle, self.settle, self.settle, self.close,
            self.reopen, self.remove_list, self.set_look, self.set_look, self.set_approval,
        )  # fmt: skip
        return [*often, *often, *often, *now_and_then]

    def losses(self) -> list[Step]:
        """What may happen in the middle of another action."""
        return [self.revoke, self.revoke, self.grant, self.reset, self.remove, self.revoke_token, self.remove_editor]

    async def begin(self) -> None:
        for name in LISTS:
            await make_list(self, name)
        await self._set_approval(None, "news", "second-person")
        for name in NAMES[:3]:
            _, made = await self.attempt(
                None, "user.add", "operate", None,
                name=name, address=f"{name}@t.example", operator=name == "ann", password=PASSWORD,
            )  # fmt: skip
            person = await self._added(made, PASSWORD)
            for target in LISTS:
                await self._grant(person, target, "publisher", None, None)
            await self.attempt(None, "user.link", "operate", None, person=name)
            person.link = await self.newest_link(person.number)
            visit = await self.enter(person, "link")
            assert visit is not None
            person.link = None
            self.model.visits.append(visit)

    async def run_step(self, step: Step) -> None:
        self.services.now = self.model.now = self.model.now + self.dice.choice((0, 0, 1, 5, 60))
        self.interruption = self.dice.choice(self.losses()) if self.dice.random() < 0.2 else None
        await step()
        self.interruption = None
        await self.check_editions()
        await self.check()

    # ------------------------------------------------------------------ drafts

    def draw_work(self, *states: str) -> Work | None:
        works = [work for work in self.model.works.values() if work.state in (states or (work.state,))]
        return self.dice.choice(works) if works else None

    async def write(self) -> None:
        actor, target = self.draw_actor(), self.draw_list()
        submits = self.dice.random() < 0.3
        is_done, made = await self.attempt(
            actor, "edition.draft", "drafts", target,
            list=target, source=self._text(), source_name="a.md", submit=submits,
        )  # fmt: skip
        if is_done and made.created:
            author = self.model.author(self.key(actor))
            work = self.model.works[made.id] = Work(
                number=made.id, list=target, state="draft", changes=(author,), changed_at=(self.model.now,)
            )

            if submits:
                self._submitted(work, actor)

    def _text(self) -> bytes:
        return f"---\nsubject: Boats {len(self.story)}\n---\nHello\n".encode()

    async def change(self) -> None:
        work, actor = self.draw_work("draft"), self.draw_actor()
        if work is None:
            return
        is_done, _ = await self.attempt(
            actor, "edition.rewrite", "drafts", work.list,
            id=work.number, revision=None, source=self._text(), source_name="a.md",
        )  # fmt: skip
        if is_done:
            work.changes += (self.model.author(self.key(actor)),)
            work.changed_at += (self.model.now,)

    async def submit(self) -> None:
        work = self.draw_work("draft")
        if work is not None:
            actor = self.draw_actor()
            is_done, _ = await self.attempt(actor, "edition.submit", "drafts", work.list, id=work.number)
            if is_done:
                self._submitted(work, actor)

    def _submitted(self, work: Work, actor: Actor) -> None:
        if work.submitted is None or work.submitted[0] < len(work.changes):
            work.submitted = (len(work.changes), self.model.now, self.model.author(self.key(actor)))

    async def approve(self) -> None:
        work, actor = self.draw_work("draft"), self.draw_actor()
        if work is None:
            return
        is_done, _ = await self.attempt(actor, "edition.approve", "release", work.list, id=work.number)
        if not self.may(actor, "release", work.list) or not self.is_let_in(actor, "edition.approve"):
            return
        author, look = self.model.author(self.key(actor)), self.model.lists[work.list].look
        is_open = not self.model.lists[work.list].is_closed
        expected = is_open and (self.model.counts(work) or self.model.is_second(work, author))
        if is_done is not expected and (is_done or not self.is_disturbed):
            self.wrong(f"{author} could {'' if is_done else 'not '}approve {work}")
        if is_done and not self.model.counts(work):
            work.approved, work.approved_at = (len(work.changes), author, look), self.model.now

    async def give_back(self) -> None:
        work = self.draw_work("draft")
        if work is None:
            return
        is_done, _ = await self.attempt(self.draw_actor(), "edition.return", "release", work.list, id=work.number)
        if is_done:
            work.approved = work.submitted = None

    def may_go(self, work: Work) -> bool:
        """Whether a draft may go out now."""
        target = self.model.lists[work.list]
        return not target.is_closed and (not target.needs_two or self.model.counts(work))

    async def _go(self, work: Work, actor: Actor, act: str, at: int | None) -> None:
        key = self.key(actor)
        arguments: dict[str, Any] = {} if at is None else {"at": datetime.fromtimestamp(at, UTC).isoformat()}
        is_done, _ = await self.attempt(actor, act, "release", work.list, id=work.number, **arguments)
        may = self.may(actor, "release", work.list) and self.is_let_in(actor, act)
        may_go = (may or self.is_disturbed) and self.may_go(work)  # a session may have ended by then
        if work.state == "draft" and is_done is not may_go and (is_done or not self.is_disturbed):
            self.wrong(f"{key} could {'' if is_done else 'not '}send {work}")
        if is_done:
            is_new = work.state == "draft"
            work.sender, work.at = key, at
            work.state = "scheduled" if at is not None and (is_new or work.state == "scheduled") else work.state
            if at is None:
                work.state = "gone"

    async def release(self) -> None:
        work = self.draw_work("draft")
        if work is not None:
            await self._go(work, self.draw_actor(), "edition.release", None)

    async def schedule(self) -> None:
        work = self.draw_work("draft", "draft", "scheduled")
        if work is not None:
            at = self.model.now + self.dice.choice((60, 3600, 86400))
            await self._go(work, self.draw_actor(), "edition.schedule", at)

    async def move(self) -> None:
        work, actor = self.draw_work("scheduled", "paused"), self.draw_actor()
        if work is None:
            return
        at = self.model.now + 600
        is_done, _ = await self.attempt(actor, "edition.move", "release", work.list, id=work.number, scheduled_at=at)
        if is_done:
            work.sender, work.at = self.key(actor), at

    async def send(self) -> None:
        """An edition that was never a draft."""
        actor, target = self.draw_actor(), self.draw_list()
        at = self.dice.choice((None, self.model.now + 3600))
        is_done, made = await self.attempt(
            actor, "edition.send", "release", target,
            list=target, source=self._text(), source_name="a.md", assets={}, scheduled_at=at,
        )  # fmt: skip
        if is_done:
            if self.model.lists[target].needs_two:
                self.wrong(f"{target} asks for two, and an edition went without")
            state = "gone" if at is None else "scheduled"
            work = Work(number=made["id"], list=target, state=state, sender=self.key(actor), at=at)
            self.model.works[work.number] = work

    async def pause(self) -> None:
        work = self.draw_work("scheduled")
        if work is None:
            return
        is_done, _ = await self.attempt(self.draw_actor(), "edition.pause", "release", work.list, id=work.number)
        if is_done:
            work.state = "paused"

    async def resume(self) -> None:
        work, actor = self.draw_work("paused"), self.draw_actor()
        if work is None:
            return
        is_done, _ = await self.attempt(actor, "edition.resume", "release", work.list, id=work.number)
        if is_done:
            work.state, work.sender = "scheduled", self.key(actor)
            work.at = work.at if work.at is not None and work.at > self.model.now else self.model.now

    async def cancel(self) -> None:
        work = self.draw_work("draft", "scheduled", "paused")
        if work is None:
            return
        is_done, _ = await self.attempt(self.draw_actor(), "edition.cancel", "release", work.list, id=work.number)
        if is_done:
            work.state = "cancelled"

    async def discard(self) -> None:
        work = self.draw_work("draft")
        if work is None:
            return
        is_done, _ = await self.attempt(self.draw_actor(), "edition.discard", "drafts", work.list, id=work.number)
        if is_done:
            self.model.works.pop(work.number)

    # ------------------------------------------------------------------ lists and time

    async def close(self) -> None:
        target = self.draw_list()
        if self.dice.random() < 0.4:
            is_done, _ = await self.attempt(self.draw_actor(), "list.close", "operate", target, list=target)
            if is_done:
                self.model.lists[target].is_closed = True
                for work in self.model.works.values():
                    if work.list == target and work.state in ("scheduled", "paused"):
                        work.state = "cancelled"

    async def reopen(self) -> None:
        target = self.draw_list()
        is_done, _ = await self.attempt(self.draw_actor(), "list.reopen", "operate", target, list=target)
        if is_done:
            self.model.lists[target].is_closed = False

    async def remove_list(self) -> None:
        target = self.draw_list()
        is_done, _ = await self.attempt(self.draw_actor(), "list.rm", "operate", target, list=target, confirm=target)
        if is_done:
            self.model.forget_list(target)
            await make_list(self, target)

    async def set_look(self) -> None:
        target, actor = self.draw_list(), self.draw_actor()
        is_done, _ = await self.attempt(
            actor, "list.set", "settings", target,
            list=target, settings={"footer": f"Footer {len(self.story)}"},
        )  # fmt: skip
        if is_done:
            newsletter = self.model.lists[target]
            newsletter.look = len(self.story)
            newsletter.setters.append((self.model.now, self.key(actor)))

    async def set_approval(self) -> None:
        if self.dice.random() < 0.3:
            await self._set_approval(self.draw_actor(), self.draw_list(), self.dice.choice(("none", "second-person")))

    async def _set_approval(self, actor: Actor, target: str, approval: str) -> None:
        is_done, _ = await self.attempt(
            actor, "list.set", "operate", target, list=target, settings={"approval": approval}
        )
        if is_done:
            self.model.lists[target].needs_two = approval == "second-person"

    async def settle(self) -> None:
        """Time passes."""
        self.services.now = self.model.now = self.model.now + self.dice.choice((60, 600, 1200, 3600, 3600, 90000))
        self.story.append(f"it is {self.model.now}")

    # ------------------------------------------------------------------ what goes out

    async def check_editions(self) -> None:
        """Editions start when somebody who may send sends them, or at a time that counts, and not otherwise."""
        await self.advance()
        stored = {number: (state, at) for number, state, at in await select(self.services.database, EDITIONS)}
        for work in list(self.model.works.values()):
            state, started_at = stored.pop(work.number, ("gone", None))
            if work.state == "scheduled" and work.at is not None and work.at <= self.model.now:
                target = self.model.lists[work.list]
                backed = not (target.needs_two and work.approved is not None) or self.model.counts(work)
                is_due = backed and self.model.may_sender(work) and self.model.now - work.at <= 6 * 3600
                if is_due is not (started_at is not None):
                    self.wrong(f"{work} {'went' if started_at else 'did not go'}")
                work.state = "gone" if started_at is not None else state
            elif work.state != "gone" and started_at is not None:
                self.wrong(f"{work} went out")
            elif work.state not in ("gone", state):
                self.wrong(f"{work} is {state}")
        if stored:
            self.wrong(f"nobody made {sorted(stored)}")


async def live(life: Life) -> None:
    """A whole history; it ends at its first contradiction."""
    await life.begin()
    await live_on(life)


async def live_on(life: Life) -> None:
    """More of a history."""
    for _ in range(STEPS):
        await life.run_step(life.dice.choice(life.steps()))
        if life.wrongs:
            return


QUICK, MORE = range(3), range(3, 23)


@pytest.mark.parametrize("seed", [*QUICK, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in MORE)])
async def test_nobody_does_what_they_may_not(tmp_path: Path, seed: int) -> None:
    async with open_services(tmp_path) as services:
        life = Life(services, random.Random(seed))
        await live(life)
        assert [] == life.wrongs, "\n".join([f"seed {seed}", *life.story])
