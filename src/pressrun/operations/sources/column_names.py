"""What the names of columns in other programs' tables say about what is in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ADDRESSES = re.compile(
    "(?:(?:subscriber|contact|primary|your|work|home|adresse|endereco de|direccion de) )?"
    "(?:e ?mails?|mail|correo(?: electronico)?|courriel|e ?post|posta elettronica)"
    "(?: 1)?(?: (?:address|addresses|adresse|adresses|value|id|primary))?|subscriber"
)
_PARTS_OF_NAMES = re.compile(
    "(?:first|given|middle|last|family) ?name|surname|vorname|nachname|(?:pre)?nom(?: de famille)?"
    "|nombre|apellidos?|nome|sobrenome|apelido|cognome|voornaam|achternaam|imie|nazwisko"
)
_WHOLE_NAMES = re.compile("(?:full|display|subscriber|contact) ?name|nom complet|nombre completo|nome completo")


def holds_addresses(column: str) -> bool:
    """Whether the name of a column says that it holds email addresses."""
    return _ADDRESSES.fullmatch(words_of(column)) is not None


def name_columns(columns: Sequence[str]) -> list[str]:
    """Those columns that hold the names of people: the full name, or else its parts."""
    whole = [column for column in columns if _WHOLE_NAMES.fullmatch(words_of(column))]
    return whole[:1] or [column for column in columns if _PARTS_OF_NAMES.fullmatch(words_of(column))]


def words_of(column: str) -> str:
    """A name in lower case, without accents and punctuation: `doNotContact` is `do not contact`."""
    parted = unicodedata.normalize("NFKD", _CAMEL.sub(" ", column))
    bare = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", bare.casefold()))
