"""Editions that came by mail and wait for their editor: what preflight found, and how long they may be approved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pressrun.store.transaction import Row, Transaction

FoundLine = tuple[str, int | None, str]  # severity, 1-based line in the source, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is kept beside an edition that is, or was, held; `expires_at` in UTC seconds."""

    findings: tuple[FoundLine, ...]
    expires_at: int


def insert_draft(tx: Transaction, edition_id: int, findings: Sequence[FoundLine], expires_at: int) -> None:
    """Keep what an editor is shown of an edition that is held."""
    tx.run("drafts.insert", edition_id=edition_id, findings=json.dumps(findings), expires_at=expires_at)


def find_draft(tx: Transaction, edition_id: int) -> Draft | None:
    """What is kept beside an edition; None when it never was held."""
    row = tx.row("drafts.get", edition_id=edition_id)
    if row is None:
        return None
    findings = tuple((severity, line, message) for severity, line, message in json.loads(row["findings"]))
    return Draft(findings=findings, expires_at=row["expires_at"])


def extend_draft(tx: Transaction, edition_id: int, expires_at: int) -> None:
    """Another link to the same draft goes out."""
    tx.run("drafts.extend", edition_id=edition_id, expires_at=expires_at)


def add_editor(tx: Transaction, edition_id: int, list_id: int, address_key: str) -> None:
    """Note that this editor of the list sent a draft: without them it is never released."""
    if tx.run("drafts.add_editor", edition_id=edition_id, list_id=list_id, address_key=address_key):
        tx.run("drafts.count_editor", edition_id=edition_id)


def has_its_editors(tx: Transaction, edition_id: int) -> bool:
    """Whether an edition came by mail, and all who sent it still are editors, without having been removed between."""
    return bool(tx.value("drafts.has_its_editors", edition_id=edition_id))


def withdrawn_drafts(tx: Transaction) -> list[int]:
    """Editions still held that an editor sent who has been removed since."""
    return [row["edition_id"] for row in tx.rows("drafts.withdrawn")]


def expired_drafts(tx: Transaction, now: int) -> list[int]:
    """Editions still held whose last link has ended, some at a time."""
    return [row["edition_id"] for row in tx.rows("drafts.expired", now=now)]


def posted_before(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The last edition of the same content, a cancelled one only where there is no other."""
    found: int | None = tx.value("drafts.posted_before", list_id=list_id, source_digest=digest)
    return found


def load_content(tx: Transaction, edition_id: int) -> Row | None:
    """text, html and the size in octets of an edition, in any state."""
    return tx.row("drafts.content", edition_id=edition_id)


def find_asset(tx: Transaction, edition_id: int, name: str) -> Row | None:
    """name, media_type and content of an edition's image, in any state."""
    return tx.row("drafts.asset", edition_id=edition_id, name=name)
