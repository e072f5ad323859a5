"""Actions of programs on the subscribers of a list: they look through them, and change one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta
from msgspec.structs import replace

from pressrun.acts.act import OF_LIST, ActList, Doing, Http
from pressrun.acts.arguments import Arguments, ListAddress
from pressrun.acts.http import (
    Cell,
    ColumnName,
    CsvPage,
    EmailAddress,
    LanguageTag,
    Line,
    Page,
    PageLength,
    Since,
    described,
    faults_of,
)
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import is_spelling_of, parse_address
from pressrun.core.errors import Gone, NotPermitted
from pressrun.core.timestamps import parse_time
from pressrun.runtime.clock import utc_now
from pressrun.services.members.member_changes import (
    Confirm,
    ConsentGiven,
    Fault,
    check_changes,
    check_origin,
    require_no_faults,
)
from pressrun.services.members.member_puts import PutRequest
from pressrun.services.members.program_members import CopyQueued
from pressrun.services.readers.pauses import LONGEST_PAUSE_DAYS
from pressrun.services.readers.requests import Origin
from pressrun.services.reports import exported_members, members
from pressrun.services.reports.members import Member, SignedUp, show_address
from pressrun.services.reports.subscriber_listing import MOST_READ, SubscriberSelection, parse_domain
from pressrun.store.programs.idempotency import KeptOutcome
from pressrun.store.readers import subscribers

_MEMBER = "lists/{list}/subscribers/{address}"
Repeated = Annotated[str, described(maxLength=320)]
"""The address of the path once more, for programs that send a subscriber back as they got it."""
_MADE = "lists/{list}/subscribers/{email}"
_LENGTH_OF_STREAM = 2000  # of each page of a whole list: others wait while it is read

State = Literal["pending", "active", "suspended", "unsubscribed"]
Domain = Annotated[str, Meta(max_length=253, extra_json_schema={"pattern": "^([a-z0-9]{1,20}[.]){1,3}[a-z]{2,10}$"})]


class SubscribersOfList(Arguments, frozen=True, kw_only=True):
    """Some of the subscribers of a list: in a state, since a time, at a domain, or found by a search.

    `q` is the beginning of an address if it has an @ or ends in *, and otherwise text that an address or name contains.
    """

    list: str
    limit: PageLength = 100
    after: str = ""
    state: State | None = None
    since: Since | None = None
    domain: Domain | None = None
    q: Annotated[str, Meta(max_length=100)] = ""
    count: bool = False
    whole: bool = False
    table: bool = False


class MemberFields(Arguments, frozen=True, kw_only=True):
    """What a request says about a person; what is left out stays as it is, and an empty or null column is removed."""

    list: str
    name: Line | None = None
    language: LanguageTag | None = None
    fields: dict[ColumnName, Cell | None] = msgspec.field(default_factory=dict)
    confirm: Confirm | None = None
    consent: ConsentGiven | None = None


class MemberPut(MemberFields, frozen=True, kw_only=True):
    """Add or change the person with this address, which `email` may repeat."""

    address: EmailAddress
    email: Repeated | None = None


class MemberCreate(MemberFields, frozen=True, kw_only=True):
    """Add a person."""

    address: EmailAddress = msgspec.field(name="email")


class MemberPatch(ListAddress, frozen=True, kw_only=True):
    """What changes about a person; what is left out stays as it is, and an empty or null column is removed.

    `email` may repeat the address of the path, and never changes it.
    """

    name: Line | None = None
    language: LanguageTag | None = None
    fields: dict[ColumnName, Cell | None] = msgspec.field(default_factory=dict)
    email: Repeated | None = None


class MemberPause(ListAddress, frozen=True, kw_only=True):
    """For how many days."""

    days: Annotated[int, Meta(ge=1, le=LONGEST_PAUSE_DAYS)]


class MemberCopy(ListAddress, frozen=True, kw_only=True):
    """Which edition."""

    edition: int


def _faults(values: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the members that have the right types."""
    _, wrong = check_changes(values.get("name"), values.get("language"), values.get("fields", {}))
    _, more = check_origin("", values.get("consent"), int(utc_now()))
    return [*wrong, *more]


