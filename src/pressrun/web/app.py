"""All pages as ASGI applications: this is the table of routes, each with its handler.

There is one application, and another one where `[admin]` has an address of its own: then the pages of people who log in
and the API are there alone, and the other one knows nothing below `/admin` and `/api`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import Scope

from pressrun.core.errors import EditionError, Unavailable
from pressrun.core.site import Site
from pressrun.message.finding import refusal_of
from pressrun.services.ports import Clock
from pressrun.store.database import Database
from pressrun.store.lists.lists import find_list
from pressrun.web.api.routes import Api
from pressrun.web.archives.archive import ArchivePages
from pressrun.web.archives.feeds import FeedPages, SitemapPages
from pressrun.web.context import ReadTokens, WebContext
from pressrun.web.editors.approval import ApprovalPages
from pressrun.web.editors.demo import DemoMailbox, DemoPages
from pressrun.web.families import Families
from pressrun.web.http.clients import ArrivedRequests, Proxies
from pressrun.web.http.monitoring import MonitoringPages, PrivateRoute, show_health
from pressrun.web.http.security import (
    TOKEN_PAGES,
    Area,
    CountRequest,
    Endpoint,
    Guard,
    Handler,
    Table,
    is_token_page,
    patterns_of,
    requests_of,
)
from pressrun.web.pages import Pages
from pressrun.web.readers.change_links import ChangeLinkPages
from pressrun.web.readers.form_snippet import FormSnippetPages
from pressrun.web.readers.front import FrontPages
from pressrun.web.readers.links import LinkPages
from pressrun.web.readers.lists import ListPages
from pressrun.web.readers.mailed_links import MailedLinkPages
from pressrun.web.readers.old_links import OldLinkPages, PersonalLinkRoute
from pressrun.web.readers.preferences import PreferencePages
from pressrun.web.readers.sign_up_forms import SignUpForms
from pressrun.web.readers.trailing_marks import TrailingMarks
from pressrun.web.settings import HttpSettings
from pressrun.web.use_cases import UseCases

RETRY_AFTER_SECONDS = 5
_NOT_FOUND = 404
_GET, _BOTH = ["GET"], ["GET", "POST"]

_PRIVATE = frozenset({"/readyz", "/metrics"})

AdminTable = Callable[[WebContext], Table]  # the pages of people who log in; links lead where they are
BuildApi = Callable[[WebContext], Api]
FindPage = Callable[[Request], Awaitable[Response | None]]


class Surroundings(Struct, frozen=True, kw_only=True):
    """What an application at one address needs besides its services.

    `tokens` returns tokens under the current keys. `admin` and `api` build what is below `/admin` and `/api`, if this
    address has them.
    """

    site: Site
    database: Database
    tokens: ReadTokens
    settings: HttpSettings
    clock: Clock
    count_request: CountRequest
    admin: AdminTable = lambda _web: []
    api: BuildApi | None = None


def build_app(
    around: Surroundings,
    cases: UseCases,
    monitoring: MonitoringPages,
    *,
    mailbox: DemoMailbox | None = None,
    arrived: ArrivedRequests | None = None,
) -> Guard:
    """The application of `[http]`. `mailbox` adds the demo's page at `/demo`.

    `arrived` remembers requests by numbered test links.
    """
    web = _context(around, arrived or ArrivedRequests())
    old_links = OldLinkPages(web, cases)
    unknown = _or_else(_UnknownPages(web).show, old_links.page)
    demo = [] if mailbox is None else DemoPages(web, mailbox).table()
    routes = [
        PersonalLinkRoute("/subscription/{issue}/{subscriber}", Endpoint(old_links.person), methods=_BOTH),
        *(
            _route(path, handler, methods)
            for path, handler, methods in (
                *_routes_of_links(web, cases),  # first, because mail programs post there in bursts
                *((f"/{page}", unknown, _BOTH) for page in sorted(TOKEN_PAGES - {"preferences"})),
                *_routes_of_monitoring(monitoring),
                *demo,
                *_leading_on(web, around.admin(web)),
                *_routes_of_site(web, cases, around.settings, old_links.page),
            )
        ),
    ]
    return _guarded(routes, unknown, web, around)


def build_admin_app(around: Surroundings) -> Guard:
    """The application at an address of `[admin]`'s own: its pages, the API, and nothing of readers.

    The `base_url` of `around.site` is that of `[admin]`.
    """
    web = _context(around, ArrivedRequests())
    pages = web.pages

    async def unknown(_request: Request) -> Response:
        return pages.not_found()

    async def front(_request: Request) -> Response:
        return pages.see_other("admin")

    rows: Table = [
        ("/", front, _GET),
        ("/healthz", show_health, _GET),
        ("/favicon.ico", pages.favicon, _GET),
        ("/apple-touch-icon.png", pages.touch_icon, _GET),
        ("/static/{file}", pages.static, _GET),
        *_leading_on(web, around.admin(web)),
    ]
    return _guarded([_route(*row) for row in rows], unknown, web, around)


class _LastRoute(Route):
    """For what is left: it stands back where another route matches, even if only by another method, which is 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.PARTIAL if match is Match.FULL else match), child


