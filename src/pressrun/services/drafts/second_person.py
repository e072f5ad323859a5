"""Who may approve a draft: somebody who has written no part of what goes out since it was last approved.

What goes out is the text with its files, and the settings of the list that are in every copy. Whoever changed such a
setting after somebody else last changed, submitted or approved the draft has written that part of it.
"""

from __future__ import annotations

from collections.abc import Collection

from pressrun.core.errors import NotPermitted, Refused
from pressrun.services import standing
from pressrun.services.authors import is_claimed, with_claimed
from pressrun.store.editions import manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import StoredManuscript
from pressrun.store.people import audit
from pressrun.store.transaction import Transaction


def require_second_person(
    tx: Transaction,
    edition: Edition,
    manuscript: StoredManuscript,
    author: str,
    *,
    digest: bytes,
    shown: Collection[str],
) -> None:
    """Raise NotPermitted for somebody who has written part of a draft, and Refused if nobody knows who wrote it.

    A mail does not prove who wrote it. So somebody who has logged in submits it, and counts as one of its authors.
    """
    is_vouched = _is_vouched(tx, edition, manuscript, author, digest)
    since = manuscript.approved_number if is_vouched else None
    writers = manuscripts.authors_since(tx, edition.id, since or 0)
    if any(map(is_claimed, writers)):
        if manuscript.submitted_by is None:
            raise Refused(
                f"edition {edition.id} came by email, which does not prove who wrote it. Somebody has to "
                "submit it first, and then somebody else can approve it"
            )
        writers |= {manuscript.submitted_by}
    if author in with_claimed(writers):
        raise NotPermitted(
            f"somebody else has to approve edition {edition.id}, because you have changed it since it was last "
            "approved, or that approval no longer counts"
        )
    seen_at = _seen_at(tx, manuscript, author, is_vouched=is_vouched)
    actors = audit.changes_of_settings(tx, edition.list_name, seen_at, shown)
    theirs = [actor for actor in actors if standing.may_be(tx, actor, author)]
    if any(not standing.is_lost_token(tx, actor) for actor in theirs):
        raise NotPermitted(
            f"somebody else has to approve edition {edition.id}, because you have changed settings of "
            f"{edition.list_name} that are in every copy, and nobody else has changed, submitted or approved the draft "
            "since"
        )
    if theirs:
        raise NotPermitted(
            f"somebody else has to submit edition {edition.id} again before you can approve it, because "
            f"{theirs[-1].who} has changed settings of {edition.list_name} that are in every copy. That token no "
            "longer exists, so nobody knows whether it was yours"
        )


def _is_vouched(tx: Transaction, edition: Edition, manuscript: StoredManuscript, author: str, digest: bytes) -> bool:
    """Whether the previous approval vouches for what it covered.

    If settings have changed since, it did not cover all that goes out. It then counts only for whoever gave it, and
    for everybody once the draft was changed afterwards.
    """
    if not standing.counts(tx, manuscript, edition.list_name):
        return False
    is_as_approved = manuscript.approved_digest == digest
    return is_as_approved or author == manuscript.approved_by or not manuscript.is_approved


def _seen_at(tx: Transaction, manuscript: StoredManuscript, author: str, *, is_vouched: bool) -> int:
    """When somebody else last changed or submitted a draft, or it was last approved, and so saw how it looks."""
    times = [
        revision.at for revision in manuscripts.list_revisions(tx, manuscript.edition_id) if revision.author != author
    ]
    if manuscript.submitted_at is not None and manuscript.submitted_by != author:
        times.append(manuscript.submitted_at)
    if is_vouched and manuscript.approved_at is not None:
        times.append(manuscript.approved_at)
    return max(times, default=0)
