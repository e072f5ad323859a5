"""Columns and cells of other programs' tables that may say who left, bounced or never confirmed.

As merge fields they would be ignored, and all of those people would be mailed. Nothing here decides about a member:
each column gets the key that would explain it, and the operator confirms it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pressrun.operations.sources.column_names import words_of

_OTHER_CHANNELS = re.compile(r"\b(?:sms|phone|whatsapp|push|fax)\b")
_EMAIL = re.compile(r"\be? ?mails?\b")
_LINKS = re.compile(r"\b(?:url|link|token|hash|key)\b")
_DETAILS = re.compile(r"\b(?:reason|other|campaign|source|ip|by|comment|id|title)\b")
_STATUS = re.compile(r"(?:email|abo|listen?|newsletter|kontakt)?(?:status|statut|estado|situacao|stato)")
_OF_READERS = frozenset(
    "a abo abonne abonnement abonnent account assinante contact current de del der des do du e email global globaler "
    "inscricao kontakt list liste listen mail mailing marketing newsletter permission subscriber subscription "
    "suscripcion suscriptor user".split()
)
# By the words of a name, as `words_of` gives them.
_PATTERNS = {
    key: re.compile("|".join(patterns))
    for key, patterns in {
        "unsubscribed": (
            r"\bunsub\w*",
            r"\bopt(?:ed)? ?out\b",
            r"\bdo ?not ?(?:e ?mail|contact|send)\b",
            r"\bno bulk\b",
            r"^deactivated\b",
            r"\b(?:abgemeldet|abmeldung|abmeldedatum|ausgetragen)\b",
            r"\b(?:desabonn|desinscri|desuscri|descadastr)\w*",
            r"^(?:fecha )?(?:de )?baja$",
        ),
        "suppressed": (
            r"\b(?:black|block)list\w*",
            r"\bblocked\b",
            r"\bsuppress\w*",
            r"\bcomplain(?:ed|t)\b",
            r"\bmarked as spam\b",
            r"(?:^(?:email )?|\bhard )bounced?\b(?!.* (?:count|rate))",
        ),
        "suspended": (r"^(?:(?:emails?|account|user|delivery) )?disabled\b", r"^(?:email )?on hold$"),
        "delivery": (r"^delivery$",),
        "confirmed": (
            r"^(?:is |email )?(?:confirmed|verified|activated)(?: at| on| date)?$",
            r"\bopt(?:ed)? ?in(?: confirmed| status)?$",
            r"^(?:bestatigt|confirme|confirmad[oa])(?: am| le| el| em)?$",
        ),
        "subscribed": (
            r"^(?:is )?subscribed(?: to (?:emails?|newsletters?))?$",
            r"^newsletter$",
            r"^(?:wants?|receives?) (?:e ?mails?|newsletters?)$",
            r"\baccepts (?:e ?mail )?marketing\b",
            r"\b(?:marketing|e ?mail|newsletter) consent\b",
        ),
    }.items()
}
# Words that mean the state of a reader in whatever column they are. States that are common words are left out.
_EXIT_WORDS = frozenset(
    {
        *"unsubscribed unsubscribe optedout opted-out opted_out optout opt-out bounced hardbounced complained".split(),
        *"blacklisted blocklisted suppressed unconfirmed unactivated undeliverable never_subscribed".split(),
        *"nonsubscribed non-subscribed abgemeldet ausgetragen désabonné désabonnée désinscrit désinscrite".split(),
        *"desuscrito desuscrita descadastrado descadastrada".split(),
        *("opted out", "opt out", "hard bounced", "marked as spam", "never subscribed", "not confirmed"),
    }
)


def marking_columns(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Those columns that may mark people who must not be mailed, each with the key that would explain it.

    A column with a reason or the like is left out if another one has the state itself.
    """
    keys = [(column, key, _DETAILS.search(words_of(column))) for column in columns if (key := key_for(column))]
    whole = {key for _, key, is_detail in keys if not is_detail}
    return [(column, key) for column, key, is_detail in keys if not (is_detail and key in whole)]


def key_for(column: str) -> str | None:
    """The key that would explain a column, if its name says that it marks people who must not be mailed."""
    words = words_of(column)
    if _LINKS.search(words) or (_OTHER_CHANNELS.search(words) and not _EMAIL.search(words)):
        return None
    for key, pattern in _PATTERNS.items():
        if pattern.search(words):
            return key
    return "state" if words == "subscriber type" or _is_status(words.split()) else None


def _is_status(words: Sequence[str]) -> bool:
    """Whether a column has the status of a reader, not that of an order or a lead."""
    others = [word for word in words if not _STATUS.fullmatch(word)]
    return len(others) < len(words) and _OF_READERS.issuperset(others)


def is_exit_word(cell: str) -> bool:
    """Whether a cell says that somebody left, bounced or never confirmed."""
    return cell.strip().casefold() in _EXIT_WORDS
