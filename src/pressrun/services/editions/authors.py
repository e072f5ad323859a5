"""Who changes, submits and approves drafts, as they are stored beside them: ids, which outlive names and addresses.

Whoever acts in several ways is one author as far as the database can tell: a person's own tokens, their session and
their mail are that person. A token that belongs to nobody is an author of its own, and so is a user of the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.store import api_tokens, people
from pressrun.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Somebody who works on a draft: a person, a token of nobody's, or else a user of the machine."""

    person_id: int | None = None
    token_id: int | None = None
    uid: int | None = None

    @property
    def key(self) -> str:
        """How they are stored, and told from others."""
        if self.person_id is not None:
            return f"person {self.person_id}"
        if self.token_id is not None:
            return f"token {self.token_id}"
        return f"user {self.uid}" if self.uid is not None else "mail"


def name_of_author(tx: Transaction, key: str | None) -> str | None:
    """An author as people and programs are told: `person:ann`, `token:ci`, `shell` or `mail`.

    Of somebody who is gone it only says that it was a person or a token.
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
    return key
