"""Welcome mails: written and stored like editions, and sent once to each new reader of a list.

A reader who confirms a subscription gets one copy, queued in the transaction of the confirmation. From there on it is a
copy like all others: the claim checks that its reader may still be mailed, and rates, hours, retries, bounces and links
are those of editions. The edition is finished while no copy waits, and reopens for the next reader.

Its skeleton depends on the settings of the list, so changing them builds it again from its own source.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import NotFound, PreflightFailed
from pressrun.core.lifecycles.edition import EditionEvent, EditionState, move
from pressrun.message.finding import errors_of
from pressrun.message.layouts.design import Logo
from pressrun.services.editions import lifecycle
from pressrun.services.editions.build_orders import BuildContext, Manuscript
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_storage import ChangedSinceBuild, PreparedEdition, content_of
from pressrun.store.editions import editions, manuscripts
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers, welcomes
from pressrun.store.transaction import Transaction


class WelcomePlan(Struct, frozen=True, kw_only=True):
    """A welcome mail to be built: its source, its list, and the edition that it replaces, if any."""

    manuscript: Manuscript
    context: BuildContext
    current_id: int | None


class BuiltWelcome(Struct, frozen=True, kw_only=True):
    """A welcome mail that is built, and can be stored while its list and settings stay the same."""

    prepared: PreparedEdition
    current_id: int | None


def greet(tx: Transaction, list_id: int, subscription_id: int, now: int) -> None:
    """Queue the welcome mail of a list for a new member, who gets it only once."""
    edition = welcomes.find_welcome(tx, list_id)
    if edition is not None:
        lifecycle.add_reader(tx, edition.id, subscription_id, now)


def greet_after_all(tx: Transaction, list_id: int, subscription_id: int, *, left_at: int, now: int) -> None:
    """Queue the welcome mail again for a reader who left before it was sent, at that time, and came back."""
    edition = welcomes.find_welcome(tx, list_id)
    state = None if edition is None else move(edition.state, EditionEvent.REOPEN)
    if edition is None or state is None:
        return
    if welcomes.requeue_copy(tx, edition.id, subscription_id, left_at=left_at, now=now):
        editions.record_edition(tx, edition, replace(edition, state=state, finished_at=None))


def plan_welcome(
    tx: Transaction, target: MailingList, logo: Logo | None, manuscript: Manuscript | None
) -> WelcomePlan | None:
    """The welcome mail to build for a list: from a new manuscript, or again from its own; None when it has none."""
    current = welcomes.find_welcome(tx, target.id)
    if manuscript is None:
        if current is None:
            return None
        text = manuscripts.load_text(tx, current.id)
        files = {asset.name: asset.content for asset in editions.load_assets(tx, current.id)}
        manuscript = Manuscript(source=text.source, source_name=text.source_name, assets=files)
    context = BuildContext(
        list=target,
        logo=logo,
        columns=subscribers.known_columns(tx, target.id),
        slug="",
        edition_id=editions.next_id(tx),
    )
    return WelcomePlan(manuscript=manuscript, context=context, current_id=None if current is None else current.id)


def require_welcome(tx: Transaction, list_name: str, manuscript: Manuscript | None) -> WelcomePlan:
    """The welcome mail to build for a preview, from a file or the one of the list. Raises NotFound, Refused."""
    target = lists.get_open_list(tx, list_name)
    plan = plan_welcome(tx, target, lists.find_logo(tx, target.id), manuscript)
    if plan is None:
        raise NotFound(f"{list_name} has no welcome email: `pressrun list set {list_name} welcome=FILE` gives it one")
    return plan


async def build_welcome(plan: WelcomePlan, builder: EditionBuilder) -> BuiltWelcome:
    """Build a welcome mail. Raises EditionError, LayoutError, PreflightFailed and Unavailable."""
    file = (await builder.read(plan.context.list.name, plan.manuscript)).file
    built = await builder.build(plan.manuscript, file, plan.context)
    errors = errors_of(built.findings)
    if errors:
        name = plan.context.list.name
        raise PreflightFailed(
            "\n".join(
                ["the welcome email cannot be sent, so nothing was changed:", *(f"  {error}" for error in errors)]
            )
            + f"\ncorrect the file and set it again, or end it with `pressrun list set {name} welcome=off`"
        )
    prepared = PreparedEdition(manuscript=plan.manuscript, file=file, context=plan.context, built=built)
    return BuiltWelcome(prepared=prepared, current_id=plan.current_id)


def require_same_welcome(tx: Transaction, target: MailingList, welcome: BuiltWelcome | None) -> None:
    """Raise ChangedSinceBuild unless the built welcome mail matches the list as it is now."""
    current = welcomes.find_welcome(tx, target.id)
    if welcome is None:
        is_same = current is None or target.closed_at is not None
    else:
        number = None if current is None else current.id
        is_same = welcome.prepared.context.list == target and welcome.current_id == number
    if not is_same:
        raise ChangedSinceBuild("the list was changed")


def store_welcome(tx: Transaction, welcome: BuiltWelcome, *, message_secret: bytes, now: int) -> None:
    """Store a welcome mail for new readers. Waiting copies of the one before are still sent."""
    context, manuscript = welcome.prepared.context, welcome.prepared.manuscript
    current = welcomes.find_welcome(tx, context.list.id)
    skeleton = welcome.prepared.built.skeleton.encode()
    if current is not None and current.state is not EditionState.CANCELLED:
        is_same_source = current.source_digest == manuscript.digest
        if is_same_source and editions.load_skeleton(tx, current.id) == skeleton:
            return
    new = replace(
        content_of(welcome.prepared, state=EditionState.FINISHED, message_secret=message_secret),
        slug=f"@welcome-{editions.next_id(tx)}",  # no other edition can have it
        preheader="",
        html=None,
        assets=[(path, "", content) for path, content in sorted(manuscript.assets.items())],
        dated_at=None,
        issue=None,
        is_welcome=True,
    )
    number = editions.insert_edition(tx, new, now)
    stored = lifecycle.require_edition(tx, number)
    editions.record_edition(tx, stored, replace(stored, started_at=now))  # its audience is open
    welcomes.put_welcome(tx, context.list.id, number)
    if current is not None:
        welcomes.forget_unused(tx, current.id)


def end_welcome(tx: Transaction, list_id: int, now: int) -> None:
    """Remove the welcome mail of a list and cancel its waiting copies."""
    current = welcomes.find_welcome(tx, list_id)
    if current is None:
        return
    cancel_welcome_copies(tx, list_id, now)
    welcomes.remove_welcome(tx, list_id)
    welcomes.forget_unused(tx, current.id)


def cancel_welcome_copies(tx: Transaction, list_id: int, now: int) -> None:
    """Cancel the unclaimed copies of all welcome mails of a list, when it closes."""
    for number in welcomes.unfinished(tx, list_id):
        lifecycle.cancel(tx, number, now)
