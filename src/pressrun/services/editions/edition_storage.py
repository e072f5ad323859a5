"""From a manuscript to a stored edition and to test copies of it, whichever way it came.

An edition is built outside the transaction that stores it, since building may take a while; its slug and id are
chosen before and checked again when it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pressrun.core.address import Address
from pressrun.core.edition import EditionState
from pressrun.core.errors import PressrunError
from pressrun.core.keys import KeyRing
from pressrun.core.site import Site
from pressrun.core.tokens import TEST_ID, AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.message.editions.compose import BuiltEdition, with_asset_prefix
from pressrun.message.finding import Finding
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.wire.skeleton import CopyValues
from pressrun.services.editions import lifecycle
from pressrun.services.editions.edition_build import (
    BuildContext,
    Manuscript,
    build,
    find_open_list,
    load_build_context,
    require_no_errors,
)
from pressrun.services.editions.edition_issues import check_issue, find_issue_edition
from pressrun.services.mails.copy_composer import archive_url, day_of, message_id
from pressrun.services.ports import Entropy, LayoutPress
from pressrun.store import editions, notices, subscribers
from pressrun.store.database import Database
from pressrun.store.editions import Edition, NewEdition
from pressrun.store.lists import MailingList
from pressrun.store.notices import NewNotice
from pressrun.store.transaction import Transaction

STORE_ATTEMPTS = 5  # how often another edition may come in between before we give up


class ChangedSinceBuild(PressrunError):
    """Another edition got the slug or the id first: build again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedEdition:
    """An edition on its way from the manuscript to the database."""

    manuscript: Manuscript
    file: EditionFile
    context: BuildContext
    built: BuiltEdition


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """What the links of a copy without a subscription are made with."""

    keys: KeyRing
    site: Site
    list: MailingList
    slug: str
    language: str
    now: int
    is_test: bool


async def prepare_edition(
    database: Database,
    site: Site,
    layouts: LayoutPress,
    list_name: str,
    manuscript: Manuscript,
    file: EditionFile,
    *,
    with_drafts: bool = True,
    replaced: Collection[int] = (),
) -> PreparedEdition:
    """Build an edition as the database says now. Raises NotFound, Refused, EditionError, Unavailable.

    Without `with_drafts` a draft of the same issue is no matter yet: whoever stores the edition decides. It may have
    the slug of drafts that it replaces.
    """
    context = await database.read(load_build_context, list_name, file, with_drafts=with_drafts, replaced=replaced)
    built = await asyncio.to_thread(build, manuscript, file, context, site, layouts)
    return PreparedEdition(manuscript=manuscript, file=file, context=context, built=built)


def require_same_context(tx: Transaction, work: PreparedEdition, *, replaced: Collection[int] = ()) -> None:
    """Raise TakenMeanwhile when the edition would be built otherwise now; NotFound, Refused for the list.

    The slugs of drafts that it replaces are free.
    """
    target = find_open_list(tx, work.context.list.name)
    if target != work.context.list or editions.next_id(tx) != work.context.edition_id:
        raise ChangedSinceBuild("the desk was changed")
    if work.context.slug in editions.taken_slugs(tx, target.id, work.context.slug, but=replaced):
        raise ChangedSinceBuild("the slug was taken")


def check_stored_issue(tx: Transaction, work: PreparedEdition, *, replaced: Collection[int] = ()) -> list[Finding]:
    """What is wrong with the issue of an edition that is about to be stored in place of these drafts."""
    target, issue = work.context.list, work.file.keys.issue
    return check_issue(target, issue, find_issue_edition(tx, target, issue, but=replaced))


def store_edition(
    tx: Transaction,
    work: PreparedEdition,
    *,
    state: EditionState,
    message_secret: bytes,
    now: int,
    scheduled_at: int | None = None,
    canary_percent: float | None = None,
    replaced: Collection[int] = (),
) -> Edition:
    """Store an edition whose desk is the same still; nothing of it goes out by that.

    Raises PreflightFailed where another edition is the same issue, except those that it replaces.
    """
    file, context, built = work.file, work.context, work.built
    require_no_errors(check_stored_issue(tx, work, replaced=replaced))
    new = NewEdition(
        list_id=context.list.id,
        slug=built.slug,
        state=state,
        subject=built.subject_template,
        title=built.title,
        preheader=file.keys.preheader.text if file.keys.preheader else "",
        language=built.language,
        source_name=work.manuscript.source_name,
        source=work.manuscript.source,
        source_digest=work.manuscript.digest,
        message_secret=message_secret,
        skeleton=built.skeleton.encode(),
        text=built.archive_text,
        html=with_asset_prefix(built, f"/{context.list.name}/archive/{built.slug}/asset/"),
        assets=[(asset.name, asset.media_type, asset.content) for asset in built.archive_assets],
        canary_percent=canary_percent,
        dated_at=file.keys.date,
        scheduled_at=scheduled_at,
        text_skeleton=None if built.text_skeleton is None else built.text_skeleton.encode(),
        issue=file.keys.issue.text if file.keys.issue else None,
    )
    return lifecycle.require_edition(tx, editions.insert_edition(tx, new, now))


def queue_test_copies(
    tx: Transaction,
    work: PreparedEdition,
    addresses: Sequence[Address],
    *,
    keys: KeyRing,
    site: Site,
    entropy: Entropy,
    now: int,
) -> list[int]:
    """Queue the edition as readers will see it, marked as a test; returns the ids of the deliveries."""
    links = LinkContext(
        keys=keys,
        site=site,
        list=work.context.list,
        slug=work.built.slug,
        language=work.built.language,
        now=now,
        is_test=True,
    )
    numbers = []
    for address in addresses:
        values = values_for(tx, links, address, secret=entropy(16))
        notice = NewNotice(
            kind="test",
            address=address,
            message_secret=entropy(16),
            list_id=work.context.list.id,
            language=work.built.language,
            content=work.built.skeleton.copy(values),
        )
        numbers.append(notices.insert_notice(tx, notice, now))
    return numbers


def values_for(tx: Transaction, links: LinkContext, address: Address | None, *, secret: bytes) -> CopyValues:
    """Values of a copy that is nobody's subscription: its links are real in form and change nothing."""
    to = address or Address("reader@reader.example", "reader", "reader.example")
    person = subscribers.find_subscriber(tx, to) if address is not None else None
    site, target = links.site, links.list
    web, addresses = WebTokens(links.keys), AddressTokens(links.keys)
    mailto = None
    if site.receives_mail:
        mailto = addresses.make(AddressPurpose.UNSUBSCRIBE, target.name, TEST_ID)
    return CopyValues(
        to=to,
        name="" if person is None else person.name,
        columns={} if person is None else person.attributes,
        unsubscribe_url=site.url("unsubscribe", web.make(WebPurpose.UNSUBSCRIBE, TEST_ID, TEST_ID)),
        preferences_url=site.preferences_url(web.make(WebPurpose.PREFERENCES, TEST_ID, 0, 0), target.name),
        archive_url=archive_url(site, target, links.slug, lambda: web.make(WebPurpose.READ, TEST_ID, TEST_ID, TEST_ID)),
        copy_token=addresses.make(AddressPurpose.BOUNCES, target.name, TEST_ID),
        unsubscribe_mailto_token=mailto,
        message_id=message_id(secret, TEST_ID, site),
        date_at=links.now,
        day=day_of(links.now, target, links.language),
        is_test=links.is_test,
    )
