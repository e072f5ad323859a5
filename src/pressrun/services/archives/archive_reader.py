"""Reading the archives: lists, indexes by year, editions with their files, search, and feeds.

There are two ways in: the name of a list gives everybody access to its public archive, and a reader's link gives access
to the archive of one list while that reader is subscribed. An archive for members is visible to nobody else, and one
that is off does not seem to exist. The page of an edition exists from its first claim on; index, feeds and search
include it once it is more than a canary.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from datetime import MAXYEAR, UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import TypeAlias, TypeVar

from msgspec import Struct

from pressrun.core.abuse.windows import Windows
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.quantities import RateExceeded
from pressrun.core.text.passages import Pieces, best_passage
from pressrun.core.text.searching import parse_query, searchable
from pressrun.message.editions.enclosures import ARCHIVE_PREFIX
from pressrun.message.layouts.design import Logo
from pressrun.services.archives.archived_edition import (
    ArchivedEdition,
    ArchivedFile,
    Attachment,
    Neighbour,
    Summary,
    Translation,
    edition_of,
    summary_of,
)
from pressrun.services.context import ServiceContext
from pressrun.store.editions import editions, issues, search
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Row, Transaction

PAGE_SIZE = 20
FOUND_SIZE = 12  # results of a search on a page; each is longer because of its snippet
FEED_SIZE = 20
EARLIER_SIZE = 5  # on the page of a list, below the latest edition
SITEMAP_SIZE = 50_000  # as many as a sitemap may contain

_SHOWN_ASSET = re.compile(rf'src="[^"]*/{re.escape(ARCHIVE_PREFIX)}([^"/]+)"')
_READERS = frozenset({SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED})

T = TypeVar("T")


class NotReadable(StrEnum):
    """Why a page of an archive cannot be read."""

    UNKNOWN = "unknown"  # no such list, edition or file; the archive is off; or the reader has left
    MEMBERS = "members"  # the archive is for members and needs a reader's link


class ReaderLink(Struct, frozen=True):
    """The content of a reader's link: a subscription, the epoch of its person, and its round."""

    subscription_id: int
    epoch: int
    round: int


ArchiveAccess: TypeAlias = str | ReaderLink


class ListPage(Struct, frozen=True, kw_only=True):
    """A list with its latest edition and some earlier ones of `total`; None and empty when nothing is public.

    `family` are the open lists of the same newsletter in all languages including this one, oldest first; empty when
    there is no other.
    """

    list: MailingList
    last: ArchivedEdition | None
    earlier: tuple[Summary, ...] = ()
    total: int = 0
    family: tuple[MailingList, ...] = ()


class OfferedList(Struct, frozen=True, kw_only=True):
    """A list on the front page; `latest_at` is when its latest edition came out, None when none is public."""

    list: MailingList
    latest_at: int | None


class Year(Struct, frozen=True, kw_only=True):
    """A year of an archive and its number of editions."""

    year: int
    number: int


class IndexPage(Struct, frozen=True, kw_only=True):
    """One page of an archive, or of its `year`, newest first; `number` counts from 1 to `pages`.

    `family` are the lists of the same newsletter with a public archive, including this one; empty when there is no
    other.
    """

    list: MailingList
    years: tuple[Year, ...]
    year: int | None
    editions: tuple[Summary, ...]
    number: int
    pages: int
    family: tuple[MailingList, ...] = ()

    @property
    def by_year(self) -> dict[int, tuple[tuple[Summary, ...], ...]]:
        """The editions of this page by year, and within it by month if most months have several editions."""
        months = {month: tuple(group) for month, group in groupby(self.editions, key=_month_of)}
        years: dict[int, tuple[tuple[Summary, ...], ...]] = {}
        for (year, _), its in months.items():
            before = years.get(year, ())
            years[year] = (*before, its) if self.has_months or not before else ((*before[0], *its),)
        return years

    @property
    def has_months(self) -> bool:
        """Whether each group of `by_year` is a month."""
        return len(self.editions) >= 2 * len({_month_of(edition) for edition in self.editions})

    @property
    def has_pictures(self) -> bool:
        """Whether any edition of this page has a picture to show."""
        return any(edition.picture for edition in self.editions)


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


