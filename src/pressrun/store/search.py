"""The search in archives: SQLite's FTS5, and all that is particular to it.

What is looked for comes as terms, never as an expression, so that no query can be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pressrun.core.passages import MOST_READ
from pressrun.core.searching import Term, searchable
from pressrun.store.transaction import Row, Transaction

_HALF_SECONDS = 365 * 86_400  # a match of that age counts half


def index_edition(tx: Transaction, edition_id: int, list_id: int, title: str, text: str) -> None:
    """Let an edition be found, once its archive shows it."""
    tx.run(
        "search.insert",
        edition_id=edition_id,
        list=_list_word(list_id),
        title=searchable(title),
        text=searchable(text),
    )


def forget_list(tx: Transaction, list_id: int) -> None:
    """Take the editions of a list out of the index, while they are still there."""
    tx.run("search.forget_list", list_id=list_id)


def count_found(tx: Transaction, list_id: int, terms: Sequence[Term]) -> int:
    """How many editions of an archive hold every term."""
    found: int = tx.value("search.count", expression=expression_of(list_id, terms))
    return found


def find_editions(
    tx: Transaction, list_id: int, terms: Sequence[Term], *, limit: int, offset: int, now: int, newest: bool = False
) -> list[Row]:
    """Those editions, the best or the `newest` first: id, slug, title, preheader, language, published_at."""
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
    """What the index holds of some editions, from its beginning."""
    rows = tx.rows("search.texts", ids=json.dumps(list(edition_ids)), most=MOST_READ)
    return {row["id"]: row["text"] for row in rows}


def _list_word(list_id: int) -> str:
    return f"l{list_id}"


def expression_of(list_id: int, terms: Sequence[Term]) -> str:
    """What FTS5 is asked: strings in double quotes are all of its language that a visitor can write into."""
    words = " AND ".join(f'"{term.words.replace(chr(34), " ")}"{" *" if term.is_prefix else ""}' for term in terms)
    return f'list : "{_list_word(list_id)}" AND {{title text}} : ({words})'
