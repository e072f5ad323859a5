"""Actions of people on their own log-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pressrun.acts.act import Act, Doing
from pressrun.acts.arguments import (
    AppAdd,
    OwnSession,
    PasskeyAdd,
    PasskeyId,
    PasswordSet,
    SessionId,
)
from pressrun.core.access.rights import Right
from pressrun.core.errors import NotPermitted
from pressrun.services.log_ins.account import Account

T = TypeVar("T")


def _person(doing: Doing) -> int:
    """Who has logged in: neither a token nor a shell has a log-in of its own."""
    if doing.caller.person_id is None or doing.caller.is_program:
        raise NotPermitted("that is for people who have logged in")
    return doing.caller.person_id


def _own(work: Callable[[Account, int, Any], Awaitable[T]]) -> Callable[[Doing, Any], Awaitable[T]]:
    """Work on the log-in of the person who asks."""

    async def carry_out(doing: Doing, args: Any) -> T:
        return await work(doing.cases.account, _person(doing), args)

    return carry_out


ACCOUNT_ACTS = (
    Act(
        id="password.set",
        summary="Set one's own password",
        right=Right.SELF,
        arguments=PasswordSet,
        work=_own(lambda account, person, args: account.set_password(person, args.session, args.password)),
        is_fresh=True,
    ),
    Act(
        id="password.rm",
        summary="Remove one's own password",
        right=Right.SELF,
        arguments=OwnSession,
        work=_own(lambda account, person, args: account.remove_password(person, args.session)),
        is_fresh=True,
    ),
    Act(
        id="app.add",
        summary="Set up an app whose one-time code goes with one's own password",
        right=Right.SELF,
        arguments=AppAdd,
        work=_own(lambda account, person, args: account.add_app(person, args.session, args.setup, args.code)),
        is_fresh=True,
    ),
    Act(
        id="app.rm",
        summary="Remove one's own app and recovery codes",
        right=Right.SELF,
        arguments=OwnSession,
        work=_own(lambda account, person, args: account.remove_app(person, args.session)),
        is_fresh=True,
    ),
    Act(
        id="recovery.renew",
        summary="Replace one's own recovery codes",
        right=Right.SELF,
        arguments=OwnSession,
        work=_own(lambda account, person, args: account.renew_recovery_codes(person, args.session)),
        is_fresh=True,
    ),
    Act(
        id="passkey.add",
        summary="Add a passkey to one's own log-in",
        right=Right.SELF,
        arguments=PasskeyAdd,
        work=_own(lambda account, person, args: account.add_passkey(person, args.session, args.answer, args.agent)),
        is_fresh=True,
    ),
    Act(
        id="passkey.rm",
        summary="Remove a passkey from one's own log-in",
        right=Right.SELF,
        arguments=PasskeyId,
        work=_own(lambda account, person, args: account.remove_passkey(person, args.session, args.id)),
        is_fresh=True,
    ),
    Act(
        id="session.rm",
        summary="End one of one's own sessions",
        right=Right.SELF,
        arguments=SessionId,
        work=_own(lambda account, person, args: account.end_session(person, args.id)),
    ),
    Act(
        id="session.rm-others",
        summary="End all of one's own sessions but this one",
        right=Right.SELF,
        arguments=OwnSession,
        work=_own(lambda account, person, args: account.end_other_sessions(person, args.session)),
    ),
)
