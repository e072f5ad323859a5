"""Feeds of a list: Atom (RFC 4287) and JSON Feed 1.1, with conditional GET. They name no reader."""

from __future__ import annotations

import json
import re
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.timestamps import rfc3339
from pressrun.services.editions.archive_reader import ArchiveFeed, ArchiveReader, NotReadable
from pressrun.services.editions.archived_edition import ArchivedEdition
from pressrun.services.ports import Clock
from pressrun.web.http.conditional import Changes, conditional
from pressrun.web.pages import Pages

ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)


class FeedLinks(Protocol):
    """The whole addresses that a feed names. An edition's id is the address that it was sent with, for ever."""

    def home(self) -> str: ...
    def feed(self, name: str) -> str: ...
    def edition(self, slug: str) -> str: ...
    def asset(self, slug: str, name: str) -> str: ...


class FeedPages:
    """The newest editions for feed readers."""

    def __init__(self, *, pages: Pages, archive_reader: ArchiveReader, clock: Clock) -> None:
        self._pages = pages
        self._archive_reader = archive_reader
        self._changes = Changes(clock)

    async def atom(self, request: Request) -> Response:
        """`/NAME/feed.atom`."""
        found = await self._archive_reader.feed(request.path_params["name"])
        if isinstance(found, NotReadable):
            return self._shut(found)
        return self._answer(request, atom_feed(self._pages, found, SiteLinks(self._pages, found.list.name)), ATOM)

    async def json(self, request: Request) -> Response:
        """`/NAME/feed.json`."""
        found = await self._archive_reader.feed(request.path_params["name"])
        if isinstance(found, NotReadable):
            return self._shut(found)
        return self._answer(request, json_feed(self._pages, found, SiteLinks(self._pages, found.list.name)), JSON_FEED)

    def _shut(self, reason: NotReadable) -> Response:
        return self._pages.members_only() if reason is NotReadable.MEMBERS else self._pages.not_found()

    def _answer(self, request: Request, content: bytes, media_type: str) -> Response:
        response = Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-cache"})
        return conditional(request, response, modified_at=self._changes.changed_at(request.url.path, content))


class SiteLinks:
    """The addresses of a list's feeds at base_url."""

    def __init__(self, pages: Pages, name: str) -> None:
        self._site = pages.site
        self._name = name

    def home(self) -> str:
        return self._site.url(self._name)

    def feed(self, name: str) -> str:
        return self._site.url(self._name, name)

    def edition(self, slug: str) -> str:
        return self._site.url(self._name, "archive", slug)

    def asset(self, slug: str, name: str) -> str:
        return self._site.url(self._name, "archive", slug, "asset", name)


def atom_feed(pages: Pages, feed: ArchiveFeed, links: FeedLinks) -> bytes:
    """The feed as Atom."""
    page = pages.render_text(
        "feed.atom.xml",
        list=feed.list,
        entries=[(edition, _NOT_XML.sub("", _content(edition, links))) for edition in feed.editions],
        links=links,
        ids=SiteLinks(pages, feed.list.name),
        updated_at=max((one.summary.published_at for one in feed.editions), default=feed.list.created_at),
    )
    return _NOT_XML.sub("", page).encode()


def json_feed(pages: Pages, feed: ArchiveFeed, links: FeedLinks) -> bytes:
    """The feed as JSON."""
    target, ids = feed.list, SiteLinks(pages, feed.list.name)
    document = {
        "version": JSON_FEED_VERSION,
        "title": target.title,
        "home_page_url": links.home(),
        "feed_url": links.feed("feed.json"),
        "description": target.description,
        "language": target.language,
        "authors": [{"name": target.title, "url": links.home()}],
        "items": [_item(edition, ids, links) for edition in feed.editions],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _item(edition: ArchivedEdition, ids: FeedLinks, links: FeedLinks) -> dict[str, str]:
    summary = edition.summary
    item = {
        "id": ids.edition(summary.slug),
        "url": links.edition(summary.slug),
        "title": summary.title,
        "summary": edition.teaser,
        "date_published": rfc3339(summary.published_at) or "",
        "language": summary.language,
    }
    if edition.picture is not None:
        item["image"] = links.asset(summary.slug, edition.picture)
    content = _content(edition, links)
    return {**item, **({"content_html": content} if content else {"content_text": edition.text})}


def _content(edition: ArchivedEdition, links: FeedLinks) -> str:
    """The edition as a fragment that needs no style sheet and no page around it."""
    fragment = edition.html_with_images(links.asset(edition.summary.slug, ""))
    return _STYLE_SHEET.sub("", fragment or "").strip()
