"""Previews: an edition as one reader would get it, from a file or from a stored draft."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.finding import Finding
from pressrun.message.wire.skeleton import CopyValues, Skeleton
from pressrun.services.editions.edition_build import BuildContext, Manuscript, build
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_storage import LinkContext, values_for
from pressrun.services.ports import LayoutRenderer
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction

_SECRET = b"preview"  # makes Message-IDs that no mail has


class SampleCopy(Struct, frozen=True, kw_only=True):
    """An edition as one reader would get it, and the findings of preflight.

    `language` is that of the edition, and `said_in` that of the person who looks at it.
    """

    list_name: str
    list_title: str
    language: str
    subject: str
    message: bytes
    findings: tuple[Finding, ...]
    said_in: str = "en"


class Preview(Struct, frozen=True, kw_only=True):
    """One copy, and what a mail program shows of it."""

    copy: SampleCopy
    shown: ShownMessage


async def show_copy(copy: SampleCopy, builder: EditionBuilder) -> Preview:
    """The preview of a copy. Raises EditionError, Unavailable."""
    return Preview(copy=copy, shown=await builder.show(copy.list_name, copy.message))


def copy_of_edition(
    tx: Transaction,
    *,
    manuscript: Manuscript,
    context: BuildContext,
    keys: KeyRing,
    site: Site,
    layouts: LayoutRenderer,
    as_address: Address | None,
    now: int,
) -> SampleCopy:
    """The message as one reader would get it, or an unknown reader without an address.

    Raises NotFound for an address that no list knows.
    """
    file = manuscript.parse()
    if as_address is not None and subscribers.find_subscriber(tx, as_address) is None:
        raise NotFound(f"unknown address {as_address}. Omit --as to use the defaults of merge fields")
    built = build(manuscript, file, context, site, layouts)
    return copy_of_built(tx, built, context, built.findings, as_address=as_address, keys=keys, site=site, now=now)


def copy_of_built(
    tx: Transaction,
    built: BuiltEdition,
    context: BuildContext,
    findings: tuple[Finding, ...],
    *,
    as_address: Address | None,
    keys: KeyRing,
    site: Site,
    now: int,
) -> SampleCopy:
    """The same for an edition that is built already."""
    links = LinkContext(
        keys=keys, site=site, list=context.list, slug=context.slug, language=built.language, now=now, is_test=False
    )
    values = values_for(tx, links, as_address, secret=_SECRET)
    return _copy(built.skeleton, values, context.list, built.language, findings)


def copy_of_held(
    tx: Transaction,
    edition: Edition,
    target: MailingList,
    findings: tuple[Finding, ...],
    *,
    keys: KeyRing,
    site: Site,
    now: int,
) -> SampleCopy:
    """A stored draft with the findings from when it came."""
    skeleton = Skeleton.decode(editions.load_skeleton(tx, edition.id))
    links = LinkContext(
        keys=keys, site=site, list=target, slug=edition.slug, language=edition.language, now=now, is_test=False
    )
    values = values_for(tx, links, None, secret=_SECRET)
    return _copy(skeleton, values, target, edition.language, findings)


def _copy(
    skeleton: Skeleton, values: CopyValues, target: MailingList, language: str, findings: tuple[Finding, ...]
) -> SampleCopy:
    return SampleCopy(
        list_name=target.name,
        list_title=target.title,
        language=language,
        subject=skeleton.subject(values),
        message=skeleton.copy(values),
        findings=findings,
    )
