"""A model of a newsletter's people, programs and drafts, which says who may do what at each moment.

It never uses the code that it tests. Everybody has a key: `person 3`, `token 5`, `shell`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROLES = {
    "viewer": frozenset({"stats"}),
    "editor": frozenset({"stats", "drafts"}),
    "publisher": frozenset({"stats", "drafts", "release", "settings"}),
}
READERS = {
    "none": frozenset[str](),
    "see": frozenset({"readers:see"}),
    "manage": frozenset({"readers:see", "readers:manage", "sign-up"}),
    "export": frozenset({"readers:see", "readers:manage", "sign-up", "readers:export"}),
}
ON_LISTS = ROLES["publisher"] | READERS["export"] | {"returns"}
SCOPES = {
    "read": frozenset({"stats", "readers:see", "readers:export"}),
    "write": ON_LISTS,
    "sign-up": frozenset({"sign-up"}),
    "draft": ROLES["editor"],
    "stats": frozenset({"stats"}),
    "returns": frozenset({"returns"}),
}
ALL = ON_LISTS | {"operate"}
SHELL = "shell"
LATE = 6 * 3600  # late_grace
FRESH = 15 * 60


@dataclass
class Someone:
    """A person."""

    number: int
    name: str
    address: str | None
    is_operator: bool = False
    is_enrolled: bool = False
    grants: dict[str, tuple[str, str]] = field(default_factory=dict)
    has_password: bool = False
    link: tuple[str, int] | None = None  # and until when
    key_adder: object = None

    def on(self, name: str | None) -> frozenset[str]:
        if self.is_operator:
            return ALL
        role, readers = self.grants.get(name or "", (None, "none"))
        return frozenset() if role is None else ROLES[role] | READERS[readers]


@dataclass
class Visit:
    """A session, by its cookie."""

    secret: str
    person: int
    by: str
    began_at: int
    seen_at: int
    is_open: bool = True


@dataclass
class Program:
    """A token."""

    number: int
    name: str
    text: str
    scope: str
    lists: frozenset[str] | None
    person: int | None
    origin: int
    ends_at: int | None


@dataclass
class Newsletter:
    """A list. `look` changes with what shows in copies."""

    is_closed: bool = False
    needs_two: bool = False
    look: int = 0
    setters: list[tuple[int, str]] = field(default_factory=list)  # when, and who


@dataclass
class Work:
    """An edition: who made which change, and who approved which one, of which look."""

    number: int
    list: str
    state: str
    changes: tuple[str, ...] = ()
    changed_at: tuple[int, ...] = ()
    submitted: tuple[int, int, str] | None = None  # which change, when, and by whom
    approved: tuple[int, str, int] | None = None
    approved_at: int = 0
    sender: str = SHELL
    at: int | None = None


@dataclass
class Model:
    """All of it."""

    now: int
    people: dict[int, Someone] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    programs: dict[int, Program] = field(default_factory=dict)
    lists: dict[str, Newsletter] = field(default_factory=dict)
    works: dict[int, Work] = field(default_factory=dict)

    # ------------------------------------------------------------------ who may do what

    def rights(self, key: str, name: str | None) -> frozenset[str]:
        """What somebody may do on a list, or everywhere."""
        kind, _, number = key.partition(" ")
        if kind == SHELL:
            return ALL
        if kind == "person":
            person = self.people.get(int(number))
            return frozenset() if person is None else person.on(name)
        program = self.programs.get(int(number))
        return frozenset() if program is None else self.rights_of(program, name)

    def rights_of(self, program: Program, name: str | None) -> frozenset[str]:
        own = SCOPES[program.scope]
        if program.lists is None:
            own |= {"operate"} if program.scope == "write" else set()
        elif name not in program.lists:
            return frozenset()
        return own if program.person is None else own & self.rights(f"person {program.person}", name)

    def may(self, key: str, right: str, name: str | None) -> bool:
        return right in self.rights(key, name)

    def is_usable(self, program: Program) -> bool:
        return program.number in self.programs and (program.ends_at is None or program.ends_at > self.now)

    def is_open(self, visit: Visit) -> bool:
        is_idle = self.now - visit.seen_at >= 12 * 3600 or self.now - visit.began_at >= 30 * 86400
        return visit.is_open and visit.person in self.people and not is_idle

    def end_visits(self, person: int, but: Visit | None = None) -> None:
        for visit in self.visits:
            if visit.person == person and visit is not but:
                visit.is_open = False

    def remove(self, person: int) -> None:
        self.people.pop(person)
        self.end_visits(person)
        for number in [program.number for program in self.programs.values() if program.person == person]:
            self.programs.pop(number)

    def forget_list(self, name: str) -> None:
        self.lists.pop(name)
        for person in self.people.values():
            person.grants.pop(name, None)
        for program in self.programs.values():
            if program.lists is not None:
                program.lists -= {name}
        for work in [work for work in self.works.values() if work.list == name]:
            self.works.pop(work.number)

    # ------------------------------------------------------------------ drafts

    def author(self, key: str) -> str:
        """The author that somebody counts as: the person for a person's tokens, a token for those made with it."""
        program = self.programs[int(key[6:])] if key.startswith("token ") else None
        if program is None:
            return key
        return f"token {program.origin}" if program.person is None else f"person {program.person}"

    def may_approve(self, author: str, name: str) -> bool:
        """Whether an author may approve now, by any of the tokens that count as them."""
        if not author.startswith("token "):
            return self.may(author, "release", name)
        return any(
            "release" in self.rights_of(program, name)
            for program in self.programs.values()
            if program.person is None and f"token {program.origin}" == author
        )

    def counts(self, work: Work) -> bool:
        """Whether it was approved as it is and looks now, by somebody who may approve now."""
        if work.approved is None:
            return False
        number, author, look = work.approved
        is_same = number == len(work.changes) and (work.state != "draft" or look == self.lists[work.list].look)
        return is_same and self.may_approve(author, work.list)

    def is_second(self, work: Work, author: str) -> bool:
        """Whether somebody may approve: they have changed nothing since an approval that counts."""
        since = 0
        if work.approved is not None and self.may_approve(work.approved[1], work.list):
            number, before, look = work.approved
            if number < len(work.changes) or look == self.lists[work.list].look or before == author:
                since = number
        return author not in work.changes[since:] and not self.has_set(work, author, is_vouched=since > 0)

    def has_set(self, work: Work, author: str, *, is_vouched: bool) -> bool:
        """Whether somebody has changed what shows in copies, and nobody else has looked at the draft since."""
        seen = [at for at, by in zip(work.changed_at, work.changes, strict=True) if by != author]
        seen += [work.submitted[1]] if work.submitted is not None and work.submitted[2] != author else []
        seen += [work.approved_at] if is_vouched else []
        latest = max(seen, default=0)
        return any(self._may_be(key, author) for at, key in self.lists[work.list].setters if at >= latest)

    def _may_be(self, key: str, author: str) -> bool:
        """Whether somebody may be this author. A token that is gone may have been anybody's."""
        is_gone = key.startswith("token ") and int(key[6:]) not in self.programs
        return is_gone or self.author(key) == author

    def may_sender(self, work: Work) -> bool:
        """Whether whoever scheduled an edition may still send it. An expired token does not matter."""
        return self.may(work.sender, "release", work.list)
