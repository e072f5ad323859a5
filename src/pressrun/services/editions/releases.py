"""The only way out of the state draft, be it by a link, an authenticated mail, the shell, a page or a program.

A list can ask for a second person. Then its drafts go only once somebody who did not write them has approved them, and
a link in an email releases nothing: it proves a mailbox, not a person.

For a draft that came by email, the right of its editor ends with `editor rm`, with an erasure and with the list. It is
suspended while the list is closed or takes no editions by mail. The database knows who sent a draft only while they are
an editor, so removing an editor cancels their drafts, and adding them again does not bring old links back.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec.structs import replace

from pressrun.core.errors import Refused
from pressrun.core.lifecycles.edition import EditionEvent, EditionState
from pressrun.services import standing
from pressrun.services.editions.lifecycle import after_event, require_edition, start
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction


def release(tx: Transaction, edition_id: int, now: int) -> Edition:
    """Let a draft go. Raises NotFound, Refused."""
    return start(tx, schedule(tx, edition_id, None), now)


def schedule(tx: Transaction, edition_id: int, at: int | None) -> Edition:
    """Schedule a draft for a later time. Raises NotFound, Refused."""
    edition = require_edition(tx, edition_id)
    released = replace(after_event(edition, EditionEvent.RELEASE), scheduled_at=at)
    require_releasable(tx, edition)
    editions.record_edition(tx, edition, released)
    manuscripts.end(tx, edition_id)
    return released


class DraftStatus(StrEnum):
    """The state of a draft, as the link in the email about it shows it."""

    HELD = "held"
    CLOSED = "closed"  # held, but its list is closed
    SWITCHED_OFF = "switched-off"  # held, but its list takes no editions by mail now
    NEEDS_APPROVAL = "needs-approval"  # held, but its list asks for a second person
    RELEASED = "released"
    CANCELLED = "cancelled"  # by a person, because its link expired, or because its editor was removed
    REPLACED = "replaced"  # cancelled because its editor mailed a newer version


_WHY = {
    DraftStatus.CLOSED: "the list {list} is closed, so nothing is sent to its subscribers",
    DraftStatus.SWITCHED_OFF: (
        "{list} takes no editions by mail: `pressrun list set {list} post_by_mail=approve` lets it"
    ),
    DraftStatus.CANCELLED: "an editor who sent edition {edition} was removed, so it cannot be released: mail it again",
}
_NEEDS_SECOND = (
    "{list} asks for a second person: somebody who did not change edition {edition} has to approve it as it is now"
)
_NEEDS_DRAFT = (
    "{list} asks for a second person, so nothing was sent. Make a draft with `pressrun edition draft {list} FILE`, and "
    "let somebody else approve it"
)


def draft_status(tx: Transaction, edition: Edition, target: MailingList) -> DraftStatus:
    """The status of a draft, whichever way it came, or of what became of it."""
    draft = drafts.find_draft(tx, edition.id)
    if edition.state is EditionState.CANCELLED:
        return DraftStatus.CANCELLED if draft is None or draft.replaced_by is None else DraftStatus.REPLACED
    if edition.state is not EditionState.DRAFT:
        return DraftStatus.RELEASED
    if draft is not None and not drafts.has_its_editors(tx, edition.id):
        return DraftStatus.CANCELLED
    if target.closed_at is not None:
        return DraftStatus.CLOSED
    if draft is not None and target.post_by_mail == "off":
        return DraftStatus.SWITCHED_OFF
    return DraftStatus.NEEDS_APPROVAL if target.needs_second_person else DraftStatus.HELD


def require_no_second_person(target: MailingList) -> None:
    """Raise Refused for an edition that would go without having been a draft, where somebody has to approve it."""
    if target.needs_second_person:
        raise Refused(_NEEDS_DRAFT.format(list=target.name))


def require_releasable(tx: Transaction, edition: Edition) -> None:
    """Raise Refused with the reason unless a draft may be released now."""
    target = lists.find_list_by_id(tx, edition.list_id)
    assert target is not None  # the edition is locked, and goes with its list
    why = _WHY.get(draft_status(tx, edition, target))
    if why is None and target.needs_second_person:
        manuscript = manuscripts.find_manuscript(tx, edition.id)
        is_approved = manuscript is not None and manuscript.is_approved
        why = _lost(tx, edition) if is_approved else _NEEDS_SECOND
    if why is not None:
        raise Refused(why.format(list=edition.list_name, edition=edition.id))


def _lost(tx: Transaction, edition: Edition) -> str | None:
    reason = standing.lost_approval(tx, edition)
    return None if reason is None else f"{reason}. Somebody else has to approve it"
