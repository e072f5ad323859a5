"""Issues: editions of the lists of a family that are one and the same in several languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pressrun.core.edition import EditionState
from pressrun.store.transaction import Row, Transaction, in_json


@dataclass(frozen=True, slots=True)
class IssueEdition:
    """An edition that is an issue; the digest is that of its source and all it takes along."""

    id: int
    state: EditionState
    source_digest: bytes


def find_issue_editions(tx: Transaction, list_id: int, issue: str) -> list[IssueEdition]:
    """The editions of a list that are this issue, drafts among them: mostly one or none."""
    rows = tx.rows("issues.holders", list_id=list_id, issue=issue)
    return [IssueEdition(row["id"], EditionState(row["state"]), row["source_digest"]) for row in rows]


def name_issue(tx: Transaction, ids: Sequence[int], issue: str | None) -> None:
    """Let editions be one issue, or none."""
    tx.run("issues.name_it", ids=in_json(ids), issue=issue)


def find_in_family(tx: Transaction, family: str, issue: str) -> list[Row]:
    """id and list_id of the editions of a family that are this issue."""
    return tx.rows("issues.in_family", family=family, issue=issue)


def translations_of(tx: Transaction, edition_id: int) -> list[Row]:
    """list_name, slug, title and language of the public pages of an issue, and of this edition itself;
    none where it is no issue.
    """
    return tx.rows("issues.translations", id=edition_id)
