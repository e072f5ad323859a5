"""What the words and yes-or-no columns of other programs say about a member, as a state of ours.

Of several that apply to a member, the one that keeps most mail away counts. An unknown word is an error, never active.
"""

from __future__ import annotations

from typing import NamedTuple

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

_WORDS: dict[str, Standing] = {
    **dict.fromkeys(("active", "enabled", "subscribed", "confirmed"), ACTIVE),
    **dict.fromkeys(("suspended", "disabled", "paused", "nomail", "inactive"), SUSPENDED),
    **dict.fromkeys(("unsubscribed", "left", "optout", "removed"), UNSUBSCRIBED),
    **dict.fromkeys(("blocked", "blocklisted", "blacklisted", "suppressed"), BLOCKED),
    **dict.fromkeys(("cleaned", "bounced"), BOUNCED),
    **dict.fromkeys(("complained", "complaint"), Standing(_State.SUPPRESSED, _Reason.COMPLAINT)),
    "unconfirmed": UNCONFIRMED,
    "pending": Standing(_State.PENDING),
}
# The first one that applies counts.
_ORDER = (_State.SUPPRESSED, _State.UNSUBSCRIBED, _State.UNCONFIRMED, _State.SUSPENDED, _State.PENDING, _State.ACTIVE)

_YES = frozenset({"1", "true", "yes", "y", "t", "on", "enabled"})
_NO = frozenset({"", "0", "false", "no", "n", "f", "off", "disabled"})
# What yes, and what no, means in a column of yes and no.
FLAGS: dict[str, tuple[Standing, Standing]] = {
    "confirmed": (ACTIVE, UNCONFIRMED),
    "delivery": (ACTIVE, SUSPENDED),
    "suspended": (SUSPENDED, ACTIVE),
    "unsubscribed": (UNSUBSCRIBED, ACTIVE),
    "suppressed": (BLOCKED, ACTIVE),
}


def read_state(word: str) -> Standing:
    """The standing that a word names; raises BadInput."""
    plain = word.strip().lower().replace("-", "").replace("_", "")
    if plain not in _WORDS:
        raise BadInput(f"state: {word!r} is not one of {', '.join(sorted(_WORDS))}")
    return _WORDS[plain]


def read_flag(key: str, cell: str) -> Standing:
    """The standing that a cell in a column of yes and no means; raises BadInput."""
    plain = cell.strip().lower()
    if plain in _YES:
        return FLAGS[key][0]
    if plain in _NO:
        return FLAGS[key][1]
    raise BadInput(f"{key}: {cell!r} is neither yes nor no")


def strictest(standings: list[Standing]) -> Standing:
    """The one that keeps most mail away; active if there is none."""
    return min(standings, key=lambda standing: _ORDER.index(standing.state), default=ACTIVE)
