"""An archive for taking away: its editions one after the other, as pages and files or as messages.

The operator's own: it holds what an archive for members, or one that is off, shows to nobody. Reading only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from pressrun.core.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.site import Site
from pressrun.message.editions.archive_copy import archive_copy, mbox_entry
from pressrun.message.wire.skeleton import Skeleton
from pressrun.services.editions.archive_reader import ArchiveFeed, read_edition, read_feed
from pressrun.services.editions.archived_edition import ArchivedEdition, ArchivedFile, Summary, summary_of
from pressrun.services.mails.copy_composer import day_of, message_id
from pressrun.services.reports.ledger_reports import require_list
from pressrun.store import editions
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction

NOBODY = 0  # no delivery has this number: the Message-ID made of it is the archive's


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """What an archive holds, newest first; the feed has the last ones whole."""

    list: MailingList
    editions: tuple[Summary, ...]
    feed: ArchiveFeed


def read_contents(tx: Transaction, list_name: str) -> ArchiveContents:
    """The list with all editions that its archive shows, or would show; raises NotFound."""
    target = require_list(tx, list_name)
    rows = editions.archived_editions(tx, target.id, limit=-1)
    shown = tuple(summary_of(row, target, picture=row["picture"]) for row in rows)
    return ArchiveContents(list=target, editions=shown, feed=read_feed(tx, target))


def read_whole(tx: Transaction, target: MailingList, slug: str) -> tuple[ArchivedEdition, tuple[ArchivedFile, ...]]:
    """An edition with its images and files; raises NotFound for one that was removed meanwhile."""
    found = read_edition(tx, target, slug)
    if found is None:
        raise _gone(target, slug)
    return found, tuple(_assets(tx, found.id))


def read_message(tx: Transaction, target: MailingList, slug: str, site: Site) -> bytes:
    """An edition as an entry of an mbox; raises NotFound for one that was removed meanwhile."""
    found = read_edition(tx, target, slug)
    edition = None if found is None else editions.get_edition(tx, found.id)
    if found is None or edition is None:
        raise _gone(target, slug)
    address, published_at = site.list_address(target.name), found.summary.published_at
    message = archive_copy(
        Skeleton.decode(editions.load_skeleton(tx, edition.id)),
        to=parse_address(address),
        list_page=site.url(target.name),
        message_id=message_id(edition.message_secret, NOBODY, site),
        date_at=published_at,
        day=day_of(published_at, target, edition.language),
    )
    return mbox_entry(message, sender=address, received=time.asctime(time.gmtime(published_at)))


def _assets(tx: Transaction, edition_id: int) -> Iterator[ArchivedFile]:
    for number in range(len(editions.asset_names(tx, edition_id))):
        row = editions.load_asset(tx, edition_id, number)
        if row is not None:
            yield ArchivedFile(**dict(row))


def _gone(target: MailingList, slug: str) -> NotFound:
    return NotFound(f"the edition {slug} of {target.name} was removed while it was exported: start again")
