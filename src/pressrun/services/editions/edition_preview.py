"""Previews: an edition as one reader would get it, from a file or from a stored draft."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.keys import KeyRing
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.read_back import ShownParts, read_parts, read_sender
from pressrun.message.finding import Finding
from pressrun.message.wire.skeleton import CopyValues, Skeleton
from pressrun.services.editions.edition_build import BuildContext, Manuscript, build
from pressrun.services.editions.edition_storage import LinkContext, values_for
from pressrun.services.ports import LayoutRenderer
from pressrun.store import editions, subscribers
from pressrun.store.editions import Edition
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction

_SECRET = b"preview"  # makes Message-IDs that no mail has


class Preview(Struct, frozen=True, kw_only=True):
    """An edition as one reader would get it, and the findings of preflight.

    `language` is that of the edition, `sender` the name and address in its From, and `said_in` the language of the
    person who looks at the preview.
    """

    list_title: str
    language: str
    sender: tuple[str, str]
    subject: str
    parts: ShownParts
    message: bytes
    findings: tuple[Finding, ...]
    said_in: str = "en"


def preview_edition(
    tx: Transaction,
    *,
    manuscript: Manuscript,
    context: BuildContext,
    keys: KeyRing,
    site: Site,
    layouts: LayoutRenderer,
    as_address: Address | None,
    now: int,
) -> Preview:
    """The message as one reader would get it, or an unknown reader without an address.

    Raises NotFound for an address that no list knows.
    """
    file = manuscript.parse()
    if as_address is not None and subscribers.find_subscriber(tx, as_address) is None:
        raise NotFound(f"unknown address {as_address}. Omit --as to use the defaults of merge fields")
    built = build(manuscript, file, context, site, layouts)
    return preview_built(tx, built, context, built.findings, as_address=as_address, keys=keys, site=site, now=now)


def preview_built(
    tx: Transaction,
    built: BuiltEdition,
    context: BuildContext,
    findings: tuple[Finding, ...],
    *,
    as_address: Address | None,
    keys: KeyRing,
    site: Site,
    now: int,
) -> Preview:
    """The same for an edition that is built already."""
    links = LinkContext(
        keys=keys, site=site, list=context.list, slug=context.slug, language=built.language, now=now, is_test=False
    )
    values = values_for(tx, links, as_address, secret=_SECRET)
    return _preview(built.skeleton, values, context.list.title, built.language, findings)


def preview_held(
    tx: Transaction,
    edition: Edition,
    target: MailingList,
    findings: tuple[Finding, ...],
    *,
    keys: KeyRing,
    site: Site,
    now: int,
) -> Preview:
    """A stored draft with the findings from when it came."""
    skeleton = Skeleton.decode(editions.load_skeleton(tx, edition.id))
    links = LinkContext(
        keys=keys, site=site, list=target, slug=edition.slug, language=edition.language, now=now, is_test=False
    )
    values = values_for(tx, links, None, secret=_SECRET)
    return _preview(skeleton, values, target.title, edition.language, findings)


def _preview(
    skeleton: Skeleton, values: CopyValues, list_title: str, language: str, findings: tuple[Finding, ...]
) -> Preview:
    message = skeleton.copy(values)
    return Preview(
        list_title=list_title,
        language=language,
        sender=read_sender(message),
        subject=skeleton.subject(values),
        parts=read_parts(message),
        message=message,
        findings=findings,
    )
