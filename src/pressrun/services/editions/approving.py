"""What an editor does with the link to a held edition: look at it, and let it go, once.

Looking changes nothing. Releasing is one transaction: of two editors who press the button at the same moment one
releases the edition, and both are told that it is on its way.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from pressrun.core.delivery import DeliveryState
from pressrun.core.edition import EditionState
from pressrun.core.keys import KeyRing
from pressrun.core.site import Site
from pressrun.message.content.html import rewrite_images
from pressrun.message.editions.enclosing import ARCHIVE_PREFIX
from pressrun.message.finding import Finding, read_finding
from pressrun.observe.log import event
from pressrun.services.editions import pressing
from pressrun.services.editions.archived import Asset
from pressrun.services.editions.previewing import Preview, preview_held
from pressrun.services.editions.releasing import Standing, standing_of
from pressrun.services.ports import Clock, Waker
from pressrun.store import deliveries, drafts, editions, enrolment, lists
from pressrun.store.database import Database
from pressrun.store.editions import Edition
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.editions")


_SHOWN = frozenset({Standing.HELD, Standing.RELEASED})  # what these say of an edition, its link shows


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEdition:
    """An edition as its editor sees it. `audience` is that of now while it is held, else the one that was taken.

    `html` is a clean fragment (None: plain text), `delivered` counts the copies that are with their readers.
    """

    standing: Standing
    edition: Edition
    list: MailingList
    audience: int
    delivered: int
    text: str
    html: str | None
    size_bytes: int
    findings: tuple[Finding, ...]
    expires_at: int

    @property
    def is_shown(self) -> bool:
        """Whether its link shows what is in it."""
        return self.standing in _SHOWN

    def html_with_images(self, prefix: str) -> str | None:
        """`html` with its images below `prefix`, which ends in a slash."""
        if self.html is None:
            return None
        stored = f"/{self.list.name}/archive/{self.edition.slug}/{ARCHIVE_PREFIX}"

        def placed(source: str) -> str:
            return prefix + source.removeprefix(stored) if source.startswith(stored) else source

        return rewrite_images(self.html, placed)


class Approving:
    """Held editions, over one database."""

    def __init__(self, *, database: Database, site: Site, keys: KeyRing, clock: Clock, wake: Waker) -> None:
        self._database = database
        self._site = site
        self._keys = keys
        self._clock = clock
        self._wake = wake

    def is_over(self, expires_at: int) -> bool:
        """Whether the time of a link has passed."""
        return self._clock() > expires_at

    async def look(self, edition_id: int) -> HeldEdition | None:
        """An edition that came by mail; None when there is none (any more), or it is out and its editor was removed."""
        return await self._database.read(_look, edition_id)

    async def preview(self, edition_id: int) -> Preview | None:
        """A held or released edition as a reader of whom nothing is known would get it."""
        return await self._database.read(self._preview, edition_id)

    async def release(self, edition_id: int) -> tuple[HeldEdition | None, bool]:
        """Let a held edition go; True when this call did it. One that is not held stays as it is."""
        found, is_done = await self._database.write(_release, edition_id, int(self._clock()))
        if found is not None and is_done:
            event(log, "edition.started", edition=edition_id, list=found.list.name, audience=found.audience)
            self._wake()
        return found, is_done

    async def asset(self, edition_id: int, name: str) -> Asset | None:
        """An image of a held or released edition."""
        return await self._database.read(_asset, edition_id, name)

    def _preview(self, tx: Transaction, edition_id: int) -> Preview | None:
        held = _look(tx, edition_id)
        if held is None or not held.is_shown:
            return None
        return preview_held(
            tx, held.edition, held.list, held.findings, keys=self._keys, site=self._site, now=int(self._clock())
        )


def _look(tx: Transaction, edition_id: int) -> HeldEdition | None:
    draft, edition = drafts.find_draft(tx, edition_id), editions.get_edition(tx, edition_id)
    content = drafts.load_content(tx, edition_id)
    target = None if edition is None else lists.get_list(tx, edition.list_id)
    if draft is None or edition is None or target is None or content is None:
        return None
    standing = standing_of(tx, edition, target)
    if standing is Standing.RELEASED and not drafts.has_its_editors(tx, edition_id):
        return None  # how it fares is no business of an editor who was removed
    is_held = edition.state is EditionState.DRAFT
    return HeldEdition(
        standing=standing,
        edition=edition,
        list=target,
        audience=enrolment.count_audience(tx, target.id) if is_held else edition.audience,
        delivered=0 if is_held else deliveries.count_copies(tx, edition_id)[DeliveryState.DELIVERED],
        text=content["text"],
        html=content["html"],
        size_bytes=content["size"],
        findings=tuple(map(read_finding, draft.findings)),
        expires_at=draft.expires_at,
    )


def _release(tx: Transaction, edition_id: int, now: int) -> tuple[HeldEdition | None, bool]:
    found = _look(tx, edition_id)
    if found is None or found.standing is not Standing.HELD:
        return found, False
    edition = pressing.release(tx, edition_id, now)
    return replace(found, standing=Standing.RELEASED, edition=edition, audience=edition.audience), True


def _asset(tx: Transaction, edition_id: int, name: str) -> Asset | None:
    held = _look(tx, edition_id)
    row = drafts.find_asset(tx, edition_id, name) if held is not None and held.is_shown else None
    return None if row is None else Asset(**dict(row))
