"""Actions on people, what they may do, and the tokens of programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from pressrun.acts.act import ActList, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.cases import Cases
from pressrun.acts.http import Page, faults_of
from pressrun.acts.people.people_arguments import (
    ON_A_LIST_OR_ALL,
    PeoplePage,
    PersonAdd,
    PersonGrant,
    PersonInvite,
    PersonName,
    TokenCreate,
    TokenId,
    TokensPage,
)
from pressrun.core.access.passwords import require_strong
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.names import parse_person_name, parse_token_name
from pressrun.runtime.clock import utc_now
from pressrun.services.people.lookups import PersonAnswer, people_page, show_person
from pressrun.services.people.people_admin import Grant, PersonRemoved, Require, require_nothing, require_operator
from pressrun.services.people.token_lookups import TokenAnswer, show_token, tokens_page
from pressrun.services.people.tokens import TokenMaker, TokenRequest, TokenRevoked, parse_end, parse_network
from pressrun.store.paging import split_page
from pressrun.store.programs.idempotency import KeptOutcome


def _faults_of_person(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = [values[name] for name in ("name", "address") if values.get(name)]
    return faults_of(values, name=parse_person_name, password=lambda text: require_strong(text, names))


def _faults_of_token(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return faults_of(
        values,
        name=parse_token_name,
        expires=lambda text: parse_end(text, int(utc_now())),
        networks=lambda texts: [parse_network(text) for text in texts],
    )


async def _person_now(doing: Doing, _: Any, kept: KeptOutcome) -> PersonAnswer:
    """The person as they are now. A repeat makes and shows no link."""
    return await doing.cases.database.read(show_person, kept.object_name, doing.cases.people.now)


async def _invited(doing: Doing, args: PersonInvite, kept: KeptOutcome) -> PersonAnswer:
    """The person as they are now. A repeat mails nothing."""
    person = await _person_now(doing, args, kept)
    return replace(person, mailed=person.invited_until is not None)


def _grant_of(args: PersonGrant) -> Grant:
    return Grant(list=args.list, role=args.role, readers=args.readers, operator=args.operator)


def _still_needed(doing: Doing) -> Require:
    """What must hold after an operator is removed: another one is left, unless that is done at the shell."""
    caller = doing.caller
    return require_nothing if caller.person_id is None and caller.token_id is None else require_operator


async def LISTS_OF_TOKEN(_: Cases, arguments: TokenCreate) -> tuple[str, ...]:  # noqa: N802 - a constant of the table
    """The lists that a token is for; for all of them, the right is needed everywhere."""
    return arguments.lists


async def _token_now(doing: Doing, _: TokenCreate, kept: KeptOutcome) -> TokenAnswer:
    """The token as it is listed, without its secret, which is shown only once. A lost token must be replaced."""
    return await doing.cases.database.read(show_token, int(kept.object_name))


def _own_alone(doing: Doing) -> int | None:
    """The person whose tokens a caller may manage; None for those of everybody, which needs an operator."""
    caller = doing.caller
    if caller.holdings.has(Right.OPERATE) or caller.person_id is None or caller.is_program:
        doing.require(Right.OPERATE)
        return None
    return caller.person_id


PEOPLE_ACTS = ActList()


@PEOPLE_ACTS.add(
    "user.ls",
    "List the people who may log in or post by email",
    Right.OPERATE,
    http=Http(method="GET", path="people", query=("limit", "after")),
)
async def _list_people(doing: Doing, args: PeoplePage) -> Page[PersonAnswer]:
    people = await doing.cases.database.read(
        people_page, doing.cases.people.now, after=args.after, limit=args.limit + 1
    )
    items, following = split_page(people, args.limit, lambda person: person.name)
    return Page(items=items, next=following)


@PEOPLE_ACTS.add(
    "user.show", "Show what a person may do", Right.OPERATE, http=Http(method="GET", path="people/{person}")
)
async def _show_person(doing: Doing, args: PersonName) -> PersonAnswer:
    return await doing.cases.database.read(show_person, args.person, doing.cases.people.now)


@PEOPLE_ACTS.add(
    "user.add",
    "Add somebody who may log in, with a password or a login link",
    Right.OPERATE,
    again=_person_now,
    is_fresh=True,
    http=Http(method="POST", path="people", status=201, made="people/{name}", check=_faults_of_person),
)
async def _add(doing: Doing, args: PersonAdd) -> PersonAnswer:
    address = None if args.address is None else parse_address(args.address)
    hashed = None
    if args.password is not None:
        hashed = await doing.cases.account.hash_of_new(args.password, args.name, args.address)
    return await doing.cases.people.add(args.name, address, is_operator=args.operator, password_hash=hashed)


@PEOPLE_ACTS.add(
    "user.invite",
    "Give somebody a role on a list, and email them a login link",
    Right.OPERATE,
    again=_invited,
    is_fresh=True,
    http=Http(method="POST", path="invitations", status=201, made="people/{name}"),
)
async def _invite(doing: Doing, args: PersonInvite) -> PersonAnswer:
    return await doing.cases.people.invite(parse_address(args.address), args.list, args.role, args.readers)


@PEOPLE_ACTS.add(
    "user.grant",
    "Give a person more rights",
    Right.OPERATE,
    again=_person_now,
    is_fresh=True,
    http=Http(method="POST", path="people/{person}/grant", together=ON_A_LIST_OR_ALL),
)
async def _grant(doing: Doing, args: PersonGrant) -> PersonAnswer:
    return await doing.cases.people.grant(args.person, _grant_of(args))


@PEOPLE_ACTS.add(
    "user.revoke",
    "Take rights from a person",
    Right.OPERATE,
    again=_person_now,
    is_fresh=True,
    http=Http(method="POST", path="people/{person}/revoke", together=ON_A_LIST_OR_ALL),
)
async def _revoke(doing: Doing, args: PersonGrant) -> PersonAnswer:
    return await doing.cases.people.revoke(args.person, _grant_of(args), _still_needed(doing))


@PEOPLE_ACTS.add(
    "user.link",
    "Make a new login link for a person",
    Right.OPERATE,
    again=_person_now,
    is_fresh=True,
    http=Http(method="POST", path="people/{person}/link"),
)
async def _link(doing: Doing, args: PersonName) -> PersonAnswer:
    return await doing.cases.people.link(args.person)


@PEOPLE_ACTS.add(
    "user.reset",
    "Remove a person's ways to log in, end their sessions, revoke their tokens, and make a login link",
    Right.OPERATE,
    again=_person_now,
    is_fresh=True,
    http=Http(method="POST", path="people/{person}/reset"),
)
async def _reset(doing: Doing, args: PersonName) -> PersonAnswer:
    return await doing.cases.people.reset(args.person)


@PEOPLE_ACTS.add(
    "user.rm",
    "Remove a person and their tokens",
    Right.OPERATE,
    is_fresh=True,
    http=Http(method="DELETE", path="people/{person}"),
)
async def _remove(doing: Doing, args: PersonName) -> PersonRemoved:
    return await doing.cases.people.remove(args.person, _still_needed(doing))


@PEOPLE_ACTS.add(
    "token.ls",
    "List your tokens; as an operator, those of everybody",
    Right.SELF,
    http=Http(method="GET", path="tokens", query=("limit", "after")),
)
async def _list_tokens(doing: Doing, args: TokensPage) -> Page[TokenAnswer]:
    tokens = await doing.cases.database.read(tokens_page, _own_alone(doing), after=args.after, limit=args.limit + 1)
    items, following = split_page(tokens, args.limit, lambda token: token.id)
    return Page(items=items, next=following)


@PEOPLE_ACTS.add(
    "token.create",
    "Make a token for a program, which is shown once",
    Right.SETTINGS,
    LISTS_OF_TOKEN,
    again=_token_now,
    is_fresh=True,
    http=Http(method="POST", path="tokens", status=201, made="tokens/{id}", check=_faults_of_token),
)
async def _create_token(doing: Doing, args: TokenCreate) -> TokenAnswer:
    if doing.caller.is_program:  # one that cannot operate makes no others
        doing.require(Right.OPERATE)
    request = TokenRequest(
        name=args.name, scope=args.scope, lists=args.lists, expires=args.expires, networks=args.networks
    )
    return await doing.cases.tokens.create(
        request, TokenMaker(person_id=doing.caller.person_id, token_id=doing.caller.token_id)
    )


@PEOPLE_ACTS.add(
    "token.revoke",
    "Revoke a token, which stops working at once",
    Right.SELF,
    is_fresh=True,
    http=Http(method="DELETE", path="tokens/{id}"),
)
async def _revoke_token(doing: Doing, args: TokenId) -> TokenRevoked:
    is_itself = doing.caller.token_id == args.id
    return await doing.cases.tokens.revoke(args.id, None if is_itself else _own_alone(doing))


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and the rights that it gives now: on every list, and on single ones by their names."""

    token: TokenAnswer
    everywhere: tuple[str, ...]
    by_list: dict[str, tuple[str, ...]]


ME_ACTS = ActList()


@ME_ACTS.add("me", "Show the token that asks, and what it may do", Right.SELF, http=Http(method="GET", path="me"))
async def _show(doing: Doing, _: Arguments) -> Me:
    caller = doing.caller
    if caller.token_id is None:
        raise NotFound("only a token can be shown here")
    return Me(
        token=await doing.cases.database.read(show_token, caller.token_id),
        everywhere=tuple(sorted(caller.holdings.everywhere)),
        by_list={name: tuple(sorted(rights)) for name, rights in sorted(caller.holdings.by_list.items())},
    )
