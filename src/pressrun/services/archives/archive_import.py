"""The import of an old archive: each message becomes a finished edition with its own date, which nobody is sent.

A message is built and cleaned like any edition. The same message again, by its Message-ID, changes nothing, so that an
interrupted import can be repeated.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from pressrun.core.errors import EditionError
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.content.merge import without_fields
from pressrun.message.sources.edition_source import EditionFile
from pressrun.services.answers import Answer
from pressrun.services.editions import edition_storage, lifecycle
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.editions.edition_storage import PreparedEdition
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction


class ArchiveImport:
    """Imports messages of old archives, over one database."""

    def __init__(self, preparer: EditionPreparer) -> None:
        self._preparer = preparer
        self._context = preparer.context
        self._database = preparer.context.database

    @edition_storage.again_if_changed("other editions arrived at the same moment. Run it again")
    async def add(self, list_name: str, source: bytes, published_at: int, identity: str) -> Answer:
        """Add one message to the archive of a list; `outcome` is added, unchanged or refused (with a `reason`).

        It is known by its `identity`, which is its Message-ID. Raises NotFound, and Refused for a closed list.
        """
        # The edition is found by this, in the place of the digest of its content.
        digest = hashlib.sha256(b"archived message\0" + identity.encode("utf-8", "surrogateescape")).digest()
        if await self._database.read(_is_known, list_name, digest):
            return {"outcome": "unchanged"}
        manuscript = Manuscript(source=source, source_name="message.eml", assets={})
        try:
            file = (await self._preparer.builder.read(list_name, manuscript)).file
            file = _plain(replace(file, keys=replace(file.keys, date=published_at)))
            async with self._preparer.turn(list_name):
                prepared = await self._preparer.prepare(list_name, manuscript, file)
                return await self._database.write(self._store, prepared, digest)
        except EditionError as problem:
            return {"outcome": "refused", "reason": str(problem)}

    def _store(self, tx: Transaction, prepared: PreparedEdition, digest: bytes) -> Answer:
        target = lists.get_open_list(tx, prepared.context.list.name)
        if editions.find_by_digest(tx, target.id, digest) is not None:
            return {"outcome": "unchanged"}
        edition_storage.require_same_context(tx, prepared)
        now, secret = self._context.now, self._context.entropy(16)
        content = edition_storage.content_of(prepared, state=EditionState.FINISHED, message_secret=secret)
        edition = edition_storage.store_edition(tx, prepared, replace(content, source_digest=digest), now)
        editions.record_edition(tx, edition, replace(edition, started_at=now, finished_at=now))
        editions.publish(tx, edition.id, now)
        return {"outcome": "added", "id": lifecycle.require_edition(tx, edition.id).id}


def _plain(file: EditionFile) -> EditionFile:
    """The message with braces as its author meant them, who knew nothing of our fields."""
    subject = file.keys.subject
    keys = replace(file.keys, subject=subject and replace(subject, text=without_fields(subject.text)))
    html = None if file.html is None else without_fields(file.html, is_markup=True)
    return replace(file, keys=keys, body=without_fields(file.body), html=html)


def _is_known(tx: Transaction, list_name: str, digest: bytes) -> bool:
    return editions.find_by_digest(tx, lists.get_open_list(tx, list_name).id, digest) is not None
