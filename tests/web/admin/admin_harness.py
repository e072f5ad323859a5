"""The pages for people who log in, in process for a test's client, or on a port for a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from starlette.types import ASGIApp
from tests.ports import free_port
from tests.services.log_ins.log_in_harness import PASSWORD, LogInHarness, open_log_ins

from pressrun.acts.cases import Cases
from pressrun.acts.door import Door
from pressrun.acts.people.account import ACCOUNT_ACTS
from pressrun.acts.people.people import PEOPLE_ACTS
from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.core.site import Site
from pressrun.runtime.outgoing_http import OutgoingHttp
from pressrun.services.people.people_admin import PeopleAdmin
from pressrun.services.people.tokens import Tokens
from pressrun.services.upkeep.audit_log import AuditLog
from pressrun.store.people import enter_links
from pressrun.store.people.enter_links import LinkKind
from pressrun.store.transaction import Transaction
from pressrun.web.admin.frame import AdminFrame
from pressrun.web.admin.issuer import Issuer
from pressrun.web.admin.table import admin_rows
from pressrun.web.app import Surroundings, build_admin_app
from pressrun.web.context import WebContext
from pressrun.web.http.clients import ArrivedRequests, Proxies
from pressrun.web.http.security import Table
from pressrun.web.http.server import WebServer
from pressrun.web.pages import Pages
from pressrun.web.settings import HttpSettings, OidcSettings

OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True, kw_only=True)
class AdminHarness:
    """The use cases of logging in, and the application in front of them."""

    harness: LogInHarness
    site: Site
    settings: HttpSettings
    auth_header: str | None = None
    issuer: Issuer | None = None
    app: ASGIApp = field(init=False)

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser that follows no redirects, and sends the headers that one on our pages would."""
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.1", 4711))
        return httpx.AsyncClient(transport=transport, base_url=self.site.base_url, headers={**OURS, **headers})

    async def make_link(self, person_id: int, kind: LinkKind = LinkKind.ENTER) -> str:
        """Make a link, and return its path."""

        def make(tx: Transaction) -> str:
            now = int(self.harness.now)
            link_id = enter_links.insert_link(tx, person_id, kind, now, now + 900)
            token = WebTokens(self.harness.keys).make(WebPurpose.ENTER, link_id, now + 900)
            return self.site.admin_url("enter", token).removeprefix(self.site.base_url)

        return await self.harness.database.write(make)

    @asynccontextmanager
    async def logged_in(self, name: str = "ann") -> AsyncIterator[httpx.AsyncClient]:
        """A client that has logged in by password."""
        async with self.client() as client:
            answer = await client.post("/admin/login", data={"username": name, "password": PASSWORD})
            assert 303 == answer.status_code
            yield client

    @property
    def web(self) -> WebContext:
        """What the pages share, for a test that makes its own page."""
        return WebContext(
            database=self.harness.context.database,
            pages=Pages(self.site),
            tokens=lambda: WebTokens(self.harness.keys),
            proxies=Proxies(self.settings.trusted_proxies),
            clock=lambda: self.harness.now,
            arrived=ArrivedRequests(),
        )

    def rows(self, web: WebContext) -> Table:
        """The routes."""
        return admin_rows(self.frame(web), self.issuer)

    def frame(self, web: WebContext) -> AdminFrame:
        """The frame of the pages."""
        harness = self.harness
        known: Any = SimpleNamespace(
            database=harness.database,
            keys=harness.keys,
            audit_log=AuditLog(harness.context),
            account=harness.account,
            people=PeopleAdmin(harness.context),
            tokens=Tokens(harness.context),
        )
        return AdminFrame(
            web,
            Door(cast("Cases", known), {act.id: act for act in (*ACCOUNT_ACTS, *PEOPLE_ACTS)}),
            harness.services,
            auth_header=self.auth_header,
            issuer="" if self.issuer is None else self.issuer.label,
        )


@asynccontextmanager
async def open_admin(
    root: Path,
    origin: str = "https://news.example.org",
    *,
    auth_header: str | None = None,
    oidc: OidcSettings | None = None,
    **http: Any,
) -> AsyncIterator[AdminHarness]:
    """The pages, in process."""
    async with open_log_ins(root, origin=origin) as harness:
        site = Site(base_url=origin, mail_domain="news.example.org", receives_mail=True)
        issuer = None
        if oidc is not None:
            issuer = Issuer(oidc, OutgoingHttp(seconds=10.0, may_stay_here=True), harness.context.clock)
        web = AdminHarness(
            harness=harness, site=site, settings=HttpSettings(**http), auth_header=auth_header, issuer=issuer
        )
        web.app = build_admin_app(
            Surroundings(
                site=site,
                database=harness.context.database,
                tokens=lambda: WebTokens(harness.keys),
                settings=web.settings,
                clock=lambda: harness.now,
                count_request=lambda *_: None,
                admin=web.rows,
            )
        )
        yield web


@asynccontextmanager
async def serve_admin(
    root: Path, host: str = "localhost", *, oidc: OidcSettings | None = None
) -> AsyncIterator[AdminHarness]:
    """The pages on a local port, for a browser that knows this machine as `host`."""
    port = free_port()
    listen = TcpEndpoint("127.0.0.1", port)
    async with open_admin(root, f"http://{host}:{port}", oidc=oidc, listen=listen) as web:
        server = WebServer(web.app, web.settings)
        await server.start()
        try:
            yield web
        finally:
            await server.stop(1)
