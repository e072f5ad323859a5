"""Storing an edition, and queueing test copies of it, whether it came as a file or by mail.

An edition is built before the transaction that stores it, because building may take a while. Its slug and id are chosen
before it is built and checked again when it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.errors import PressrunError, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import TEST_ID, AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition, with_asset_prefix
from pressrun.message.editions.enclosures import asset_path
from pressrun.message.finding import Finding
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.wire.skeleton import CopyValues
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle
from pressrun.services.editions.build_orders import BuildContext, Manuscript, require_no_errors
from pressrun.services.editions.edition_issues import check_issue, find_issue_edition
from pressrun.services.mails.copy_composer import archive_url, day_of, latest_url, message_id
from pressrun.store.editions import editions
from pressrun.store.editions.editions import Edition, NewEdition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import audit
from pressrun.store.queue import notices
from pressrun.store.queue.notices import NewNotice
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

STORE_ATTEMPTS = 20  # how often an edition is built if editions of other lists are stored in between
OVERTAKEN = 3  # after this many times, it takes turns with all other such editions

_overtaken: ContextVar[int] = ContextVar("overtaken", default=0)


class ChangedSinceBuild(PressrunError):
    """Another edition got the slug or id first, or the list changed: build the edition again."""


def again_if_changed(
    message: str, error: type[PressrunError] = Refused
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Decorates a function that builds and stores an edition: repeats it after ChangedSinceBuild, up to a limit."""

    def decorate(attempt: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(attempt)
        async def repeat(*args: P.args, **kwargs: P.kwargs) -> T:
            for number in range(STORE_ATTEMPTS):
                token = _overtaken.set(number)
                try:
                    with suppress(ChangedSinceBuild):
                        return await attempt(*args, **kwargs)
                finally:
                    _overtaken.reset(token)
            raise error(message)

        return repeat

    return decorate


def is_overtaken() -> bool:
    """Whether what this task builds was overtaken so often that it should not compete any more."""
    return _overtaken.get() >= OVERTAKEN


class PreparedEdition(Struct, frozen=True, kw_only=True):
    """An edition that is built and not stored yet."""

    manuscript: Manuscript
    file: EditionFile
    context: BuildContext
    built: BuiltEdition


class Samples(Struct, frozen=True, kw_only=True):
    """Makes the values of copies that belong to no subscription. Their links look real, but change nothing."""

    keys: KeyRing
    site: Site
    now: int

    def values(self, tx: Transaction, edition: SampledEdition, address: Address | None, *, secret: bytes) -> CopyValues:
        """The values of a copy to an address, or to an unknown reader."""
        to = address or Address("reader@reader.example", "reader", "reader.example")
        person = subscribers.find_subscriber(tx, to) if address is not None else None
        site, target = self.site, edition.list
        web, addresses = WebTokens(self.keys), AddressTokens(self.keys)
        reading = web.make(WebPurpose.READ, TEST_ID, TEST_ID, TEST_ID)
        mailto = None
        if site.receives_mail:
            mailto = addresses.make(AddressPurpose.UNSUBSCRIBE, target.name, TEST_ID)
        return CopyValues(
            to=to,
            name="" if person is None else person.name,
            columns={} if person is None else person.attributes,
            unsubscribe_url=site.url("unsubscribe", web.make(WebPurpose.UNSUBSCRIBE, TEST_ID, TEST_ID)),
            preferences_url=site.preferences_url(web.make(WebPurpose.PREFERENCES, TEST_ID, 0, 0), target.name),
            archive_url=archive_url(site, target, edition.slug, lambda: reading),
            latest_url=latest_url(site, target, lambda: reading),
            copy_token=addresses.make(AddressPurpose.BOUNCES, target.name, TEST_ID),
            unsubscribe_mailto_token=mailto,
            message_id=message_id(secret, TEST_ID, site),
            date_at=self.now,
            day=day_of(self.now, target, edition.language),
            is_test=edition.is_test,
        )


class SampledEdition(Struct, frozen=True):
    """What the links of such copies depend on."""

    list: MailingList
    slug: str
    language: str
    is_test: bool = False


def require_same_context(tx: Transaction, prepared: PreparedEdition, *, replaced: Collection[int] = ()) -> None:
    """Raise ChangedSinceBuild when the edition would now be built differently; NotFound, Refused for the list.

    The slugs of drafts that it replaces are free.
    """
    target = lists.get_open_list(tx, prepared.context.list.name)
    if target != prepared.context.list or editions.next_id(tx) != prepared.context.edition_id:
        raise ChangedSinceBuild("the list or the next id has changed")
    if prepared.context.slug in editions.used_slugs(tx, target.id, prepared.context.slug, but=replaced):
        raise ChangedSinceBuild("the slug is no longer free")


def check_stored_issue(tx: Transaction, prepared: PreparedEdition, *, replaced: Collection[int] = ()) -> list[Finding]:
    """Findings about the issue of an edition that is about to replace these drafts."""
    target, issue = prepared.context.list, prepared.file.keys.issue
    return check_issue(target, issue, find_issue_edition(tx, target, issue, but=replaced))


def store_edition(
    tx: Transaction, prepared: PreparedEdition, new: NewEdition, now: int, *, replaced: Collection[int] = ()
) -> Edition:
    """Store an edition, with its `content_of`, after `require_same_context`; storing does not start it.

    Raises PreflightFailed when another edition is the same issue, except those that it replaces.
    """
    require_no_errors(check_stored_issue(tx, prepared, replaced=replaced))
    edition_id = editions.insert_edition(tx, new, now)
    audit.mention(tx, f"edition {edition_id}")
    return lifecycle.require_edition(tx, edition_id)


def content_of(prepared: PreparedEdition, *, state: EditionState, message_secret: bytes) -> NewEdition:
    """A built edition as it is stored; callers replace what else is special about it."""
    file, context, built = prepared.file, prepared.context, prepared.built
    return NewEdition(
        list_id=context.list.id,
        slug=built.slug,
        state=state,
        subject=built.subject_template,
        title=built.title,
        preheader=file.keys.preheader.text if file.keys.preheader else "",
        language=built.language,
        source_name=prepared.manuscript.source_name,
        source=prepared.manuscript.source,
        source_digest=prepared.manuscript.digest,
        message_secret=message_secret,
        skeleton=built.skeleton.encode(),
        text=built.archive_text,
        html=with_asset_prefix(built, asset_path(context.list.name, built.slug)),
        assets=[(asset.name, asset.media_type, asset.content) for asset in built.archive_assets],
        canary_percent=None,
        dated_at=file.keys.date,
        scheduled_at=None,
        text_skeleton=None if built.text_skeleton is None else built.text_skeleton.encode(),
        issue=file.keys.issue.text if file.keys.issue else None,
    )


def queue_test_copies(
    tx: Transaction, context: ServiceContext, prepared: PreparedEdition, addresses: Sequence[Address]
) -> list[int]:
    """Queue copies as readers will get them, marked as tests; returns the ids of their deliveries."""
    target, built, now = prepared.context.list, prepared.built, context.now
    samples = Samples(keys=context.keys, site=context.site, now=now)
    edition = SampledEdition(target, built.slug, built.language, is_test=True)
    numbers = []
    for address in addresses:
        values = samples.values(tx, edition, address, secret=context.entropy(16))
        notice = NewNotice(
            kind="test",
            address=address,
            message_secret=context.entropy(16),
            list_id=target.id,
            language=built.language,
            content=built.skeleton.copy(values),
        )
        numbers.append(notices.insert_notice(tx, notice, now))
    return numbers
