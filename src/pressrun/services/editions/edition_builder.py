"""Reads and builds all editions in the sandbox, in turns that are fair to lists.

An author of one list can keep other authors of that list waiting, but not those of another list.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from msgspec import Struct, field

from pressrun.core.errors import LayoutError
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import ReadSource
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.finding import errors_of
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.sources.written_source import Keys
from pressrun.services.editions.build_orders import BuildContext, Manuscript, order_for, with_findings_of_list
from pressrun.services.editions.own_layouts import specimen_in
from pressrun.services.ports import EditionMaker, LayoutRenderer


class EditionBuilder(Struct, frozen=True, kw_only=True):
    """Builds editions for one site."""

    site: Site
    layouts: LayoutRenderer
    maker: EditionMaker
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def read(self, list_name: str, manuscript: Manuscript, *, longest_text: int | None = None) -> ReadSource:
        """Read a source that is meant for a list. Raises EditionError, Unavailable."""
        async with self._turn(list_name):
            return await self.maker.read(manuscript.source, manuscript.source_name, longest_text=longest_text)

    async def build(self, manuscript: Manuscript, file: EditionFile, context: BuildContext) -> BuiltEdition:
        """Build an edition. Raises EditionError, LayoutError for a layout that cannot be used, Unavailable."""
        async with self._turn(context.list.name):
            order = await asyncio.to_thread(order_for, manuscript, file, context, self.site, self.layouts)
            return with_findings_of_list(await self.maker.build(order), manuscript, file, context)

    async def change_keys(self, list_name: str, source: bytes, keys: Keys, body: str | None) -> bytes:
        """An edition file with other keys, and another body if there is one. Raises BadInput, Unavailable."""
        async with self._turn(list_name):
            return await self.maker.change_keys(source, keys, body)

    async def show(self, list_name: str, message: bytes) -> ShownMessage:
        """A copy of an edition as a preview shows it. Raises EditionError, Unavailable."""
        async with self._turn(list_name):
            return await self.maker.show(message)

    async def try_layout(self, name: str) -> None:
        """Build a specimen in a layout of the operator's; raises LayoutError with everything wrong with it."""
        built = await self.maker.build(await asyncio.to_thread(specimen_in, name, self.site, self.layouts))
        errors = errors_of(built.findings)
        if errors:
            raise LayoutError("\n".join(error.message for error in errors))

    def _turn(self, list_name: str) -> asyncio.Lock:
        """One edition at a time for each list; `maker` has few processes, and serves the lists in order."""
        return self._turns.setdefault(list_name, asyncio.Lock())
