"""Approval of drafts: the link to a draft shows it, and releases or discards it once.

Showing changes nothing. Releasing and discarding are one transaction each: when two editors press a button at the same
moment, one succeeds and both see the result.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import EditionError
from pressrun.core.lifecycles.delivery import WAITING
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import Finding, read_finding
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_preview import Preview, SampleCopy, copy_of_held, show_copy
from pressrun.services.editions.edition_storage import Samples
from pressrun.services.editions.releases import DraftStatus, draft_status
from pressrun.services.mail_results import log_edition_change
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry
from pressrun.store.programs.events import MAIL, acted_by
from pressrun.store.queue import copy_counts
from pressrun.store.readers import enrolment
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.editions")


BY_LINK = Actor(who="editor", way="page")  # somebody who reads the mail of the edition's editors
_SHOWN = frozenset({DraftStatus.HELD, DraftStatus.RELEASED})  # the link shows the content of these


class HeldEdition(Struct, frozen=True, kw_only=True):
    """A draft as its editor sees it. `audience` is the current one while it is held, else the one it was sent to.

    `copies` counts its copies by state, and `version` is the number of its last change. While it is held, either
    `preview` is present, or `problem` says why a copy cannot be shown. `language` is that of its editor if known, else
    that of the list.
    """

    status: DraftStatus
    edition: Edition
    list: MailingList
    audience: int
    copies: Mapping[str, int]
    findings: tuple[Finding, ...]
    expires_at: int
    language: str
    version: int
    preview: Preview | None = None
    problem: EditionError | None = None

    @property
    def is_shown(self) -> bool:
        """Whether its link shows its content."""
        return self.status in _SHOWN

    @property
    def waiting(self) -> int:
        """How many copies are queued or in flight."""
        return sum(self.copies[state] for state in WAITING)


class DraftApproval:
    """The use cases of editors with a link to a draft."""

    def __init__(self, context: ServiceContext, builder: EditionBuilder) -> None:
        self._context = context
        self._builder = builder
        self._database = context.database

    def is_over(self, expires_at: int) -> bool:
        """Whether a link has expired."""
        return self._context.clock() > expires_at

    async def find(self, edition_id: int) -> HeldEdition | None:
        """An edition that came by mail; None when it does not exist, or was sent and its editor has been removed."""
        held, copy = await self._database.read(self._find_with_copy, edition_id)
        if held is None or copy is None:
            return held
        try:
            return replace(held, preview=await show_copy(copy, self._builder))
        except EditionError as problem:
            return replace(held, problem=problem)

    async def preview(self, edition_id: int) -> Preview | None:
        """A held or released edition as an unknown reader would get it. Raises EditionError, Unavailable."""
        copy = await self._database.read(self._copy_to_show, edition_id)
        return None if copy is None else await show_copy(copy, self._builder)

    async def release(self, edition_id: int, seen: int | None = None) -> tuple[HeldEdition | None, bool]:
        """Release a draft; True when this call did it. An edition that is not held stays as it is.

        So does one that is no longer the version seen: nobody approves what somebody else has changed since.
        """
        self._database.growth.require()
        with acted_by(MAIL):
            held, is_done = await self._database.write(_release, edition_id, seen, self._context.now)
        if held is not None and held.status is DraftStatus.HELD:
            return await self.find(edition_id), False
        if held is not None and is_done:
            self._context.wake()
            if await lifecycle.carry_on_if_possible(self._context):
                held = await self.find(edition_id) or held
            event(log, "edition.started", edition=edition_id, list=held.list.name, audience=held.audience)
        return held, is_done

    async def discard(self, edition_id: int, seen: int | None = None) -> tuple[HeldEdition | None, bool]:
        """Cancel a draft; True when this call did it. Stays as it is what also `release` would leave."""
        with acted_by(MAIL):
            held, is_done = await self._database.write(_discard, edition_id, seen, self._context.now)
        if held is not None and is_done:
            log_edition_change(log, held.edition)
        return held if is_done else await self.find(edition_id), is_done

    def _find_with_copy(self, tx: Transaction, edition_id: int) -> tuple[HeldEdition | None, SampleCopy | None]:
        held = find_held(tx, edition_id)
        is_held = held is not None and held.status is DraftStatus.HELD
        return held, self._copy(tx, held) if held is not None and is_held else None

    def _copy_to_show(self, tx: Transaction, edition_id: int) -> SampleCopy | None:
        held = find_held(tx, edition_id)
        return None if held is None or not held.is_shown else self._copy(tx, held)

    def _copy(self, tx: Transaction, held: HeldEdition) -> SampleCopy:
        samples = Samples(keys=self._context.keys, site=self._context.site, now=self._context.now)
        made = copy_of_held(tx, samples, held.edition, held.list, held.findings)
        return replace(made, said_in=held.language)


def find_held(tx: Transaction, edition_id: int) -> HeldEdition | None:
    """An edition that came by mail, without its preview; None in the cases of `DraftApproval.find`."""
    draft, edition = drafts.find_draft(tx, edition_id), editions.find_edition(tx, edition_id)
    target = None if edition is None else lists.find_list_by_id(tx, edition.list_id)
    if draft is None or edition is None or target is None:
        return None
    status = draft_status(tx, edition, target)
    is_out = status is DraftStatus.RELEASED or edition.started_at is not None
    if is_out and not drafts.has_its_editors(tx, edition_id):
        return None  # a removed editor may not see its results
    is_held, manuscript = edition.state is EditionState.DRAFT, manuscripts.find_manuscript(tx, edition_id)
    return HeldEdition(
        status=status,
        edition=edition,
        list=target,
        audience=enrolment.count_audience(tx, target.id) if is_held else edition.audience,
        copies=copy_counts.count_copies(tx, edition_id),
        findings=tuple(map(read_finding, draft.findings)),
        expires_at=draft.expires_at,
        language=drafts.language_of_editors(tx, edition_id) or target.language,
        version=0 if manuscript is None else manuscript.number,
    )


def _release(tx: Transaction, edition_id: int, seen: int | None, now: int) -> tuple[HeldEdition | None, bool]:
    held = find_held(tx, edition_id)
    if held is None or held.status is not DraftStatus.HELD or seen not in (None, held.version):
        return held, False
    releases.release(tx, edition_id, now)
    audit.append(tx, Entry(at=now, actor=BY_LINK, action="edition.release", object=f"edition {edition_id}"))
    return find_held(tx, edition_id), True


def _discard(tx: Transaction, edition_id: int, seen: int | None, now: int) -> tuple[HeldEdition | None, bool]:
    held = find_held(tx, edition_id)
    if held is None or held.status is not DraftStatus.HELD or seen not in (None, held.version):
        return held, False
    edition = lifecycle.cancel(tx, edition_id, now)
    audit.append(tx, Entry(at=now, actor=BY_LINK, action="edition.discard", object=f"edition {edition_id}"))
    return replace(held, status=DraftStatus.CANCELLED, edition=edition), True
