"""Prepares editions as their list is now: from files, and from the texts and files of drafts.

It reads what the list contributes, and has `EditionBuilder` build them, which needs no database.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.message.finding import Finding, in_order, warning
from pressrun.message.sources.edition_source import EditionFile
from pressrun.services.context import ServiceContext
from pressrun.services.editions.build_orders import Manuscript, load_build_context
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_storage import PreparedEdition, is_overtaken
from pressrun.services.editions.sender_check import SenderCheck
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import Text

_OVERTAKEN = ""  # no list has this name
LONGEST_TEXT = 1024 * 1024  # characters, without files: Gmail shows the first 102 KB of a message


class BuiltDraft(Struct, frozen=True, kw_only=True):
    """A draft as it would go out now, and what preflight finds."""

    prepared: PreparedEdition
    findings: tuple[Finding, ...]

    @property
    def digest(self) -> bytes:
        """Identifies the copies: the text with all that the settings of the list add to it."""
        return hashlib.sha256(self.prepared.built.skeleton.encode()).digest()


class EditionPreparer(Struct, frozen=True, kw_only=True):
    """Prepares editions for the lists of one database."""

    context: ServiceContext
    builder: EditionBuilder
    sender_check: SenderCheck
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, list_name: str) -> AsyncIterator[None]:
        """One caller at a time for each list, from reading to storing, so that editions are not built in vain.

        All lists share the ids. So editions that other lists keep overtaking also take turns among themselves; a slow
        edition keeps nobody else waiting.
        """
        async with AsyncExitStack() as turns:
            for name in (list_name, _OVERTAKEN) if is_overtaken() else (list_name,):
                await turns.enter_async_context(self._turns.setdefault(name, asyncio.Lock()))
            yield

    async def prepare(
        self,
        list_name: str,
        manuscript: Manuscript,
        file: EditionFile,
        *,
        with_drafts: bool = True,
        replaced: Collection[int] = (),
        own: Edition | None = None,
    ) -> PreparedEdition:
        """Build an edition for a list; `own` is its stored draft, if it has one.

        Without `with_drafts`, drafts of the same issue do not count yet, and the caller checks them when it stores the
        edition. The edition may have the slug of drafts that it replaces, and its own. Raises NotFound, Refused,
        EditionError, Unavailable.
        """
        known = () if own is None else (own.id,)
        context = await self.context.database.read(
            load_build_context, list_name, file, with_drafts=with_drafts, replaced=(*replaced, *known)
        )
        if own is not None:
            context = replace(context, edition_id=own.id)
        built = await self.builder.build(manuscript, file, context)
        return PreparedEdition(manuscript=manuscript, file=file, context=context, built=built)

    async def prepare_draft(
        self, list_name: str, text: Text, files: Mapping[str, bytes], *, own: Edition | None = None
    ) -> BuiltDraft:
        """Build a text with the files that it names, as `prepare` does, and check it."""
        manuscript, file = await self._read(list_name, text, files)
        prepared = await self.prepare(list_name, manuscript, file, own=own)
        of_sender = await self.sender_check.check(prepared.context.list, file.keys.from_)
        unused = [warning("file-unused", name=path) for path in sorted({*files} - {*manuscript.assets})]
        return BuiltDraft(prepared=prepared, findings=in_order([*prepared.built.findings, *of_sender, *unused]))

    async def _read(self, list_name: str, text: Text, files: Mapping[str, bytes]) -> tuple[Manuscript, EditionFile]:
        """A text with only the files that it names, so that an edition has the same digest whichever way it came."""
        alone = Manuscript(source=text.source, source_name=text.source_name, assets={})
        read = await self.builder.read(list_name, alone, longest_text=LONGEST_TEXT)
        return replace(alone, assets={path: files[path] for path in sorted(read.paths & {*files})}), read.file
