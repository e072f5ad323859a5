"""An archive as a folder of files: the same pages, with links from file to file.

    index.html · feed.atom · feed.json · archive/SLUG.html · archive/SLUG/NAME (its images and files)

It opens from a disk and from any web server. What only a running service can do is linked at its address (sign-up), or
left out (search). No header comes with a file, so an edition's page names its policy itself, all but the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from pressrun.core.site import Site
from pressrun.services.editions.archive_reader import IndexPage
from pressrun.services.editions.archived_edition import ArchivedEdition, ArchivedFile
from pressrun.services.operating.archive_export import ArchiveContents
from pressrun.store.lists import MailingList
from pressrun.web import language
from pressrun.web.archives.archive import edition_context
from pressrun.web.archives.feeds import FeedLinks, SiteLinks, atom_feed, json_feed
from pressrun.web.pages import Pages

FILE_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class FilePlaces:
    """Links from a file to the others; `above` leads to the folder of the index."""

    def __init__(self, above: str, *, is_public: bool) -> None:
        self._above = above
        self.is_public = is_public

    def index(self, *, year: int | None = None, page: int = 1) -> str:  # noqa: ARG002 - all editions stand in one file
        return f"{self._above}index.html" + (f"#y{year}" if year is not None else "")

    def edition(self, slug: str) -> str:
        return f"{self._above}archive/{quote(slug)}.html"

    def asset(self, slug: str, name: str) -> str:
        return f"{self._above}archive/{quote(slug)}/{quote(name)}"

    def search(self, query: str = "", *, page: int = 1, newest: bool = False) -> None:  # noqa: ARG002 - files cannot search
        return None

    def feed(self, name: str) -> str | None:
        return self._above + name


class ElsewhereLinks:
    """The addresses in the feeds of an export that is served at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/") + "/"
        self._places = FilePlaces(self._base, is_public=True)

    def home(self) -> str:
        return self._base

    def feed(self, name: str) -> str:
        return self._base + name

    def edition(self, slug: str) -> str:
        return self._places.edition(slug)

    def asset(self, slug: str, name: str) -> str:
        return self._places.asset(slug, name)


class _LinkedPages(Pages):
    """Pages whose links to what is no file lead to the running service."""

    def href(self, *segments: str, **_query: str | int) -> str:
        return self.site.url(*segments)


class SiteExport:
    """Makes the files of one archive; `base_url` is where they will be served, "" for not known."""

    def __init__(self, site: Site, target: MailingList, base_url: str = "") -> None:
        self._pages = _LinkedPages(site)
        self._target = replace(target, logo=None)  # it is at the service, and a file asks for nothing from elsewhere
        self._links: FeedLinks = ElsewhereLinks(base_url) if base_url else SiteLinks(self._pages, target.name)
        language.speak(target.language, "")

    def front_files(self, contents: ArchiveContents) -> Iterator[tuple[str, bytes]]:
        """The index and the feeds, by their paths."""
        page = IndexPage(list=self._target, years=(), year=None, editions=contents.editions, number=1, pages=1)
        index = self._pages.document(
            "archive.html", about=self._target, list=self._target, page=page, places=self._places(""), also=""
        )
        yield "index.html", index.encode()
        yield "feed.atom", atom_feed(self._pages, contents.feed, self._links)
        yield "feed.json", json_feed(self._pages, contents.feed, self._links)

    def edition_files(self, edition: ArchivedEdition, assets: tuple[ArchivedFile, ...]) -> Iterator[tuple[str, bytes]]:
        """The page of an edition, and its images and files."""
        slug, places = edition.summary.slug, self._places("../")
        context = edition_context(self._pages, self._target, edition, places, places.index())
        context |= {"policy": FILE_POLICY, "promise": ""}
        page = self._pages.document("edition.html", about=self._target, **context)
        yield f"archive/{slug}.html", page.encode()
        for asset in assets:
            yield f"archive/{slug}/{asset.name}", asset.content

    def _places(self, above: str) -> FilePlaces:
        return FilePlaces(above, is_public=self._target.archive == "public")
