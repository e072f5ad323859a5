"""For search engines: `/robots.txt` (RFC 9309), and sitemaps of the archives that are public and listed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pressrun.services.archives.archive_reader import NotReadable, read_sitemap
from pressrun.services.archives.list_reader import public_archives
from pressrun.web.context import WebContext
from pressrun.web.http.conditional import conditional

_XML = "application/xml; charset=utf-8"


class SitemapPages:
    """Names every page worth finding, and no personal page."""

    def __init__(self, web: WebContext) -> None:
        self._pages = web.pages
        self._database = web.database

    async def robots(self, _request: Request) -> Response:
        """`/robots.txt`. Pages behind links in emails say noindex themselves and are not named here."""
        site = self._pages.site
        return PlainTextResponse(
            f"User-agent: *\nDisallow: {self._pages.base_path}/*/search\n\nSitemap: {site.url('sitemap.xml')}\n"
        )

    async def all(self, request: Request) -> Response:
        """`/sitemap.xml`: the sitemaps of all listed public archives."""
        lists = await self._database.read(public_archives)
        return self._answer(request, self._pages.render_text("sitemaps.xml", lists=lists))

    async def of_list(self, request: Request) -> Response:
        """`/NAME/sitemap.xml`: the pages of one public archive."""
        name = request.path_params["name"]
        editions = await self._database.read(read_sitemap, name)
        if isinstance(editions, NotReadable):
            return self._pages.not_found()
        return self._answer(request, self._pages.render_text("sitemap.xml", name=name, editions=editions))

    def _answer(self, request: Request, page: str) -> Response:
        response = Response(page.encode(), headers={"Content-Type": _XML, "Cache-Control": "no-cache"})
        return conditional(request, response, modified_at=None)
