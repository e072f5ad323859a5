"""The page about a person's own login: passkeys, password, app with one-time codes, and where they are logged in.

Every form posts here; its button is `name="action"`. Changing how somebody logs in requires a log-in within the last
minutes, so that nobody takes over the account on a machine that was left alone. An operator who has only typed a
password may set up what is missing, but not beside a passkey, because somebody with only the password must not become
the operator.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pressrun.acts.arguments import AppAdd, Arguments, OwnSession, PasskeyAdd, PasskeyId, PasswordSet, SessionId
from pressrun.core.access.passwords import LEAST_CHARACTERS, WeakPassword
from pressrun.core.access.rights import Right
from pressrun.core.access.totp import in_base32, key_uri
from pressrun.core.errors import BadInput, NotFound, Refused
from pressrun.core.network.origins import host_of
from pressrun.message.words import marked
from pressrun.services.log_ins.account import AppIsOn, AppSetup
from pressrun.web.admin.frame import AdminFrame, AdminMember
from pressrun.web.admin.log_in import read_answer
from pressrun.web.http.forms import Fields, first, number_of, read_fields

_WEAK = {
    "short": marked("Use at least {number} characters. Several words are good."),
    "long": marked("That's too long."),
    "common": marked("This is one of the first passwords that attackers try. Choose another one."),
}
_WRONG_CODE = marked("That isn't the code that the app shows now.")

Action = Callable[[AdminMember, Fields], Awaitable[Response]]


class AccountPages:
    """The page of one's own log-in."""

    def __init__(self, frame: AdminFrame) -> None:
        self._frame = frame
        self._account = frame.services.account
        self._pages = frame.web.pages
        self._actions: Mapping[str, Action] = {
            "set-password": self._set_password,
            "add-app": self._add_app,
            "renew-codes": self._renew_codes,
            "remove-password": self._plain("password.rm", _own),
            "remove-app": self._plain("app.rm", _own),
            "remove-passkey": self._plain("passkey.rm", _passkey),
            "end-session": self._plain("session.rm", _session),
            "end-others": self._plain("session.rm-others", _own),
        }

    async def show(self, request: Request, member: AdminMember) -> Response:
        """`/admin/account`; `?setup=app` shows the secret of a new app."""
        if request.method == "POST":
            return await self._act(request, member)
        if request.query_params.get("setup") == "app":
            if not await self._may_change(member):
                return self._frame.to_log_in(request)
            return self._setup(member, self._account.begin_app(member.person_id))
        return await self._page(
            member, is_done="done" in request.query_params, is_app_on="app-on" in request.query_params
        )

    async def passkey_options(self, _request: Request, member: AdminMember) -> Response:
        """`/admin/account/passkey/options`: what the browser needs to make a passkey."""
        if not await self._may_change(member):
            return self._stale()
        return JSONResponse(await self._account.passkey_options(member.person_id))

    async def add_passkey(self, request: Request, member: AdminMember) -> Response:
        """`/admin/account/passkey`: the passkey that the browser has made."""
        if not await self._may_change(member):
            return self._stale()
        answer = await read_answer(request)
        arguments = PasskeyAdd(session=_id(member), answer=dict(answer), agent=member.visitor.agent)
        try:
            await self._frame.carry_out(member, "passkey.add", arguments)
        except Refused as problem:
            return JSONResponse({"error": str(problem)}, status_code=409)
        return JSONResponse({"next": self._pages.href("admin", "account", done=1)})

    # ------------------------------------------------------------------ what the buttons do

    async def _act(self, request: Request, member: AdminMember) -> Response:
        fields = await read_fields(request)
        name = first(fields, "action") or ""
        action = self._actions.get(name)
        if action is None:
            return self._pages.see_other("admin", "account")
        if not name.startswith("end-") and not await self._may_change(member):
            return self._frame.to_log_in(request)
        return await action(member, fields)

    async def _may_change(self, member: AdminMember) -> bool:
        """Whether they may change how they log in."""
        if not self._frame.is_recent(member):
            return False
        return member.is_proven or not (await self._account.overview(member.person_id)).passkeys

    def _plain(self, act_id: str, arguments: Callable[[AdminMember, Fields], Arguments]) -> Action:
        async def carry_out(member: AdminMember, fields: Fields) -> Response:
            try:
                await self._frame.carry_out(member, act_id, arguments(member, fields))
            except NotFound:
                return self._pages.see_other("admin", "account")
            return self._pages.see_other("admin", "account", done="1")

        return carry_out

    async def _set_password(self, member: AdminMember, fields: Fields) -> Response:
        password = first(fields, "password") or ""
        try:
            await self._frame.carry_out(member, "password.set", PasswordSet(session=_id(member), password=password))
        except WeakPassword as problem:
            text = self._pages.words(_WEAK[problem.problem], number=str(LEAST_CHARACTERS))
            return await self._page(member, status=422, password_problem=text)
        return self._pages.see_other("admin", "account", done="1")

    async def _add_app(self, member: AdminMember, fields: Fields) -> Response:
        sealed = _octets(first(fields, "setup") or "")
        arguments = AppAdd(session=_id(member), setup=sealed, code=first(fields, "code") or "")
        try:
            codes = await self._frame.carry_out(member, "app.add", arguments)
        except AppIsOn:  # posted twice: nobody has seen the page with the recovery codes
            return self._pages.see_other("admin", "account", **{"app-on": "1"})
        except BadInput:
            setup = self._account.find_setup(member.person_id, sealed)
            return self._setup(member, setup or self._account.begin_app(member.person_id), has_failed=True)
        return self._frame.render("codes.html", member, codes=codes)

    async def _renew_codes(self, member: AdminMember, _fields: Fields) -> Response:
        try:
            codes = await self._frame.carry_out(member, "recovery.renew", _own(member, _fields))
        except Refused:
            return self._pages.see_other("admin", "account")
        return self._frame.render("codes.html", member, codes=codes)

    # ------------------------------------------------------------------ the pages

    async def _page(
        self,
        member: AdminMember,
        *,
        status: int = 200,
        is_done: bool = False,
        is_app_on: bool = False,
        password_problem: str = "",
    ) -> Response:
        overview = await self._account.overview(member.person_id)
        is_operator = member.logged_in.holdings.has(Right.OPERATE)
        return self._frame.render(
            "account.html",
            member,
            status=status,
            overview=overview,
            session_id=_id(member),
            gets_codes="code" in self._frame.ways and overview.credentials.address is not None and not is_operator,
            is_done=is_done,
            is_app_on=is_app_on,
            password_problem=password_problem,
            least=LEAST_CHARACTERS,
        )

    def _setup(self, member: AdminMember, setup: AppSetup, *, has_failed: bool = False) -> Response:
        uri = key_uri(setup.secret, account=member.logged_in.session.name, issuer=host_of(self._frame.origin))
        return self._frame.render(
            "app.html",
            member,
            status=422 if has_failed else 200,
            setup=setup.sealed.hex(),
            secret=in_base32(setup.secret),
            picture=_qr_code(uri),
            problem=self._pages.words(_WRONG_CODE) if has_failed else "",
        )

    def _stale(self) -> Response:
        way_on = self._pages.href("admin", "login", next="/admin/account")
        return JSONResponse({"error": "log in again first", "next": way_on}, status_code=403)


def _id(member: AdminMember) -> int:
    return member.logged_in.session.id


def _own(member: AdminMember, _fields: Fields) -> OwnSession:
    return OwnSession(session=_id(member))


def _passkey(member: AdminMember, fields: Fields) -> PasskeyId:
    return PasskeyId(session=_id(member), id=number_of(first(fields, "id")))


def _session(_member: AdminMember, fields: Fields) -> SessionId:
    return SessionId(id=number_of(first(fields, "id")))


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _qr_code(text: str) -> str:
    """A QR code as the address of a picture, black on white."""
    import segno  # noqa: PLC0415 - only this page needs it

    picture = BytesIO()
    segno.make(text, error="m").save(picture, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
    return f"data:image/svg+xml;base64,{b64encode(picture.getvalue()).decode('ascii')}"
