"""Logging in by an OpenID Connect issuer.

    /admin/oidc            303 to the issuer, with a cookie for this browser
    /admin/oidc/callback   where the issuer sends it back: GET shows a button, POST logs in

People who have already logged in prove by this that it is still them or, in the first minutes, link their account.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pressrun.core.quantities import RateExceeded
from pressrun.services.log_ins.context import FRESH_SECONDS, Visitor
from pressrun.services.log_ins.identities import IssuerAccount
from pressrun.services.log_ins.sessions import Entered
from pressrun.store.people.log_ins import LoginSession, Method
from pressrun.web.admin.cookies import CEREMONY_SECONDS, Cookie, OidcCookies, Underway
from pressrun.web.admin.frame import HOME, AdminFrame, local_path
from pressrun.web.admin.id_tokens import IdToken
from pressrun.web.admin.issuer import Issuer, IssuerAway, IssuerProblem
from pressrun.web.admin.log_in import REPEAT_SECONDS, LogInPages
from pressrun.web.admin.repeats import Repeats
from pressrun.web.http.forms import first, read_fields
from pressrun.web.http.same_origin import is_same_origin

_LONGEST_CODE = 4096


class OidcPages:
    """The two pages."""

    def __init__(self, frame: AdminFrame, log_in: LogInPages, issuer: Issuer, cookies: OidcCookies) -> None:
        self._frame = frame
        self._log_in = log_in
        self._pages = frame.web.pages
        self._issuer = issuer
        self._identities = frame.services.identities
        self._cookies = cookies
        is_secure = frame.origin.startswith("https:")
        self._entries = Repeats[Entered | RateExceeded | None](
            lambda entered: isinstance(entered, RateExceeded), REPEAT_SECONDS
        )
        self._cookie = Cookie("pressrun-oidc", lambda: CEREMONY_SECONDS, is_secure=is_secure)

    async def begin(self, request: Request) -> Response:
        """`/admin/oidc`; `next` is the page to go on to."""
        way_on = local_path(request.query_params.get("next", "")) or HOME
        is_again = await self._frame.find_member(request) is not None
        # Another site could lead somebody here who is logged in at the issuer as its author.
        may_link = is_same_origin(request.scope["headers"], self._frame.origin)
        underway = self._cookies.begin(way_on, is_again=is_again, may_link=may_link)
        max_age = FRESH_SECONDS if is_again else self._frame.services.settings().lifetime_seconds
        try:
            url = await self._issuer.log_in_url(underway.ceremony, self._redirect_uri(), int(max_age))
        except IssuerProblem as problem:
            return self._failed(self._frame.visitor(request), problem)
        response = RedirectResponse(url, 303)
        self._cookie.put(response, underway.value)
        return response

    async def callback(self, request: Request) -> Response:
        """`/admin/oidc/callback`."""
        is_post = request.method == "POST"
        fields = await read_fields(request) if is_post else request.query_params.multi_items()
        code, state, issuer = (first(fields, name) or "" for name in ("code", "state", "iss"))
        underway = self._cookies.read(self._cookie.read(request) or "", state)
        if underway is None or not 0 < len(code) <= _LONGEST_CODE:
            member = await self._frame.find_member(request)
            # Maybe by the first of two clicks.
            if member is not None and member.logged_in.session.method is Method.OIDC:
                return self._pages.see_other("admin")
            return self._over()
        if not is_post:
            brought = {"code": code, "state": state, "iss": issuer}
            return self._frame.render("oidc.html", None, label=self._issuer.label, brought=brought)
        return await self._finish(request, underway, code, issuer)

    async def _finish(self, request: Request, underway: Underway, code: str, issuer: str) -> Response:
        """A second click brings a code that the first has used up, so it gets the answer to the first."""
        visitor = self._frame.visitor(request)
        work = partial(self._enter, request, visitor, underway, code, issuer)
        try:
            entered = await self._entries.once(underway.value, code, issuer, work)
        except IssuerProblem as problem:
            return self._failed(visitor, problem)
        if isinstance(entered, RateExceeded):
            return self._log_in.throttled(entered)
        return self._unknown(visitor) if entered is None else self._let_in(underway, entered)

    async def _enter(
        self, request: Request, visitor: Visitor, underway: Underway, code: str, issuer: str
    ) -> Entered | RateExceeded | None:
        """The session of whom the issuer names for a code; None for an account unknown here. Raises IssuerProblem."""
        attempt = await self._identities.admit(visitor)
        if isinstance(attempt, RateExceeded):
            return attempt
        linking = await self._linking(request, underway)
        try:
            redeemed = await self._issuer.redeem(code, underway.ceremony, self._redirect_uri(), FRESH_SECONDS, issuer)
            entered = await self._identities.enter(_account(redeemed.token), visitor, attempt, linking)
            if entered is None:  # linked people need no address, so the issuer is only asked about others
                token = await self._issuer.with_address(redeemed)
                if token is not redeemed.token:
                    entered = await self._identities.enter(_account(token), visitor, attempt, linking)
        except IssuerAway:
            await self._identities.refund(attempt)
            raise
        return entered

    async def _linking(self, request: Request, underway: Underway) -> LoginSession | None:
        """Who may link an account: somebody who has logged in in the last minutes, and by enough."""
        member = await self._frame.find_member(request) if underway.may_link else None
        may_link = member is not None and member.is_proven and self._frame.is_recent(member)
        return member.logged_in.session if member is not None and may_link else None

    def _let_in(self, underway: Underway, entered: Entered) -> Response:
        response = RedirectResponse(underway.way_on, 303)
        self._cookie.drop(response)
        return self._log_in.let_in(response, entered)

    def _redirect_uri(self) -> str:
        return self._pages.site.url("admin", "oidc", "callback")

    # ------------------------------------------------------------------ the pages

    def _failed(self, visitor: Visitor, problem: IssuerProblem) -> Response:
        """The reason is only for the log."""
        self._identities.record_failure(visitor, str(problem))
        say = self._pages.words
        if isinstance(problem, IssuerAway):
            headers = {"Retry-After": "60"}
            return self._frame.message(
                say("Temporarily unavailable"), say("Try again in a minute."), status=503, headers=headers
            )
        return self._frame.message(say("You aren't logged in"), say("Try again, or log in another way."), status=401)

    def _over(self) -> Response:
        say = self._pages.words
        return self._frame.message(say("You aren't logged in"), say("Try again, or log in another way."), status=400)

    def _unknown(self, visitor: Visitor) -> Response:
        self._identities.record_failure(visitor, "nobody here has this account")
        say = self._pages.words
        return self._frame.message(
            say("You aren't logged in"),
            say("This account isn't known here."),
            say("Ask whoever runs this service for an invitation."),
            status=403,
        )


def _account(token: IdToken) -> IssuerAccount:
    return IssuerAccount(issuer=token.iss, subject=token.sub, email=token.verified_email, proven_at=token.auth_time)
