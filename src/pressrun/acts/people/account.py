"""Actions of people on their own log-in."""

from __future__ import annotations

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


def _person(doing: Doing) -> int:
    """Who has logged in: neither a token nor a shell has a log-in of its own."""
    if doing.caller.person_id is None or doing.caller.token_id is not None:
        raise NotPermitted("that is for people who have logged in")
    return doing.caller.person_id


async def _set_password(doing: Doing, args: PasswordSet) -> None:
    await doing.cases.account.set_password(_person(doing), args.session, args.password)


async def _remove_password(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.remove_password(_person(doing), args.session)


async def _add_app(doing: Doing, args: AppAdd) -> list[str]:
    return await doing.cases.account.add_app(_person(doing), args.session, args.salt, args.code)


async def _remove_app(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.remove_app(_person(doing), args.session)


async def _renew_codes(doing: Doing, args: OwnSession) -> list[str]:
    return await doing.cases.account.renew_recovery_codes(_person(doing), args.session)


async def _add_passkey(doing: Doing, args: PasskeyAdd) -> None:
    await doing.cases.account.add_passkey(_person(doing), args.session, args.answer, args.agent)


async def _remove_passkey(doing: Doing, args: PasskeyId) -> None:
    await doing.cases.account.remove_passkey(_person(doing), args.session, args.id)


async def _end_session(doing: Doing, args: SessionId) -> None:
    await doing.cases.account.end_session(_person(doing), args.id)


async def _end_others(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.end_other_sessions(_person(doing), args.session)


ACCOUNT_ACTS = (
    Act(
        id="password.set",
        summary="Set one's own password",
        right=Right.SELF,
        arguments=PasswordSet,
        work=_set_password,
        is_fresh=True,
    ),
    Act(
        id="password.rm",
        summary="Remove one's own password",
        right=Right.SELF,
        arguments=OwnSession,
        work=_remove_password,
        is_fresh=True,
    ),
    Act(
        id="app.add",
        summary="Set up an app whose one-time code goes with one's own password",
        right=Right.SELF,
        arguments=AppAdd,
        work=_add_app,
        is_fresh=True,
    ),
    Act(
        id="app.rm",
        summary="Remove one's own app and recovery codes",
        right=Right.SELF,
        arguments=OwnSession,
        work=_remove_app,
        is_fresh=True,
    ),
    Act(
        id="recovery.renew",
        summary="Replace one's own recovery codes",
        right=Right.SELF,
        arguments=OwnSession,
        work=_renew_codes,
        is_fresh=True,
    ),
    Act(
        id="passkey.add",
        summary="Add a passkey to one's own log-in",
        right=Right.SELF,
        arguments=PasskeyAdd,
        work=_add_passkey,
        is_fresh=True,
    ),
    Act(
        id="passkey.rm",
        summary="Remove a passkey from one's own log-in",
        right=Right.SELF,
        arguments=PasskeyId,
        work=_remove_passkey,
        is_fresh=True,
    ),
    Act(
        id="session.rm",
        summary="End one of one's own sessions",
        right=Right.SELF,
        arguments=SessionId,
        work=_end_session,
    ),
    Act(
        id="session.rm-others",
        summary="End all of one's own sessions but this one",
        right=Right.SELF,
        arguments=OwnSession,
        work=_end_others,
    ),
)
