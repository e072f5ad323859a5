"""Whether a draft may be released: the one rule for every way in which an edition that came by mail is sent.

The right of an editor ends with `editor rm`, with an erasure and with the list. It is suspended while the list is
closed or takes no editions by mail. The database knows who sent a draft only while they are an editor, so removing an
editor cancels their drafts, and adding them again does not bring old links back.
"""

from __future__ import annotations

from enum import StrEnum

from pressrun.core.edition import EditionState
from pressrun.core.errors import Refused
from pressrun.store import drafts
from pressrun.store.editions import Edition
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


class DraftStatus(StrEnum):
    """The state of an edition that came by mail, as its link shows it."""

    HELD = "held"
    CLOSED = "closed"  # held, but its list is closed
    SWITCHED_OFF = "switched-off"  # held, but its list takes no editions by mail now
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


def draft_status(tx: Transaction, edition: Edition, target: MailingList) -> DraftStatus:
    """The status of an edition that came by mail."""
    if edition.state is EditionState.CANCELLED:
        draft = drafts.find_draft(tx, edition.id)
        return DraftStatus.CANCELLED if draft is None or draft.replaced_by is None else DraftStatus.REPLACED
    if edition.state is not EditionState.DRAFT:
        return DraftStatus.RELEASED
    if not drafts.has_its_editors(tx, edition.id):
        return DraftStatus.CANCELLED
    if target.closed_at is not None:
        return DraftStatus.CLOSED
    return DraftStatus.SWITCHED_OFF if target.post_by_mail == "off" else DraftStatus.HELD


def require_releasable(tx: Transaction, edition: Edition, target: MailingList) -> None:
    """Raise Refused with the reason unless a draft may be released now."""
    why = _WHY.get(draft_status(tx, edition, target))
    if why is not None:
        raise Refused(why.format(list=edition.list_name, edition=edition.id))
