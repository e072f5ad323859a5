"""Building drafts: the texts and files that people and programs hand in, as editions of the list as it is now."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.core.errors import EditionError
from pressrun.core.site import Site
from pressrun.message.finding import Finding, in_order, warning
from pressrun.message.sources.edition_file import referenced_paths
from pressrun.message.sources.edition_source import EditionFile
from pressrun.services.editions.edition_build import Manuscript, build, load_build_context
from pressrun.services.editions.edition_storage import PreparedEdition
from pressrun.services.editions.sender_check import SenderCheck
from pressrun.services.ports import LayoutRenderer
from pressrun.store.database import Database
from pressrun.store.editions import Edition
from pressrun.store.manuscripts import Text

AT_ONCE = 2  # drafts that are built: one that nests without end takes seconds, and others need threads, too
LONGEST_TEXT = 1024 * 1024  # characters, without files: Gmail shows the first 102 KB of a message


class BuiltDraft(Struct, frozen=True, kw_only=True):
    """A draft as it would go out now, and what preflight finds."""

    prepared: PreparedEdition
    findings: tuple[Finding, ...]

    @property
    def digest(self) -> bytes:
        """Identifies the copies: the text with all that the settings of the list add to it."""
        return hashlib.sha256(self.prepared.built.skeleton.encode()).digest()


class Workshop(Struct, frozen=True, kw_only=True):
    """What it takes to build a draft."""

    database: Database
    site: Site
    layouts: LayoutRenderer
    sender_check: SenderCheck
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def build(
        self, list_name: str, text: Text, files: Mapping[str, bytes], *, own: Edition | None = None
    ) -> BuiltDraft:
        """Build a draft for a list; `own` is the edition that it is already. Raises NotFound, Refused, EditionError."""
        async with self.turns:
            manuscript, file = await asyncio.to_thread(read_manuscript, text, files)
            context = await self.database.read(load_build_context, list_name, file, replaced=_number(own))
            if own is not None:
                context = replace(context, edition_id=own.id)
            built = await asyncio.to_thread(build, manuscript, file, context, self.site, self.layouts)
        of_sender = await self.sender_check.check(context.list, file.keys.from_)
        unused = [warning("file-unused", name=path) for path in sorted({*files} - {*manuscript.assets})]
        return BuiltDraft(
            prepared=PreparedEdition(manuscript=manuscript, file=file, context=context, built=built),
            findings=in_order([*built.findings, *of_sender, *unused]),
        )


def read_manuscript(text: Text, files: Mapping[str, bytes]) -> tuple[Manuscript, EditionFile]:
    """A text with those of the files that it names, so that the same edition is the same content by every way.

    Raises EditionError.
    """
    alone = Manuscript(source=text.source, source_name=text.source_name, assets={})
    file = alone.parse()
    if len(file.body) > LONGEST_TEXT:  # complete messages have their own limit, which is the same
        raise EditionError(f"the text is longer than {LONGEST_TEXT // 1024:,} KiB. Send pictures as files of their own")
    named = {reference.path for reference in referenced_paths(file)}
    return replace(alone, assets={path: files[path] for path in sorted(named & {*files})}), file


def _number(own: Edition | None) -> Collection[int]:
    return () if own is None else (own.id,)
