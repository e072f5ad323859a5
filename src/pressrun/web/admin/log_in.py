"""The pages on which people log in and out.

    /admin/login                  the ways of [admin] sign_in; POST of a form: `username`, `password`, `one_time_code`;
                                  `email`, which requests a code; `code`
    /admin/login/passkey/options  POST: what the browser needs, in JSON
    /admin/login/passkey          POST of what the browser answered, in JSON
    /admin/enter/TOKEN            GET shows whose link it is, POST enters
    /admin/logout                 POST

Every failure gets the same answer (401), whatever was wrong, and so does every address.
"""

from __future__ import annotations

import math
from functools import partial

import msgspec
from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from pressrun.core.addresses.address import find_address
from pressrun.core.errors import NotPermitted
from pressrun.core.quantities import RateExceeded
from pressrun.services.log_ins.log_in import CODE_SECONDS, CodeRequested, Outcome
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people.log_ins import Method
from pressrun.web.admin.frame import HOME, AdminFrame, local_path
from pressrun.web.admin.repeats import Repeats
from pressrun.web.http.forms import Fields, first, read_fields, read_fields_or_none

REPEAT_SECONDS = 5.0  # after a form has logged somebody in, for a second click on it

_CHALLENGE = {"WWW-Authenticate": 'Form realm="/admin/login"'}  # RFC 9110 §15.5.2 wants one; browsers ignore it