def _route(path: str, handler: Handler, methods: Sequence[str]) -> Route:
    kind = PrivateRoute if path in _PRIVATE else _LastRoute if path.endswith(":path}") else Route
    return kind(path, Endpoint(handler), methods=list(methods))


def _context(around: Surroundings, arrived: ArrivedRequests) -> WebContext:
    proxies = Proxies(around.settings.trusted_proxies)
    return WebContext(
        database=around.database,
        pages=Pages(around.site),
        tokens=around.tokens,
        proxies=proxies,
        clock=around.clock,
        arrived=arrived,
    )


def _guarded(routes: Sequence[Route], unknown: Handler, web: WebContext, around: Surroundings) -> Guard:
    # The one-click POST must not be redirected, RFC 8058 §3.1.
    router = Router(routes, redirect_slashes=False, default=Endpoint(unknown))
    elsewhere = Area(
        app=router,
        max_body_bytes=around.settings.max_body_bytes,
        fault_page=_FaultPages(web.pages).page,
        patterns=patterns_of(router),
        requests=requests_of(router),
    )
    return Guard(
        elsewhere,
        base_url=around.site.base_url,
        count_request=around.count_request,
        clock=around.clock,
        areas={} if around.api is None else {"api": around.api(web).area},
    )


def _routes_of_links(web: WebContext, cases: UseCases) -> Table:
    """Where the links in emails lead."""
    archive = ArchivePages(web, cases)
    changes = ChangeLinkPages(web, cases)
    links = LinkPages(web, cases, changes)
    preferences = PreferencePages(web, cases)
    approval = ApprovalPages(web, cases)
    rows: Table = [
        ("/unsubscribe/{token}", links.unsubscribe, _BOTH),
        ("/confirm/{token}", links.confirm, _BOTH),
        ("/unsubscribe/never-again/{token}", links.never_again, _BOTH),
        ("/unsubscribe/why/{token}", changes.why, _BOTH),
        ("/preferences/{token}", preferences.show, _BOTH),
        ("/read/{token}", archive.index, _GET),
        ("/read/{token}/archive", archive.index, _GET),
        ("/read/{token}/latest", archive.latest, _GET),
        ("/read/{token}/search", archive.search, _GET),
        ("/read/{token}/archive/{slug}", archive.edition, _GET),
        ("/read/{token}/archive/{slug}/asset/{file}", archive.asset, _GET),
        ("/approve/{token}", approval.show, _BOTH),
        ("/approve/{token}/edition", approval.edition, _GET),
        ("/approve/{token}/preview", approval.preview, _GET),
        ("/approve/{token}/report", approval.report, _GET),
    ]
    return _leading_on(web, rows)


def _leading_on(web: WebContext, rows: Table) -> Table:
    """These routes; in those of links, a mark after the link does no harm."""
    meant = TrailingMarks(web).page
    return [
        (path, _or_else(handler, meant) if "{token}" in path else handler, methods) for path, handler, methods in rows
    ]


def _or_else(handler: Handler, *others: FindPage) -> Handler:
    """`handler`, but where it finds no page to show, the first of the others that does."""

    async def show(request: Request) -> Response:
        answer = await handler(request)
        if answer.status_code == _NOT_FOUND and request.method in ("GET", "HEAD"):
            for find in others:
                if (page := await find(request)) is not None:
                    return page
        return answer

    return show


def _routes_of_monitoring(monitoring: MonitoringPages) -> Table:
    return [
        ("/healthz", show_health, _GET),
        ("/readyz", monitoring.ready, _GET),
        ("/metrics", monitoring.metrics, _GET),
    ]


