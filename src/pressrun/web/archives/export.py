"""An archive as a folder of files: the same pages, with links from file to file.

    index.html · feed.atom · feed.json · archive/SLUG.html · archive/SLUG/NAME (its images and files)

It can be opened from a disk or served by any web server. The sign-up form of a running service is linked at its
address, and the search is left out. Files have no headers, so an edition's page contains its policy, but for the
sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from msgspec.structs import replace

from pressrun.core.site import Site
from pressrun.services.archives.archive_export import ArchiveContents
from pressrun.services.archives.archive_reader import IndexPage
from pressrun.services.archives.archived_edition import ArchivedEdition
from pressrun.store.editions.editions import ArchivedFile
from pressrun.store.lists.lists import MailingList
from pressrun.web import language
from pressrun.web.archives.archive import edition_context
from pressrun.web.archives.feeds import FeedLinks, atom_feed, json_feed, site_links
from pressrun.web.archives.urls import ArchiveUrls
from pressrun.web.pages import Pages

FILE_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class FileUrls(ArchiveUrls):
    """Links from a file to the others; `above` leads to the folder of the index."""

    def __init__(self, above: str, *, is_public: bool) -> None:
        self._above = above
        self.is_public = is_public

    def index(self, *, year: int | None = None, page: int = 1) -> str:  # noqa: ARG002 - one file has all editions
        return f"{self._above}index.html" + (f"#y{year}" if year is not None else "")

    def edition(self, slug: str) -> str:
        return f"{self._above}archive/{quote(slug)}.html"

    def asset(self, slug: str, name: str) -> str:
        return f"{self._above}archive/{quote(slug)}/{quote(name)}"

    def search(self, query: str = "", *, page: int = 1, newest: bool = False) -> None:  # noqa: ARG002 - files cannot search
        return None

    def feed(self, name: str) -> str | None:
        return self._above + name


class _LinkedPages(Pages):
    """Pages that link to the running service for all that is not exported."""

    def href(self, *segments: str, **_query: str | int) -> str:
        return self.site.url(*segments)


class SiteExport:
    """Writes the files of one archive; `base_url` is where they will be served, `""` if unknown."""

    def __init__(self, site: Site, target: MailingList, base_url: str = "") -> None:
        self._pages = _LinkedPages(site)
        # The service has the logo, and a file must not load anything from elsewhere.
        self._target = replace(target, logo=None)
        self._links = site_links(site, target.name)
        if base_url:
            base = base_url.rstrip("/") + "/"
            self._links = FeedLinks(home=base, base=base, suffix=".html", asset_folder="")
        language.choose(target.language, "")

    def front_files(self, contents: ArchiveContents) -> Iterator[tuple[str, bytes]]:
        """The index and the feeds, with their paths."""
        page = IndexPage(list=self._target, years=(), year=None, editions=contents.editions, number=1, pages=1)
        index = self._pages.document(
            "archive.html", about=self._target, list=self._target, page=page, places=self._urls(""), also=""
        )
        yield "index.html", index.encode()
        yield "feed.atom", atom_feed(self._pages, contents.feed, self._links)
        yield "feed.json", json_feed(self._pages, contents.feed, self._links)

    def edition_files(self, edition: ArchivedEdition, assets: tuple[ArchivedFile, ...]) -> Iterator[tuple[str, bytes]]:
        """The page of an edition, its images and its files, with their paths."""
        slug, urls = edition.summary.slug, self._urls("../")
        context = edition_context(self._pages, self._target, edition, urls, urls.index())
        context |= {"policy": FILE_POLICY, "promise": ""}
        page = self._pages.document("edition.html", about=self._target, **context)
        yield f"archive/{slug}.html", page.encode()
        for asset in assets:
            yield f"archive/{slug}/{asset.name}", asset.content

    def _urls(self, above: str) -> FileUrls:
        return FileUrls(above, is_public=self._target.archive == "public")
