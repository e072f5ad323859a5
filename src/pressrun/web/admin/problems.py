"""Why an action was refused, as a page says it: what can happen to people who use only its forms has words in every
language. Any other problem is described as on the command line, in English.
"""

from __future__ import annotations

from msgspec import Struct

from pressrun.core.errors import BadInput, MalformedAddress, NotFound, PressrunError, Refused, UsageError
from pressrun.core.names import MAX_TOKEN_NAME, BadTokenName
from pressrun.message.words import Words, marked
from pressrun.services.people.people_admin import GetsNoMail, NotByMailAlone
from pressrun.services.people.tokens import BadNetwork, TokenNameInUse, TokenWithoutUse

PROBLEMS = (BadInput, MalformedAddress, NotFound, Refused, UsageError)
"""What a page answers by showing its form again."""

_WORDS: dict[type[PressrunError], str] = {
    BadTokenName: marked("Use 1 to {number} characters for the name, without @."),
    TokenNameInUse: marked("There is a token of this name already. Choose another name, or revoke that one first."),
    TokenWithoutUse: marked("A token can do no more than you can. Choose other permissions or newsletters."),
    BadNetwork: marked("Enter network addresses or networks, for example 192.0.2.0/24."),
    GetsNoMail: marked("This address gets no email, so an invitation can't reach it."),
    NotByMailAlone: marked("Operators can't log in by email alone. Make a link for them on their page."),
    NotFound: marked("This has changed in the meantime. Nothing was saved."),
}

_FIELDS: dict[type[PressrunError], str] = {
    BadTokenName: "name",
    TokenNameInUse: "name",
    BadNetwork: "networks",
    GetsNoMail: "email",
    NotByMailAlone: "email",
}


class Explanation(Struct, frozen=True, kw_only=True):
    """Why nothing was done, and which field must change, if one must.

    `is_english` if it is not in the language of the page.
    """

    text: str
    field: str = ""
    is_english: bool = False


def explain(problem: PressrunError, words: Words) -> Explanation:
    """What a page says of a refusal."""
    sentence = _WORDS.get(type(problem))
    if sentence is None:
        return Explanation(text=str(problem), is_english=True)
    text = words(sentence, number=words.number(MAX_TOKEN_NAME))
    return Explanation(text=text, field=_FIELDS.get(type(problem), ""))
