"""What the public may read: the lists, their archives, editions with their images, and what feeds are made of.

Reading only. An archive for members shows itself to nobody here, one that is off is as if it were not; an edition's
page exists from its first claim, index and feeds name it once it goes beyond a canary. Nothing of a reader is in any
of it: merge fields stand at their defaults.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from pressrun.message.enclosing import ARCHIVE_PREFIX
from pressrun.message.html import rewrite_images
from pressrun.message.merge import FieldTable
from pressrun.message.slots import render
from pressrun.store import editions, lists
from pressrun.store.database import Database
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Row, Transaction

PAGE_SIZE = 20
FEED_SIZE = 20
_LONGEST_TEASER = 220

_FIELD_NAME = re.compile(r"\{\{\s*([^|{}]+?)\s*(?:\||\}\})")
_NOT_PROSE = re.compile(r"^#+\s*|\[\d+\]|https?://\S+|[_=-]{3,}", re.MULTILINE)
_MARKS = re.compile(r"\*+|(?<!\w)_|_(?!\w)")
_SHOWN_ASSET = re.compile(rf'src="[^"]*/{re.escape(ARCHIVE_PREFIX)}([^"/]+)"')

T = TypeVar("T")


class Shut(StrEnum):
    """Why there is nothing to read."""

    UNKNOWN = "unknown"  # no such list, edition or file, or the archive is off
    MEMBERS = "members"  # the archive is for members: a reader's link is needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One edition in an index; `published_at` in UTC seconds."""

    slug: str
    title: str
    preheader: str
    language: str
    published_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file beside an edition that its page does not show by itself."""

    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEdition:
    """One edition to be read. `html` is a clean fragment (None: plain text); `asset_path` is where its images stand."""

    summary: Summary
    text: str
    html: str | None
    asset_path: str
    attachments: tuple[Attachment, ...] = ()

    @property
    def teaser(self) -> str:
        """What a list page says below the title: the preheader, or how the text begins."""
        if self.summary.preheader:
            return self.summary.preheader
        joined = (
            " ".join(_MARKS.sub("", _NOT_PROSE.sub(" ", self.text)).split()).removeprefix(self.summary.title).strip()
        )
        return joined if len(joined) <= _LONGEST_TEASER else joined[:_LONGEST_TEASER].rsplit(" ", 1)[0] + " …"

    def html_below(self, prefix: str) -> str | None:
        """`html` with the addresses of its images after `prefix`: a path, or the site's whole address."""
        if self.html is None or not prefix:
            return self.html

        def placed(source: str) -> str:
            return prefix + source if source.startswith(self.asset_path) else source

        return rewrite_images(self.html, placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An image or file of an edition."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A list with its last edition, None where nothing is public."""

    list: MailingList
    last: ArchivedEdition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    """One page of an archive, newest first; `number` counts from 1 to `pages`."""

    list: MailingList
    editions: tuple[Summary, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The newest editions of a list, newest first."""

    list: MailingList
    editions: tuple[ArchivedEdition, ...]


class Archiving:
    """The reading side of lists and editions, over one database."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def public_lists(self) -> list[MailingList]:
        """The lists that the front page shows, by title."""
        return await self._database.read(lists.all_lists, listed_only=True)

    async def find_list(self, name: str) -> MailingList | None:
        """The list of that name, whether it is shown on the front page or not."""
        return await self._database.read(lists.find_list, name)

    async def list_page(self, name: str) -> ListPage | None:
        """A list and its last edition."""
        return await self._database.read(_list_page, name)

    async def index(self, name: str, number: int) -> IndexPage | Shut:
        """One page of a list's archive; UNKNOWN also for a page that is not there."""
        return await self._database.read(_opened, name, lambda tx, target: _index(tx, target, number))

    async def feed(self, name: str) -> Feed | Shut:
        """What a list's feeds are made of."""
        return await self._database.read(_opened, name, _feed)

    async def edition(self, name: str, slug: str) -> tuple[MailingList, ArchivedEdition] | Shut:
        """One edition with its list."""
        return await self._database.read(_opened, name, lambda tx, target: _edition(tx, target, slug))

    async def asset(self, name: str, slug: str, file_name: str) -> Asset | Shut:
        """An image or file of an edition."""
        return await self._database.read(_opened, name, lambda tx, target: _asset(tx, target, slug, file_name))


def _opened(tx: Transaction, name: str, read: Callable[[Transaction, MailingList], T | Shut]) -> T | Shut:
    target = lists.find_list(tx, name)
    if target is None or target.archive == "off":
        return Shut.UNKNOWN
    if target.archive != "public":
        return Shut.MEMBERS
    return read(tx, target)


def _list_page(tx: Transaction, name: str) -> ListPage | None:
    target = lists.find_list(tx, name)
    if target is None:
        return None
    newest = editions.recent_archived(tx, target.id, limit=1) if target.archive == "public" else []
    return ListPage(list=target, last=_archived(newest[0], target) if newest else None)


def _index(tx: Transaction, target: MailingList, number: int) -> IndexPage | Shut:
    total = editions.count_archived(tx, target.id)
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= number <= pages:
        return Shut.UNKNOWN
    rows = editions.archived_editions(tx, target.id, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    shown = tuple(_summary(row, target) for row in rows)
    return IndexPage(list=target, editions=shown, number=number, pages=pages, total=total)


def _feed(tx: Transaction, target: MailingList) -> Feed:
    rows = editions.recent_archived(tx, target.id, limit=FEED_SIZE)
    return Feed(list=target, editions=tuple(_archived(row, target) for row in rows))


def _edition(tx: Transaction, target: MailingList, slug: str) -> tuple[MailingList, ArchivedEdition] | Shut:
    row = editions.find_archived(tx, target.id, slug)
    if row is None:
        return Shut.UNKNOWN
    shown = {html.unescape(name) for name in _SHOWN_ASSET.findall(row["html"] or "")}
    attached = tuple(
        Attachment(name=asset["name"], media_type=asset["media_type"], size_bytes=asset["size"])
        for asset in editions.asset_names(tx, row["id"])
        if asset["name"] not in shown
    )
    return target, _archived(row, target, attached)


def _asset(tx: Transaction, target: MailingList, slug: str, file_name: str) -> Asset | Shut:
    row = editions.find_archived_asset(tx, target.id, slug, file_name)
    return Shut.UNKNOWN if row is None else Asset(**dict(row))


def _archived(row: Row, target: MailingList, attachments: tuple[Attachment, ...] = ()) -> ArchivedEdition:
    return ArchivedEdition(
        summary=_summary(row, target),
        text=row["text"],
        html=row["html"],
        asset_path=f"/{target.name}/archive/{row['slug']}/{ARCHIVE_PREFIX}",
        attachments=attachments,
    )


def _summary(row: Row, target: MailingList) -> Summary:
    return Summary(
        slug=row["slug"],
        title=row["title"],
        preheader=_impersonal(row["preheader"], target),
        language=row["language"],
        published_at=row["published_at"],
    )


def _impersonal(text: str, target: MailingList) -> str:
    """A line with its merge fields at their defaults, as whoever is no reader sees it."""
    if "{{" not in text:
        return text
    table = FieldTable([text, target.title], _FIELD_NAME.findall(text), {"list.title": target.title})
    return " ".join(render(table.split_subject(table.mark(text, first_line=None)), {}).split())
