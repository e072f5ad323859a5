"""All pages as one ASGI application: every route stands in the table here, every handler in a module of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from pressrun.core.errors import Unavailable
from pressrun.core.site import Site
from pressrun.services.editions.archive_reader import ArchiveReader
from pressrun.services.editions.draft_approval import DraftApproval
from pressrun.services.ports import Clock
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.reports.editor_reports import EditorReports
from pressrun.web.archives.archive import ArchivePages
from pressrun.web.archives.feeds import FeedPages
from pressrun.web.archives.sitemaps import SitemapPages
from pressrun.web.editors.approval import ApprovalPages
from pressrun.web.editors.demo import DemoPages, Mailbox
from pressrun.web.families import Families
from pressrun.web.http.clients import Proxies
from pressrun.web.http.operations import Operations, PrivateRoute, Readiness
from pressrun.web.http.security import TOKEN_PAGES, CountRequest, Endpoint, Guard, Handler, is_token_page
from pressrun.web.pages import Pages
from pressrun.web.readers.answers import AnswerPages
from pressrun.web.readers.asking_to_leave import UnsubscribePages
from pressrun.web.readers.embedding import FormPages
from pressrun.web.readers.front import FrontPages
from pressrun.web.readers.links import LinkPages
from pressrun.web.readers.lists import ListPages
from pressrun.web.readers.preferences import PreferencePages
from pressrun.web.readers.sign_up_forms import SignUpForms
from pressrun.web.reading import ReadTokens
from pressrun.web.settings import HttpSettings

RETRY_AFTER_SECONDS = 5
_GET, _POST, _BOTH = ["GET"], ["POST"], ["GET", "POST"]

_PRIVATE = frozenset({"/readyz", "/metrics"})

_Table = list[tuple[str, Handler, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the pages show and do, each by the use case that they are about."""

    web_requests: WebRequests
    sign_ups: SignUps
    unsubscribes: Unsubscribes
    never_again: NeverAgain
    preferences: Preferences
    address_changes: AddressChanges
    undo_unsubscribe: UndoUnsubscribe
    archive_reader: ArchiveReader
    draft_approval: DraftApproval
    editor_reports: EditorReports


def build_app(  # noqa: PLR0913 - each part is handed what it needs, never the whole configuration
    cases: UseCases,
    *,
    site: Site,
    tokens: ReadTokens,
    readiness: Readiness,
    metrics_page: Callable[[], Awaitable[bytes]],
    count_request: CountRequest,
    settings: HttpSettings,
    clock: Clock,
    mailbox: Mailbox | None = None,
) -> ASGIApp:
    """The application. `tokens` gives the tokens under the keys of now; `mailbox` mounts the demo's page at `/demo`."""
    pages = Pages(site)
    proxies = Proxies(settings.trusted_proxies)
    lists = ListPages(
        pages=pages,
        web_requests=cases.web_requests,
        archive_reader=cases.archive_reader,
        tokens=tokens,
        proxies=proxies,
        clock=clock,
    )
    archive = ArchivePages(
        pages=pages, archive_reader=cases.archive_reader, tokens=tokens, proxies=proxies, clock=clock
    )
    front = FrontPages(
        pages=pages,
        web_requests=cases.web_requests,
        archive_reader=cases.archive_reader,
        forms=SignUpForms(pages=pages, web_requests=cases.web_requests, tokens=tokens, clock=clock),
        proxies=proxies,
        settings=settings,
    )
    sitemaps = SitemapPages(pages=pages, archive_reader=cases.archive_reader)
    operations = Operations(readiness=readiness, metrics_page=metrics_page)
    table = [
        *_pages_of_links(pages, cases, tokens, proxies, archive),  # first, because mail programs post there in bursts
        *_pages_of_site(pages, front, sitemaps, operations),
        *(
            DemoPages(pages=pages, archive_reader=cases.archive_reader, mailbox=mailbox).table()
            if mailbox is not None
            else []
        ),
        *_pages_of_lists(pages, cases, lists, archive, sitemaps, proxies, clock),
    ]
    routes = [
        (PrivateRoute if path in _PRIVATE else Route)(path, Endpoint(handler), methods=list(methods))
        for path, handler, methods in table
    ]
    nowhere = Endpoint(_Nowhere(pages, cases.archive_reader).show)
    # The one-click POST follows no redirect, RFC 8058 §3.1.
    router = Router(routes, redirect_slashes=False, default=nowhere)
    return Guard(
        router,
        base_url=site.base_url,
        max_body_bytes=settings.max_body_bytes,
        fault_page=_Faults(pages).page,
        count_request=count_request,
        clock=clock,
    )


def _pages_of_site(pages: Pages, front: FrontPages, sitemaps: SitemapPages, operations: Operations) -> _Table:
    return [
        ("/", front.show, _BOTH),
        ("/robots.txt", sitemaps.robots, _GET),
        ("/favicon.ico", pages.favicon, _GET),
        ("/apple-touch-icon.png", pages.touch_icon, _GET),
        ("/sitemap.xml", sitemaps.all, _GET),
        ("/healthz", operations.health, _GET),
        ("/readyz", operations.ready, _GET),
        ("/metrics", operations.metrics, _GET),
        ("/static/{file}", pages.static, _GET),
    ]


