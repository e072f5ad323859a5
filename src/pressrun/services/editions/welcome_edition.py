"""The mail that greets new readers of a list: written as an edition is, kept among the editions, sent to each once.

Whoever becomes a member by confirming gets one copy, queued in the transaction of the confirmation. From there it is a
copy like all others: the claim looks whether its reader may still be mailed, and rates, hours, retries, bounces and
links are those of editions. It is finished whenever no copy waits, and goes on with the next reader.

Its skeleton holds what the list's settings were, so whatever changes these makes it anew, from its own source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pressrun.core.edition import EditionEvent, EditionState, move
from pressrun.core.errors import NotFound, PreflightFailed
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.finding import errors_of
from pressrun.message.layouts.design import Logo
from pressrun.services.editions import lifecycle
from pressrun.services.editions.edition_build import BuildContext, Manuscript, build, find_open_list
from pressrun.services.editions.edition_storage import ChangedSinceBuild
from pressrun.services.ports import LayoutPress
from pressrun.store import editions, logos, subscribers, welcomes
from pressrun.store.editions import NewEdition
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeBuild:
    """A welcome mail that is to be made: of what, for which list, and the edition whose place it takes, if any."""

    manuscript: Manuscript
    context: BuildContext
    current_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWelcome:
    """A welcome mail that was made, and can be stored as long as its order still holds."""

    order: WelcomeBuild
    built: BuiltEdition


def greet(tx: Transaction, list_id: int, subscription_id: int, now: int) -> None:
    """Queue the welcome mail of a list for somebody who has just become a member, once for ever."""
    edition = welcomes.find_welcome(tx, list_id)
    if edition is not None:
        lifecycle.add_reader(tx, edition.id, subscription_id, now)


def greet_after_all(tx: Transaction, list_id: int, subscription_id: int, *, left_at: int, now: int) -> None:
    """Queue it again for somebody who left, at that time, before it went out, and has undone that."""
    edition = welcomes.find_welcome(tx, list_id)
    state = None if edition is None else move(edition.state, EditionEvent.REOPEN)
    if edition is None or state is None:
        return
    if welcomes.requeue_copy(tx, edition.id, subscription_id, left_at=left_at, now=now):
        editions.record_edition(tx, replace(edition, state=state, finished_at=None))


def plan_welcome(
    tx: Transaction, target: MailingList, logo: Logo | None, manuscript: Manuscript | None
) -> WelcomeBuild | None:
    """What to make for a list with these settings: of a new manuscript, or anew of what it has; None: nothing."""
    current = welcomes.find_welcome(tx, target.id)
    if manuscript is None:
        if current is None:
            return None
        found = welcomes.load_source(tx, current.id)
        manuscript = Manuscript(source=found.source, source_name=found.source_name, assets=found.assets)
    context = BuildContext(
        list=target,
        logo=logo,
        columns=subscribers.known_columns(tx, target.id),
        slug="",
        edition_id=editions.next_id(tx),
    )
    return WelcomeBuild(manuscript=manuscript, context=context, current_id=None if current is None else current.id)


def require_welcome(tx: Transaction, list_name: str, manuscript: Manuscript | None) -> WelcomeBuild:
    """What to make to look at it: of a file, or what the list has. Raises NotFound, Refused."""
    target = find_open_list(tx, list_name)
    order = plan_welcome(tx, target, logos.find_logo(tx, target.id), manuscript)
    if order is None:
        raise NotFound(f"{list_name} has no welcome mail: `pressrun list set {list_name} welcome=FILE` gives it one")
    return order


def build_welcome(order: WelcomeBuild, site: Site, layouts: LayoutPress) -> BuiltWelcome:
    """Make it, which may take a while. Raises EditionError, LayoutError, and PreflightFailed for what stops a send."""
    file = order.manuscript.parse()
    built = build(order.manuscript, file, order.context, site, layouts)
    errors = errors_of(built.findings)
    if errors:
        name = order.context.list.name
        raise PreflightFailed(
            "\n".join(["the welcome mail cannot be sent, so nothing was changed:", *(f"  {one}" for one in errors)])
            + f"\ncorrect the file and set it again, or end it with `pressrun list set {name} welcome=off`"
        )
    return BuiltWelcome(order=order, built=built)


def require_same_welcome(tx: Transaction, target: MailingList, drawn: BuiltWelcome | None) -> None:
    """Raise TakenMeanwhile unless what was drawn is what the settings of a list, as they are now, ask for."""
    current = welcomes.find_welcome(tx, target.id)
    if drawn is None:
        is_same = current is None or target.closed_at is not None
    else:
        number = None if current is None else current.id
        is_same = drawn.order.context.list == target and drawn.order.current_id == number
    if not is_same:
        raise ChangedSinceBuild("the list was changed")


def store_welcome(tx: Transaction, drawn: BuiltWelcome, *, message_secret: bytes, now: int) -> None:
    """Let it greet new readers from now on. Copies of the one before that wait still go out as they are."""
    context, built, manuscript = drawn.order.context, drawn.built, drawn.order.manuscript
    current = welcomes.find_welcome(tx, context.list.id)
    skeleton = built.skeleton.encode()
    if current is not None and current.state is not EditionState.CANCELLED:
        is_same_source = current.source_digest == manuscript.digest
        if is_same_source and editions.load_skeleton(tx, current.id) == skeleton:
            return
    number = editions.insert_edition(
        tx,
        NewEdition(
            list_id=context.list.id,
            slug=f"@welcome-{editions.next_id(tx)}",  # which no edition can have
            state=EditionState.FINISHED,
            subject=built.subject_template,
            title=built.title,
            preheader="",
            language=built.language,
            source_name=manuscript.source_name,
            source=manuscript.source,
            source_digest=manuscript.digest,
            message_secret=message_secret,
            skeleton=skeleton,
            text=built.archive_text,
            html=None,
            assets=[(path, "", content) for path, content in sorted(manuscript.assets.items())],
            canary_percent=None,
            dated_at=None,
            scheduled_at=None,
            text_skeleton=None if built.text_skeleton is None else built.text_skeleton.encode(),
            is_welcome=True,
        ),
        now,
    )
    editions.record_edition(tx, replace(lifecycle.require_edition(tx, number), started_at=now))  # its audience is open
    welcomes.put_welcome(tx, context.list.id, number)
    if current is not None:
        welcomes.forget_unused(tx, current.id)


def end_welcome(tx: Transaction, list_id: int, now: int) -> None:
    """Greet nobody any more, those who wait for it included."""
    current = welcomes.find_welcome(tx, list_id)
    if current is None:
        return
    hold_welcome(tx, list_id, now)
    welcomes.remove_welcome(tx, list_id)
    welcomes.forget_unused(tx, current.id)


def hold_welcome(tx: Transaction, list_id: int, now: int) -> None:
    """Cancel every copy of welcome mails of a list that nobody has claimed, as the list closes."""
    for number in welcomes.unfinished(tx, list_id):
        lifecycle.cancel(tx, number, now)
