"""Who may do what: every role, access to readers and scope, with every action, on their own, a foreign and no list.

What is expected is written out here as docs/how-to/people.md has it, and not made by the code that decides.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.acts.cases import cases_of
from tests.database import execute, select
from tests.services.harness import ServiceHarness, open_services

from pressrun.acts import act as places
from pressrun.acts.act import Act, Doing, ListsOf
from pressrun.acts.call import Call, Caller
from pressrun.acts.door import Door, caller_of_token
from pressrun.acts.people.people import LISTS_OF_TOKEN
from pressrun.acts.readers.jobs import OF_JOB
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import GROUP_MEMBER, ReaderAccess, Right, Role, TokenScope
from pressrun.core.errors import NotFound, NotPermitted
from pressrun.services.holdings import holdings_of_person
from pressrun.services.people.people_admin import Grant
from pressrun.services.people.tokens import TokenMaker, TokenRequest
from pressrun.store.people import people
from pressrun.store.people.audit import person_on_page

pytestmark = pytest.mark.only_on("sqlite", "who may do what is decided before the database does anything")

OWN, FOREIGN, UNKNOWN = "news", "tides", "nowhere"

ROLES = {"viewer": {"stats"}, "editor": {"stats", "drafts"}, "publisher": {"stats", "drafts", "release", "settings"}}
READERS = {
    "none": set[str](),
    "see": {"readers:see"},
    "manage": {"readers:see", "readers:manage", "sign-up"},
    "export": {"readers:see", "readers:manage", "sign-up", "readers:export"},
}
EVERY_LIST_RIGHT = {"returns"} | ROLES["publisher"] | READERS["export"]
SCOPES = {
    "read": {"stats", "readers:see", "readers:export"},
    "write": EVERY_LIST_RIGHT,
    "sign-up": {"sign-up"},
    "draft": {"stats", "drafts"},
    "stats": {"stats"},
    "returns": {"returns"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody, and what they are expected to hold everywhere, and on their own list."""

    make: Callable[[ServiceHarness], Awaitable[Caller]]
    everywhere: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


def a_person(grant: Grant | None) -> Callable[[ServiceHarness], Awaitable[Caller]]:
    async def make(services: ServiceHarness) -> Caller:
        await services.people.add("ann", None)
        if grant is not None:
            await services.people.grant("ann", grant)
        ann = await services.database.read(people.find_by_name, "ann")
        assert ann is not None
        holdings = await services.database.read(holdings_of_person, ann.id)
        return Caller(actor=person_on_page("ann"), holdings=holdings, person_id=ann.id, client="192.0.2.1")

    return make


def a_token(
    scope: str, lists: tuple[str, ...], owner: Grant | None = None
) -> Callable[[ServiceHarness], Awaitable[Caller]]:
    async def make(services: ServiceHarness) -> Caller:
        maker = TokenMaker()
        if owner is not None:
            person = await a_person(owner)(services)
            maker = TokenMaker(person_id=person.person_id)
        made = await services.tokens.create(TokenRequest(name="site", scope=TokenScope(scope), lists=lists), maker)
        caller = await caller_of_token(services.tokens, made.token or "", "192.0.2.1")
        assert caller is not None
        return caller

    return make


async def at_shell(_: ServiceHarness) -> Caller:
    return Caller.at_shell("root", 0)


async def of_the_group(_: ServiceHarness) -> Caller:
    return Caller.at_shell("ina", 1000, holdings=GROUP_MEMBER)


OPERATOR = frozenset(EVERY_LIST_RIGHT | {"operate"})
HOLDERS: dict[str, Holder] = {
    **{
        f"{role}, readers {readers}": Holder(
            make=a_person(Grant(list=OWN, role=Role(role), readers=ReaderAccess(readers))),
            own=frozenset(ROLES[role] | READERS[readers]),
        )
        for role in ROLES
        for readers in READERS
    },
    **{
        f"token {scope} of one list": Holder(make=a_token(scope, (OWN,)), own=frozenset(rights))
        for scope, rights in SCOPES.items()
    },
    **{
        f"token {scope} of all lists": Holder(
            make=a_token(scope, ()), everywhere=OPERATOR if scope == "write" else frozenset(rights)
        )
        for scope, rights in SCOPES.items()
    },
    "token write of an editor": Holder(
        make=a_token("write", (), Grant(list=OWN, role=Role.EDITOR)), own=frozenset(ROLES["editor"])
    ),
    "token write of an operator": Holder(make=a_token("write", (), Grant(operator=True)), everywhere=OPERATOR),
    "token stats of an operator": Holder(
        make=a_token("stats", (), Grant(operator=True)), everywhere=frozenset({"stats"})
    ),
    "a person without any": Holder(make=a_person(None)),
    "an operator": Holder(make=a_person(Grant(operator=True)), everywhere=OPERATOR),
    "a member of the group": Holder(make=of_the_group, everywhere=OPERATOR),
    "the owner": Holder(make=at_shell, everywhere=OPERATOR | {"machine"}),
}


