"""What the words and yes-or-no columns of other programs say about a member, as a state of ours.

Of several that apply to a member, the one that keeps most mail away counts. An unknown word is an error, never active.
"""

from __future__ import annotations

import re
import unicodedata
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
COMPLAINED = Standing(_State.SUPPRESSED, _Reason.COMPLAINT)

_WORDS: dict[str, Standing] = {
    **dict.fromkeys(("active", "enabled", "subscribed", "confirmed"), ACTIVE),
    **dict.fromkeys(("suspended", "disabled", "paused", "nomail", "inactive"), SUSPENDED),
    **dict.fromkeys(("unsubscribed", "left", "optout", "removed"), UNSUBSCRIBED),
    **dict.fromkeys(("blocked", "blocklisted", "blacklisted", "suppressed"), BLOCKED),
    **dict.fromkeys(("cleaned", "bounced"), BOUNCED),
    **dict.fromkeys(("complained", "complaint"), COMPLAINED),
    "unconfirmed": UNCONFIRMED,
    "pending": Standing(_State.PENDING),
}
# Other words for the same, of other programs or in other languages: without accents, blanks and punctuation.
_OTHER_WORDS = {
    **dict.fromkeys(
        "optedin optin regular premium aktiv abonniert angemeldet bestatigt actif abonne abonnee inscrit inscrite "
        "implied explicit express confirme activo activa suscrito suscrita confirmado confirmada ativo ativa inscrito "
        "inscrita".split(),
        ACTIVE,
    ),
    **dict.fromkeys(
        "held onhold softbounced inaktiv deaktiviert pausiert inactif inactive suspendu inactivo suspendido pausado "
        "inativo suspenso".split(),
        SUSPENDED,
    ),
    **dict.fromkeys(
        "unsubscribe optedout cancelled canceled deleted archived notsubscribed abgemeldet ausgetragen gekundigt "
        "geloscht desabonne desabonnee desinscrit desinscrite resilie annule baja dadodebaja desuscrito "
        "desuscrita cancelado cancelada descadastrado descadastrada desinscrito".split(),
        UNSUBSCRIBED,
    ),
    **dict.fromkeys("banned malicious gesperrt blockiert bloque bloqueado bloqueada".split(), BLOCKED),
    **dict.fromkeys(
        "hardbounced hardbounce undeliverable unreachable invalid invalidemail unzustellbar rebotado devuelto".split(),
        BOUNCED,
    ),
    **dict.fromkeys("spam junk markedasspam reportedspam spamcomplaint".split(), COMPLAINED),
    **dict.fromkeys(
        "notconfirmed unactivated unverified neversubscribed nonsubscribed requiresverification pendingconfirmation "
        "awaitingconfirmation validating unbestatigt nichtbestatigt nonconfirme nonconfirmee sinconfirmar noconfirmado "
        "naoconfirmado".split(),
        UNCONFIRMED,
    ),
}
# The first one that applies counts: a reader can lift the suppression for a bounce, and no other.
_ORDER = (
    *(BLOCKED, COMPLAINED, BOUNCED, UNSUBSCRIBED, UNCONFIRMED, SUSPENDED),
    *(Standing(_State.PENDING), ACTIVE),
)

_YES = frozenset("1 true yes y t on enabled ja wahr oui vrai si verdadero sim verdadeiro".split())
_NO = frozenset(("", *"0 false no n f off disabled nein falsch non faux falso nao".split()))
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


def read_state(word: str) -> Standing:
    """The standing that a word names; raises BadInput."""
    plain = _letters(word)
    standing = _WORDS.get(plain) or _OTHER_WORDS.get(plain)
    if standing is None:
        raise BadInput(f"state: {word!r} is not one of {', '.join(sorted(_WORDS))}")
    return standing


def read_flag(key: str, cell: str) -> Standing:
    """The standing that a cell in a column of yes and no means, where a date means yes; raises BadInput."""
    plain = _letters(cell)
    if key == "subscribed" and (not plain or plain in _WORDS or plain in _OTHER_WORDS):
        return read_state(cell)  # Klaviyo uses words; and an empty cell is not a wish to leave
    if plain in _YES or _DATE.fullmatch(cell.strip()):
        return FLAGS[key][0]
    if plain in _NO or cell.strip().startswith(_NO_DATE):
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
