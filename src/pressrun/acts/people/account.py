"""Actions of people on their own log-in."""

from __future__ import annotations

from pressrun.acts.act import ActList, Doing
from pressrun.acts.arguments import AppAdd, OwnSession, PasskeyAdd, PasskeyId, PasswordSet, SessionId
from pressrun.core.access.rights import Right
from pressrun.core.errors import NotPermitted


def _person(doing: Doing) -> int:
    """Who has logged in: neither a token nor a shell has a log-in of its own."""
    if doing.caller.person_id is None or doing.caller.is_program:
        raise NotPermitted("that is for people who have logged in")
    return doing.caller.person_id


ACCOUNT_ACTS = ActList()


@ACCOUNT_ACTS.add("password.set", "Set one's own password", Right.SELF, is_fresh=True)
async def _set_password(doing: Doing, args: PasswordSet) -> None:
    await doing.cases.account.set_password(_person(doing), args.session, args.password)


@ACCOUNT_ACTS.add("password.rm", "Remove one's own password", Right.SELF, is_fresh=True)
async def _remove_password(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.remove_password(_person(doing), args.session)


@ACCOUNT_ACTS.add(
    "app.add", "Set up an app whose one-time code goes with one's own password", Right.SELF, is_fresh=True
)
async def _add_app(doing: Doing, args: AppAdd) -> list[str]:
    return await doing.cases.account.add_app(_person(doing), args.session, args.setup, args.code)


@ACCOUNT_ACTS.add("app.rm", "Remove one's own app and recovery codes", Right.SELF, is_fresh=True)
async def _remove_app(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.remove_app(_person(doing), args.session)


@ACCOUNT_ACTS.add("recovery.renew", "Replace one's own recovery codes", Right.SELF, is_fresh=True)
async def _renew_recovery_codes(doing: Doing, args: OwnSession) -> list[str]:
    return await doing.cases.account.renew_recovery_codes(_person(doing), args.session)


@ACCOUNT_ACTS.add("passkey.add", "Add a passkey to one's own log-in", Right.SELF, is_fresh=True)
async def _add_passkey(doing: Doing, args: PasskeyAdd) -> None:
    await doing.cases.account.add_passkey(_person(doing), args.session, args.answer, args.agent)


@ACCOUNT_ACTS.add("passkey.rm", "Remove a passkey from one's own log-in", Right.SELF, is_fresh=True)
async def _remove_passkey(doing: Doing, args: PasskeyId) -> None:
    await doing.cases.account.remove_passkey(_person(doing), args.session, args.id)


@ACCOUNT_ACTS.add("session.rm", "End one of one's own sessions", Right.SELF)
async def _end_session(doing: Doing, args: SessionId) -> None:
    await doing.cases.account.end_session(_person(doing), args.id)


@ACCOUNT_ACTS.add("session.rm-others", "End all of one's own sessions but this one", Right.SELF)
async def _end_other_sessions(doing: Doing, args: OwnSession) -> None:
    await doing.cases.account.end_other_sessions(_person(doing), args.session)
