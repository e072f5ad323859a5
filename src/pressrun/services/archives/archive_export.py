"""The export of an archive: its editions one by one, as pages and files or as messages. Only reads.

It is for the operator: it includes archives that are members-only or off.
"""

from __future__ import annotations

import time

from msgspec import Struct

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound
from pressrun.core.site import Site
from pressrun.message.editions.archive_copy import archive_copy, mbox_entry
from pressrun.message.wire.skeleton import Skeleton
from pressrun.services.archives.archived_edition import (
    ArchivedEdition,
    ArchiveFeed,
    Summary,
    read_edition,
    read_feed,
    summary_of,
)
from pressrun.services.mails.copy_composer import day_of, message_id
from pressrun.store.editions import editions
from pressrun.store.editions.editions import ArchivedFile
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

MOST_EDITIONS = 1 << 40  # all of them: in PostgreSQL a limit is always a number
ARCHIVE = 0  # no delivery has this number, so the Message-ID made from it belongs to the archive


class ArchiveContents(Struct, frozen=True, kw_only=True):
    """The editions of an archive, newest first; the feed has the whole text of the latest."""

    list: MailingList
    editions: tuple[Summary, ...]
    feed: ArchiveFeed


def read_contents(tx: Transaction, list_name: str) -> ArchiveContents:
    """A list with all editions that its archive shows, or would show if it were public; raises NotFound."""
    target = lists.get_list(tx, list_name)
    archived = editions.archived_editions(tx, target.id, limit=MOST_EDITIONS)
    shown = tuple(summary_of(edition, target, picture=edition.picture) for edition in archived)
    return ArchiveContents(list=target, editions=shown, feed=read_feed(tx, target))


def read_whole(tx: Transaction, target: MailingList, slug: str) -> tuple[ArchivedEdition, tuple[ArchivedFile, ...]]:
    """An edition with its images and files; raises NotFound when it has just been removed."""
    edition = _read_edition(tx, target, slug)
    return edition, tuple(editions.load_assets(tx, edition.id))


def read_message(tx: Transaction, target: MailingList, slug: str, site: Site) -> bytes:
    """An edition as an entry of an mbox; raises NotFound when it has just been removed."""
    archived = _read_edition(tx, target, slug)
    edition = editions.find_edition(tx, archived.id)
    assert edition is not None  # it was read in this transaction
    address, published_at = site.list_address(target.name), archived.summary.published_at
    message = archive_copy(
        Skeleton.decode(editions.load_skeleton(tx, edition.id)),
        to=parse_address(address),
        list_page=site.url(target.name),
        message_id=message_id(edition.message_secret, ARCHIVE, site),
        date_at=published_at,
        day=day_of(published_at, target, edition.language),
    )
    return mbox_entry(message, sender=address, received=time.asctime(time.gmtime(published_at)))


def _read_edition(tx: Transaction, target: MailingList, slug: str) -> ArchivedEdition:
    edition = read_edition(tx, target, slug)
    if edition is None:
        raise NotFound(f"the edition {slug} of {target.name} was removed during the export. Start again")
    return edition
