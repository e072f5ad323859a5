"""Where people log in by all ways there are: each attempt is compared with the model, its rows of the audit log and the
limits among what is compared.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from msgspec.structs import replace
from starlette.requests import Request
from tests.acts.log_in_model import STEP, App, AskedCode, Factors, Limits
from tests.acts.roles_model import FRESH, Someone, Visit
from tests.acts.roles_world import World
from tests.database import execute, select
from tests.services.harness import ServiceHarness
from tests.services.log_ins.authenticator import Authenticator
from tests.services.log_ins.log_in_harness import VISITOR

from pressrun.core.access.login_codes import code_digest, mailed_code, secret_digest
from pressrun.core.access.totp import code_at
from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import RateExceeded
from pressrun.services.log_ins.context import Visitor
from pressrun.services.log_ins.identities import IssuerAccount
from pressrun.services.log_ins.log_in import CodeRequested
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people.log_ins import LoginSession
from pressrun.web.admin.cookies import Underway
from pressrun.web.admin.oidc import OidcPages

ISSUER = "https://id.example"
NETWORKS = ("192.0.2.1", "192.0.2.2")
METHODS = {"recovery": "password-app"}
Rows = list[tuple[str, str, str | None, str]]
AUDIT = "select who, action, object, outcome from audit where number > ? order by number"


@dataclass
class Attempt:
    """What somebody tries: what it should lead to, and what counts it. `times` of it arrive at once."""

    carry_out: Callable[[], Awaitable[Any]]
    way: str
    person: Someone | None  # whose log-in it would be
    is_right: bool
    failed_for: str = ""  # the name in the row about a failure
    meters: list[str] = field(default_factory=list)
    counts_once: bool = False
    is_alone: bool = False
    use_up: Callable[[], object] = lambda: None


class LogInWorld(World):
    """All ways in. `spent` are attempts with what must never work again."""

    def __init__(self, services: ServiceHarness, dice: random.Random) -> None:
        self.factors: dict[int, Factors] = {}
        self.limits, self.codes = Limits(), list[AskedCode]()
        self.devices: list[Authenticator] = []
        self.spent: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        self.secrets: set[str] = set()
        super().__init__(services, dice)

    def open(self, services: ServiceHarness) -> None:
        super().open(services)
        self.oidc = OidcPages(self.frame, *(cast("Any", None) for _ in range(3)))

    # ------------------------------------------------------------------ an attempt

    def visitor(self, network: str | None = None) -> Visitor:
        """Somebody at one of two networks, now and then with the cookie of an earlier session."""
        network = network or self.dice.choice(NETWORKS)
        former = self.dice.choice(self.model.visits).secret if self.model.visits and self.dice.random() < 0.2 else None
        return replace(VISITOR, client=network, network=network, former=former)

    async def rows_since(self, last: int) -> Rows:
        return [cast("Any", tuple(row)) for row in await select(self.services.database, AUDIT, last)]

    async def last_row(self) -> int:
        [(last,)] = await select(self.services.database, "select coalesce(max(number), 0) from audit")
        return int(last)

    async def try_it(self, attempt: Attempt, visitor: Visitor) -> list[Visit]:
        """Carry an attempt out, now and then twice at once, and compare; returns the new sessions."""
        model, now = self.model, float(self.model.now)
        room = self.limits.room(attempt.meters, now) if attempt.meters else 9
        times = 2 if room > 1 and not attempt.is_alone and self.dice.random() < 0.25 else 1
        last = await self.last_row()
        outcomes = await asyncio.gather(*(attempt.carry_out() for _ in range(times)))
        await self.log_in_services.failures.carry_out()
        counted = [self.limits.spend(attempt.meters, now) for _ in range(times)]
        right = (1 if attempt.counts_once else times) if attempt.is_right and all(counted) else 0
        expected: Rows = []
        if right and attempt.person is not None:
            attempt.use_up()
            expected = [(f"person:{attempt.person.name}", "session.begin", None, "done")] * right
            self.end_former(visitor)
            for _ in range(right):
                self.limits.refund(attempt.meters, now)
        if counted[0] and right < times and attempt.way != "link" and self.limits.is_told(attempt.failed_for, now):
            name = attempt.failed_for
            expected.append(("somebody", "session.begin", f"person {name}" if name else None, "refused"))
        entered = [outcome for outcome in outcomes if isinstance(outcome, Entered)]
        throttled = [outcome for outcome in outcomes if isinstance(outcome, RateExceeded)]
        rows = [row for row in await self.rows_since(last) if row[1] != "identity.add"]
        whose = None if attempt.person is None else attempt.person.name
        self.story.append(f"{times} × {attempt.way} of {whose}: {len(entered)} in, {len(throttled)} too many")
        if (len(entered), len(throttled)) != (right, counted.count(False)):
            self.wrong(f"{attempt.way} of {whose} should be {right} in, {counted.count(False)} too many")
        elif sorted(rows, key=str) != sorted(expected, key=str):
            self.wrong(f"the audit log has {rows} of {attempt.way}, not {expected}")
        if attempt.person is None:
            return []
        began = {"person": attempt.person.number, "by": attempt.way, "began_at": model.now, "seen_at": model.now}
        visits = [Visit(secret=outcome.secret, **cast("Any", began)) for outcome in entered]
        self.secrets |= {visit.secret for visit in visits}
        model.visits += visits
        return visits

    def end_former(self, visitor: Visitor) -> None:
        for visit in self.model.visits:
            if visit.secret == visitor.former:
                visit.is_open = False

    def account(self, typed: str) -> str:
        return f"account {typed.strip().lower()}"

    def draw_someone(self) -> Someone | None:
        return self.dice.choice(list(self.model.people.values())) if self.model.people else None

    def shown(self, app: App, offset: int = 0) -> str:
        """What an app shows, at its own idea of the time."""
        return code_at(app.secret, int(self.model.now // STEP) + offset)

    # ------------------------------------------------------------------ the ways in

    async def log_in_by_password(self) -> list[Visit]:
        person = self.draw_someone()
        if person is None:
            return []
        has, dice = self.factors[person.number], self.dice
        typed = dice.choice([person.name, f" {person.name.upper()} ", person.address or person.name])
        current = has.password[1] if has.password is not None else "none at all"
        password = dice.choice([current, current, current, current, "a wrong one here", *has.former[-2:]])
        code, way, use_up = self.draw_code(has)
        visitor = self.visitor()
        attempt = self.by_password(person, typed, password, visitor)
        attempt.carry_out = lambda: self.log_in_services.log_ins.by_password(typed, password, code, visitor)
        attempt.way, attempt.use_up, attempt.is_right = way, use_up, attempt.is_right and way != "wrong"
        visits = await self.try_it(attempt, visitor)
        if visits and has.app is not None:
            self.spend(f"the code {code} ({way})", self.again(person, has.app, code))
        return visits

    def by_password(self, person: Someone, typed: str, password: str, visitor: Visitor) -> Attempt:
        """A password without a code."""
        has = self.factors[person.number]
        return Attempt(
            carry_out=lambda: self.log_in_services.log_ins.by_password(typed, password, "", visitor), way="password",
            person=person, is_right=person.is_enrolled and has.password is not None and password == has.password[1],
            failed_for=person.name if person.is_enrolled else "", meters=[self.account(typed), visitor.network],
            counts_once=has.app is not None,
        )  # fmt: skip

    def again(self, person: Someone, app: App, code: str) -> Callable[[], Awaitable[object]]:
        """The same code with the password that the person has then, while they have this app."""

        async def try_again() -> object:
            has = self.factors.get(person.number)
            if has is None or has.app is None or has.app.sealed != app.sealed or has.password is None:
                return None
            return await self.log_in_services.log_ins.by_password(person.name, has.password[1], code, self.visitor())

        return try_again

    def draw_code(self, has: Factors) -> tuple[str, str, Callable[[], object]]:
        """What somebody types beside the password, and what using it changes."""
        app, nothing = has.app, lambda: None
        if app is None:
            return self.dice.choice(["", "123456"]), "password", nothing
        kind = self.dice.choice(["app", "app", "app", "recovery", "recovery", "none", "wrong"])
        if kind == "recovery" and has.recovery:
            code = self.dice.choice(sorted(has.recovery))
            return code.lower(), "recovery", lambda: has.recovery.discard(code)
        if kind == "app":
            number = int(self.model.now // STEP) + self.dice.choice([0, 0, 0, -1, 1, 2])
            way = "password-app" if app.step_of(number, self.model.now) else "wrong"
            return code_at(app.secret, number), way, lambda: setattr(app, "last_step", number)
        return ("" if kind == "none" else "ABCDEFGHJKMNPQRS"), "wrong", nothing

    async def ask_for_code(self) -> None:
        person, visitor = self.draw_someone(), self.visitor()
        if person is None or person.address is None:
            return
        number = "select count(*) from notice where kind = 'login_code'"
        [(before,)] = await select(self.services.database, number)
        asked = await self.log_in_services.log_ins.request_code(parse_address(person.address), visitor)
        await self.log_in_services.mailed_codes.carry_out()
        [(after,)] = await select(self.services.database, number)
        is_counted = self.limits.spend([self.account(person.address), visitor.network], float(self.model.now))
        self.story.append(f"a code for {person.name}: {type(asked).__name__}")
        if isinstance(asked, CodeRequested) is not is_counted:
            self.wrong(f"a code for {person.name} should be {'mailed' if is_counted else 'too many'}")
        if (after > before) is not (is_counted and self.gets_codes(person) and bool(person.grants)):
            self.wrong(f"a code for {person.name} was {'' if after > before else 'not '}mailed")
        if isinstance(asked, CodeRequested):
            code = mailed_code(self.services.keys, secret_digest(asked.secret))
            self.secrets |= {asked.secret, code}
            self.codes.append(AskedCode(asked.secret, code, person.address, visitor.network, self.model.now))

    def gets_codes(self, person: Someone | None) -> bool:
        return person is not None and person.is_enrolled and not person.is_operator

    async def log_in_by_code(self) -> list[Visit]:
        if not self.codes:
            return []
        asked, now = self.codes[-1] if self.dice.random() < 0.7 else self.dice.choice(self.codes), self.model.now
        cookie = asked.cookie if self.dice.random() < 0.9 else self.dice.choice(self.codes).cookie
        typed = asked.code if self.dice.random() < 0.7 else "ABCDEFGH"
        held = next(code for code in self.codes if code.cookie == cookie)
        person = next((each for each in self.model.people.values() if each.address == held.address), None)
        is_valid, is_same = held.is_valid(now), typed == held.code
        may = is_valid and is_same and self.gets_codes(person)
        visitor = self.visitor(held.network if may else None)
        # What was counted when the code was asked for is taken back.
        counted = [self.account(held.address), visitor.network]

        def use_up() -> None:
            self.limits.refund(counted, float(held.asked_at))

        attempt = Attempt(
            carry_out=lambda: self.log_in_services.log_ins.by_code(cookie, typed, visitor), way="code", person=person,
            is_right=may, failed_for=person.name if person is not None and is_valid and self.gets_codes(person)
            and not is_same else "", counts_once=True, is_alone=held.tries >= 4, use_up=use_up,
        )  # fmt: skip
        visits = await self.try_it(attempt, visitor)
        tries = self.story[-1].startswith("2")
        if is_valid and is_same:
            held.is_over = True
            self.spend("a mailed code", lambda: self.log_in_services.log_ins.by_code(cookie, typed, self.visitor()))
        elif is_valid:
            held.tries += 1 + tries
        return visits

    async def log_in_by_passkey(self) -> list[Visit]:
        if not self.devices:
            return []
        number, dice = self.dice.randrange(len(self.devices)), self.dice
        holders = [key for key, has in self.factors.items() if number in has.passkeys]
        if holders == [] and dice.random() < 0.7:
            return []
        device, person = self.devices[number], self.model.people[holders[0]] if holders else None
        counts_to = self.factors[holders[0]].passkeys[number] if holders else 0
        if device.count or dice.random() < 0.2:
            device.count += dice.choice([0, 1, 1, 1, 5])
        options, is_new = self.log_in_services.ceremonies.login_options(), True
        if dice.random() < 0.1:
            options, is_new = {**options, "challenge": dice.choice(["AAAA", options["challenge"][:-2] + "AA"])}, False
        answer, visitor, count = device.get(options), self.visitor(), device.count
        is_right = person is not None and is_new and (count > counts_to or (count, counts_to) == (0, 0))
        attempt = Attempt(
            carry_out=lambda: self.log_in_services.log_ins.by_passkey(answer, visitor), way="passkey", person=person,
            is_right=is_right, failed_for="" if person is None else person.name, meters=[visitor.network],
            counts_once=True,
            use_up=lambda: self.factors[holders[0]].passkeys.__setitem__(number, count),
        )  # fmt: skip
        visits = await self.try_it(attempt, visitor)
        if is_right and visits:
            self.spend(
                "an answer of a passkey",
                lambda: self.log_in_services.log_ins.by_passkey(answer, self.visitor()),
            )
        return visits

    async def log_in_by_link(self) -> list[Visit]:
        person, visitor = self.draw_someone(), self.visitor()
        if person is None or person.link is None:
            return []
        token, until = person.link

        def use_up() -> None:
            person.link, person.is_enrolled = None, True

        self.secrets.add(token)
        attempt = Attempt(
            carry_out=lambda: self.log_in_services.links.enter(token, visitor), way="link", person=person,
            is_right=until > self.model.now, counts_once=True, use_up=use_up,
        )  # fmt: skip
        visits = await self.try_it(attempt, visitor)
        if visits:
            self.spend("a link", lambda: self.log_in_services.links.enter(token, self.visitor()))
        return visits

    async def log_in_at_issuer(self) -> list[Visit]:
        """By one of few accounts, with an address that the issuer has verified or not, and maybe to link it."""
        subject, visitor = self.dice.choice("abcd"), self.visitor()
        links = [visit for visit in self.model.visits if self.model.is_open(visit)] if self.dice.random() < 0.6 else []
        linking, visit = None, self.dice.choice(links) if links else None
        if visit is not None:
            linking = await self.linking(visit)
            if (linking is not None) is not self.may_link(visit):
                self.wrong(f"{self.named(visit)} may {'' if linking else 'not '}link an account")
        someone = self.draw_someone()
        email = someone.address if someone is not None and self.dice.random() < 0.5 else None
        person = next((self.model.people[key] for key, has in self.factors.items() if subject in has.subjects), None)
        newly = None
        if person is None and linking is not None and visit is not None:
            person = newly = self.model.people[visit.person]
        elif person is None and linking is None and someone is not None and email is not None:
            is_invited = someone.link is not None and someone.link[1] > self.model.now and not someone.is_enrolled
            person = newly = someone if is_invited else None

        def use_up() -> None:
            if newly is not None:
                self.factors[newly.number].subjects.add(subject)
                if linking is None:
                    newly.link, newly.is_enrolled = None, True

        async def carry_out() -> object:
            identities = self.log_in_services.identities
            admitted = await identities.admit(visitor)
            if isinstance(admitted, RateExceeded):
                return admitted
            account = IssuerAccount(issuer=ISSUER, subject=subject, email=email, proven_at=self.model.now)
            entered = await identities.enter(account, visitor, admitted, linking)
            if entered is None:
                identities.record_failure(visitor, "nobody here has this account")
            return entered

        attempt = Attempt(
            carry_out=carry_out, way="oidc", person=person, is_right=person is not None, meters=[visitor.network],
            use_up=use_up,
        )  # fmt: skip
        return await self.try_it(attempt, visitor)

    async def linking(self, visit: Visit) -> LoginSession | None:
        """The session in which somebody links an account, as the page has it."""
        underway = Underway("", cast("Any", None), may_link=True, way_on="")
        cookie = f"__Host-pressrun={visit.secret}".encode()
        scope = {"type": "http", "method": "POST", "path": "/admin", "query_string": b"", "client": ("192.0.2.1", 1)}
        return await self.oidc._linking(Request({**scope, "headers": [(b"cookie", cookie)]}), underway)

    def may_link(self, visit: Visit) -> bool:
        return self.model.is_open(visit) and self.is_recent(visit) and self.is_proven(visit)

    def is_recent(self, visit: Visit) -> bool:
        return abs(self.model.now - visit.began_at) < FRESH

    def seen(self, visit: Visit) -> int:
        return self.model.now if self.model.now - visit.seen_at >= 60 else visit.seen_at

    # ------------------------------------------------------------------ what never works again

    def spend(self, what: str, again: Callable[[], Awaitable[object]]) -> None:
        self.spent.append((what, again))

    async def replay(self) -> None:
        """Something that is used up, replaced or ended lets nobody in."""
        if not self.spent:
            return
        what, again = self.spent[-1] if self.dice.random() < 0.5 else self.dice.choice(self.spent)
        await self.forget_limits()  # what counts this is not compared
        if isinstance(await again(), Entered):
            self.wrong(f"{what} worked again")
        await self.log_in_services.failures.carry_out()
        await self.forget_limits()

    async def forget_limits(self) -> None:
        self.limits = Limits()
        await execute(self.services.database, "delete from limit_event")

    # ------------------------------------------------------------------ what is stored

    async def check(self) -> None:
        """Sessions are open or over as in the model, and what people have is what they have set up."""
        for visit in self.model.visits:
            member = await self.member(visit)
            if (member is not None) is not self.model.is_open(visit):
                self.wrong(f"a session of {self.named(visit)} by {visit.by} is {'open' if member else 'over'}")
            elif member is not None:
                visit.seen_at = self.seen(visit)
                if member.logged_in.session.method.value != METHODS.get(visit.by, visit.by):
                    self.wrong(f"a session by {visit.by} says {member.logged_in.session.method}")
        await self._check_people()
        stored = {
            number: (int(has_password), last_step, codes, keys, subjects)
            for number, has_password, last_step, codes, keys, subjects in await select(self.services.database, FACTORS)
        }
        expected = {
            number: (
                int(has.password is not None), has.app and has.app.last_step, len(has.recovery), len(has.passkeys),
                len(has.subjects),
            )
            for number, has in self.factors.items()
        }  # fmt: skip
        if stored != expected:
            self.wrong(f"people have {stored}, not {expected}")
        digests = {bytes(row[0]) for row in await select(self.services.database, "select digest from recovery_code")}
        if digests != {code_digest(code) for has in self.factors.values() for code in has.recovery}:
            self.wrong("there are other recovery codes")


FACTORS = """
    select id, exists (select 1 from password where person_id = person.id),
        (select last_step from authenticator_app where person_id = person.id),
        (select count(*) from recovery_code where person_id = person.id),
        (select count(*) from passkey where person_id = person.id),
        (select count(*) from identity where person_id = person.id)
    from person"""
