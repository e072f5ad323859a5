"""The first look at the file of a job, before it is accepted: how many rows, whom it names twice, who would leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import BinaryIO

from msgspec import Struct

from pressrun.core.addresses.address import Address, find_address_key
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.runtime.sorted_texts import sorted_texts
from pressrun.services.members.import_rows import ImportRow, UnreadRow
from pressrun.services.members.member_sync import NOBODY_MOVED, ListedKeys, listed_keys, page_of_synced
from pressrun.store.database import Database
from pressrun.store.programs.job_files import KEYS, LEAVERS, REPEATED, JobFiles
from pressrun.store.readers import address_changes

ReadRoster = Callable[[BinaryIO, str], Iterator[ImportRow | UnreadRow]]
"""Reads the rows of a file of this media type, after it was checked; raises BadInput for one that is useless."""


class Survey(Struct, frozen=True, kw_only=True):
    """What the first look found: rows of the file, and in a sync the members so far and those who would leave."""

    rows: int
    members: int = 0
    leaving: int = 0


class RosterSurvey(Struct, frozen=True, kw_only=True):
    """Takes first looks, and keeps beside a file what its job will need."""

    database: Database
    files: JobFiles
    read_roster: ReadRoster

    async def of_import(self, name: str, media_type: str) -> Survey:
        """Look through the file of an import; raises BadInput for one that cannot be read."""
        return Survey(rows=await asyncio.to_thread(self._sort, name, media_type, _key_of_row))

    async def of_sync(self, name: str, media_type: str, list_id: int) -> Survey:
        """Look through the file of a sync; raises BadInput also for a row that could be that of a member."""
        moved = await self.database.read(address_changes.moved_addresses)
        rows = await asyncio.to_thread(self._sort, name, media_type, _key_of_member, moved)
        members, leaving = await self._find_leavers(name, list_id)
        return Survey(rows=rows, members=members, leaving=leaving)

    def _sort(
        self,
        name: str,
        media_type: str,
        key_of: Callable[[ImportRow | UnreadRow], str | None],
        moved: Mapping[str, Address] = NOBODY_MOVED,
    ) -> int:
        """Keep the keys of all addresses in their order, and of those that come more than once; returns the rows."""
        rows, repeated = 0, list[str]()

        def keys(file: BinaryIO) -> Iterator[str]:
            nonlocal rows
            for row in self.read_roster(file, media_type):
                rows += 1
                key = key_of(row)
                if key is not None:
                    yield from listed_keys(key, moved)

        def unique(ordered: Iterator[str]) -> Iterator[str]:
            for key, same in groupby(ordered):
                if sum(1 for _ in same) > 1:
                    repeated.append(key)
                yield key

        with self.files.open(name) as file, sorted_texts(keys(file)) as ordered:
            self.files.write_lines(name + KEYS, unique(ordered))
        self.files.write_lines(name + REPEATED, repeated)
        return rows

    async def _find_leavers(self, name: str, list_id: int) -> tuple[int, int]:
        """Keep the keys of the members who are not in the file; returns how many members there are, and leavers."""
        members, gone, after = 0, list[str](), ""
        with self.files.lines(name + KEYS) as keys:
            listed = await asyncio.to_thread(ListedKeys, keys)
            while page := await self.database.read(page_of_synced, list_id, after):
                after = page[-1]
                members += len(page)
                gone += await asyncio.to_thread(list, filter(listed.lack, page))
        await asyncio.to_thread(self.files.write_lines, name + LEAVERS, gone)
        return members, len(gone)


def _key_of_row(row: ImportRow | UnreadRow) -> str | None:
    return find_address_key(row.email) if isinstance(row, ImportRow) else None


def _key_of_member(row: ImportRow | UnreadRow) -> str | None:
    """The key of a row that lists a member; an invalid address cannot be a member's."""
    if isinstance(row, UnreadRow):
        raise BadInput(f"line {row.line}: {row.reason}. It could belong to a member, so nothing was changed")
    return _key_of_row(row) if lists_member(row) else None


def lists_member(row: ImportRow) -> bool:
    """Whether a row says that somebody is a member: in a sync, one in another state counts as missing."""
    return row.state.strip().lower() in ("", SubscriptionState.ACTIVE)
