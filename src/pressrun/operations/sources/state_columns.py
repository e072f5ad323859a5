"""Columns of other programs' tables that may say who left, bounced or never confirmed (assets/member_columns.toml).

As merge fields they would be ignored, and all of those people would be mailed. Nothing here decides about a member:
each column gets the key that would explain it, and the operator confirms it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.operations.sources.column_names import WHOLE, phrases, words_of

_OTHER_CHANNELS, _EMAIL, _LINKS, _DETAILS = map(phrases, ("other_channel", "email", "link", "detail"))
_STATUS, _OF_READERS = phrases("status", WHOLE), phrases("of_reader", WHOLE)
# By the key that would explain such a column: the first one that applies.
_MARKS = {
    key: phrases(key) for key in ("unsubscribed", "suppressed", "suspended", "delivery", "confirmed", "subscribed")
}


def marking_columns(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Those columns that may mark people who must not be mailed, each with the key that would explain it.

    A column with a reason or the like is left out if another one has the state itself.
    """
    keys = [(column, key, _DETAILS.is_in(words_of(column))) for column in columns if (key := key_for(column))]
    whole = {key for _, key, is_detail in keys if not is_detail}
    return [(column, key) for column, key, is_detail in keys if not (is_detail and key in whole)]


def key_for(column: str) -> str | None:
    """The key that would explain a column, if its name says that it marks people who must not be mailed."""
    words = words_of(column)
    if _LINKS.is_in(words) or (_OTHER_CHANNELS.is_in(words) and not _EMAIL.is_in(words)):
        return None
    for key, wordings in _MARKS.items():
        if wordings.is_in(words):
            return key
    return "state" if words == "subscriber type" or _is_status(words.split()) else None


def _is_status(words: Sequence[str]) -> bool:
    """Whether a column has the status of a reader, not that of an order or a lead."""
    others = [word for word in words if not _STATUS.is_in(word)]
    return len(others) < len(words) and all(map(_OF_READERS.is_in, others))