def _routes_of_site(web: WebContext, cases: UseCases, settings: HttpSettings, old_page: FindPage) -> Table:
    """The pages of the site, then those below a list's name, last because a list may have nearly any name."""
    pages = web.pages
    archive = ArchivePages(web, cases)
    feeds = FeedPages(web)
    forms = SignUpForms(web, cases.web_requests)
    lists = ListPages(web, cases, forms)
    mailed_links = MailedLinkPages(web, cases)
    families = Families(web)
    sitemaps = SitemapPages(web)
    snippet = FormSnippetPages(web)

    def in_family(handler: Handler, *others: FindPage) -> Handler:
        return _or_else(families.redirecting(handler), families.elsewhere, families.in_lower_case, *others)

    return [
        ("/", FrontPages(web, cases, forms, settings).show, _BOTH),
        ("/preferences", mailed_links.preferences, _BOTH),
        ("/robots.txt", sitemaps.robots, _GET),
        ("/favicon.ico", pages.favicon, _GET),
        ("/apple-touch-icon.png", pages.touch_icon, _GET),
        ("/sitemap.xml", sitemaps.all, _GET),
        ("/static/{file}", pages.static, _GET),
        ("/{name}", in_family(lists.show, old_page), _GET),
        ("/{name}/subscribe", lists.subscribe, _BOTH),
        ("/{name}/unsubscribe", in_family(mailed_links.unsubscribe), _BOTH),
        ("/{name}/check-mail", in_family(lists.check_mail), _GET),
        ("/{name}/icon.png", lists.icon, _GET),
        ("/{name}/logo/{digest}", lists.logo, _GET),
        ("/{name}/form", in_family(snippet.show, old_page), _GET),
        ("/{name}/latest", in_family(archive.latest), _GET),
        ("/{name}/archive", in_family(archive.index, old_page), _GET),
        ("/{name}/archive/{slug}", in_family(archive.edition, old_page), _GET),
        ("/{name}/archive/{slug}/asset/{file}", archive.asset, _GET),
        ("/{name}/search", in_family(archive.search), _GET),
        ("/{name}/sitemap.xml", sitemaps.of_list, _GET),
        ("/{name}/feed.atom", feeds.atom, _GET),
        ("/{name}/feed.json", feeds.json, _GET),
    ]


class _UnknownPages:
    """Paths without a route. Below the pages of links, these are links that were cut off or have something appended."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database

    async def show(self, request: Request) -> Response:
        """The page of all invalid links, or of an unknown page, with a link to its list."""
        path = request.scope["path"]
        if is_token_page(path):
            return self._pages.invalid_link()
        about = await self._database.read(find_list, path.split("/", 2)[1])
        if about is not None:
            self._pages.choose_language(target=about.language)
        return self._pages.not_found(about)


class _FaultPages:
    """The pages for errors. They say what the visitor can do, and nothing about our internals."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def page(self, problem: Exception) -> Response:
        """The page for an error of ours or a refusal by the guard or router."""
        if isinstance(problem, HTTPException):
            return self._refusal(problem.status_code, dict(problem.headers or {}))
        say = self._pages.words
        if isinstance(problem, Unavailable):
            return self._pages.message(
                say("Temporarily unavailable"),
                say("Try again in a minute."),
                status=503,
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        if isinstance(problem, EditionError):  # a draft that its editor looks at
            return self._pages.message(say("Something went wrong"), refusal_of(problem).text(say), status=422)
        text = say("The error has been recorded. Try again later.")
        return self._pages.message(say("Something went wrong"), text, status=500, back=self._pages.way_on())

    def _refusal(self, status: int, headers: dict[str, str]) -> Response:
        """404, 405, 413 and the like."""
        if "Allow" in headers:
            headers["Allow"] = ", ".join(sorted(item.strip() for item in headers["Allow"].split(",")))
        say = self._pages.words
        match status:
            case 404:
                return self._pages.not_found()
            case 405:
                title, text = say("That's not possible here"), say("This page can't do that.")
            case 413:
                title, text = say("That's too large"), say("What you sent is larger than we accept.")
            case _:
                title, text = say("We couldn't read that"), say("Go back and try again.")
        return self._pages.message(title, text, status=status, headers=headers, back=self._pages.way_on())
