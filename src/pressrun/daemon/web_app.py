"""The web application over the services, built once the daemon serves: importing it takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from pressrun.core.tokens import WebTokens
from pressrun.runtime.clock import utc_now

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pressrun.config.settings import Settings
    from pressrun.daemon.metrics_page import MetricsPage
    from pressrun.daemon.services import Services
    from pressrun.web.editors.demo import DemoMailbox
    from pressrun.web.http.clients import ArrivedRequests


class DeferredApp:
    """An ASGI application that is built in a thread, by `load` or at the first request; requests wait for it."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._building: asyncio.Task[ASGIApp] | None = None

    async def load(self) -> ASGIApp:
        """The application, built if it was not yet."""
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._build), name="web application")
        return await asyncio.shield(self._building)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await self.load()
        await app(scope, receive, send)


def build_web_app(
    settings: Settings, services: Services, page: MetricsPage, mailbox: DemoMailbox | None, arrived: ArrivedRequests
) -> ASGIApp:
    """Wire the pages; `mailbox` is that of the demo."""
    from pressrun.web.app import build_app  # noqa: PLC0415 - this is what takes its time
    from pressrun.web.context import UseCases  # noqa: PLC0415

    readers, editions = services.readers, services.editions
    cases = UseCases(
        web_requests=readers.web_requests,
        sign_ups=readers.sign_ups,
        unsubscribes=readers.unsubscribes,
        never_again=readers.never_again,
        preferences=readers.preferences,
        address_changes=readers.address_changes,
        undo_unsubscribe=readers.undo_unsubscribe,
        archive_reader=editions.archive_reader,
        draft_approval=editions.draft_approval,
        editor_reports=editions.editor_reports,
        old_links=readers.old_links,
    )
    return build_app(
        cases,
        site=settings.site,
        tokens=lambda: WebTokens(services.keys),
        readiness=page.readiness.problems,
        metrics_page=page.render,
        count_request=page.metrics.count_request,
        settings=settings.http,
        clock=utc_now,
        mailbox=mailbox,
        arrived=arrived,
    )