class ArchiveFeed(Struct, frozen=True, kw_only=True):
    """The newest editions of a list, newest first."""

    list: MailingList
    editions: tuple[ArchivedEdition, ...]


class ArchiveReader:
    """The use cases of people and programs that read lists and archives."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._database = context.database
        self._searches = Windows()
        self._turn = asyncio.Lock()

    async def public_lists(self) -> list[MailingList]:
        """The lists that the front page shows, by title."""
        return await self._database.read(lists.all_lists, listed_only=True)

    async def offers(self) -> list[OfferedList]:
        """The lists that the front page shows, by title, each with the date of its latest edition."""
        return await self._database.read(_offers)

    async def public_archives(self) -> list[MailingList]:
        """The lists whose archive search engines may index, including closed ones, by name."""
        return await self._database.read(_public_archives)

    async def find_list(self, name: str) -> MailingList | None:
        """The list with this name, on the front page or not."""
        return await self._database.read(lists.find_list, name)

    async def find_family(self, name: str) -> tuple[MailingList | None, tuple[MailingList, ...]]:
        """The list with this name and all lists of its family, oldest first; None with the family of this name."""
        return await self._database.read(_find_family, name)

    async def logo(self, name: str, digest: str) -> Logo | None:
        """The logo of a list, if it still has this digest."""
        return await self._database.read(_logo, name, digest)

    async def list_page(self, name: str) -> ListPage | None:
        """A list, its latest edition and some earlier ones."""
        return await self._database.read(_list_page, name)

    async def index(self, access: ArchiveAccess, number: int = 1, year: int | None = None) -> IndexPage | NotReadable:
        """One page of an archive or of one year; UNKNOWN also for a page that does not exist."""
        return await self._database.read(_opened, access, lambda tx, target: _index_page(tx, target, number, year))

    async def search(
        self, access: ArchiveAccess, query: str, number: int = 1, *, newest: bool = False, network: str | None
    ) -> SearchResults | NotReadable | RateExceeded:
        """One page of search results; any text is a query.

        `network` is what `searches_per_ip` counts by, None when it does not apply. Only one search runs at a time,
        because searches take the longest of all reads, and other readers should wait for at most one.
        """
        if query and network is not None:
            retry_at = self._searches.spend(network, self._context.limits.searches_per_ip, self._context.clock())
            if retry_at is not None:
                return RateExceeded(retry_at)
        now = self._context.now
        async with self._turn:
            return await self._database.read(
                _opened, access, lambda tx, target: _search(tx, target, query, number, newest=newest, now=now)
            )

    async def sitemap(self, name: str) -> list[Summary] | NotReadable:
        """All editions of a public archive."""
        return await self._database.read(_opened, name, _sitemap)

    async def feed(self, name: str) -> ArchiveFeed | NotReadable:
        """The content of the feeds of a list."""
        return await self._database.read(_opened, name, read_feed)

    async def edition(self, access: ArchiveAccess, slug: str) -> tuple[MailingList, ArchivedEdition] | NotReadable:
        """One edition with its list."""
        return await self._database.read(_opened, access, lambda tx, target: _edition(tx, target, slug))

    async def find_translation(self, name: str, slug: str, wanted: str) -> str | None:
        """The slug of the edition in the public archive of the list `wanted` that is the same issue as this one."""
        return await self._database.read(_find_translation, name, slug, wanted)

    async def asset(self, access: ArchiveAccess, slug: str, file_name: str) -> ArchivedFile | NotReadable:
        """An image or file of an edition."""
        return await self._database.read(_opened, access, lambda tx, target: _asset(tx, target, slug, file_name))


def _opened(
    tx: Transaction, access: ArchiveAccess, read: Callable[[Transaction, MailingList], T | NotReadable]
) -> T | NotReadable:
    target = lists.find_list(tx, access) if isinstance(access, str) else _list_of_reader(tx, access)
    if target is None or target.archive == "off":
        return NotReadable.UNKNOWN
    if target.archive != "public" and isinstance(access, str):
        return NotReadable.MEMBERS
    return read(tx, target)


def _list_of_reader(tx: Transaction, link: ReaderLink) -> MailingList | None:
    """The list of a link; None once its reader has left or their address has changed."""
    subscription = subscriptions.find_subscription_by_id(tx, link.subscription_id)
    if subscription is None or subscription.round != link.round or subscription.state not in _READERS:
        return None
    person = subscribers.find_subscriber_by_id(tx, subscription.subscriber_id)
    if person is None or person.epoch != link.epoch:
        return None
    return lists.find_list_by_id(tx, subscription.list_id)


def _public_archives(tx: Transaction) -> list[MailingList]:
    return [target for target in lists.all_lists(tx) if target.listed and target.archive == "public"]


def _offers(tx: Transaction) -> list[OfferedList]:
    latest = editions.latest_archived(tx)
    return [
        OfferedList(list=target, latest_at=latest.get(target.id) if target.archive == "public" else None)
        for target in lists.all_lists(tx, listed_only=True)
    ]


def _logo(tx: Transaction, name: str, digest: str) -> Logo | None:
    target = lists.find_list(tx, name)
    return None if target is None or target.logo != digest else lists.find_logo(tx, target.id)


def _list_page(tx: Transaction, name: str) -> ListPage | None:
    target = lists.find_list(tx, name)
    if target is None:
        return None
    family = _family_of(tx, target)
    if target.archive != "public":
        return ListPage(list=target, last=None, family=family)
    shown = [summary_of(row, target) for row in editions.archived_editions(tx, target.id, limit=1 + EARLIER_SIZE)]
    return ListPage(
        list=target,
        last=read_edition(tx, target, shown[0].slug) if shown else None,
        earlier=tuple(shown[1:]),
        total=sum(row["number"] for row in editions.archived_years(tx, target.id)),
        family=family,
    )


def _family_of(tx: Transaction, target: MailingList) -> tuple[MailingList, ...]:
    if target.family is None:
        return ()
    family = tuple(
        mailing_list
        for mailing_list in lists.family_lists(tx, target.family)
        if mailing_list.closed_at is None or mailing_list.id == target.id
    )
    return family if len(family) > 1 else ()


def _find_family(tx: Transaction, name: str) -> tuple[MailingList | None, tuple[MailingList, ...]]:
    target = lists.find_list(tx, name)
    family = name if target is None else target.family
    return target, () if family is None else tuple(lists.family_lists(tx, family))


def _index_page(tx: Transaction, target: MailingList, number: int, year: int | None) -> IndexPage | NotReadable:
    """A page of the archive without an access check; UNKNOWN when there is no such page."""
    years = tuple(Year(year=row["year"], number=row["number"]) for row in editions.archived_years(tx, target.id))
    total = sum(archive_year.number for archive_year in years if year in (None, archive_year.year))
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= number <= pages or (year is not None and not total):
        return NotReadable.UNKNOWN
    between = editions.ALWAYS if year is None else (_new_year(year), _new_year(year + 1))
    rows = editions.archived_editions(tx, target.id, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE, between=between)
    shown = tuple(summary_of(row, target, picture=row["picture"]) for row in rows)
    family = tuple(mailing_list for mailing_list in _family_of(tx, target) if mailing_list.archive == "public")
    return IndexPage(
        list=target,
        years=years,
        year=year,
        editions=shown,
        number=number,
        pages=pages,
        family=family if len(family) > 1 else (),
    )


def _month_of(edition: Summary) -> tuple[int, int]:
    day = datetime.fromtimestamp(edition.published_at, UTC)
    return day.year, day.month


def _new_year(year: int) -> int:
    if year > MAXYEAR:
        return editions.ALWAYS[1]
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _search(
    tx: Transaction, target: MailingList, query: str, number: int, *, newest: bool, now: int
) -> SearchResults | NotReadable:
    terms = parse_query(query)
    total = search.count_found(tx, target.id, terms) if terms else 0
    pages = max(1, -(-total // FOUND_SIZE))
    if not 1 <= number <= pages:
        return NotReadable.UNKNOWN
    results: tuple[SearchResult, ...] = ()
    if total:
        rows = search.find_editions(
            tx, target.id, terms, limit=FOUND_SIZE, offset=(number - 1) * FOUND_SIZE, now=now, newest=newest
        )
        texts = search.texts(tx, [row["id"] for row in rows])
        results = tuple(
            SearchResult(
                summary=summary_of(row, target),
                passage=best_passage(_below_title(row["title"], texts[row["id"]]), terms),
            )
            for row in rows
        )
    return SearchResults(
        list=target, query=query, newest=newest, results=results, total=total, number=number, pages=pages
    )


def _below_title(title: str, text: str) -> str:
    """A text of the index without the title at its beginning, which is shown above the snippet."""
    return text.removeprefix(searchable(title)).removeprefix(" · ").lstrip()


def _sitemap(tx: Transaction, target: MailingList) -> list[Summary]:
    return [summary_of(row, target) for row in editions.archived_editions(tx, target.id, limit=SITEMAP_SIZE)]


def read_feed(tx: Transaction, target: MailingList) -> ArchiveFeed:
    """The newest editions of an archive, without an access check."""
    rows = editions.recent_archived(tx, target.id, limit=FEED_SIZE)
    newest = (edition_of(row, target, translations=_translations(tx, target, row["id"])) for row in rows)
    return ArchiveFeed(list=target, editions=tuple(newest))


def _edition(tx: Transaction, target: MailingList, slug: str) -> tuple[MailingList, ArchivedEdition] | NotReadable:
    edition = read_edition(tx, target, slug)
    return NotReadable.UNKNOWN if edition is None else (target, edition)


def read_edition(tx: Transaction, target: MailingList, slug: str) -> ArchivedEdition | None:
    """One edition of an archive with its files and neighbours, without an access check."""
    row = editions.find_archived(tx, target.id, slug)
    if row is None:
        return None
    shown = {html.unescape(name) for name in _SHOWN_ASSET.findall(row["html"] or "")}
    attached = tuple(
        Attachment(name=asset["name"], media_type=asset["media_type"], size_bytes=asset["size"])
        for asset in editions.asset_names(tx, row["id"])
        if asset["name"] not in shown
    )
    return edition_of(
        row,
        target,
        attachments=attached,
        newer=_neighbour(editions.newer_archived(tx, target.id, row["id"], row["published_at"])),
        older=_neighbour(editions.older_archived(tx, target.id, row["id"], row["published_at"])),
        translations=_translations(tx, target, row["id"]),
    )


def _neighbour(row: Row | None) -> Neighbour | None:
    return None if row is None else Neighbour(slug=row["slug"], title=row["title"], language=row["language"])


def _translations(tx: Transaction, target: MailingList, edition_id: int) -> tuple[Translation, ...]:
    if target.family is None:
        return ()
    translations = tuple(Translation(**dict(row)) for row in issues.translations_of(tx, edition_id))
    return translations if len(translations) > 1 else ()


def _find_translation(tx: Transaction, name: str, slug: str, wanted: str) -> str | None:
    target = lists.find_list(tx, name)
    row = None if target is None or target.archive != "public" else editions.find_archived(tx, target.id, slug)
    translations = () if target is None or row is None else _translations(tx, target, row["id"])
    return next((translation.slug for translation in translations if translation.list_name == wanted), None)


def _asset(tx: Transaction, target: MailingList, slug: str, file_name: str) -> ArchivedFile | NotReadable:
    row = editions.find_archived_asset(tx, target.id, slug, file_name)
    return NotReadable.UNKNOWN if row is None else ArchivedFile(**dict(row))