@pytest_asyncio.fixture
async def services(tmp_path: Path) -> AsyncIterator[ServiceHarness]:
    """Two lists, each with an edition and a job of its number."""
    async with open_services(tmp_path) as opened:
        for number, name in enumerate((OWN, FOREIGN), 1):
            await opened.make_list(name)
            await opened.make_edition(name)
            await execute(
                opened.database,
                "insert into job (kind, list_id, state, source, actor, media_type, file, requires_confirmation,"
                " is_dry_run, digest, created_at, expires_at)"
                " values ('sync', ?, 'ready', 'a', 'b', 'text/csv', ?, 0, 1, x'00', 1, 2)",
                number,
                name,
            )
        yield opened


async def _did(_: Doing, __: Any) -> str:
    return "done"


def door_of(services: ServiceHarness) -> Door:
    """Every action as it is, but that it does nothing."""
    acts: dict[str, Act[Any]] = {name: replace(act, work=_did) for name, act in ACTS.items()}
    return Door(cases_of(services), acts)


def test_every_right_is_among_those_of_an_owner() -> None:
    """A new right needs its place in the tables above."""
    assert {right.value for right in Right} == OPERATOR | {"machine", "self"}


NUMBERS = {OWN: 1, FOREIGN: 2, UNKNOWN: 999}
OF_A_LIST: dict[ListsOf, Callable[[str], dict[str, Any]]] = {
    places.OF_LIST: lambda name: {"list": name},
    LISTS_OF_TOKEN: lambda name: {"lists": (name,)},
    places.OF_EDITION: lambda name: {"id": NUMBERS[name]},
    places.OF_EDITIONS: lambda name: {"ids": (NUMBERS[name],)},
    OF_JOB: lambda name: {"id": NUMBERS[name]},
}
"""How arguments say which list an action is about. A new way needs an entry, or the action is not tried."""


def test_every_way_to_name_a_list_is_tried() -> None:
    ways = {act.lists for act in ACTS.values()}
    assert ways == {*OF_A_LIST, places.NO_LIST, places.SOME_LIST}


def arguments_of(act: Act[Any], **fields: Any) -> Any:
    """Arguments of the right shape."""
    info = msgspec.inspect.type_info(act.arguments)
    assert isinstance(info, msgspec.inspect.StructType)
    needed = {field.name: _sample(field.type) for field in info.fields if field.required and field.name not in fields}
    return act.arguments(**needed, **fields)


def _sample(kind: msgspec.inspect.Type) -> Any:
    match kind:
        case msgspec.inspect.EnumType(cls=cls) if issubclass(cls, enum.Enum):
            return next(iter(cls))
        case msgspec.inspect.UnionType(types=types):
            return _sample(types[0])
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return 1
        case msgspec.inspect.BytesType():
            return b"x"
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return ()
        case _:
            return "x"


async def outcome(
    services: ServiceHarness, door: Door, caller: Caller, act: Act[Any], **fields: Any
) -> tuple[str, str, int]:
    """What came of it, the words of a refusal, and how many rows of the audit log."""
    ((before,),) = await select(services.database, "select count(*) from audit")
    try:
        await door.carry_out(Call(act=act.id, arguments=arguments_of(act, **fields), caller=caller))
        said = ("done", "")
    except (NotPermitted, NotFound) as problem:
        said = (type(problem).__name__, str(problem))
    ((after,),) = await select(services.database, "select count(*) from audit")
    return (*said, after - before)


def expected_of(holder: Holder, act: Act[Any], name: str) -> str:
    """What is to come of an action on this list."""
    right = act.right.value
    if right in holder.everywhere:
        return "done"
    if right == "machine" or holder.everywhere:
        return "NotPermitted"
    if name != OWN or not holder.own:
        return "NotFound"
    return "done" if right in holder.own else "NotPermitted"


def rows_of(act: Act[Any], said: str) -> int:
    """One row for what is done or refused, of what writes; of what reads for a right that is missing."""
    if act.writes:
        return 2 if act.in_files and said == "done" else 1
    return int(said == "NotPermitted")


@pytest.mark.parametrize("holder", HOLDERS)
async def test_what_each_may_do(services: ServiceHarness, holder: str) -> None:
    """And a list out of reach is one that does not exist, word for word."""
    who, door = HOLDERS[holder], door_of(services)
    caller = await who.make(services)
    for act in ACTS.values():
        if act.lists is places.SOME_LIST:
            expected = "done" if act.right.value in who.everywhere | who.own else "NotPermitted"
            assert (expected, rows_of(act, expected)) == (await outcome(services, door, caller, act))[::2], act.id
        elif act.lists is places.NO_LIST:
            expected = "done" if act.right.value in who.everywhere | {"self"} else "NotPermitted"
            assert (expected, rows_of(act, expected)) == (await outcome(services, door, caller, act))[::2], act.id
        else:
            await _try_lists(services, door, caller, who, act)


async def _try_lists(services: ServiceHarness, door: Door, caller: Caller, who: Holder, act: Act[Any]) -> None:
    words = {}
    for name in (OWN, FOREIGN, UNKNOWN):
        said, text, rows = await outcome(services, door, caller, act, **OF_A_LIST[act.lists](name))
        expected = expected_of(who, act, name)
        assert (expected, rows_of(act, expected)) == (said, rows), (act.id, name, text)
        words[name] = text.replace(name, "…").replace(str(NUMBERS[name]), "…")
    if expected_of(who, act, FOREIGN) != "done":
        assert words[FOREIGN] == words[UNKNOWN], act.id
