"""Editions that came by mail and wait for their editor: what preflight found, and how long they may be approved.

A draft that was replaced by a newer one stays, cancelled, so that its link can say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pressrun.core.edition import EditionState
from pressrun.store.transaction import Row, Transaction

PlainFinding = Mapping[str, Any] | Sequence[Any]  # as `message.finding` writes it; a list in rows of older versions


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftVersion:
    """Which mail of an editor it is: when it was written (UTC seconds), which one that came, and whether it is theirs.

    `is_proven` says that a trusted server found its From to be genuine.
    """

    written_at: int
    mail_id: int
    is_proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDraft:
    """What is kept beside an edition that is, or was, held; `expires_at` in UTC seconds, `replaced_by` an edition."""

    findings: tuple[PlainFinding, ...]
    expires_at: int
    replaced_by: int | None
    version: DraftVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDraft:
    """What an editor mailed before, and what became of it."""

    edition_id: int
    subject: str
    state: EditionState
    version: DraftVersion


def insert_draft(
    tx: Transaction, edition_id: int, findings: Sequence[PlainFinding], expires_at: int, version: DraftVersion
) -> None:
    """Keep what an editor is shown of an edition that is held, and which mail it came by."""
    tx.run(
        "drafts.insert",
        edition_id=edition_id,
        findings=json.dumps(findings),
        expires_at=expires_at,
        written_at=version.written_at,
        mail_id=version.mail_id,
        is_proven=version.is_proven,
    )


def find_draft(tx: Transaction, edition_id: int) -> StoredDraft | None:
    """What is kept beside an edition; None when it never was held."""
    row = tx.row("drafts.get", edition_id=edition_id)
    if row is None:
        return None
    findings = tuple(json.loads(row["findings"]))
    return StoredDraft(
        findings=findings, expires_at=row["expires_at"], replaced_by=row["replaced_by"], version=_version(row)
    )


def extend_draft(tx: Transaction, edition_id: int, expires_at: int, version: DraftVersion) -> None:
    """Another link to the same draft goes out; `version` is that of the mail that counts from now on."""
    tx.run("drafts.extend", edition_id=edition_id, expires_at=expires_at)
    tx.run(
        "drafts.put_version",
        edition_id=edition_id,
        written_at=version.written_at,
        mail_id=version.mail_id,
        is_proven=version.is_proven,
    )


def sent_by(tx: Transaction, list_id: int, address_key: str, now: int) -> list[SentDraft]:
    """What an editor of a list mailed to it and is not cancelled, while its link has not ended."""
    return [
        SentDraft(
            edition_id=row["edition_id"],
            subject=row["subject"],
            state=EditionState(row["state"]),
            version=_version(row),
        )
        for row in tx.rows("drafts.sent_by", list_id=list_id, address_key=address_key, now=now)
    ]


def replace_draft(tx: Transaction, edition_id: int, by: int) -> None:
    """Note which newer draft has taken the place of one, which the caller cancels."""
    tx.run("drafts.replace", edition_id=edition_id, replaced_by=by)


def add_editor(tx: Transaction, edition_id: int, list_id: int, address_key: str) -> None:
    """Note that this editor of the list sent a draft: without them it is never released."""
    if tx.run("drafts.add_editor", edition_id=edition_id, list_id=list_id, address_key=address_key):
        tx.run("drafts.count_editor", edition_id=edition_id)


def has_its_editors(tx: Transaction, edition_id: int) -> bool:
    """Whether an edition came by mail, and all who sent it still are editors, without having been removed between."""
    return bool(tx.value("drafts.has_its_editors", edition_id=edition_id))


def language_of_editors(tx: Transaction, edition_id: int) -> str:
    """The language that who sent a draft chose as a reader; `""` where none did, or several did and differ."""
    found: str | None = tx.value("drafts.language_of_editors", edition_id=edition_id)
    return found or ""


def withdrawn_drafts(tx: Transaction) -> list[int]:
    """Editions still held that an editor sent who has been removed since."""
    return [row["edition_id"] for row in tx.rows("drafts.withdrawn")]


def expired_drafts(tx: Transaction, now: int) -> list[int]:
    """Editions still held whose last link has ended, some at a time."""
    return [row["edition_id"] for row in tx.rows("drafts.expired", now=now)]


def find_same_content(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The last edition of the same content, a cancelled one only where there is no other."""
    found: int | None = tx.value("drafts.posted_before", list_id=list_id, source_digest=digest)
    return found


def _version(row: Row) -> DraftVersion:
    return DraftVersion(written_at=row["written_at"], mail_id=row["mail_id"], is_proven=bool(row["is_proven"]))
