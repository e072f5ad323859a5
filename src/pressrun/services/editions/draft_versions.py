"""Which of an editor's mails counts, when they mail an edition again under the same subject because it needed a change.

The mail that was written last replaces the drafts before it, in whatever order they come; the caller stores, cancels
and tells in one transaction, so that of two that come at once exactly one is left. An edition that was approved stays
what it is, and the next mail is a draft of its own with a warning. From proves nothing: a mail that nothing proves to
be the editor's leaves a draft alone that is proven to be theirs, since others could take it away otherwise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pressrun.core.address import Address
from pressrun.core.edition import EditionState
from pressrun.message.finding import Finding, error, warning
from pressrun.services.editions import lifecycle
from pressrun.store import drafts
from pressrun.store.drafts import DraftVersion, SentDraft
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRelation:
    """What a mail means for the editions that its editor mailed before under its subject, by their ids.

    `replaced` are drafts that it takes the place of, `newer` is a draft that was written after it, `beside` one that
    neither takes the place of, and `approved` one that went out or waits for its hour.
    """

    replaced: tuple[int, ...] = ()
    newer: int | None = None
    beside: int | None = None
    approved: int | None = None


def version_of(written_at: int | None, *, received_at: int, mail_id: int, is_proven: bool) -> DraftVersion:
    """The version of a mail by its Date, which counts only where it is earlier than the mail came."""
    at = received_at if written_at is None else max(0, min(written_at, received_at))
    return DraftVersion(written_at=at, mail_id=mail_id, is_proven=is_proven)


def decide_relation(sent: Sequence[SentDraft], subject: str, version: DraftVersion, own: int | None) -> DraftRelation:
    """Decide what a mail means for those in `sent` with its subject, except `own`, the draft of the same content."""
    replaced, newer, beside, approved = [], None, None, None
    for other in sent:
        if other.edition_id == own or _folded(other.subject) != _folded(subject):
            continue
        if other.state is not EditionState.DRAFT:
            approved = other.edition_id
            continue
        first, second = sorted((version, other.version), key=_order)
        if first.is_proven and not second.is_proven:
            beside = other.edition_id
        elif second is version:
            replaced.append(other.edition_id)
        else:
            newer = other.edition_id
    return DraftRelation(replaced=tuple(replaced), newer=newer, beside=beside, approved=approved)


def find_relation(
    tx: Transaction,
    target: MailingList,
    editor: Address,
    subject: str,
    version: DraftVersion,
    *,
    now: int,
    own: int | None,
) -> DraftRelation:
    """The same for what the editor sent to a list, as the database says now."""
    return decide_relation(drafts.sent_by(tx, target.id, editor.key, now), subject, version, own)


def warnings_of(relation: DraftRelation) -> list[Finding]:
    """What the editor should know before they approve a mail that others of theirs stand beside."""
    found = []
    if relation.approved is not None:
        found.append(warning("draft-approved-already", edition=relation.approved))
    if relation.beside is not None:
        found.append(warning("draft-beside", edition=relation.beside))
    return found


def newer_draft_finding(newer: int) -> Finding:
    """What the editor reads who sent a mail that is older than the draft `newer`, and what they can do."""
    return error("draft-newer", edition=newer)


def last_of(before: DraftVersion, version: DraftVersion) -> DraftVersion:
    """The version of a draft whose content came by another mail; a mail that proves less does not make it later."""
    is_later = _order(version) > _order(before) and version.is_proven >= before.is_proven
    last = version if is_later else before
    return DraftVersion(
        written_at=last.written_at, mail_id=last.mail_id, is_proven=before.is_proven or version.is_proven
    )


def cancel_drafts(tx: Transaction, replaced: Sequence[int], now: int) -> None:
    """Cancel drafts: their links send nothing from here on, and their slugs are free for what takes their place."""
    for edition_id in replaced:
        lifecycle.cancel(tx, edition_id, now)


def replace_drafts(tx: Transaction, replaced: Sequence[int], by: int) -> None:
    """Say which draft has taken the place of others."""
    for edition_id in replaced:
        drafts.replace_draft(tx, edition_id, by)


def _order(version: DraftVersion) -> tuple[int, int]:
    return version.written_at, version.mail_id


def _folded(subject: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", subject).casefold().split())