def _pages_of_links(
    pages: Pages, cases: UseCases, tokens: ReadTokens, proxies: Proxies, archive: ArchivePages
) -> _Table:
    """What the links in mails lead to."""
    answers = AnswerPages(
        pages=pages,
        address_changes=cases.address_changes,
        undo_unsubscribe=cases.undo_unsubscribe,
        list_page=cases.archive_reader.list_page,
        tokens=tokens,
        proxies=proxies,
    )
    links = LinkPages(
        pages=pages,
        sign_ups=cases.sign_ups,
        unsubscribes=cases.unsubscribes,
        preferences=cases.preferences,
        never_again=cases.never_again,
        answers=answers,
        tokens=tokens,
        proxies=proxies,
    )
    preferences = PreferencePages(
        pages=pages,
        web_requests=cases.web_requests,
        preferences=cases.preferences,
        address_changes=cases.address_changes,
        sign_ups=cases.sign_ups,
        find_list=cases.archive_reader.find_list,
        tokens=tokens,
        proxies=proxies,
    )
    approval = ApprovalPages(
        pages=pages, draft_approval=cases.draft_approval, editor_reports=cases.editor_reports, tokens=tokens
    )
    return [
        ("/unsubscribe/{token}", links.unsubscribe, _BOTH),
        ("/confirm/{token}", links.confirm, _BOTH),
        ("/unsubscribe/never-again/{token}", links.never_again, _BOTH),
        ("/unsubscribe/why/{token}", answers.why, _BOTH),
        ("/preferences", preferences.ask, _BOTH),
        ("/preferences/{token}", preferences.show, _BOTH),
        ("/read/{token}", archive.index, _GET),
        ("/read/{token}/archive", archive.index, _GET),
        ("/read/{token}/search", archive.search, _GET),
        ("/read/{token}/archive/{slug}", archive.edition, _GET),
        ("/read/{token}/archive/{slug}/asset/{file}", archive.asset, _GET),
        ("/approve/{token}", approval.show, _BOTH),
        ("/approve/{token}/edition", approval.edition, _GET),
        ("/approve/{token}/preview", approval.preview, _GET),
        ("/approve/{token}/report", approval.report, _GET),
        *(
            (f"/{page}", _Nowhere(pages, cases.archive_reader).show, _BOTH)
            for page in sorted(TOKEN_PAGES - {"preferences"})
        ),
    ]


def _pages_of_lists(
    pages: Pages,
    cases: UseCases,
    lists: ListPages,
    archive: ArchivePages,
    sitemaps: SitemapPages,
    proxies: Proxies,
    clock: Clock,
) -> _Table:
    """What stands below a list's name: behind all others, since a list may have nearly any name."""
    forms = FormPages(pages=pages, archive_reader=cases.archive_reader)
    unsubscribes = UnsubscribePages(
        pages=pages, web_requests=cases.web_requests, archive_reader=cases.archive_reader, proxies=proxies
    )
    feeds = FeedPages(pages=pages, archive_reader=cases.archive_reader, clock=clock)
    lead = Families(pages=pages, archive_reader=cases.archive_reader).lead
    return [
        ("/{name}", lead(lists.show), _GET),
        ("/{name}/subscribe", lists.subscribe, _POST),
        ("/{name}/unsubscribe", lead(unsubscribes.show), _BOTH),
        ("/{name}/check-mail", lead(lists.check_mail), _GET),
        ("/{name}/icon.png", lists.icon, _GET),
        ("/{name}/logo/{digest}", lists.logo, _GET),
        ("/{name}/form", lead(forms.show), _GET),
        ("/{name}/latest", archive.latest, _GET),
        ("/{name}/archive", lead(archive.index), _GET),
        ("/{name}/archive/{slug}", lead(archive.edition), _GET),
        ("/{name}/archive/{slug}/asset/{file}", archive.asset, _GET),
        ("/{name}/search", lead(archive.search), _GET),
        ("/{name}/sitemap.xml", sitemaps.of_list, _GET),
        ("/{name}/feed.atom", feeds.atom, _GET),
        ("/{name}/feed.json", feeds.json, _GET),
    ]


class _Nowhere:
    """What no route is for: below the pages of links, a link that was cut off or has more behind it than it had."""

    def __init__(self, pages: Pages, archive_reader: ArchiveReader) -> None:
        self._pages = pages
        self._archive_reader = archive_reader

    async def show(self, request: Request) -> Response:
        """The page of every link that is no good, or that there is no such page, with the way to its list."""
        path = request.scope["path"]
        if is_token_page(path):
            return self._pages.invalid_link()
        about = await self._archive_reader.find_list(path.split("/", 2)[1])
        if about is not None:
            self._pages.speak(target=about.language)
        return self._pages.not_found(about)


class _Faults:
    """The pages for what goes wrong; they say what the visitor can do, never what is inside."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def page(self, problem: Exception) -> Response:
        """The page for an error of ours or a refusal of the frame."""
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
        text = say("The error has been recorded. Try again later.")
        return self._pages.message(say("Something went wrong"), text, status=500, back=self._pages.way_on())

    def _refusal(self, status: int, headers: dict[str, str]) -> Response:
        """404, 405, 413 and their like."""
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
