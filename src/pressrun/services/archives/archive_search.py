"""Searching an archive: any text is a query, and each result comes with a passage that contains its words."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from pressrun.core.abuse.windows import Windows
from pressrun.core.quantities import RateExceeded
from pressrun.core.text.searching import Pieces, best_passage, parse_query, searchable
from pressrun.services.archives.archive_reader import ArchiveAccess, NotReadable, open_archive
from pressrun.services.archives.archived_edition import Summary, summary_of
from pressrun.services.context import ServiceContext
from pressrun.store.editions import search
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

FOUND_SIZE = 12  # results on a page; each is longer than a line of the index because of its snippet


class SearchResult(Struct, frozen=True, kw_only=True):
    """A result of a search; `passage` is its snippet in pieces, with True for the words of the query."""

    summary: Summary
    passage: Pieces


class SearchResults(Struct, frozen=True, kw_only=True):
    """One page of search results, the best or the `newest` first."""

    list: MailingList
    query: str
    newest: bool
    results: tuple[SearchResult, ...]
    total: int
    number: int
    pages: int


class ArchiveSearch:
    """The use case of people who search an archive. Only one search runs at a time, because searches are the slowest of
    all reads, and other readers should wait for at most one.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._searches = Windows()
        self._turn = asyncio.Lock()

    async def search(
        self, access: ArchiveAccess, query: str, number: int = 1, *, newest: bool = False, network: str | None
    ) -> SearchResults | NotReadable | RateExceeded:
        """One page of search results; any text is a query.

        `searches_per_ip` counts by `network`; None means that the limit does not apply.
        """
        if query and network is not None:
            retry_at = self._searches.spend(network, self._context.limits.searches_per_ip, self._context.clock())
            if retry_at is not None:
                return RateExceeded(retry_at)
        now = self._context.now
        async with self._turn:
            return await self._context.database.read(_search, access, query, number, newest=newest, now=now)


def _search(
    tx: Transaction, access: ArchiveAccess, query: str, number: int, *, newest: bool, now: int
) -> SearchResults | NotReadable:
    target = open_archive(tx, access)
    if isinstance(target, NotReadable):
        return target
    terms = parse_query(query)
    total = search.count_found(tx, target.id, terms) if terms else 0
    pages = max(1, -(-total // FOUND_SIZE))
    if not 1 <= number <= pages:
        return NotReadable.UNKNOWN
    results: tuple[SearchResult, ...] = ()
    if total:
        page = search.find_editions(
            tx, target.id, terms, limit=FOUND_SIZE, offset=(number - 1) * FOUND_SIZE, now=now, newest=newest
        )
        texts = search.texts(tx, [edition.id for edition in page])
        results = tuple(
            SearchResult(
                summary=summary_of(edition, target),
                passage=best_passage(_below_title(edition.title, texts[edition.id]), terms),
            )
            for edition in page
        )
    return SearchResults(
        list=target, query=query, newest=newest, results=results, total=total, number=number, pages=pages
    )


def _below_title(title: str, text: str) -> str:
    """A text of the index without the title at its beginning, which is shown above the snippet."""
    return text.removeprefix(searchable(title)).removeprefix(" · ").lstrip()
