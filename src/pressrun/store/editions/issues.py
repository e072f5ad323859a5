"""Issues: the editions of a family's lists that are the same edition in several languages."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.lifecycles.edition import EditionState
from pressrun.store.transaction import Row, Transaction, in_json


class IssueEdition(Struct, frozen=True):
    """An edition that belongs to an issue, with the digest of its source and the files it refers to."""

    id: int
    state: EditionState
    source_digest: bytes


class Translation(Struct, frozen=True, kw_only=True):
    """An edition of an issue, with a public page."""

    list_name: str
    slug: str
    title: str
    language: str


def find_issue_editions(tx: Transaction, list_id: int, issue: str) -> list[IssueEdition]:
    """The editions of a list that belong to this issue, including drafts; usually one or none."""
    return tx.parsed_rows(IssueEdition, "issues.holders", list_id=list_id, issue=issue)


def name_issue(tx: Transaction, ids: Sequence[int], issue: str | None) -> None:
    """Make editions one issue, or remove them from theirs with None."""
    tx.run("issues.name_it", ids=in_json(ids), issue=issue)


def find_in_family(tx: Transaction, family: str, issue: str) -> list[Row]:
    """id and list_id of the editions of a family that belong to this issue."""
    return tx.rows("issues.in_family", family=family, issue=issue)


def translations_of(tx: Transaction, edition_id: int) -> list[Translation]:
    """An edition and the public pages of its issue; empty without an issue."""
    return tx.parsed_rows(Translation, "issues.translations", id=edition_id)
