"""Actions on lists and the people who may write to them."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from pressrun.acts.act import OF_LIST, SOME_LIST, ActList, Doing, Http
from pressrun.acts.arguments import ListAddress, ListName, ListSettings
from pressrun.acts.editions.drafts import IF_MATCH
from pressrun.acts.http import Page
from pressrun.acts.lists.list_resources import ListFields, ListLogo, ListRemoval, ListsByName, NewListFields
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import NotPermitted, Refused
from pressrun.services.answers import Answer
from pressrun.services.lists.list_settings import LIST_SETTINGS, plain_key
from pressrun.services.reports import list_descriptions
from pressrun.services.reports.list_descriptions import ListInfo
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import people
from pressrun.store.programs.idempotency import KeptOutcome
from pressrun.store.transaction import Transaction

_OF_OPERATORS = frozenset(key for key, setting in LIST_SETTINGS.items() if setting.right is Right.OPERATE)


async def _needs_second_person(doing: Doing, name: str) -> bool:
    """Whether nobody alone may write what all new readers of a list get."""
    target = await doing.cases.database.read(lists.find_list, name)
    return target is not None and target.needs_second_person


def _permit(doing: Doing, tx: Transaction, before: MailingList, after: MailingList) -> None:
    """Raise NotPermitted for a change that the right to the settings of a list does not cover."""
    if after.family is not None and after.family != before.family:
        _require_family(doing, tx, after.name, after.family)
    if after.owner and after.owner != before.owner and not doing.may(Right.OPERATE, after.name):
        _require_known_owner(tx, after.id, parse_address(after.owner))


def _require_family(doing: Doing, tx: Transaction, name: str, family: str) -> None:
    """Raise NotPermitted where a list would join a family with lists whose settings the caller may not change.

    Its pages and forms lead visitors and readers of these lists to that one. The words name none of them.
    """
    others = [family_list.name for family_list in lists.family_lists(tx, family) if family_list.name != name]
    if not all(doing.may(Right.SETTINGS, other) for other in others):
        raise NotPermitted(
            f"list.set: to join the family {family!r}, you need the right {Right.SETTINGS.value} on every list of it"
        )


def _require_known_owner(tx: Transaction, list_id: int, owner: Address) -> None:
    """Raise NotPermitted for an owner who has no role on the list.

    They would get all mail to its owner without having asked for it, and would read what readers reply.
    """
    person = people.find_by_address(tx, owner.key)
    if person is None or not (person.is_operator or people.find_permission(tx, list_id, person.id)):
        raise NotPermitted(
            f"list.set: owner: {owner} has no role on this list. Choose somebody who has, or ask an operator"
        )


async def _show_again(doing: Doing, args: ListName | ListSettings, _: KeptOutcome) -> ListInfo:
    return await doing.cases.database.read(list_descriptions.show_list, args.list)


LIST_ACTS = ActList()


@LIST_ACTS.add(
    "list.list",
    "Show the lists within reach",
    Right.STATS,
    SOME_LIST,
    http=Http(method="GET", path="lists", query=("limit", "after")),
)
async def _page(doing: Doing, args: ListsByName) -> Page[ListInfo]:
    items, following = await doing.cases.database.read(
        list_descriptions.page_of_lists, lambda name: doing.may(Right.STATS, name), after=args.after, limit=args.limit
    )
    return Page(items=items, next=following)


@LIST_ACTS.add(
    "list.show",
    "Show a list with its settings and how many readers it has",
    Right.STATS,
    OF_LIST,
    http=Http(method="GET", path="lists/{list}", etag="revision"),
)
async def _show(doing: Doing, args: ListName) -> ListInfo:
    return await doing.cases.database.read(list_descriptions.show_list, args.list)


@LIST_ACTS.add(
    "list.create",
    "Create a list",
    Right.OPERATE,
    again=_show_again,
    http=Http(method="POST", path="lists", members=NewListFields, status=201, etag="revision", made="lists/{name}"),
)
async def _create(doing: Doing, args: ListSettings) -> ListInfo:
    editors = [parse_address(address) for address in args.editors]
    return await doing.cases.lists.create_list(
        args.list, args.settings, args.files, places=args.places, editors=editors
    )


@LIST_ACTS.add(
    "list.set",
    "Change settings of a list",
    Right.SETTINGS,
    OF_LIST,
    http=Http(method="PATCH", path="lists/{list}", members=ListFields, headers=IF_MATCH, etag="revision"),
)
async def _set(doing: Doing, args: ListSettings) -> ListInfo:
    keys = {plain_key(name) for name in args.settings}
    if _OF_OPERATORS & keys or ("welcome" in keys and await _needs_second_person(doing, args.list)):
        doing.require(Right.OPERATE, args.list)
    return await doing.cases.lists.set_list(
        args.list, args.settings, args.files, args.assets, args.revision, partial(_permit, doing)
    )


@LIST_ACTS.add(
    "list.logo",
    "Give a list a logo, PNG or JPEG",
    Right.SETTINGS,
    OF_LIST,
    http=Http(
        method="PUT",
        path="lists/{list}/logo",
        headers={**IF_MATCH, "file_name": "X-File"},
        body="picture",
        media_types=("image/png", "image/jpeg"),
        etag="revision",
    ),
)
async def _set_logo(doing: Doing, args: ListLogo) -> ListInfo:
    files = {"logo": args.picture}
    name = PurePosixPath(args.file_name).name or "logo"  # no name would remove the logo
    return await doing.cases.lists.set_list(args.list, {"logo": name}, files, seen=args.revision)


@LIST_ACTS.add(
    "list.close",
    "Close a list; it accepts no sign-ups or editions until it is reopened",
    Right.OPERATE,
    OF_LIST,
    again=_show_again,
    asks=True,
    http=Http(method="POST", path="lists/{list}/close", etag="revision"),
)
async def _close(doing: Doing, args: ListName) -> ListInfo:
    return await doing.cases.lists.close_list(args.list)


@LIST_ACTS.add(
    "list.reopen",
    "Reopen a closed list",
    Right.OPERATE,
    OF_LIST,
    again=_show_again,
    http=Http(method="POST", path="lists/{list}/reopen", etag="revision"),
)
async def _reopen(doing: Doing, args: ListName) -> ListInfo:
    return await doing.cases.lists.set_list(args.list, {"closed": "false"})


@LIST_ACTS.add(
    "list.rm",
    "Remove a closed list with its subscriptions, editions and archive",
    Right.OPERATE,
    OF_LIST,
    asks=True,
    http=Http(method="DELETE", path="lists/{list}", query=("confirm",), status=204),
)
async def _remove(doing: Doing, args: ListRemoval) -> None:
    if doing.caller.is_program and args.confirm != args.list:
        raise Refused("removing a list cannot be undone. Repeat its name: ?confirm=NAME")
    await doing.cases.lists.remove_list(args.list)


@LIST_ACTS.add("editor.add", "Let an address send editions to a list by email", Right.OPERATE, OF_LIST)
async def _add_editor(doing: Doing, args: ListAddress) -> None:
    await doing.cases.lists.add_editor(args.list, parse_address(args.address))


@LIST_ACTS.add("editor.rm", "Let an address send no more editions to a list", Right.OPERATE, OF_LIST)
async def _remove_editor(doing: Doing, args: ListAddress) -> Answer:
    return await doing.cases.lists.remove_editor(args.list, parse_address(args.address))
