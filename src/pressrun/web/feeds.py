"""Feeds of a list: Atom (RFC 4287) and JSON Feed 1.1, with conditional GET. They name no reader."""

from __future__ import annotations

import json
import re

from starlette.requests import Request
from starlette.responses import Response

from pressrun.core.timestamps import rfc3339
from pressrun.services.archiving import ArchivedEdition, Archiving, Feed, Shut
from pressrun.web.archive import ArchivePages
from pressrun.web.conditional import conditional
from pressrun.web.pages import Pages

ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)


class FeedPages:
    """The newest editions for feed readers."""

    def __init__(self, *, pages: Pages, archiving: Archiving, archive: ArchivePages) -> None:
        self._pages = pages
        self._archiving = archiving
        self._archive = archive

    async def atom(self, request: Request) -> Response:
        """`/NAME/feed.atom`."""
        found = await self._archiving.feed(request.path_params["name"])
        if isinstance(found, Shut):
            return self._archive.shut(found)
        entries = [(edition, _NOT_XML.sub("", self._content(edition))) for edition in found.editions]
        page = self._pages.render_text("feed.atom.xml", list=found.list, entries=entries, updated_at=_updated_at(found))
        return _answer(request, found, _NOT_XML.sub("", page).encode(), ATOM)

    async def json(self, request: Request) -> Response:
        """`/NAME/feed.json`."""
        found = await self._archiving.feed(request.path_params["name"])
        if isinstance(found, Shut):
            return self._archive.shut(found)
        site, target = self._pages.site, found.list
        document = {
            "version": JSON_FEED_VERSION,
            "title": target.title,
            "home_page_url": site.url(target.name),
            "feed_url": site.url(target.name, "feed.json"),
            "description": target.description,
            "language": target.language,
            "items": [self._item(target.name, edition) for edition in found.editions],
        }
        return _answer(request, found, json.dumps(document, ensure_ascii=False, indent=1).encode(), JSON_FEED)

    def _item(self, name: str, edition: ArchivedEdition) -> dict[str, str | None]:
        summary = edition.summary
        url = self._pages.site.url(name, "archive", summary.slug)
        return {
            "id": url,
            "url": url,
            "title": summary.title,
            "summary": edition.teaser,
            "content_html": self._content(edition),
            "date_published": rfc3339(summary.published_at),
            "language": summary.language,
        }

    def _content(self, edition: ArchivedEdition) -> str:
        """The edition as a fragment that needs no style sheet and no page around it."""
        fragment = edition.html_below(self._pages.site.base_url)
        return _STYLE_SHEET.sub("", fragment or "").strip()


def _updated_at(feed: Feed) -> int:
    return max((edition.summary.published_at for edition in feed.editions), default=feed.list.created_at)


def _answer(request: Request, feed: Feed, content: bytes, media_type: str) -> Response:
    response = Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-cache"})
    return conditional(request, response, modified_at=_updated_at(feed))
