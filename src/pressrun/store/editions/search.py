"""The search in archives. Words and terms are made by core.text.searching, so that every engine finds the same.

Queries come as terms, never as an expression of the engine, so that no query is invalid.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.text.searching import MOST_OCTETS_OF_TITLE, MOST_READ, Term, indexed_words, searchable, words_of
from pressrun.store.transaction import Transaction, in_json

_HALF_SECONDS = 365 * 86_400  # an edition of that age counts half


class ShownEdition(Struct, frozen=True, kw_only=True):
    """An edition as an index or a search of its archive shows it."""

    id: int
    slug: str
    title: str
    preheader: str
    language: str
    published_at: int


def index_edition(tx: Transaction, edition_id: int, list_id: int, title: str, text: str) -> None:
    """Add an edition to the index; searches find it once its archive shows it."""
    shown = searchable(text)
    tx.run(
        "search.insert",
        edition_id=edition_id,
        list=_list_word(list_id),
        title=indexed_words(searchable(title), MOST_OCTETS_OF_TITLE),
        words=indexed_words(shown),
        shown=shown,
    )


def forget_list(tx: Transaction, list_id: int) -> None:
    """Remove the editions of a list from the index, before they are deleted."""
    tx.run("search.forget_list", list_id=list_id)


def forget_edition(tx: Transaction, edition_id: int) -> None:
    """Remove an edition from the index, before its text changes or it is deleted."""
    tx.run("search.forget_edition", edition_id=edition_id)


def count_found(tx: Transaction, list_id: int, terms: Sequence[Term]) -> int:
    """How many editions of an archive contain every term."""
    return int(tx.value("search.count", list=_list_word(list_id), terms=_pairs(terms)))


def find_editions(
    tx: Transaction, list_id: int, terms: Sequence[Term], *, limit: int, offset: int, now: int, newest: bool = False
) -> list[ShownEdition]:
    """A page of the editions with every term, the best or `newest` first."""
    return tx.parsed_rows(
        ShownEdition,
        "search.find",
        list=_list_word(list_id),
        terms=_pairs(terms),
        limit=limit,
        offset=offset,
        now=now,
        half=_HALF_SECONDS,
        newest=int(newest),
    )


def texts(tx: Transaction, edition_ids: Sequence[int]) -> dict[int, str]:
    """The beginning of what the index holds of these editions."""
    rows = tx.rows("search.texts", ids=in_json(edition_ids), most=MOST_READ)
    return {row["id"]: row["text"] for row in rows}


def _list_word(list_id: int) -> str:
    return f"l{list_id}"


def _pairs(terms: Sequence[Term]) -> str:
    """The words of each term, and 1 if the last one may be the beginning of a word."""
    return in_json([(words_of(term.words), int(term.is_prefix)) for term in terms])
