"""Previews: an edition as one reader would get it, from a file or from a stored draft."""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.errors import NotFound
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.finding import Finding
from pressrun.message.wire.skeleton import CopyValues, Skeleton
from pressrun.services.editions.build_orders import BuildContext, Manuscript, build
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_storage import SampledEdition, Samples
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
    samples: Samples,
    manuscript: Manuscript,
    context: BuildContext,
    layouts: LayoutRenderer,
    as_address: Address | None,
) -> SampleCopy:
    """The message as one reader would get it, or an unknown reader without an address.

    Raises NotFound for an address that no list knows.
    """
    file = manuscript.parse()
    if as_address is not None and subscribers.find_subscriber(tx, as_address) is None:
        raise NotFound(f"unknown address {as_address}. Omit --as to use the defaults of merge fields")
    built = build(manuscript, file, context, samples.site, layouts)
    return copy_of_built(tx, samples, built, context, built.findings, as_address)


def copy_of_built(
    tx: Transaction,
    samples: Samples,
    built: BuiltEdition,
    context: BuildContext,
    findings: tuple[Finding, ...],
    as_address: Address | None,
) -> SampleCopy:
    """The same for an edition that is built already."""
    edition = SampledEdition(context.list, context.slug, built.language)
    return _copy(built.skeleton, samples.values(tx, edition, as_address, secret=_SECRET), edition, findings)


def copy_of_held(
    tx: Transaction, samples: Samples, held: Edition, target: MailingList, findings: tuple[Finding, ...]
) -> SampleCopy:
    """A stored draft with the findings from when it came."""
    skeleton = Skeleton.decode(editions.load_skeleton(tx, held.id))
    edition = SampledEdition(target, held.slug, held.language)
    return _copy(skeleton, samples.values(tx, edition, None, secret=_SECRET), edition, findings)


def _copy(skeleton: Skeleton, values: CopyValues, edition: SampledEdition, findings: tuple[Finding, ...]) -> SampleCopy:
    return SampleCopy(
        list_name=edition.list.name,
        list_title=edition.list.title,
        language=edition.language,
        subject=skeleton.subject(values),
        message=skeleton.copy(values),
        findings=findings,
    )
