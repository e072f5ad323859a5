"""What the words and yes-or-no columns of other programs say about a member, as a state of ours.

The words are in assets/member_states.toml. Of several that apply to a member, the one that keeps most mail away counts.
An unknown word is an error, never active.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from pressrun.assets import AssetError, convert_asset, read_asset
from pressrun.core.errors import BadInput
from pressrun.operations.sources.member import MemberState
from pressrun.services.suppression import SuppressionReason


class Standing(NamedTuple):
    """The state of a member, and the reason if they are suppressed."""

    state: MemberState
    reason: SuppressionReason = SuppressionReason.OPERATOR


_State, _Reason = MemberState, SuppressionReason
ACTIVE, SUSPENDED = Standing(_State.ACTIVE), Standing(_State.SUSPENDED)
UNSUBSCRIBED, UNCONFIRMED = Standing(_State.UNSUBSCRIBED), Standing(_State.UNCONFIRMED)
BLOCKED, BOUNCED = Standing(_State.SUPPRESSED), Standing(_State.SUPPRESSED, _Reason.HARD_BOUNCE)
COMPLAINED = Standing(_State.SUPPRESSED, _Reason.COMPLAINT)
# By their names in the file. The first one that applies counts: a reader can lift the suppression for a bounce, and no
# other.
_STANDINGS = {
    "blocked": BLOCKED,
    "complained": COMPLAINED,
    "bounced": BOUNCED,
    "unsubscribed": UNSUBSCRIBED,
    "unconfirmed": UNCONFIRMED,
    "suspended": SUSPENDED,
    "pending": Standing(_State.PENDING),
    "active": ACTIVE,
}
_ORDER = tuple(_STANDINGS.values())
_DATE = re.compile(r"(?!0000)\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ,].*)?", re.ASCII | re.DOTALL)  # since when
_NO_DATE = "0000-00-00"  # of MySQL
# What yes, and what no, means in a column of yes and no.
FLAGS: dict[str, tuple[Standing, Standing]] = {
    "confirmed": (ACTIVE, UNCONFIRMED),
    "delivery": (ACTIVE, SUSPENDED),
    "suspended": (SUSPENDED, ACTIVE),
    "subscribed": (ACTIVE, UNSUBSCRIBED),
    "unsubscribed": (UNSUBSCRIBED, ACTIVE),
    "suppressed": (BLOCKED, ACTIVE),
}


_FILE = "member_states"
_ByLanguage = dict[str, list[str]]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is written: words of a state by its name, those of our documentation apart; others by language."""

    states: dict[str, list[str]]
    other_states: dict[str, _ByLanguage]
    yes: _ByLanguage
    no: _ByLanguage
    exits: _ByLanguage


class StateWords(NamedTuple):
    """What words mean, each without accents, blanks and punctuation. `documented` are those that an error names."""

    documented: list[str]
    standings: dict[str, Standing]
    yes: frozenset[str]
    no: frozenset[str]
    exits: frozenset[str]


@cache
def state_words() -> StateWords:
    """The words of the file. Raises AssetError."""
    file = convert_asset(_FILE, "", read_asset(_FILE), _File)
    return StateWords(
        documented=sorted(_flat(file.states)),
        standings=_meanings(file),
        yes=frozenset(map(_letters, _flat(file.yes))),
        no=frozenset(("", *map(_letters, _flat(file.no)))),
        exits=frozenset(map(_letters, _flat(file.exits))),
    )


def _meanings(file: _File) -> dict[str, Standing]:
    meanings: dict[str, Standing] = {}
    others = [(name, _flat(words)) for name, words in file.other_states.items()]
    for name, words in [*file.states.items(), *others]:
        if name not in _STANDINGS:
            raise AssetError(_FILE, name, f"is not one of {', '.join(_STANDINGS)}")
        for word in words:
            if meanings.setdefault(_letters(word), _STANDINGS[name]) != _STANDINGS[name]:
                raise AssetError(_FILE, name, f"{word!r} means another state as well")
    return meanings


def _flat(lists: dict[str, list[str]]) -> list[str]:
    return [word for words in lists.values() for word in words]


def is_exit_word(cell: str) -> bool:
    """Whether a cell says, in whatever column it is, that somebody left, bounced or never confirmed."""
    return _letters(cell) in state_words().exits


def read_state(word: str) -> Standing:
    """The standing that a word names; raises BadInput."""
    words = state_words()
    standing = words.standings.get(_letters(word))
    if standing is None:
        raise BadInput(f"state: {word!r} is not one of {', '.join(words.documented)}")
    return standing


def read_flag(key: str, cell: str) -> Standing:
    """The standing that a cell in a column of yes and no means, where a date means yes; raises BadInput."""
    plain = _letters(cell)
    words = state_words()
    if key == "subscribed" and (not plain or plain in words.standings):
        return read_state(cell)  # Klaviyo uses words; and an empty cell is not a wish to leave
    if plain in words.yes or _DATE.fullmatch(cell.strip()):
        return FLAGS[key][0]
    if plain in words.no or cell.strip().startswith(_NO_DATE):
        return FLAGS[key][1]
    raise BadInput(f"{key}: {cell!r} is neither yes nor no")


def _letters(text: str) -> str:
    """A word in lower case without accents, blanks and punctuation."""
    plain = text.strip().casefold()
    if plain.isalnum() and plain.isascii():
        return plain
    return "".join(letter for letter in unicodedata.normalize("NFKD", plain) if letter.isalnum())


def strictest(standings: list[Standing]) -> Standing:
    """The one that keeps most mail away; active if there is none."""
    return min(standings, key=_ORDER.index, default=ACTIVE)
