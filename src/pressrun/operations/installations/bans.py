"""Banned patterns of other programs, and whom they match.

A list's owner may have written the pattern, so an expression that could take very long to match is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from warnings import catch_warnings, simplefilter

_LONGEST = 200
_MOST_REPEATS = 3
_REPEAT = re.compile(r"[*+{]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_ESCAPED = re.compile(r"\\.|\[[^]]*\]", re.DOTALL)  # a sign that is escaped, or one of several


def compile_ban(expression: str) -> re.Pattern[str] | None:
    """The expression that banned addresses match from their beginning; None if it is invalid or too complex."""
    plain = _ESCAPED.sub("x", expression)
    if len(expression) > _LONGEST or len(_REPEAT.findall(plain)) > _MOST_REPEATS or _REPEATED_GROUP.search(plain):
        return None
    with catch_warnings():
        simplefilter("ignore")  # of what a later Python may read in another way
        try:
            return re.compile(expression, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError):
            return None


def is_banned(address: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether an address matches one of these patterns."""
    return any(pattern.match(address) for pattern in patterns)
