"""`edition ls` and `edition show`: editions with their counts and times, and what they were as drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.timestamps import rfc3339
from pressrun.services.authors import name_of_author
from pressrun.services.editions.lifecycle import count_doubtful, require_edition
from pressrun.services.editions.sending_hours import held_until
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.queue import copy_counts
from pressrun.store.transaction import Transaction


class EditionAnswer(Struct, frozen=True, kw_only=True):
    """An edition: its state, and its copies by state, which add up to its audience."""

    id: int
    list: str
    slug: str
    subject: str
    state: str
    audience: int
    queued: int
    claimed: int
    deferred: int
    delivered: int
    failed: int
    cancelled: int
    created_at: str
    scheduled_at: str | None
    started_at: str | None
    finished_at: str | None
    held_until: str | None
    pause_reason: str | None
    canary_percent: float | None
    replaced_by: int | None
    issue: str | None
    may_have_gone: int | None
    copies_removed_at: str | None


class FullEditionAnswer(EditionAnswer, frozen=True, kw_only=True):
    """The same, with its present or former state as a draft. `revision` is the number of its last change."""

    revision: int | None
    submitted_at: str | None
    submitted_by: str | None
    approved_at: str | None
    approved_by: str | None
    returned_at: str | None
    returned_by: str | None
    words: str | None
    source_url: str | None


def list_editions(tx: Transaction, name: str | None, now: int) -> list[EditionAnswer]:
    """`edition ls`: every edition, or those of one list, newest first; raises NotFound."""
    list_id = None if name is None else lists.get_list(tx, name).id
    return _describe_editions(tx, editions.all_editions(tx, list_id), now)


def page_of_editions(
    tx: Transaction, name: str, *, before: int, limit: int, state: str | None, since: int, now: int
) -> list[EditionAnswer]:
    """Editions of a list with lower ids, newest first, in one state if it is named, and not older than `since`."""
    target = lists.get_list(tx, name)
    page = editions.page_of_editions(tx, target.id, before=before, limit=limit, state=state, since=since)
    return _describe_editions(tx, page, now)


def show_edition(tx: Transaction, edition_id: int, now: int) -> FullEditionAnswer:
    """`edition show`: the edition, and its state as a draft, now or before it went out; raises NotFound.

    Fields about the draft are null for an edition that was never one.
    """
    edition = asdict(describe_edition(tx, require_edition(tx, edition_id), now))
    manuscript = manuscripts.find_manuscript(tx, edition_id)
    if manuscript is None:
        nothing: dict[str, Any] = dict.fromkeys(FullEditionAnswer.__struct_fields__)
        return FullEditionAnswer(**nothing | edition)
    is_approved, is_submitted = manuscript.is_approved, manuscript.is_submitted
    return FullEditionAnswer(
        **edition,
        revision=manuscript.number,
        submitted_at=rfc3339(manuscript.submitted_at) if is_submitted else None,
        submitted_by=name_of_author(tx, manuscript.submitted_by) if is_submitted else None,
        approved_at=rfc3339(manuscript.approved_at) if is_approved else None,
        approved_by=name_of_author(tx, manuscript.approved_by) if is_approved else None,
        returned_at=rfc3339(manuscript.returned_at),
        returned_by=name_of_author(tx, manuscript.returned_by),
        words=manuscript.words or None,
        source_url=manuscript.source_url,
    )


def describe_edition(tx: Transaction, edition: Edition, now: int) -> EditionAnswer:
    """One edition with its six counts, which add up to its audience.

    `held_until` is when its list's hours begin, `replaced_by` the newer draft of the same editor.
    """
    return _describe_editions(tx, [edition], now)[0]


def _describe_editions(tx: Transaction, listed: Sequence[Edition], now: int) -> list[EditionAnswer]:
    ids = [edition.id for edition in listed]
    replacements, copies = drafts.find_replacements(tx, ids), copy_counts.count_copies_of(tx, ids)
    return [_describe(edition, replacements.get(edition.id), copies[edition.id], now) for edition in listed]


def _describe(edition: Edition, replaced_by: int | None, copies: Mapping[str, int], now: int) -> EditionAnswer:
    return EditionAnswer(
        id=edition.id,
        list=edition.list_name,
        slug=edition.slug,
        subject=edition.subject,
        state=edition.state.value,
        audience=edition.audience,
        created_at=rfc3339(edition.created_at),
        scheduled_at=rfc3339(edition.scheduled_at),
        started_at=rfc3339(edition.started_at),
        finished_at=rfc3339(edition.finished_at),
        held_until=rfc3339(held_until(edition, now)),
        pause_reason=edition.pause_reason,
        canary_percent=edition.canary_percent,
        replaced_by=replaced_by,
        issue=edition.issue,
        may_have_gone=count_doubtful(edition, copies),
        copies_removed_at=rfc3339(edition.copies_removed_at),
        **copies,
    )
