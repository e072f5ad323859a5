"""Reading the archives: indexes by year, editions with their files, and feeds.

There are two ways in: the name of a list gives everybody access to its public archive, and a reader's link gives access
to the archive of one list while that reader is subscribed. An archive for members is visible to nobody else, and one
that is off does not seem to exist. The page of an edition exists from its first claim on; index, feeds and search
include it once it is more than a canary.
"""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import TypeAlias

from msgspec import Struct

from pressrun.services.archives.archived_edition import (
    ArchivedEdition,
    ArchiveFeed,
    Summary,
    read_edition,
    read_feed,
    summary_of,
    translations_of,
)
from pressrun.services.archives.list_reader import family_of
from pressrun.store.editions import editions
from pressrun.store.editions.editions import ArchivedFile, ArchiveYear
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers, subscriptions
from pressrun.store.transaction import Transaction

PAGE_SIZE = 20
SITEMAP_SIZE = 50_000  # as many as a sitemap may contain


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


class IndexPage(Struct, frozen=True, kw_only=True):
    """One page of an archive, or of its `year`, newest first; `number` counts from 1 to `pages`.

    `family` are the lists of the same newsletter with a public archive, including this one; empty when there is no
    other.
    """

    list: MailingList
    years: tuple[ArchiveYear, ...]
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


def open_archive(tx: Transaction, access: ArchiveAccess) -> MailingList | NotReadable:
    """The list whose archive may be read, or why it must not."""
    target = lists.find_list(tx, access) if isinstance(access, str) else _list_of_reader(tx, access)
    if target is None or target.archive == "off":
        return NotReadable.UNKNOWN
    return NotReadable.MEMBERS if target.archive != "public" and isinstance(access, str) else target


def _list_of_reader(tx: Transaction, link: ReaderLink) -> MailingList | None:
    """The list of a link; None once its reader has left or their address has changed."""
    subscription = subscriptions.find_subscription_by_id(tx, link.subscription_id)
    if subscription is None or subscription.round != link.round or not subscription.is_live:
        return None
    person = subscribers.find_subscriber_by_id(tx, subscription.subscriber_id)
    if person is None or person.epoch != link.epoch:
        return None
    return lists.find_list_by_id(tx, subscription.list_id)


def read_index(
    tx: Transaction, access: ArchiveAccess, number: int = 1, year: int | None = None
) -> IndexPage | NotReadable:
    """One page of an archive or of one year; UNKNOWN also for a page that does not exist."""
    target = open_archive(tx, access)
    if isinstance(target, NotReadable):
        return target
    years = tuple(editions.archived_years(tx, target.id))
    total = sum(archive_year.number for archive_year in years if year in (None, archive_year.year))
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= number <= pages or (year is not None and not total):
        return NotReadable.UNKNOWN
    between = editions.ALWAYS if year is None else (_new_year(year), _new_year(year + 1))
    page = editions.archived_editions(tx, target.id, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE, between=between)
    shown = tuple(summary_of(edition, target, picture=edition.picture) for edition in page)
    family = tuple(mailing_list for mailing_list in family_of(tx, target) if mailing_list.archive == "public")
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


def read_sitemap(tx: Transaction, name: str) -> list[Summary] | NotReadable:
    """All editions of a public archive."""
    target = open_archive(tx, name)
    if isinstance(target, NotReadable):
        return target
    return [summary_of(edition, target) for edition in editions.archived_editions(tx, target.id, limit=SITEMAP_SIZE)]


def read_public_feed(tx: Transaction, name: str) -> ArchiveFeed | NotReadable:
    """The content of the feeds of a list."""
    target = open_archive(tx, name)
    return target if isinstance(target, NotReadable) else read_feed(tx, target)


def read_archived(
    tx: Transaction, access: ArchiveAccess, slug: str
) -> tuple[MailingList, ArchivedEdition] | NotReadable:
    """An edition with its list."""
    target = open_archive(tx, access)
    if isinstance(target, NotReadable):
        return target
    edition = read_edition(tx, target, slug)
    return NotReadable.UNKNOWN if edition is None else (target, edition)


def find_translation(tx: Transaction, name: str, slug: str, wanted: str) -> str | None:
    """The slug of the edition in the public archive of the list `wanted` that is the same issue as this one."""
    target = open_archive(tx, name)
    edition = None if isinstance(target, NotReadable) else editions.find_archived(tx, target.id, slug)
    translations = () if isinstance(target, NotReadable) or edition is None else translations_of(tx, target, edition.id)
    return next((translation.slug for translation in translations if translation.list_name == wanted), None)


def read_asset(tx: Transaction, access: ArchiveAccess, slug: str, file_name: str) -> ArchivedFile | NotReadable:
    """An image or file of an edition."""
    target = open_archive(tx, access)
    if isinstance(target, NotReadable):
        return target
    return editions.find_archived_asset(tx, target.id, slug, file_name) or NotReadable.UNKNOWN
