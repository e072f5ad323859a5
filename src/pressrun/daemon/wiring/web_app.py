"""The web applications over the services, built once the daemon serves: importing them takes long.

Where `[admin]` has an address of its own, there are two applications and two servers.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from pressrun.core.signing.tokens import WebTokens
from pressrun.runtime.clock import utc_now
from pressrun.web.http.server import WebServer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pressrun.config.settings import Settings
    from pressrun.core.current import Current
    from pressrun.daemon.health.metrics_page import MetricsPage
    from pressrun.daemon.wiring.services import Services
    from pressrun.web.api.routes import Api
    from pressrun.web.context import WebContext
    from pressrun.web.editors.demo import DemoMailbox
    from pressrun.web.http.clients import ArrivedRequests


class WebApps(Struct, frozen=True, kw_only=True):
    """The applications at the address of `[http]` and at that of `[admin]`, if it has one of its own."""

    public: ASGIApp
    admin: ASGIApp | None


class DeferredApps:
    """Applications that are built in a thread, by `load` or at the first request; requests wait for it."""

    def __init__(self, build: Callable[[], WebApps]) -> None:
        self._build = build
        self._building: asyncio.Task[WebApps] | None = None

    async def load(self) -> WebApps:
        """The applications, built if they were not yet."""
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._build), name="web applications")
        if not self._building.done():  # every request comes here
            await asyncio.shield(self._building)
        return self._building.result()

    async def public(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application at the address of `[http]`."""
        apps = await self.load()
        await apps.public(scope, receive, send)

    async def admin(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application at the address of `[admin]`."""
        apps = await self.load()
        assert apps.admin is not None
        await apps.admin(scope, receive, send)


class WebServers:
    """The server of `[http]`, and that of `[admin]` where it has an address of its own."""

    def __init__(
        self,
        apps: DeferredApps,
        settings: Settings,
        sockets: Mapping[str, socket.socket],
        count_refusal: Callable[[int], None],
    ) -> None:
        largest = max(settings.http.max_body_bytes, settings.api.max_upload_bytes)
        has_own_address = settings.admin.listen is not None
        self._public = WebServer(
            apps.public,
            settings.http,
            handed_over=sockets.get("http"),
            max_body_bytes=None if has_own_address else largest,
            count_refusal=count_refusal,
        )
        self._admin: WebServer | None = None
        if settings.admin.listen is not None:
            own = replace(settings.http, listen=settings.admin.listen)
            self._admin = WebServer(
                apps.admin,
                own,
                name="admin",
                handed_over=sockets.get("admin"),
                max_body_bytes=largest,
                count_refusal=count_refusal,
            )

    @property
    def addresses(self) -> dict[str, str]:
        """Where they listen, by the table of the configuration: `host:port` as bound, or `unix:/path`."""
        public = {"http": self._public.address}
        return public if self._admin is None else {**public, "admin": self._admin.address}

    async def start(self) -> None:
        """Listen; raises as `WebServer.start`."""
        for server in self._all():
            await server.start()

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, and finish the requests at hand within `seconds`."""
        await asyncio.gather(*(server.stop(seconds) for server in self._all()))

    def _all(self) -> list[WebServer]:
        return [self._public] if self._admin is None else [self._public, self._admin]


def build_web_apps(
    current: Current[Settings],
    services: Services,
    page: MetricsPage,
    mailbox: DemoMailbox | None,
    arrived: ArrivedRequests,
) -> WebApps:
    """Wire the pages and the API; `mailbox` is that of the demo."""
    from pressrun.daemon.wiring.admin_pages import build_admin_rows  # noqa: PLC0415 - this is what takes its time
    from pressrun.web.app import Surroundings, build_admin_app, build_app  # noqa: PLC0415 - as before
    from pressrun.web.http.monitoring import MonitoringPages  # noqa: PLC0415 - as before

    settings = current.value
    bare = Surroundings(
        site=settings.site,
        database=services.context.database,
        tokens=lambda: WebTokens(services.context.keys),
        settings=settings.http,
        clock=utc_now,
        count_request=page.metrics.count_request,
    )
    whole = structs.replace(
        bare, admin=partial(build_admin_rows, settings, services), api=partial(_build_api, current, services)
    )
    has_own_address = settings.admin.listen is not None
    monitoring = MonitoringPages(readiness=page.readiness.problems, metrics_page=page.render)
    public = build_app(bare if has_own_address else whole, services.pages, monitoring, mailbox=mailbox, arrived=arrived)
    page.metrics.expect_requests(public.requests)
    if not has_own_address:
        return WebApps(public=public, admin=None)
    site = replace(settings.site, base_url=settings.admin.base_url or settings.site.base_url)
    admin = build_admin_app(structs.replace(whole, site=site))
    page.metrics.expect_requests(admin.requests)
    return WebApps(public=public, admin=admin)


def _build_api(current: Current[Settings], services: Services, web: WebContext) -> Api:
    from pressrun.acts.door import caller_of_token  # noqa: PLC0415 - as above
    from pressrun.acts.table import ACTS  # noqa: PLC0415 - as above
    from pressrun.web.api import bodies, endpoint, routes, streams, tokens  # noqa: PLC0415

    settings = current.value
    context = endpoint.ApiContext(
        base_url=web.pages.site.base_url,
        cursor_key=services.context.keys.suppression_key,
        authenticate=partial(caller_of_token, services.cases.tokens),
        carry_out=services.door.carry_out,
        refuse=services.door.refuse,
        client=web.client,
        rates=tokens.TokenRates(lambda: current.value.api.rate, utc_now),
        limits=bodies.BodyLimits(json=settings.http.max_body_bytes, upload=settings.api.max_upload_bytes),
        followers=streams.Followers(),
    )
    return routes.Api(ACTS, context)