class LogInPages:
    """Logging in and out."""

    def __init__(self, frame: AdminFrame) -> None:
        self._frame = frame
        self._services = frame.services
        self._pages = frame.web.pages
        self._asked = Repeats[CodeRequested | RateExceeded](
            lambda asked: isinstance(asked, RateExceeded), REPEAT_SECONDS
        )
        self._codes = Repeats[Entered | None](lambda entered: entered is None, REPEAT_SECONDS)
        self._links = Repeats[Entered | None](lambda entered: entered is None, REPEAT_SECONDS)
        self._passwords = Repeats[Outcome](lambda outcome: not isinstance(outcome, Entered), REPEAT_SECONDS)

    async def log_in(self, request: Request) -> Response:
        """`/admin/login`: the ways in; POST takes one of them."""
        if request.method != "POST":
            return await self._ways(request, local_path(request.query_params.get("next", "")) or "")
        fields = await read_fields(request)
        way_on = local_path(first(fields, "next") or "") or ""
        name, address, code = first(fields, "username"), first(fields, "email"), first(fields, "code")
        try:
            if name is not None:
                return await self._answer(request, await self._by_password(request, name, fields), way_on, name=name)
            if code is not None:
                return await self._by_code(request, code, way_on)
            return await self._request_code(request, address or "", first(fields, "copy") or "", way_on)
        except NotPermitted:
            say = self._pages.words
            return self._frame.message(say("That's not possible here"), say("Log in another way."), status=403)

    async def passkey_options(self, _request: Request) -> Response:
        """`/admin/login/passkey/options`: what the browser needs."""
        if "passkey" not in self._frame.ways:
            return JSONResponse({"error": "passkeys are switched off"}, status_code=403)
        return JSONResponse(self._services.ceremonies.login_options())

    async def by_passkey(self, request: Request) -> Response:
        """`/admin/login/passkey`: what the browser answered."""
        if "passkey" not in self._frame.ways:
            return JSONResponse({"error": "passkeys are switched off"}, status_code=403)
        outcome = await self._services.log_ins.by_passkey(await read_answer(request), self._frame.visitor(request))
        if isinstance(outcome, RateExceeded):
            return JSONResponse({"error": "too many attempts"}, status_code=429, headers=self._retry_after(outcome))
        if outcome is None:
            return JSONResponse({"error": "this passkey is unknown here"}, status_code=401, headers=_CHALLENGE)
        way_on = local_path(request.query_params.get("next", "")) or HOME
        return self.let_in(JSONResponse({"next": way_on}), outcome)

    async def log_out(self, request: Request) -> Response:
        """`/admin/logout`."""
        secret = self._frame.session_cookie.read(request)
        if secret is not None:
            await self._services.sessions.end(secret)
        response = self._pages.see_other("admin", "login")
        self._frame.session_cookie.drop(response)
        return response

    async def enter(self, request: Request) -> Response:
        """`/admin/enter/TOKEN`."""
        token = request.path_params["token"]
        if request.method != "POST":
            name = await self._services.links.find(token)
            if name is None:
                return await self._used_link(request)
            return self._frame.render("enter.html", None, name=name, copy=self._links.number())
        visitor, fields = self._frame.visitor(request), await read_fields_or_none(request)
        work = partial(self._services.links.enter, token, visitor)
        who = replace(visitor, former=None)
        entered = await self._links.once(who, first(fields, "copy") or "", token, work)
        if entered is None:
            return await self._used_link(request)
        return self.let_in(self._pages.see_other("admin", "account"), entered)

    # ------------------------------------------------------------------ the steps

    async def _by_password(self, request: Request, name: str, fields: Fields) -> Outcome:
        """A second click finds the code of the app used up, so it gets the answer to the first.

        Only the browser that got this copy of the form knows its number, so nobody else gets in by what was typed. The
        cookie of a session is no part of the key: the second click may come with that of the first.
        """
        visitor = self._frame.visitor(request)
        password, code = first(fields, "password") or "", first(fields, "one_time_code") or ""
        work = partial(self._services.log_ins.by_password, name, password, code, visitor)
        who = replace(visitor, former=None)
        return await self._passwords.once(who, first(fields, "copy") or "", (name, password, code), work)

    async def _request_code(self, request: Request, typed: str, copy: str, way_on: str) -> Response:
        """A second click gets the cookie of the first, to which the code belongs that was mailed."""
        address = find_address(typed.strip())
        if address is None:
            return await self._ways(request, way_on, status=422, email=typed, has_bad_address=True)
        visitor = self._frame.visitor(request)
        work = partial(self._services.log_ins.request_code, address, visitor)
        asked = await self._asked.once(replace(visitor, former=None), copy, address.typed, work)
        if isinstance(asked, RateExceeded):
            return self.throttled(asked)
        response = self._frame.render(
            "code.html", None, address=address.typed, minutes=CODE_SECONDS // 60, way_on=way_on, has_failed=False
        )
        self._frame.code_cookie.put(response, asked.secret)
        return response

    async def _by_code(self, request: Request, code: str, way_on: str) -> Response:
        asked = self._frame.code_cookie.read(request)
        outcome = None
        if asked is not None:
            visitor = self._frame.visitor(request)
            # The secret of the cookie is a part of the key: nobody else gets this answer by the code.
            work = partial(self._services.log_ins.by_code, asked, code, visitor)
            outcome = await self._codes.once(visitor, asked, code, work)
        elif await self.has_just_come(request, Method.CODE):
            return RedirectResponse(way_on or HOME, 303)
        if outcome is None:
            return self._frame.render(
                "code.html",
                None,
                status=401,
                headers=_CHALLENGE,
                address="",
                minutes=CODE_SECONDS // 60,
                way_on=way_on,
                has_failed=True,
            )
        response = await self._answer(request, outcome, way_on)
        self._frame.code_cookie.drop(response)
        return response

    async def _answer(
        self, request: Request, outcome: Entered | RateExceeded | None, way_on: str, name: str = ""
    ) -> Response:
        if isinstance(outcome, RateExceeded):
            return self.throttled(outcome)
        if outcome is None:
            return await self._ways(request, way_on, status=401, name=name, has_failed=True)
        return self.let_in(RedirectResponse(way_on or HOME, 303), outcome)

    def let_in(self, response: Response, entered: Entered) -> Response:
        """The response, with the cookie of the new session."""
        self._frame.session_cookie.put(response, entered.secret)
        return response

    # ------------------------------------------------------------------ the pages

    async def _ways(
        self,
        request: Request,
        way_on: str,
        *,
        status: int = 200,
        name: str = "",
        email: str = "",
        has_failed: bool = False,
        has_bad_address: bool = False,
    ) -> Response:
        member = await self._frame.find_member(request)
        return self._frame.render(
            "login.html",
            None,
            status=status,
            headers=_CHALLENGE if status == 401 else None,
            copy=self._passwords.number(),
            way_on=way_on,
            is_again=member is not None and bool(way_on),
            is_empty=not await self._services.sessions.is_anybody_enrolled(),
            name=name,
            email=email,
            has_failed=has_failed,
            has_bad_address=has_bad_address,
        )

    def throttled(self, exceeded: RateExceeded) -> Response:
        """The page for somebody who has tried too often."""
        say = self._pages.words
        minutes = math.ceil(int(self._retry_after(exceeded)["Retry-After"]) / 60)
        text = say.counted(
            "Too many attempts. Try again in {number} minute.",
            "Too many attempts. Try again in {number} minutes.",
            minutes,
        )
        return self._frame.message(say("Too many attempts"), text, status=429, headers=self._retry_after(exceeded))

    def _retry_after(self, exceeded: RateExceeded) -> dict[str, str]:
        return {"Retry-After": str(self._frame.web.seconds_until(exceeded.retry_at))}

    async def has_just_come(self, request: Request, method: Method) -> bool:
        """Whether this browser has just logged in in this way, so that its form comes a second time."""
        member = await self._frame.find_member(request)
        return member is not None and self._frame.is_recent(member) and member.logged_in.session.method is method

    async def _used_link(self, request: Request) -> Response:
        """For a link that does not work: on to the account, if this browser has just entered by one."""
        if await self.has_just_come(request, Method.LINK):
            return self._pages.see_other("admin", "account")
        say = self._pages.words
        return self._frame.message(
            say("This link doesn't work"),
            say("It may be incomplete, expired or already used."),
            say("Ask whoever runs this service for a new one."),
            status=404,
        )


async def read_answer(request: Request) -> dict[str, object]:
    """What a browser answered, in JSON. Raises HTTPException 400 for anything else, 413 for too much."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, object])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise HTTPException(400) from None
