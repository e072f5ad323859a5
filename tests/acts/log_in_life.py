"""Steps of random histories of log-ins: what people change about how they log in, and what operators do with people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.acts.log_in_model import STEP, App, AskedCode, Factors
from tests.acts.log_in_world import LogInWorld
from tests.acts.roles_model import Someone, Visit
from tests.acts.roles_world import make_list
from tests.database import select
from tests.services.log_ins.authenticator import Authenticator

from pressrun.core.access.totp import code_at, in_base32
from pressrun.core.errors import PressrunError
from pressrun.store.people.log_ins import LoginSession
from pressrun.store.upkeep import clock_set_back

NAMES = ("ann", "bea", "cleo")
WORDS = ("seven mild harbours", "nine loud meadows", "four grey lanterns", "two round anchors")
PASSKEYS = "select id, credential_id from passkey"
Step = Callable[[], Awaitable[Any]]


class Life(LogInWorld):
    """A history, step by step. Other changes of people than these are in the machine of roles."""

    def steps(self) -> list[Step]:
        ways: list[Step] = [
            self.log_in_by_password, self.log_in_by_password, self.log_in_by_password, self.ask_for_code,
            self.log_in_by_code, self.log_in_by_code, self.log_in_by_passkey, self.log_in_by_passkey,
            self.log_in_by_link, self.log_in_by_link, self.log_in_at_issuer, self.replay,
        ]  # fmt: skip
        changes: list[Step] = [
            self.set_password, self.set_password, self.remove_password, self.add_app, self.add_app, self.add_app,
            self.remove_app, self.renew_codes, self.add_passkey, self.add_passkey, self.add_passkey,
            self.remove_passkey, self.end_session, self.end_others, self.log_out, self.race,
        ]  # fmt: skip
        others: list[Step] = [
            self.link, self.link, self.link, self.reset, self.remove, self.add, self.invite, self.set_operator,
            self.restart, self.overtake, self.guess,
        ]  # fmt: skip
        return [*ways, *ways, *ways, *changes, *changes, *others]

    async def begin(self) -> None:
        await make_list(self, "news")
        for name in NAMES:
            await self.add_one(name, is_operator=name == "ann", password=WORDS[0])

    async def run_step(self, step: Step) -> None:
        passed = self.dice.choice((0, 0, 0, 1, 1, 1, 5, 5, 30, 30, 30, 60, 60, 200, 400, 1000, 4000))
        if self.dice.random() < 0.06:
            passed = -self.dice.choice((20, 400, 1200, 20_000))
        self.services.now = self.model.now = self.model.now + passed
        self.story.append(f"{passed} s later")
        if self.dice.random() < 0.01:
            self.services.now = self.model.now = self.model.now + 50_000
        if passed < 0 and self.dice.random() < 0.5:
            await self.services.database.write(clock_set_back.cut_times, self.model.now)
            for visit in self.model.visits:
                visit.began_at, visit.seen_at = (min(at, self.model.now) for at in (visit.began_at, visit.seen_at))
        await step()
        await self.check()

    # ------------------------------------------------------------------ who there is

    async def add_one(self, name: str, *, is_operator: bool, password: str | None) -> None:
        is_done, made = await self.attempt(
            None, "user.add", "operate", None,
            name=name, address=f"{name}@t.example", operator=is_operator, password=password,
        )  # fmt: skip
        assert is_done
        [(number,)] = await select(self.services.database, "select id from person where name = ?", name)
        person = self.model.people[number] = Someone(
            number=number, name=name, address=made.address, is_operator=is_operator, is_enrolled=True
        )
        self.factors[number] = Factors(password=None if password is None else (self.next_number(), password))
        person.link = await self.newest_link(number)
        await self.attempt(None, "user.grant", "operate", None, person=name, list="news", role="publisher")
        person.grants["news"] = ("publisher", "none")
        self.secrets |= {password} if password is not None else set()

    def next_number(self) -> int:
        return len(self.story)

    def missing(self) -> list[str]:
        return [name for name in NAMES if name not in {person.name for person in self.model.people.values()}]

    async def add(self) -> None:
        for name in self.missing():
            await self.add_one(name, is_operator=self.dice.random() < 0.5, password=self.dice.choice((None, WORDS[1])))

    async def invite(self) -> None:
        name = self.dice.choice(NAMES)
        person = next((each for each in self.model.people.values() if each.name == name), None)
        is_done, made = await self.attempt(
            None, "user.invite", "operate", None, address=f"{name}@t.example", list="news", role="publisher"
        )
        if not is_done:
            return
        if person is None:
            [(number,)] = await select(self.services.database, "select id from person where name = ?", made.name)
            person = self.model.people[number] = Someone(number=number, name=name, address=made.address)
            self.factors[number], person.grants["news"] = Factors(), ("publisher", "none")
        if made.mailed is person.is_enrolled:
            self.wrong(f"{name} was {'' if made.mailed else 'not '}mailed an invitation")
        if made.mailed:
            self.replace_link(person, await self.newest_link(person.number))

    def replace_link(self, person: Someone, link: tuple[str, int] | None) -> None:
        if person.link is not None:
            token = person.link[0]
            self.spend("a link that was replaced", lambda: self.log_in_services.links.enter(token, self.visitor()))
        person.link = link

    async def link(self) -> None:
        person = self.draw_someone()
        if person is not None:
            await self.attempt(None, "user.link", "operate", None, person=person.name)
            self.replace_link(person, await self.newest_link(person.number))

    async def reset(self) -> None:
        person = self.draw_someone()
        if person is not None and self.dice.random() < 0.5:
            await self.attempt(None, "user.reset", "operate", None, person=person.name)
            await self.was_reset(person)

    async def was_reset(self, person: Someone) -> None:
        self.factors[person.number].reset()
        self.model.end_visits(person.number)
        for asked in self.codes:
            if asked.address == person.address and asked.is_valid(self.model.now):
                asked.is_over = True
                self.spend("a code from before a reset", self.type_again(asked))
        if self.dice.random() < 0.5:
            await self.replay()
        self.replace_link(person, await self.newest_link(person.number))

    def type_again(self, asked: AskedCode) -> Step:
        return lambda: self.log_in_services.log_ins.by_code(asked.cookie, asked.code, self.visitor())

    async def remove(self) -> None:
        person = self.draw_someone()
        if person is not None and self.dice.random() < 0.3:
            await self.attempt(None, "user.rm", "operate", None, person=person.name)
            self.replace_link(person, None)
            self.model.remove(person.number)
            self.factors.pop(person.number)

    async def set_operator(self) -> None:
        person = self.draw_someone()
        if person is None:
            return
        act = "user.revoke" if person.is_operator else "user.grant"
        await self.attempt(None, act, "operate", None, person=person.name, operator=True)
        if not person.is_operator:
            self.replace_link(person, None)
        person.is_operator = not person.is_operator
        self.model.end_visits(person.number)

    async def restart(self) -> None:
        """The daemon starts anew; what browsers were asked before is void."""
        self.open(self.services)
        self.story.append("a restart")

    # ------------------------------------------------------------------ one's own log-in

    def draw_visit(self) -> Visit | None:
        visits = [visit for visit in self.model.visits if self.model.is_open(visit) or self.dice.random() < 0.03]
        recent = [visit for visit in visits if self.is_recent(visit)]
        visits = recent if recent and self.dice.random() < 0.7 else visits
        return self.dice.choice(visits) if visits else None

    def may_change(self, visit: Visit) -> bool:
        """Whether this session is enough to change how its person logs in."""
        return self.model.is_open(visit) and self.is_recent(visit) and not self.is_weak(visit)

    def is_weak(self, visit: Visit) -> bool:
        """Whether it is of an operator who has proven less than they could."""
        person = self.model.people[visit.person]
        return bool(person.is_operator and visit.by in ("password", "code") and self.factors[visit.person].passkeys)

    async def change(self, visit: Visit, act: str, *, is_right: bool = True, **arguments: Any) -> tuple[bool, Any]:
        """Try a change of one's own; returns whether it was made, and the answer."""
        is_let_in = self.model.is_open(visit) and (self.is_recent(visit) or not self.door.acts[act].is_fresh)
        may = is_let_in and (act == "session.rm" or not self.is_weak(visit))
        number, last, who = await self.number_of(visit), await self.last_row(), self.named(visit)
        own = {} if act == "session.rm" else {"session": number}
        problem, answer = None, None
        try:
            answer = await self.perform(visit, act, {**own, **arguments})
        except PressrunError as raised:
            problem = raised
        self.story.append(f"{who} by {visit.by} {act}: {problem or 'done'}")
        if (problem is None) is not (may and is_right):
            self.wrong(f"{who} by {visit.by} could {'' if problem is None else 'not '}{act}: {problem}")
        rows = [(row[0], row[1], row[3]) for row in await self.rows_since(last)]
        expected = [(who, act, "done" if problem is None else "refused")] if is_let_in else []
        if rows != expected:
            self.wrong(f"the audit log has {rows} of {act}, not {expected}")
        if problem is None and act != "session.rm":
            self.model.end_visits(visit.person, visit)
        return problem is None, answer

    async def number_of(self, visit: Visit) -> int:
        session: LoginSession | None = None
        member = await self.member(visit)
        session = None if member is None else member.logged_in.session
        return 0 if session is None else session.id

    async def set_password(self) -> None:
        visit, words = self.draw_visit(), self.dice.choice([*WORDS, "short"])
        if visit is None:
            return
        is_done, _ = await self.change(visit, "password.set", is_right=words != "short", password=words)
        if is_done:
            self.has_password(visit, words)

    def has_password(self, visit: Visit, words: str) -> None:
        has = self.factors[visit.person]
        has.former += [] if has.password is None else [has.password[1]]
        has.password = (self.next_number(), words)
        self.secrets.add(words)

    async def remove_password(self) -> None:
        visit = self.draw_visit()
        if visit is not None and self.dice.random() < 0.4 and (await self.change(visit, "password.rm"))[0]:
            self.factors[visit.person].password = None

    async def add_app(self) -> None:
        """With a setup of one's own or somebody else's, an earlier one, or what a copy of the database has."""
        visit = self.draw_visit()
        if visit is None or visit.person not in self.factors:
            return
        has, account, dice, now = self.factors[visit.person], self.log_in_services.account, self.dice, self.model.now
        setup, is_own = account.begin_app(visit.person), True
        sealed, secret = setup.sealed, setup.secret
        kind = dice.random()
        if kind < 0.15 and has.app is not None:
            sealed, secret = has.app.sealed, has.app.secret
        elif kind < 0.3:
            others = [each.app for number, each in self.factors.items() if each.app and number != visit.person]
            if others:
                other = dice.choice(others)
                sealed, secret, is_own = dice.choice([other.sealed, other.sealed[:16], b""]), other.secret, False
                if account.find_setup(visit.person, sealed) is not None:
                    self.wrong("the secret of somebody else's app would be shown")
        number = now // STEP + dice.choice([0, 0, 0, -1, 1, 2])
        is_on = has.app is not None and has.app.sealed == sealed
        is_right = is_own and not is_on and App(sealed, secret, 0).step_of(number, now)
        is_done, codes = await self.change(
            visit, "app.add", is_right=is_right, setup=sealed, code=code_at(secret, number)
        )
        if is_done:
            has.app = App(sealed, secret, number)
            self.spend("the code that set up an app", self.again(
                self.model.people[visit.person], has.app, code_at(secret, number)
            ))  # fmt: skip
            self.has_codes(has, codes)
            self.secrets |= {in_base32(secret), secret.hex()}

    def has_codes(self, has: Factors, codes: list[str]) -> None:
        self.secrets |= {*codes, *(code.replace("-", "") for code in codes)}
        has.recovery = set(codes)

    async def guess(self) -> None:
        """Somebody guesses until they may not, which keeps the owner out for a while as well."""
        guesser, person = self.visitor(), self.draw_someone()
        if person is None or self.dice.random() < 0.5:
            return
        for number in range(self.dice.randint(5, 12)):
            await self.try_it(self.by_password(person, person.name, f"guess {number}", guesser), guesser)
            self.services.now = self.model.now = self.model.now + self.dice.choice((0, 1, 40))

    async def remove_app(self) -> None:
        visit = self.draw_visit()
        if visit is not None and self.dice.random() < 0.4 and (await self.change(visit, "app.rm"))[0]:
            has = self.factors[visit.person]
            has.app, has.recovery = None, set()

    async def renew_codes(self) -> None:
        visit = self.draw_visit()
        if visit is None or visit.person not in self.factors:
            return
        has = self.factors[visit.person]
        is_done, codes = await self.change(visit, "recovery.renew", is_right=has.app is not None)
        if is_done:
            person, app = self.model.people[visit.person], has.app
            assert app is not None
            for code in sorted(has.recovery)[:1]:
                self.spend("a recovery code that was replaced", self.again(person, app, code))
            self.has_codes(has, codes)

    async def add_passkey(self) -> None:
        """By a new device, with a challenge of one's own or somebody else's, or with an answer from before."""
        visit = self.draw_visit()
        if visit is None or visit.person not in self.factors:
            return
        whose = visit.person if self.dice.random() < 0.8 else self.dice.choice(list(self.factors))
        device = Authenticator(self.oidc._frame.origin, count=self.dice.choice([0, 0, 1]))
        answer = device.create(await self.log_in_services.account.passkey_options(whose))
        self.devices.append(device)
        number = len(self.devices) - 1
        for again in range(self.dice.choice([1, 1, 2])):
            is_right = whose == visit.person and again == 0
            is_done, _ = await self.change(visit, "passkey.add", is_right=is_right, answer=answer, agent="Firefox")
            if is_done:
                self.factors[visit.person].passkeys[number] = device.count

    async def remove_passkey(self) -> None:
        visit = self.draw_visit()
        if visit is None or visit.person not in self.factors:
            return
        numbers = {bytes(key): number for number, key in await select(self.services.database, PASSKEYS)}
        theirs = [key for has in self.factors.values() for key in has.passkeys]
        if not theirs:
            return
        key = self.dice.choice(theirs)
        has = self.factors[visit.person]
        number = numbers[self.devices[key].credential_id]
        is_done, _ = await self.change(visit, "passkey.rm", is_right=key in has.passkeys, id=number)
        if is_done:
            del has.passkeys[key]

    async def end_session(self) -> None:
        visit, other = self.draw_visit(), self.draw_visit()
        if visit is None or other is None:
            return
        number = await self.number_of(other)
        is_theirs = number != 0 and visit.person == other.person
        is_done, _ = await self.change(visit, "session.rm", is_right=is_theirs, id=number)
        if is_done:
            other.is_open = False

    async def end_others(self) -> None:
        visit = self.draw_visit()
        if visit is not None:
            await self.change(visit, "session.rm-others")

    async def log_out(self) -> None:
        visit = self.draw_visit()
        if visit is not None:
            last = await self.last_row()
            await self.log_in_services.sessions.end(visit.secret)
            expected = [(self.named(visit), "session.end", None, "done")] if self.model.is_open(visit) else []
            if await self.rows_since(last) != expected:
                self.wrong("logging out has other rows")
            visit.is_open = False

    # ------------------------------------------------------------------ at the same moment

    async def race(self) -> None:
        """Two sessions of a person change how they log in at once: one ends the other."""
        visit = self.draw_visit()
        if visit is None:
            return
        others = [each for each in self.model.visits if each.person == visit.person and each is not visit]
        others = [each for each in others if self.may_change(each)]
        if not others or not self.may_change(visit):
            return
        other = self.dice.choice(others)
        changes = [(visit, "password.set", {"password": WORDS[3]}), (other, "app.rm", {})]
        numbers = [await self.number_of(each) for each, _, _ in changes]
        done = await asyncio.gather(
            *(self.perform(each, act, {"session": number, **more})
              for (each, act, more), number in zip(changes, numbers, strict=True)),
            return_exceptions=True,
        )  # fmt: skip
        self.story.append(f"two sessions of {self.named(visit)} at once: {done}")
        is_done = [not isinstance(each, BaseException) for each in done]
        if is_done.count(True) != 1:
            self.wrong(f"of two changes at once, {is_done.count(True)} were made")
            return
        winner = visit if is_done[0] else other
        self.model.end_visits(visit.person, winner)
        has = self.factors[visit.person]
        if is_done[0]:
            self.has_password(visit, WORDS[3])
        else:
            has.app, has.recovery = None, set()

    async def overtake(self) -> None:
        """A reset while somebody logs in by what it takes away."""
        person = self.draw_someone()
        if person is None or self.factors[person.number].password is None or not person.is_enrolled:
            return
        has = self.factors[person.number]
        assert has.password is not None
        code, way, _ = self.draw_code(has)
        await self.forget_limits()
        visitor = self.visitor()
        entered, _ = await asyncio.gather(
            self.log_in_services.log_ins.by_password(person.name, has.password[1], code, visitor),
            self.services.people.reset(person.name),
        )
        await self.log_in_services.failures.carry_out()
        await self.forget_limits()
        self.story.append(f"a reset of {person.name} during a log-in by {way}: {entered}")
        secret = getattr(entered, "secret", None)
        if secret is not None:
            self.end_former(visitor)
            if await self.log_in_services.sessions.find(secret) is not None:
                self.wrong("a session has outlived a reset")
        await self.was_reset(person)
