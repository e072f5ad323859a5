"""A newsletter with the real door, sessions, links, codes and tokens, and a model that follows it.

People on pages go through the frame of the pages, and programs through their tokens. Each action is compared with the
model: whether the caller may do it, and whether the audit log has exactly one row about it.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from tests.acts.cases import SITE, cases_of
from tests.acts.roles_model import FRESH, SHELL, Model, Newsletter, Program, Someone, Visit
from tests.database import select
from tests.editions.stored import due_at
from tests.services.harness import ServiceHarness
from tests.services.log_ins.log_in_harness import CHEAP, PASSWORD, VISITOR

from pressrun.acts.act import Doing, Work
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door, caller_of_token
from pressrun.acts.table import ACTS
from pressrun.control.protocol import encode_arguments
from pressrun.core.access.login_codes import mailed_code, secret_digest
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotPermitted, PressrunError
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.editions.advance import advance
from pressrun.services.log_ins.log_in import CodeRequested
from pressrun.services.log_ins.log_in_services import build_log_ins
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.editions import drafts
from pressrun.web.admin.frame import AdminFrame, AdminMember
from pressrun.web.context import WebContext
from pressrun.web.http.clients import ArrivedRequests, Proxies
from pressrun.web.pages import Pages

Actor = Visit | int | None
"""Who acts: somebody with a session, a token by its number, or None for the shell."""
ADDRESS = "192.0.2.1"


class World:
    """The newsletter and the model. `wrongs` are the contradictions between the two."""

    def __init__(self, services: ServiceHarness, dice: random.Random, model: Model | None = None) -> None:
        self.dice = dice
        self.model = model or Model(now=int(services.now))
        self.wrongs: list[str] = []
        self.story: list[str] = []
        self.interruption: Callable[[], Awaitable[Any]] | None = None  # comes in the middle of the next action
        self.is_disturbed = False
        self.open(services)

    def open(self, services: ServiceHarness) -> None:
        """What a process creates when it starts."""
        self.services, context = services, replace(services.context, site=SITE)
        self.log_in_services = build_log_ins(context, SITE.base_url, PasswordHashes(CHEAP))
        acts = {name: replace(act, work=self._held(act.work)) for name, act in ACTS.items() if act.work is not None}
        self.door = Door(replace(cases_of(services), account=self.log_in_services.account), acts)
        web = WebContext(
            database=context.database, pages=Pages(SITE), tokens=lambda: WebTokens(services.keys), proxies=Proxies(()),
            clock=context.clock, arrived=ArrivedRequests(),
        )  # fmt: skip
        self.frame = AdminFrame(web, self.door, self.log_in_services)

    def _held(self, work: Work) -> Work:
        """Work during which something else may happen, after its caller was let in."""

        async def carry_out(doing: Doing, arguments: Any) -> Any:
            if self.interruption is not None:
                interruption, self.interruption = self.interruption, None
                self.services.now = self.model.now = self.model.now + 2
                self.story.append("in the middle of which:")
                await asyncio.create_task(_run(interruption), context=contextvars.Context())
                self.is_disturbed = True
            return await work(doing, arguments)

        return carry_out

    # ------------------------------------------------------------------ who acts

    def key(self, actor: Actor) -> str:
        return SHELL if actor is None else f"token {actor}" if isinstance(actor, int) else f"person {actor.person}"

    def draw_actor(self) -> Actor:
        """Anybody, including now and then somebody whose session or token has ended."""
        kind = self.dice.randrange(10)
        if kind < 1 or not self.model.people:
            return None
        if kind < 3 and self.model.programs:
            return self.dice.choice(sorted(self.model.programs))
        visits = [visit for visit in self.model.visits if self.model.is_open(visit) or self.dice.random() < 0.05]
        return self.dice.choice(visits) if visits else None

    def know(self, number: int, text: str) -> int:
        """A token of the machine."""
        self.model.programs[number] = Program(
            number=number, name="", text=text, scope="write", lists=None, person=None, origin=number, ends_at=None
        )
        return number

    async def member(self, visit: Visit) -> AdminMember | None:
        cookie = f"__Host-pressrun={visit.secret}".encode()
        scope = {
            "type": "http", "method": "POST", "path": "/admin", "query_string": b"", "client": (ADDRESS, 1),
            "headers": [(b"cookie", cookie)],
        }  # fmt: skip
        return await self.frame.find_member(Request(scope))

    async def caller(self, number: int) -> Caller | None:
        return await caller_of_token(self.services.tokens, self.model.programs[number].text, ADDRESS)

    async def perform(self, actor: Actor, act: str, arguments: Mapping[str, Any]) -> Any:
        """Carry it out through this actor's door; raises NotPermitted if they are not even let in."""
        raw: Any = encode_arguments(arguments)
        if actor is None:
            return await self.door.carry_out(Call(act=act, arguments=raw, caller=Caller.at_shell("root", 0)))
        if isinstance(actor, int):
            caller = await self.caller(actor)
            if caller is None:
                raise NotPermitted("401")
            return await self.door.carry_out(Call(act=act, arguments=raw, caller=caller))
        member = await self.member(actor)
        if member is None:
            raise NotPermitted("303")
        actor.seen_at = self.model.now if self.model.now - actor.seen_at >= 60 else actor.seen_at
        return await self.frame.carry_out(member, act, raw)

    def is_let_in(self, actor: Actor, act: str) -> bool:
        """Whether the actor gets as far as the door of all actions."""
        if actor is None:
            return True
        if isinstance(actor, int):
            return actor in self.model.programs and self.model.is_usable(self.model.programs[actor])
        if not self.model.is_open(actor):
            return False
        is_recent = self.model.now - actor.began_at < FRESH
        return not self.door.acts[act].is_fresh or (is_recent and self.is_proven(actor))

    def is_proven(self, visit: Visit) -> bool:
        return visit.by != "password" or not self.model.people[visit.person].is_operator

    def may(self, actor: Actor, right: str, name: str | None) -> bool:
        if isinstance(actor, Visit) and (not self.model.is_open(actor) or not self.is_proven(actor)):
            return right == "self"
        return right == "self" or self.model.may(self.key(actor), right, name)

    async def attempt(
        self, actor: Actor, act: str, right: str, name: str | None, /, **arguments: Any
    ) -> tuple[bool, Any]:
        """Try an action, and compare permission and audit row. Returns whether it was done, and the answer."""
        is_let_in, may = self.is_let_in(actor, act), self.may(actor, right, name)
        who, key, self.is_disturbed = self.named(actor), self.key(actor), False
        [(last,)] = await select(self.services.database, "select coalesce(max(number), 0) from audit")
        problem: PressrunError | None = None
        answer: Any = None
        try:
            answer = await self.perform(actor, act, arguments)
        except PressrunError as raised:
            problem = raised
        self.interruption = None
        is_still = right == "self" or self.model.may(key, right, name)
        self.story.append(f"{who} {act} {_short(arguments)}: {'done' if problem is None else problem}")
        if problem is None and not (is_let_in and may and is_still):
            self.wrong(f"{who} did {act} without {right} on {name}")
        is_undisturbed = not self.is_disturbed
        if isinstance(problem, NotPermitted) and is_let_in and may and is_undisturbed and act != "edition.approve":
            self.wrong(f"{who} holds {right} on {name} and was refused {act}: {problem}")
        rows: list[tuple[Any, ...]] = await select(
            self.services.database, "select who, action, outcome from audit where number > ? order by number", last
        )
        expected = [(who, act, "done" if problem is None else "refused")] if is_let_in else []
        rows = [row for row in rows if row[1] != "erased"]
        if (rows if is_undisturbed else rows[-1:]) != expected:
            self.wrong(f"the audit log has {rows} of {act} by {who}, not {expected}")
        return problem is None, answer

    def named(self, actor: Actor) -> str:
        """The actor's name in the audit log."""
        if actor is None:
            return "root"
        if isinstance(actor, int):
            return f"token:{self.model.programs[actor].name}"
        person = self.model.people.get(actor.person)
        return f"person:{person.name}" if person is not None else "nobody"

    def wrong(self, what: str) -> None:
        self.wrongs.append(f"step {len(self.story)}: {what}")

    # ------------------------------------------------------------------ logging in

    async def enter(self, person: Someone, way: str) -> Visit | None:
        """Log somebody in; None if they are not let in."""
        entered: object = None
        if way == "link" and person.link is not None:
            entered = await self.log_in_services.links.enter(person.link[0], VISITOR)
        elif way == "password":
            entered = await self.log_in_services.log_ins.by_password(person.name, PASSWORD, "", VISITOR)
        elif way == "code" and person.address is not None:
            asked = await self.log_in_services.log_ins.request_code(parse_address(person.address), VISITOR)
            assert isinstance(asked, CodeRequested), asked
            await self.log_in_services.mailed_codes.carry_out()
            code = mailed_code(self.services.keys, secret_digest(asked.secret))
            entered = await self.log_in_services.log_ins.by_code(asked.secret, code, VISITOR)
        if not isinstance(entered, Entered):
            return None
        now = self.model.now
        return Visit(secret=entered.secret, person=person.number, by=way, began_at=now, seen_at=now)

    async def newest_link(self, person: int) -> tuple[str, int] | None:
        """The newest link of a person, as in the mail to them."""
        sql = "select id, expires_at from enter_link where person_id = ? order by id desc limit 1"
        for number, expires_at in await select(self.services.database, sql, person):
            return WebTokens(self.services.keys).make(WebPurpose.ENTER, number, expires_at), expires_at
        return None

    # ------------------------------------------------------------------ time

    async def advance(self) -> None:
        """What the dispatcher does by itself."""
        await self.services.database.write(advance, due_at(self.model.now, late_grace_seconds=6 * 3600))

    # ------------------------------------------------------------------ what holds after each step

    async def check(self) -> None:
        """Sessions, links and tokens allow exactly what their people may do, and nothing is left half done."""
        model = self.model
        for visit in model.visits:
            member = await self.member(visit)
            if (member is not None) is not model.is_open(visit):
                self.wrong(f"a session of person {visit.person} by {visit.by} is {'open' if member else 'over'}")
            elif member is not None:
                self._compare(f"person {visit.person}", member.caller)
        for number, program in model.programs.items():
            caller = await self.caller(number)
            if (caller is not None) is not model.is_usable(program):
                self.wrong(f"token {number} is {'over' if caller is None else 'valid'}")
            elif caller is not None:
                self._compare(f"token {number}", caller)
        if await self.services.database.read(drafts.withdrawn_drafts):
            self.wrong("a draft waits whose editor is gone")
        await self._check_people()

    def _compare(self, key: str, caller: Caller) -> None:
        for name in (None, *self.model.lists):
            held = {right.value for right in Right if caller.holdings.has(right, name)} - {"self"}
            if held != self.model.rights(key, name) and not (name is None and "operate" not in held):
                self.wrong(f"{key} holds {sorted(held)} on {name}, not {sorted(self.model.rights(key, name))}")

    async def _check_people(self) -> None:
        stored = await select(self.services.database, "select id, name, is_operator from person order by id")
        expected = [(each.number, each.name, int(each.is_operator)) for _, each in sorted(self.model.people.items())]
        if stored != expected:
            self.wrong(f"people are {stored}, not {expected}")
        grants = await select(
            self.services.database,
            "select person_id, list.name, role, readers from permission join list on list.id = list_id",
        )
        held = {
            (each.number, name, *grant) for each in self.model.people.values() for name, grant in each.grants.items()
        }
        if set(grants) != held:
            self.wrong(f"grants differ: {sorted(set(grants) ^ held)}")


async def _run(step: Callable[[], Awaitable[Any]]) -> None:
    await step()


async def make_list(world: World, name: str) -> None:
    """A list with a reader."""
    await world.services.make_list(name)
    await world.services.subscribers.add(name, parse_address("ada@reader.example"))
    world.model.lists[name] = Newsletter()


def _short(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items() if name != "source_name")
