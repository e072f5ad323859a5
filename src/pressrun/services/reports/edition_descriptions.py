"""`edition ls` and `edition show`: editions with their counts and times, and what they were as drafts."""

from __future__ import annotations

from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer, fields_of
from pressrun.services.authors import name_of_author
from pressrun.services.editions.lifecycle import require_edition
from pressrun.services.editions.sending_hours import held_until
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.queue import copy_counts
from pressrun.store.transaction import Transaction


def list_editions(tx: Transaction, name: str | None, now: int) -> list[Answer]:
    """`edition ls`: every edition, or those of one list, newest first; raises NotFound."""
    list_id = None if name is None else lists.get_list(tx, name).id
    return [describe_edition(tx, edition, now) for edition in editions.all_editions(tx, list_id)]


def page_of_editions(
    tx: Transaction, name: str, *, before: int, limit: int, state: str | None, since: int, now: int
) -> list[Answer]:
    """Editions of a list with lower ids, newest first, in one state if it is named, and not older than `since`."""
    target = lists.get_list(tx, name)
    page = editions.page_of_editions(tx, target.id, before=before, limit=limit, state=state, since=since)
    return [describe_edition(tx, edition, now) for edition in page]


def show_edition(tx: Transaction, edition_id: int, now: int) -> Answer:
    """`edition show`: the edition, and its state as a draft, now or before it went out; raises NotFound."""
    return describe_edition(tx, require_edition(tx, edition_id), now) | describe_manuscript(tx, edition_id)


def describe_manuscript(tx: Transaction, edition_id: int) -> Answer:
    """Who submitted, approved and returned an edition as a draft, and `revision`, the number of its last change.

    All are null for an edition that was never one.
    """
    manuscript = manuscripts.find_manuscript(tx, edition_id)
    if manuscript is None:
        return dict.fromkeys(_OF_MANUSCRIPTS)
    is_approved, is_submitted = manuscript.is_approved, manuscript.is_submitted
    return {
        "revision": manuscript.number,
        "submitted_at": rfc3339(manuscript.submitted_at) if is_submitted else None,
        "submitted_by": name_of_author(tx, manuscript.submitted_by) if is_submitted else None,
        "approved_at": rfc3339(manuscript.approved_at) if is_approved else None,
        "approved_by": name_of_author(tx, manuscript.approved_by) if is_approved else None,
        "returned_at": rfc3339(manuscript.returned_at),
        "returned_by": name_of_author(tx, manuscript.returned_by),
        "words": manuscript.words or None,
        "source_url": manuscript.source_url,
    }


_OF_MANUSCRIPTS = (
    "revision", "submitted_at", "submitted_by", "approved_at", "approved_by", "returned_at", "returned_by", "words",
    "source_url",
)  # fmt: skip


def describe_edition(tx: Transaction, edition: Edition, now: int) -> Answer:
    """One edition with its six counts, which add up to its audience.

    `held_until` is when its list's hours begin, `replaced_by` the newer draft of the same editor.
    """
    draft = drafts.find_draft(tx, edition.id)
    return {
        "id": edition.id,
        "list": edition.list_name,
        "slug": edition.slug,
        "subject": edition.subject,
        "state": edition.state.value,
        "audience": edition.audience,
        **copy_counts.count_copies(tx, edition.id),
        "created_at": rfc3339(edition.created_at),
        "scheduled_at": rfc3339(edition.scheduled_at),
        "started_at": rfc3339(edition.started_at),
        "finished_at": rfc3339(edition.finished_at),
        "held_until": rfc3339(held_until(edition, now)),
        **fields_of(edition, "pause_reason", "canary_percent"),
        "replaced_by": None if draft is None else draft.replaced_by,
        **fields_of(edition, "issue", "may_have_gone"),
        "copies_removed_at": rfc3339(edition.copies_removed_at),
    }
