"""Which draft counts when an editor mails a corrected edition under the same subject.

The mail that was written last replaces earlier drafts, in whatever order they arrive. The caller stores, cancels and
notifies in one transaction, so that exactly one of two simultaneous mails remains. An approved edition stays as it is,
and the next mail is a new draft with a warning. From proves nothing: an unproven mail does not replace a draft that is
proven to be the editor's, because anybody could have sent it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import Finding, warning
from pressrun.services.authors import Author
from pressrun.services.editions.build_orders import Manuscript
from pressrun.store.editions import manuscripts
from pressrun.store.editions.drafts import DraftVersion, SentDraft
from pressrun.store.editions.manuscripts import NewManuscript, Text
from pressrun.store.people import people
from pressrun.store.transaction import Transaction


class DraftRelation(Struct, frozen=True, kw_only=True):
    """How a mail relates to editions that its editor mailed before with the same subject, by their ids.

    It replaces the drafts in `replaced`. `newer` is a draft that was written after it, `beside` a draft that stays
    beside it, and `approved` an edition that was sent or is scheduled.
    """

    replaced: tuple[int, ...] = ()
    newer: int | None = None
    beside: int | None = None
    approved: int | None = None


def version_of(written_at: int | None, *, received_at: int, mail_id: int, is_proven: bool) -> DraftVersion:
    """The version of a mail by its Date, or by its arrival if that is earlier."""
    at = received_at if written_at is None else max(0, min(written_at, received_at))
    return DraftVersion(written_at=at, mail_id=mail_id, is_proven=is_proven)


def decide_relation(sent: Sequence[SentDraft], subject: str, version: DraftVersion, own: int | None) -> DraftRelation:
    """Decide how a mail relates to the drafts in `sent` with its subject, except `own`, which has the same content."""
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


def warnings_of(relation: DraftRelation) -> list[Finding]:
    """Warnings for the editor about their other mails with the same subject."""
    findings = []
    if relation.approved is not None:
        findings.append(warning("draft-approved-already", edition=relation.approved))
    if relation.beside is not None:
        findings.append(warning("draft-beside", edition=relation.beside))
    return findings


def last_of(before: DraftVersion, version: DraftVersion) -> DraftVersion:
    """The version of a draft whose content came again; a mail that proves less does not make it later."""
    is_later = _order(version) > _order(before) and version.is_proven >= before.is_proven
    last = version if is_later else before
    return DraftVersion(
        written_at=last.written_at, mail_id=last.mail_id, is_proven=before.is_proven or version.is_proven
    )


def begin(
    tx: Transaction, edition_id: int, manuscript: Manuscript, editor: Address, now: int, *, is_proven: bool
) -> None:
    """Store a mail as a draft of its editor, so that people can go on with it."""
    person = people.find_by_address(tx, editor.key)
    author = Author(person_id=None if person is None else person.id, is_claimed=not is_proven or person is None)
    text = Text(source=manuscript.source, source_name=manuscript.source_name)
    new = NewManuscript(text=text, files=manuscript.assets, first_digest=manuscript.digest)
    manuscripts.begin(tx, edition_id, new, author.key, now)


def _order(version: DraftVersion) -> tuple[int, int]:
    return version.written_at, version.mail_id


def _folded(subject: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", subject).casefold().split())
