"""Where the pages of one archive are: below the list's name for everybody, below a reader's link for that reader."""

from __future__ import annotations

from pressrun.web.pages import Pages

NEWEST = "newest"  # the value of `order` in a search; without it the best matches come first


class ArchiveUrls:
    """What the templates of an archive link to; `is_public` if everybody may see these pages."""

    def __init__(self, pages: Pages, *segments: str, search: tuple[str, ...], is_public: bool) -> None:
        self._pages = pages
        self._segments = segments
        self._search = search
        self.is_public = is_public

    def index(self, *, year: int | None = None, page: int = 1) -> str:
        """A page of the index."""
        query: dict[str, int] = {**({"year": year} if year is not None else {}), **({"page": page} if page > 1 else {})}
        return self._pages.href(*self._segments, **query)

    def edition(self, slug: str) -> str:
        """The page of an edition."""
        return self._pages.href(*self._segments, slug)

    def asset(self, slug: str, name: str) -> str:
        """An image or file of an edition; without a name, the prefix of them all."""
        return self._pages.href(*self._segments, slug, "asset", name)

    def search(self, query: str = "", *, page: int = 1, newest: bool = False) -> str | None:
        """The search; None if there is none."""
        return self._pages.href(*self._search, q=query, order=NEWEST if newest else "", page=page if page > 1 else "")

    def feed(self, name: str) -> str | None:
        """The feed of that file name; None if there is none."""
        return self._pages.site.url(self._segments[0], name) if self.is_public else None


def public_archive(pages: Pages, name: str) -> ArchiveUrls:
    """The archive of a list for everybody."""
    return ArchiveUrls(pages, name, "archive", search=(name, "search"), is_public=True)


def reader_archive(pages: Pages, token: str) -> ArchiveUrls:
    """The same below the link of one reader."""
    return ArchiveUrls(pages, "read", token, "archive", search=("read", token, "search"), is_public=False)
