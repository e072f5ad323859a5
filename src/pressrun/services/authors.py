"""Who changes, submits and approves drafts, as stored with the drafts: by ids, which outlive names and addresses.

Whoever acts in several ways is one author as far as the database can tell: a person's own tokens and their session are
that person. A token that belongs to nobody is an author of its own, together with all tokens that were made with it,
and so is a user of the machine. A mail whose From nobody has proven has an author whom nobody knows.
"""

from __future__ import annotations

from msgspec import Struct

from pressrun.store.people import people
from pressrun.store.programs import api_tokens
from pressrun.store.transaction import Transaction

_PERSON, _TOKEN, _USER, _MAIL = "person", "token", "user", "mail"


class Author(Struct, frozen=True, kw_only=True):
    """Somebody who works on a draft: a person, a token without a person, or else a user of the machine.

    `is_claimed`: only the From of a mail says that it is this person.
    """

    person_id: int | None = None
    token_id: int | None = None
    uid: int | None = None
    is_claimed: bool = False

    @property
    def key(self) -> str:
        """How the author is stored, and distinguished from others."""
        if self.is_claimed:
            return f"{_MAIL} {self.person_id or 0}"
        if self.person_id is not None:
            return f"{_PERSON} {self.person_id}"
        if self.token_id is not None:
            return f"{_TOKEN} {self.token_id}"
        return f"{_USER} {self.uid or 0}"


def person_of(key: str) -> int | None:
    """The id of the person that an author is or claims to be; None if the author is not a person."""
    kind, _, number = key.partition(" ")
    return int(number) if kind in (_PERSON, _MAIL) else None


def is_of_token(key: str) -> bool:
    """Whether an author is a token without a person; tokens that were made with it count as the same author."""
    return key.startswith(f"{_TOKEN} ")


def number_of(key: str) -> int:
    """The id in an author's key."""
    return int(key.partition(" ")[2])


def is_claimed(key: str) -> bool:
    """Whether nothing proves that this author is who they say they are."""
    return key.startswith(f"{_MAIL} ")


def with_claimed(keys: frozenset[str]) -> frozenset[str]:
    """These authors, and also the people whom they claim to be in mails."""
    return keys | {f"{_PERSON} {key.partition(' ')[2]}" for key in keys if is_claimed(key)}


def name_of_author(tx: Transaction, key: str | None) -> str | None:
    """An author as people and programs see it: `person:ann`, `token:ci`, `shell` or `mail`.

    For somebody who is gone, it only says whether it was a person or a token.
    """
    kind, _, number = (key or "").partition(" ")
    match kind:
        case "person":
            person = people.find_person(tx, int(number))
            return "person" if person is None else f"person:{person.name}"
        case "token":
            token = api_tokens.find_token_by_id(tx, int(number))
            return "token" if token is None else f"token:{token.name}"
        case "user":
            return "shell"
        case "mail":
            return "mail"
    return None
