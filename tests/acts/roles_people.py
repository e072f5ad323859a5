"""Steps of random histories that change who there is and what they may do: people, their log-ins, and programs."""

from __future__ import annotations

from tests.acts.roles_model import READERS, ROLES, SCOPES, Program, Someone, Visit
from tests.acts.roles_world import Actor, World
from tests.database import select
from tests.services.log_ins.log_in_harness import PASSWORD

from pressrun.services.people.lookups import PersonAnswer

NAMES = ("ann", "bea", "cleo", "dora")
LISTS = ("news", "tides")


class PeopleSteps(World):
    """Each step draws at random who acts, and on whom."""

    # ------------------------------------------------------------------ people

    def named_one(self, name: str) -> Someone | None:
        return next((person for person in self.model.people.values() if person.name == name), None)

    def draw_person(self) -> Someone | None:
        return self.named_one(self.dice.choice(NAMES))

    def draw_list(self) -> str:
        return self.dice.choice(LISTS)

    async def _added(self, made: PersonAnswer, password: str | None) -> Someone:
        [(number,)] = await select(self.services.database, "select id from person where name = ?", made.name)
        person = Someone(
            number=number, name=made.name, address=made.address, is_operator=made.operator, is_enrolled=True,
            has_password=password is not None, link=await self.newest_link(number),
        )  # fmt: skip
        self.model.people[number] = person
        return person

    async def add(self) -> None:
        name, password = self.dice.choice(NAMES), self.dice.choice((None, PASSWORD))
        address = self.dice.choice((None, f"{name}@t.example"))
        is_operator = self.dice.random() < 0.3
        is_done, made = await self.attempt(
            self.draw_actor(), "user.add", "operate", None,
            name=name, address=address, operator=is_operator, password=password,
        )  # fmt: skip
        if is_done:
            await self._added(made, password)

    async def invite(self) -> None:
        name = self.dice.choice(NAMES)
        address, target = f"{name}@t.example", self.draw_list()
        role, readers = self.dice.choice(sorted(ROLES)), self.dice.choice((None, *sorted(READERS)))
        is_done, made = await self.attempt(
            self.draw_actor(), "user.invite", "operate", None,
            address=address, list=target, role=role, readers=readers,
        )  # fmt: skip
        if not is_done:
            return
        person = next((each for each in self.model.people.values() if each.address == address), None)
        if person is None:
            [(number,)] = await select(self.services.database, "select id from person where name = ?", made.name)
            person = self.model.people[number] = Someone(number=number, name=made.name, address=address)
        self._put(person, target, role, readers)
        if made.mailed:
            person.link = await self.newest_link(person.number)

    def _put(self, person: Someone, target: str, role: str | None, readers: str | None) -> None:
        before = person.grants.get(target)
        after = (role or (before or ("",))[0], readers or (before or ("", "none"))[1])
        if after != before:
            person.grants[target] = after
            self.model.end_visits(person.number)

    async def grant(self) -> None:
        person = self.draw_person()
        if self.dice.random() < 0.15:
            name = "nobody" if person is None else person.name
            is_done, _ = await self.attempt(
                self.draw_actor(), "user.grant", "operate", None, person=name, operator=True
            )
            if is_done and person is not None:
                if not person.is_operator:
                    person.is_operator = True
                    self.model.end_visits(person.number)
                person.link = None
            return
        role = self.dice.choice((None, "viewer", "editor", "publisher", "publisher", "publisher"))
        readers = self.dice.choice((None, None, *sorted(READERS)))
        await self._grant(person, self.draw_list(), role, readers, self.draw_actor())

    async def _grant(
        self, person: Someone | None, name: str, role: str | None, readers: str | None, actor: Actor
    ) -> None:
        who = "nobody" if person is None else person.name
        is_done, _ = await self.attempt(
            actor, "user.grant", "operate", None, person=who, list=name, role=role, readers=readers
        )
        if is_done and person is not None:
            self._put(person, name, role, readers)

    async def revoke(self) -> None:
        person, actor, target = self.draw_person(), self.draw_actor(), self.draw_list()
        who = "nobody" if person is None else person.name
        if person is not None and person.grants:
            target = self.dice.choice(sorted(person.grants))
        if self.dice.random() < (0.6 if person is not None and person.is_operator else 0.05):
            is_done, _ = await self.attempt(actor, "user.revoke", "operate", None, person=who, operator=True)
            if is_done and person is not None:
                self._must_leave_an_operator(person, actor)
                person.is_operator = False
                self.model.end_visits(person.number)
            return
        held = ("none", "none") if person is None else person.grants.get(target, ("none", "none"))
        readers = self.dice.choice((None, None, held[1] if held[1] != "none" else "see"))
        is_done, _ = await self.attempt(actor, "user.revoke", "operate", None, person=who, list=target, readers=readers)
        if is_done and person is not None:
            role, _ = person.grants.pop(target)
            if readers is not None:
                order = ["none", "see", "manage", "export"]
                person.grants[target] = (role, order[order.index(readers) - 1])
            self.model.end_visits(person.number)

    async def link(self) -> None:
        person = self.draw_person()
        is_done, _ = await self.attempt(
            self.draw_actor(), "user.link", "operate", None, person="nobody" if person is None else person.name
        )
        if is_done and person is not None:
            person.link = await self.newest_link(person.number)

    async def reset(self) -> None:
        person = self.draw_person()
        is_done, _ = await self.attempt(
            self.draw_actor(), "user.reset", "operate", None, person="nobody" if person is None else person.name
        )
        if is_done and person is not None:
            person.has_password, person.link = False, await self.newest_link(person.number)
            self.model.end_visits(person.number)
            for program in [each for each in self.model.programs.values() if each.person == person.number]:
                self.model.programs.pop(program.number)

    async def remove(self) -> None:
        person, actor = self.draw_person(), self.draw_actor()
        who = "nobody" if person is None else person.name
        is_done, _ = await self.attempt(actor, "user.rm", "operate", None, person=who)
        if is_done and person is not None:
            if person.is_operator:
                self._must_leave_an_operator(person, actor)
            self.model.remove(person.number)

    def _must_leave_an_operator(self, gone: Someone, actor: Actor) -> None:
        left = [each for each in self.model.people.values() if each.is_operator and each.is_enrolled]
        if actor is not None and left in ([], [gone]):
            self.wrong(f"{gone.name} was the last operator, and {actor} took them away")

    async def add_editor(self) -> None:
        name, target = self.dice.choice(NAMES), self.draw_list()
        address = f"{name}@t.example"
        is_done, _ = await self.attempt(
            self.draw_actor(), "editor.add", "operate", target, list=target, address=address
        )
        if not is_done:
            return
        person = next((each for each in self.model.people.values() if each.address == address), None)
        if person is None:
            [(number, name)] = await select(
                self.services.database, "select id, name from person where address = ?", address
            )
            person = self.model.people[number] = Someone(number=number, name=name, address=address)
        if person.grants.get(target, ("viewer", ""))[0] == "viewer":
            self._put(person, target, "editor", None)

    async def remove_editor(self) -> None:
        address, target = f"{self.dice.choice(NAMES)}@t.example", self.draw_list()
        is_done, _ = await self.attempt(self.draw_actor(), "editor.rm", "operate", target, list=target, address=address)
        person = next((each for each in self.model.people.values() if each.address == address), None)
        if is_done and person is not None:
            person.grants.pop(target)
            self.model.end_visits(person.number)
            self._forget_idle(person)

    def _forget_idle(self, person: Someone) -> None:
        is_invited = person.link is not None  # expired ones are swept elsewhere
        if not person.is_enrolled and not person.is_operator and not person.grants and not is_invited:
            self.model.remove(person.number)

    async def erase(self) -> None:
        address = f"{self.dice.choice(NAMES)}@t.example"
        if self.dice.random() < 0.7:
            return
        is_done, _ = await self.attempt(
            self.draw_actor(), "subscriber.erase", "operate", None, address=address, confirm=address
        )
        person = next((each for each in self.model.people.values() if each.address == address), None)
        if is_done and person is not None:
            person.address = person.link = None
            if not person.is_enrolled and not person.is_operator:
                self.model.remove(person.number)

    # ------------------------------------------------------------------ log-ins and programs

    async def log_in(self) -> None:
        person = self.draw_person()
        if person is None:
            return
        way = self.dice.choice(("link", "code", "password", *(["link"] * 3 if person.link else ["code"] * 3)))
        is_linked = way == "link" and person.link is not None and person.link[1] > self.model.now
        is_coded = way == "code" and person.is_enrolled and not person.is_operator and person.address is not None
        may = is_linked or is_coded or (way == "password" and person.has_password and person.is_enrolled)
        visit = await self.enter(person, way)
        self.story.append(f"{person.name} logs in by {way}: {visit is not None}")
        if (visit is not None) is not may:
            self.wrong(f"{person.name} was {'' if visit else 'not '}let in by {way}")
        if visit is not None:
            self.model.visits.append(visit)
            if way == "link":
                person.link, person.is_enrolled = None, True

    async def set_password(self) -> None:
        visits = [visit for visit in self.model.visits if self.model.is_open(visit)]
        if not visits:
            return
        visit = self.dice.choice(visits)
        member = await self.member(visit)
        assert member is not None
        is_recent = self.model.now - visit.began_at < 900
        session = member.logged_in.session.id
        try:
            await self.perform(visit, "password.set", {"session": session, "password": PASSWORD})
        except Exception:
            if is_recent:
                raise
            return
        self.story.append(f"{self.named(visit)} sets a password")
        self.model.people[visit.person].has_password = True
        self.model.end_visits(visit.person, visit)

    async def end_sessions(self) -> None:
        if not self.model.visits:
            return
        visit = self.dice.choice(self.model.visits)
        if self.dice.random() < 0.5:
            await self.log_in_services.sessions.end(visit.secret)
            visit.is_open = False
            return
        member = await self.member(visit)
        number = 0 if member is None else member.logged_in.session.id
        is_done, _ = await self.attempt(visit, "session.rm-others", "self", None, session=number)
        if is_done:
            self.model.end_visits(visit.person, visit)

    async def make_token(self) -> None:
        actor, scope = self.draw_actor(), self.dice.choice((*sorted(SCOPES), "write", "write"))
        lists = self.dice.choice(((), *((name,) for name in LISTS), LISTS))
        may = all(self.may(actor, "settings", name) for name in lists or (None,))
        name = f"t{len(self.story)}"
        makes = may and not (isinstance(actor, int) and not self.may(actor, "operate", None))
        right = "settings" if makes or not may else "operate"
        place = next((each for each in lists if not self.may(actor, "settings", each)), (*lists, None)[0])
        expires = self.dice.choice((None, "1h", "30d"))
        is_done, made = await self.attempt(
            actor, "token.create", right, place if right == "settings" else None,
            name=name, scope=scope, lists=lists, expires=expires,
        )  # fmt: skip
        if not is_done:
            return
        ends_at = None if expires is None else self.model.now + (3600 if expires == "1h" else 30 * 86400)
        parent = self.model.programs[actor] if isinstance(actor, int) else None
        if parent is not None and parent.ends_at is not None:
            ends_at = min(ends_at or parent.ends_at, parent.ends_at)
        person = actor.person if isinstance(actor, Visit) else None if parent is None else parent.person
        self.model.programs[made.id] = Program(
            number=made.id, name=name, text=made.token, scope=scope, lists=frozenset(lists) or None,
            person=person, origin=made.id if parent is None else parent.origin, ends_at=ends_at,
        )  # fmt: skip

    async def revoke_token(self) -> None:
        if not self.model.programs:
            return
        number, actor = self.dice.choice(sorted(self.model.programs)), self.draw_actor()
        is_own = isinstance(actor, Visit) and self.model.programs[number].person == actor.person
        right = "self" if is_own or actor == number else "operate"
        if isinstance(actor, Visit) and not is_own and not self.may(actor, "operate", None):
            right = "self"  # answered as one that does not exist
        is_done, _ = await self.attempt(actor, "token.revoke", right, None, id=number)
        if is_done:
            self.model.programs.pop(number)
