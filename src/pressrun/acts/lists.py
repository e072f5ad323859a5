"""Actions on lists and the people who may write to them."""

from __future__ import annotations

from typing import Any

from pressrun.acts.act import OF_LIST, Act, Doing
from pressrun.acts.arguments import ListAddress, ListName, ListSettings
from pressrun.core.address import parse_address
from pressrun.core.rights import Right
from pressrun.services.operating.list_settings import APPROVAL, plain_key


async def _set(doing: Doing, args: ListSettings) -> Any:
    if APPROVAL in {plain_key(name) for name in args.settings}:
        doing.require(Right.OPERATE, args.list)  # who needs a second person could otherwise do without one
    return await doing.cases.lists.set_list(args.list, args.settings, args.files, args.assets)


LIST_ACTS = (
    Act(
        id="list.create",
        summary="Create a list",
        right=Right.OPERATE,
        arguments=ListSettings,
        work=lambda doing, args: doing.cases.lists.create_list(args.list, args.settings, args.files, args.places),
    ),
    Act(
        id="list.set",
        summary="Change settings of a list",
        right=Right.SETTINGS,
        lists=OF_LIST,
        arguments=ListSettings,
        work=_set,
    ),
    Act(
        id="list.close",
        summary="Close a list: no sign-ups and no editions until it is opened again",
        right=Right.OPERATE,
        lists=OF_LIST,
        arguments=ListName,
        work=lambda doing, args: doing.cases.lists.close_list(args.list),
        asks=True,
    ),
    Act(
        id="list.rm",
        summary="Remove a closed list with everything that it has",
        right=Right.OPERATE,
        lists=OF_LIST,
        arguments=ListName,
        work=lambda doing, args: doing.cases.lists.remove_list(args.list),
        asks=True,
    ),
    Act(
        id="editor.add",
        summary="Let an address send editions to a list by email",
        right=Right.OPERATE,
        lists=OF_LIST,
        arguments=ListAddress,
        work=lambda doing, args: doing.cases.lists.add_editor(args.list, parse_address(args.address)),
    ),
    Act(
        id="editor.rm",
        summary="Let an address send no more editions to a list",
        right=Right.OPERATE,
        lists=OF_LIST,
        arguments=ListAddress,
        work=lambda doing, args: doing.cases.lists.remove_editor(args.list, parse_address(args.address)),
    ),
)
