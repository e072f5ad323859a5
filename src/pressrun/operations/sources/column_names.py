"""What the names of columns in other programs' tables say about what is in them (assets/member_columns.toml)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pressrun.core.text.wordings import Wordings

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def phrases(table: str, frame: str = "%s") -> Wordings:
    """A table of the file; it is searched for in `words_of` a column."""
    return Wordings("member_columns", table, frame=frame)


WHOLE = r"\A(?:%s)\Z"  # the frame of phrases that are a whole name
_ADDRESSES, _WHOLE_NAMES, _PARTS_OF_NAMES = (
    phrases(table, WHOLE) for table in ("address", "whole_name", "part_of_name")
)


def holds_addresses(column: str) -> bool:
    """Whether the name of a column says that it holds email addresses."""
    return _ADDRESSES.is_in(words_of(column))


def name_columns(columns: Sequence[str]) -> list[str]:
    """Those columns that hold the names of people: the full name, or else its parts."""
    whole = [column for column in columns if _WHOLE_NAMES.is_in(words_of(column))]
    return whole[:1] or [column for column in columns if _PARTS_OF_NAMES.is_in(words_of(column))]


def words_of(column: str) -> str:
    """A name in lower case, without accents and punctuation: `doNotContact` is `do not contact`."""
    parted = unicodedata.normalize("NFKD", _CAMEL.sub(" ", column))
    bare = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", bare.casefold()))
