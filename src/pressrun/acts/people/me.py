"""What a program can find out about itself."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.acts.act import Act, Doing, Http
from pressrun.acts.arguments import Arguments
from pressrun.acts.people.people import TokenAnswer
from pressrun.core.access.rights import Right
from pressrun.core.errors import NotFound
from pressrun.services.people.token_lookups import show_token


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and the rights that it gives now: on every list, and on single ones by their names."""

    token: TokenAnswer
    everywhere: tuple[str, ...]
    by_list: dict[str, tuple[str, ...]]


async def _show(doing: Doing, _: Arguments) -> dict[str, Any]:
    caller = doing.caller
    if caller.token_id is None:
        raise NotFound("only a token can be shown here")
    return {
        "token": await doing.cases.database.read(show_token, caller.token_id),
        "everywhere": sorted(caller.holdings.everywhere),
        "by_list": {name: sorted(rights) for name, rights in sorted(caller.holdings.by_list.items())},
    }


ME_ACTS = (
    Act(
        id="me",
        summary="Show the token that asks, and what it may do",
        right=Right.SELF,
        arguments=Arguments,
        work=_show,
        answer=Me,
        http=Http(method="GET", path="me"),
    ),
)
