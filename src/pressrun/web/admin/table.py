"""The routes of the pages of people who log in."""

from __future__ import annotations

import os

from starlette.requests import Request
from starlette.responses import Response

from pressrun.web.admin.account import AccountPages
from pressrun.web.admin.cookies import OidcCookies
from pressrun.web.admin.frame import AdminFrame
from pressrun.web.admin.home import HomePage
from pressrun.web.admin.issuer import Issuer
from pressrun.web.admin.log_in import LogInPages
from pressrun.web.admin.oidc import OidcPages
from pressrun.web.admin.people import PeoplePages
from pressrun.web.admin.tokens import TokenPages
from pressrun.web.http.security import Handler, Table

_GET, _POST, _BOTH = ["GET"], ["POST"], ["GET", "POST"]


def admin_rows(frame: AdminFrame, issuer: Issuer | None) -> Table:
    """Log-in, by an OpenID Connect issuer too if there is one, one's own account and newsletters, people, tokens."""
    log_in, account, people, tokens = LogInPages(frame), AccountPages(frame), PeoplePages(frame), TokenPages(frame)
    rows: Table = [
        ("/admin/login", frame.open(log_in.log_in), _BOTH),
        ("/admin/login/passkey", frame.open(log_in.by_passkey), _POST),
        ("/admin/login/passkey/options", frame.open(log_in.passkey_options), _POST),
        ("/admin/logout", frame.open(log_in.log_out), _POST),
        ("/admin/enter/{token}", frame.open(log_in.enter), _BOTH),
        ("/admin/account", frame.page(frame.once(account.show)), _BOTH),
        ("/admin/account/passkey", frame.page(account.add_passkey), _POST),
        ("/admin/account/passkey/options", frame.page(account.passkey_options), _POST),
        ("/admin", frame.page(HomePage(frame).show), _GET),
        ("/admin/people", frame.page(people.everybody), _GET),
        ("/admin/people/{name}", frame.page(frame.once(people.person), is_fresh=True), _BOTH),
        ("/admin/invite", frame.page(frame.once(people.invite), is_fresh=True), _BOTH),
        ("/admin/tokens", by_method(frame.page(tokens.all), frame.page(tokens.revoke, is_fresh=True)), _BOTH),
        ("/admin/tokens/new", frame.page(frame.once(tokens.new), is_fresh=True), _BOTH),
    ]
    if issuer is not None:
        oidc = OidcPages(frame, log_in, issuer, OidcCookies(frame.web.clock, os.urandom))
        rows += [
            ("/admin/oidc", frame.open(oidc.begin), _GET),
            ("/admin/oidc/callback", frame.open(oidc.callback), _BOTH),
        ]
    return [*rows, ("/admin/{rest:path}", frame.page(HomePage(frame).unknown), _BOTH)]


def by_method(show: Handler, post: Handler) -> Handler:
    """One page that is shown by one handler and posted to by another."""

    async def handle(request: Request) -> Response:
        return await (post if request.method == "POST" else show)(request)

    return handle
