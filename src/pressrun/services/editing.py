"""What editors do: preview an edition, send test copies, hand it in, and press pause, resume, cancel and resend.

An edition is built outside the transaction that stores it, since building may take a while; its slug and id are
chosen before and checked again when it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pressrun.core.address import Address
from pressrun.core.edition import EditionState
from pressrun.core.errors import PressrunError, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.site import Site
from pressrun.core.tokens import TEST_ID, AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.message.compose import BuiltEdition, with_asset_prefix
from pressrun.message.finding import Finding
from pressrun.message.read_back import read_parts
from pressrun.message.skeleton import CopyValues
from pressrun.message.source import EditionFile
from pressrun.services import pressing
from pressrun.services.building import (
    Desk,
    Manuscript,
    build,
    find_open_list,
    gather_references,
    lay_out,
    require_no_errors,
)
from pressrun.services.composing import message_id
from pressrun.services.ports import Clock, Entropy, Waker
from pressrun.store import deliveries, editions, notices, subscribers
from pressrun.store.database import Database
from pressrun.store.editions import NewEdition
from pressrun.store.notices import NewNotice
from pressrun.store.transaction import Transaction

__all__ = ["Editing", "Manuscript", "Preview", "gather_references", "preview_edition"]

STORE_ATTEMPTS = 5  # how often another edition may come in between before we give up


class _TakenMeanwhile(PressrunError):
    """Another edition got the slug or the id first: build again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An edition as one reader would get it, and what preflight found."""

    subject: str
    text: str
    html: str | None
    message: bytes
    findings: tuple[Finding, ...]


class Editing:
    """The use cases of editors, over one database."""

    def __init__(
        self, *, database: Database, site: Site, keys: KeyRing, clock: Clock, entropy: Entropy, wake: Waker
    ) -> None:
        self._database = database
        self._site = site
        self.keys = keys
        self._clock = clock
        self._entropy = entropy
        self._wake = wake

    async def take(
        self,
        *,
        list_name: str,
        source: bytes,
        source_name: str,
        assets: Mapping[str, bytes],
        scheduled_at: int | None = None,
        again: bool = False,
        canary_percent: float | None = None,
    ) -> int:
        """Store an edition and let it go, at once or at its time; returns its id.

        Raises NotFound, EditionError, PreflightFailed, and Refused that names the first id of the same content.
        """
        manuscript = Manuscript(source=source, source_name=source_name, assets=assets)
        file = manuscript.parse()
        for _ in range(STORE_ATTEMPTS):
            desk = await self._database.read(lay_out, list_name, file)
            built = await asyncio.to_thread(build, manuscript, file, desk, self._site)
            require_no_errors(built)
            try:
                edition_id = await self._database.write(
                    self._store, manuscript, file, desk, built, scheduled_at, again, canary_percent
                )
            except _TakenMeanwhile:
                continue
            self._wake()
            return edition_id
        raise Refused("other editions came in at the same moment: send it again")

    async def send_test(
        self,
        *,
        list_name: str,
        source: bytes,
        source_name: str,
        assets: Mapping[str, bytes],
        addresses: Sequence[Address],
    ) -> list[int]:
        """Queue a test copy to each address; returns the ids of their deliveries. No edition is stored."""
        manuscript = Manuscript(source=source, source_name=source_name, assets=assets)
        file = manuscript.parse()
        desk = await self._database.read(lay_out, list_name, file)
        built = await asyncio.to_thread(build, manuscript, file, desk, self._site)
        require_no_errors(built)
        numbers = await self._database.write(self._store_tests, desk, built, addresses)
        self._wake()
        return numbers

    async def pause(self, edition_id: int) -> None:
        """Hold an edition; what is claimed still goes out."""
        await self._database.write(pressing.pause, edition_id)

    async def resume(self, edition_id: int) -> None:
        """Go on with a paused edition."""
        await self._database.write(pressing.resume, edition_id, int(self._clock()))
        self._wake()

    async def cancel(self, edition_id: int) -> None:
        """End an edition; what is not claimed is not sent."""
        await self._database.write(pressing.cancel, edition_id, int(self._clock()))
        self._wake()

    async def resend(self, edition_id: int) -> tuple[int, int]:
        """Send failed copies again, under the same Message-ID; returns (queued again, left out)."""
        found = await self._database.write(pressing.resend_failed, edition_id, int(self._clock()))
        self._wake()
        return found

    async def retry(self, domain: str | None) -> int:
        """Try what is deferred (for one domain) again now; returns how many copies."""
        found = await self._database.write(deliveries.retry_now, domain, int(self._clock()))
        self._wake()
        return found

    def _store(
        self,
        tx: Transaction,
        manuscript: Manuscript,
        file: EditionFile,
        desk: Desk,
        built: BuiltEdition,
        scheduled_at: int | None,
        again: bool,
        canary_percent: float | None,
    ) -> int:
        target = find_open_list(tx, desk.list.name)
        first = editions.find_by_digest(tx, target.id, manuscript.digest)
        if first is not None and not again:
            raise Refused(
                f"this file is edition {first} of {target.name} already: nothing was sent; "
                "--again sends it once more as a new edition"
            )
        if target != desk.list or editions.next_id(tx) != desk.edition_id:
            raise _TakenMeanwhile("the desk was changed")
        if desk.slug in editions.taken_slugs(tx, target.id, desk.slug):
            raise _TakenMeanwhile("the slug was taken")
        now = int(self._clock())
        new = self._new_edition(manuscript, file, desk, built, scheduled_at, canary_percent)
        edition = pressing.require_edition(tx, editions.insert_edition(tx, new, now))
        if scheduled_at is None:
            pressing.start(tx, edition, now)
        return edition.id

    def _new_edition(
        self,
        manuscript: Manuscript,
        file: EditionFile,
        desk: Desk,
        built: BuiltEdition,
        scheduled_at: int | None,
        canary_percent: float | None,
    ) -> NewEdition:
        prefix = f"/{desk.list.name}/archive/{built.slug}/asset/"
        return NewEdition(
            list_id=desk.list.id,
            slug=built.slug,
            state=EditionState.SCHEDULED,
            subject=built.subject_template,
            title=built.subject,
            preheader=file.keys.preheader.text if file.keys.preheader else "",
            language=built.language,
            source_name=manuscript.source_name,
            source=manuscript.source,
            source_digest=manuscript.digest,
            message_secret=self._entropy(16),
            skeleton=built.skeleton.encode(),
            text=built.archive_text,
            html=with_asset_prefix(built, prefix),
            assets=[(asset.name, asset.media_type, asset.content) for asset in built.archive_assets],
            canary_percent=canary_percent,
            dated_at=file.keys.date,
            scheduled_at=scheduled_at,
        )

    def _store_tests(self, tx: Transaction, desk: Desk, built: BuiltEdition, addresses: Sequence[Address]) -> list[int]:
        now = int(self._clock())
        numbers = []
        for address in addresses:
            imprint = _Imprint(keys=self.keys, site=self._site, list_name=desk.list.name, now=now, is_test=True)
            values = _values(tx, imprint, address, secret=self._entropy(16))
            notice = NewNotice(
                kind="test",
                address=address,
                message_secret=self._entropy(16),
                list_id=desk.list.id,
                language=built.language,
                content=built.skeleton.copy(values),
            )
            numbers.append(notices.insert_notice(tx, notice, now))
        return numbers


def preview_edition(
    tx: Transaction,
    *,
    manuscript: Manuscript,
    keys: KeyRing,
    site: Site,
    list_name: str,
    as_address: Address | None,
    now: int,
) -> Preview:
    """The message as one reader would get it; without an address, as a reader of whom nothing is known."""
    file = manuscript.parse()
    desk = lay_out(tx, list_name, file)
    built = build(manuscript, file, desk, site)
    imprint = _Imprint(keys=keys, site=site, list_name=list_name, now=now, is_test=False)
    values = _values(tx, imprint, as_address, secret=b"preview")
    message = built.skeleton.copy(values)
    shown = read_parts(message)
    return Preview(
        subject=built.skeleton.subject(values),
        text=shown.text,
        html=shown.html,
        message=message,
        findings=built.findings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imprint:
    """What the links of a copy without a subscription are made with."""

    keys: KeyRing
    site: Site
    list_name: str
    now: int
    is_test: bool


def _values(tx: Transaction, imprint: _Imprint, address: Address | None, *, secret: bytes) -> CopyValues:
    """Values of a copy that is nobody's subscription: its links are real in form and change nothing."""
    to = address or Address("reader@reader.example", "reader", "reader.example")
    person = subscribers.find_subscriber(tx, to) if address is not None else None
    site = imprint.site
    web, addresses = WebTokens(imprint.keys), AddressTokens(imprint.keys)
    mailto = None
    if site.receives_mail:
        mailto = addresses.make(AddressPurpose.UNSUBSCRIBE, imprint.list_name, TEST_ID)
    return CopyValues(
        to=to,
        name="" if person is None else person.name,
        columns={} if person is None else person.attributes,
        unsubscribe_url=site.url("unsubscribe", web.make(WebPurpose.UNSUBSCRIBE, TEST_ID, TEST_ID)),
        preferences_url=site.url("preferences", web.make(WebPurpose.PREFERENCES, TEST_ID, 0, 0)),
        copy_token=addresses.make(AddressPurpose.BOUNCES, imprint.list_name, TEST_ID),
        unsubscribe_mailto_token=mailto,
        message_id=message_id(secret, TEST_ID, site),
        date_at=imprint.now,
        is_test=imprint.is_test,
    )
