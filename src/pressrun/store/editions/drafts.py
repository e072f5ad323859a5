"""Editions that came by mail and wait for their editor: the findings of preflight, and until when links approve them.

A draft that a newer one replaced is kept, cancelled, so that its link can say so.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.lifecycles.edition import EditionState
from pressrun.store.transaction import Transaction, in_json, parse_row

PlainFinding = Mapping[str, Any] | Sequence[Any]  # as `message.finding` writes it; a list in rows of older versions


class DraftVersion(Struct, frozen=True, kw_only=True):
    """The mail that a draft came by: when it was written (UTC seconds), its id, and whether it is the editor's.

    `is_proven` says that a trusted server found its From to be genuine.
    """

    written_at: int
    mail_id: int
    is_proven: bool


class StoredDraft(Struct, frozen=True, kw_only=True):
    """What is stored beside an edition that is or was held. `replaced_by` is the id of an edition."""

    findings: tuple[PlainFinding, ...]
    expires_at: int
    replaced_by: int | None
    version: DraftVersion


class SentDraft(Struct, frozen=True, kw_only=True):
    """A draft that an editor mailed before, and its state."""

    edition_id: int
    subject: str
    state: EditionState
    version: DraftVersion


def insert_draft(
    tx: Transaction, edition_id: int, findings: Sequence[PlainFinding], expires_at: int, version: DraftVersion
) -> None:
    """Store what the editor of a held edition is shown, and which mail it came by."""
    tx.run(
        "drafts.insert",
        edition_id=edition_id,
        findings=json.dumps(findings),
        expires_at=expires_at,
        **asdict(version),
    )


def put_findings(tx: Transaction, edition_id: int, findings: Sequence[PlainFinding]) -> None:
    """Store other findings for a held edition whose text has changed; does nothing for a draft that came otherwise."""
    tx.run("drafts.put_findings", edition_id=edition_id, findings=json.dumps(findings))


def find_draft(tx: Transaction, edition_id: int) -> StoredDraft | None:
    """The draft of an edition; None when it was never held."""
    row = tx.row("drafts.get", edition_id=edition_id)
    if row is None:
        return None
    findings = tuple(json.loads(row["findings"]))
    version = parse_row(row, DraftVersion)
    return StoredDraft(findings=findings, expires_at=row["expires_at"], replaced_by=row["replaced_by"], version=version)


def find_replacements(tx: Transaction, edition_ids: Collection[int]) -> dict[int, int]:
    """By the id of each of these editions that a newer draft replaced: the id of that one."""
    rows = tx.rows("drafts.replacements", ids=in_json(edition_ids))
    return {row["edition_id"]: row["replaced_by"] for row in rows if row["replaced_by"] is not None}


def extend_draft(tx: Transaction, edition_id: int, expires_at: int, version: DraftVersion) -> None:
    """Let another link to the same draft work; `version` is the mail that counts from now on."""
    tx.run("drafts.extend", edition_id=edition_id, expires_at=expires_at)
    tx.run("drafts.put_version", edition_id=edition_id, **asdict(version))


def sent_by(tx: Transaction, list_id: int, address_key: str, now: int) -> list[SentDraft]:
    """Drafts that an editor mailed to a list, without those that are cancelled or whose link has expired.

    Those on which people work here are not among them: no later mail of the editor replaces what they have written.
    """
    return [
        SentDraft(
            edition_id=row["edition_id"],
            subject=row["subject"],
            state=EditionState(row["state"]),
            version=parse_row(row, DraftVersion),
        )
        for row in tx.rows("drafts.sent_by", list_id=list_id, address_key=address_key, now=now)
    ]


def replace_draft(tx: Transaction, edition_id: int, by: int) -> None:
    """Record which newer draft replaces one; the caller cancels that."""
    tx.run("drafts.replace", edition_id=edition_id, replaced_by=by)


def add_editor(tx: Transaction, edition_id: int, list_id: int, address_key: str) -> None:
    """Record that this editor sent a draft: it can be released only while they are an editor."""
    if tx.run("drafts.add_editor", edition_id=edition_id, list_id=list_id, address_key=address_key):
        tx.run("drafts.count_editor", edition_id=edition_id)


def has_its_editors(tx: Transaction, edition_id: int) -> bool:
    """Whether an edition came by mail and everybody who sent it has been an editor ever since."""
    return bool(tx.value("drafts.has_its_editors", edition_id=edition_id))


def language_of_editors(tx: Transaction, edition_id: int) -> str:
    """The language that the senders of a draft chose as readers; `""` when none did, or several that differ."""
    return str(tx.value("drafts.language_of_editors", edition_id=edition_id) or "")


def withdrawn_drafts(tx: Transaction) -> list[int]:
    """Held editions whose sender is no longer an editor."""
    return [row["edition_id"] for row in tx.rows("drafts.withdrawn")]


def expired_drafts(tx: Transaction, now: int) -> list[int]:
    """Held editions whose last link has expired, a batch at a time."""
    return [row["edition_id"] for row in tx.rows("drafts.expired", now=now)]


def find_same_content(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The last edition with the same content, a cancelled one only when there is no other."""
    edition_id: int | None = tx.value("drafts.find_same_content", list_id=list_id, source_digest=digest)
    return edition_id
