"""Banned patterns of other programs, and whom they match.

A list's owner may have written the pattern, so an expression that could take very long to match is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from warnings import catch_warnings, simplefilter

from pressrun.core.addresses.address import MAX_ADDRESS_OCTETS

_LONGEST = 200
# Each choice may double the time of a match, and each repeat multiply it by the length of the address.
_OPTION, _REPEAT = re.compile(r"(?<!\()\?"), re.compile(r"[*+{]")
_CHOICES_OF_REPEAT, _MOST_CHOICES = 4, 15
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_EXTENSION = re.compile(r"\(\?[^:=!]")  # such as a comment or a flag, after which other signs count
_ESCAPED = re.compile(r"\\.|\[[^]]*\]", re.DOTALL)  # a sign that is escaped, or one of several
_BACK_REFERENCES = frozenset(rf"\{digit}" for digit in "123456789")  # each compares as much as its group has matched


@cache  # many lists may have the bans of one site
def compile_ban(expression: str) -> re.Pattern[str] | None:
    """The expression that banned addresses match from their beginning; None if it is invalid or too complex."""
    plain = _ESCAPED.sub("x", expression)
    choices = len(_OPTION.findall(plain)) + _choices_of_groups(plain) + _CHOICES_OF_REPEAT * len(_REPEAT.findall(plain))
    if len(expression) > _LONGEST or choices > _MOST_CHOICES:
        return None
    if _REPEATED_GROUP.search(plain) or _EXTENSION.search(plain):
        return None
    if not _BACK_REFERENCES.isdisjoint(_ESCAPED.findall(expression)):
        return None
    with catch_warnings():
        simplefilter("ignore")  # of what a later Python may read in another way
        try:
            return re.compile(expression, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError):
            return None


def _choices_of_groups(plain: str) -> int:
    """How often the alternatives double the time: only one of those of a group can match, however many there are."""
    choices, bars = 0, [0]  # the bars in each group that is open
    for sign in plain:
        if sign == "(":
            bars.append(0)
        elif sign == ")" and len(bars) > 1:
            choices += bars.pop().bit_length()
        elif sign == "|":
            bars[-1] += 1
    return choices + sum(number.bit_length() for number in bars)


def is_banned(address: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether an address matches one of these patterns; what is too long for an address does not."""
    return len(address) <= MAX_ADDRESS_OCTETS and any(pattern.match(address) for pattern in patterns)
