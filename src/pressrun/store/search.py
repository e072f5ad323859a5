"""The search in archives, and everything particular to SQLite's FTS5.

Queries come as terms, never as an expression of FTS5, so that no query is invalid.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pressrun.core.passages import MOST_READ
from pressrun.core.searching import Term, searchable
from pressrun.store.transaction import Row, Transaction

_HALF_SECONDS = 365 * 86_400  # an edition of that age counts half


def index_edition(tx: Transaction, edition_id: int, list_id: int, title: str, text: str) -> None:
    """Add an edition to the index; searches find it once its archive shows it."""
    tx.run(
        "search.insert",
        edition_id=edition_id,
        list=_list_word(list_id),
        title=searchable(title),
        text=searchable(text),
    )


def forget_list(tx: Transaction, list_id: int) -> None:
    """Remove the editions of a list from the index, before they are deleted."""
    tx.run("search.forget_list", list_id=list_id)


def count_found(tx: Transaction, list_id: int, terms: Sequence[Term]) -> int:
    """How many editions of an archive contain every term."""
    return int(tx.value("search.count", expression=expression_of(list_id, terms)))


def find_editions(
    tx: Transaction, list_id: int, terms: Sequence[Term], *, limit: int, offset: int, now: int, newest: bool = False
) -> list[Row]:
    """id, slug, title, preheader, language, published_at of editions with every term, the best or `newest` first."""
    return tx.rows(
        "search.find",
        expression=expression_of(list_id, terms),
        limit=limit,
        offset=offset,
        now=now,
        half=_HALF_SECONDS,
        newest=int(newest),
    )


def texts(tx: Transaction, edition_ids: Sequence[int]) -> dict[int, str]:
    """The beginning of what the index holds of these editions."""
    rows = tx.rows("search.texts", ids=json.dumps(list(edition_ids)), most=MOST_READ)
    return {row["id"]: row["text"] for row in rows}


def _list_word(list_id: int) -> str:
    return f"l{list_id}"


def expression_of(list_id: int, terms: Sequence[Term]) -> str:
    """The FTS5 expression. The words of a visitor appear only inside double quotes."""
    words = " AND ".join(f'"{term.words.replace(chr(34), " ")}"{" *" if term.is_prefix else ""}' for term in terms)
    return f'list : "{_list_word(list_id)}" AND {{title text}} : ({words})'