def _other_address(args: MemberPut | MemberPatch) -> list[Fault]:
    """What is wrong with an `email` that is not the address of the path."""
    if args.email is None or is_spelling_of(args.email, parse_address(args.address)):
        return []
    return [("email", "is not the address of the path. Readers change their address themselves")]


def _checked(doing: Doing, args: MemberPut | MemberCreate) -> PutRequest:
    changes, wrong = check_changes(args.name, args.language, args.fields)
    origin, more = doing.cases.members.check_origin(program_of(doing), args.consent)
    require_no_faults([*wrong, *more, *(_other_address(args) if isinstance(args, MemberPut) else ())])
    address = parse_address(args.address)
    return PutRequest(list_name=args.list, address=address, changes=changes, confirm=args.confirm, origin=origin)


def _origin(doing: Doing) -> Origin:
    origin, _ = doing.cases.members.check_origin(program_of(doing), None)
    return origin


def program_of(doing: Doing) -> str:
    """The name of the token, or of the person, that the source of a subscription shows."""
    return doing.caller.actor.who.removeprefix("token:")


async def _put_again(doing: Doing, args: MemberPut, kept: KeptOutcome) -> Member | SignedUp:
    if not doing.may(Right.MANAGE_READERS, args.list):
        return SignedUp()
    member = await show_again(doing, args, kept)
    return msgspec.structs.replace(member, created=kept.has_created)


async def show_again(doing: Doing, args: Any, kept: KeptOutcome) -> Member:
    """The person as they are now; raises Gone where they were erased since."""
    address = parse_address(args.address)
    person = await doing.cases.database.read(subscribers.find_subscriber, address)
    if kept.subscriber_id is not None and (person is None or person.id != kept.subscriber_id):
        raise Gone("the person this request was about has been erased since")
    return await doing.cases.database.read(show_address, doing.cases.keys, args.list, address)


async def _create_again(doing: Doing, args: MemberCreate, kept: KeptOutcome) -> Member:
    member = await show_again(doing, args, kept)
    return msgspec.structs.replace(member, created=True)  # as the first answer said


async def _copy_again(doing: Doing, args: MemberCopy, kept: KeptOutcome) -> CopyQueued:
    member = await show_again(doing, args, kept)
    return CopyQueued(edition=args.edition, email=member.email, state="queued")


async def _count(doing: Doing, list_name: str, selection: SubscriberSelection) -> int:
    """How many subscribers are chosen, on all pages. A search counts part by part, so that it holds up nobody else."""
    if not (selection.search or selection.since):
        return await doing.cases.database.read(members.count_members, list_name, selection.state)
    total, part = 0, replace(selection, after="", limit=MOST_READ)
    while True:
        count, following = await doing.cases.database.read(members.count_part, list_name, part)
        total += count
        if following is None:
            return total
        part = replace(part, after=following)


def _search(args: SubscribersOfList) -> str:
    """The search of `subscriber ls`; a program chooses the kind of search itself."""
    if args.domain is not None:
        return f"@{args.domain}"
    text = args.q.strip().lstrip("@")
    return f"{text}*" if "@" in text and not text.endswith("*") else text


MEMBER_ACTS = ActList()


@MEMBER_ACTS.add(
    "subscriber.list",
    "Show the subscribers of a list, page by page or all of them",
    Right.SEE_READERS,
    OF_LIST,
    answer=Page[Member],
    http=Http(
        method="GET",
        path="lists/{list}/subscribers",
        query=("limit", "after", "state", "since", "domain", "q", "count"),
        check=lambda values: faults_of(values, domain=parse_domain),
    ),
)
async def _page(doing: Doing, args: SubscribersOfList) -> Page[Any]:
    if args.whole:
        doing.require(Right.EXPORT_READERS, args.list)
    selection = SubscriberSelection(
        state=args.state,
        since=0 if args.since is None else parse_time(args.since),
        search=_search(args),
        after=args.after,
        limit=_LENGTH_OF_STREAM if args.whole else args.limit,
    )
    if args.table:
        table = await doing.cases.database.read(exported_members.table_of_members, args.list, selection)
        return CsvPage(items=table.members, next=table.following, columns=tuple(table.columns))
    items, following = await doing.cases.database.read(members.page_of_members, args.list, selection)
    total: Any = await _count(doing, args.list, selection) if args.count else UNSET
    return Page(items=items, next=following, total=total)


@MEMBER_ACTS.add(
    "subscriber.get", "Show one subscriber of a list", Right.SEE_READERS, OF_LIST, http=Http(method="GET", path=_MEMBER)
)
async def _get(doing: Doing, args: ListAddress) -> Member:
    return await doing.cases.database.read(
        members.show_member, doing.cases.keys, args.list, parse_address(args.address)
    )


@MEMBER_ACTS.add(
    "subscriber.put",
    "Add somebody to a list, or change the fields in the request",
    Right.SIGN_UP,
    OF_LIST,
    answer=Member,
    again=_put_again,
    http=Http(
        method="PUT",
        path=_MEMBER,
        check=_faults,
        otherwise={
            201: lambda made: isinstance(made, Member) and made.created is True,
            202: lambda made: isinstance(made, SignedUp),
        },
        answers={202: SignedUp},
        made=_MADE,
    ),
)
async def _put(doing: Doing, args: MemberPut) -> Member | SignedUp:
    request = _checked(doing, args)
    if doing.may(Right.MANAGE_READERS, args.list):
        return await doing.cases.members.put(request)
    if args.confirm is not Confirm.SEND:
        raise NotPermitted('this token may only sign people up: PUT with "confirm": "send"')
    return await doing.cases.members.sign_up(request)


@MEMBER_ACTS.add(
    "subscriber.create",
    "Add somebody who is not on a list yet",
    Right.MANAGE_READERS,
    OF_LIST,
    again=_create_again,
    http=Http(method="POST", path="lists/{list}/subscribers", status=201, made=_MADE, check=_faults),
)
async def _create(doing: Doing, args: MemberCreate) -> Member:
    return await doing.cases.members.create(_checked(doing, args))


@MEMBER_ACTS.add(
    "subscriber.change",
    "Change the fields in the request for somebody on a list",
    Right.MANAGE_READERS,
    OF_LIST,
    http=Http(method="PATCH", path=_MEMBER, check=_faults),
)
async def _change(doing: Doing, args: MemberPatch) -> Member:
    changes, wrong = check_changes(args.name, args.language, args.fields)
    require_no_faults([*wrong, *_other_address(args)])
    return await doing.cases.members.change(args.list, parse_address(args.address), changes)


@MEMBER_ACTS.add(
    "subscriber.pause",
    "Pause a subscription for some days",
    Right.MANAGE_READERS,
    OF_LIST,
    again=show_again,
    http=Http(method="POST", path=f"{_MEMBER}/pause"),
)
async def _pause(doing: Doing, args: MemberPause) -> Member:
    return await doing.cases.members.pause(args.list, parse_address(args.address), args.days, _origin(doing))


@MEMBER_ACTS.add(
    "subscriber.resume",
    "End a pause that a program began",
    Right.MANAGE_READERS,
    OF_LIST,
    again=show_again,
    http=Http(method="POST", path=f"{_MEMBER}/resume"),
)
async def _resume(doing: Doing, args: ListAddress) -> Member:
    return await doing.cases.members.resume(args.list, parse_address(args.address), _origin(doing))


@MEMBER_ACTS.add(
    "subscriber.confirmation",
    "Resend the confirmation email to somebody who has not confirmed",
    Right.MANAGE_READERS,
    OF_LIST,
    again=show_again,
    http=Http(method="POST", path=f"{_MEMBER}/confirmation"),
)
async def _confirm_again(doing: Doing, args: ListAddress) -> Member:
    return await doing.cases.members.confirm_again(args.list, parse_address(args.address), _origin(doing))


@MEMBER_ACTS.add(
    "subscriber.copy",
    "Send a member a copy of an edition that went out before",
    Right.MANAGE_READERS,
    OF_LIST,
    again=_copy_again,
    http=Http(
        method="POST",
        path=f"{_MEMBER}/copies",
        status=201,
        made="editions/{edition}/copies?address={email}",
    ),
)
async def _send_copy(doing: Doing, args: MemberCopy) -> CopyQueued:
    return await doing.cases.members.send_copy(args.list, parse_address(args.address), args.edition)
