"""Who changes, submits and approves drafts, as they are stored beside them: ids, which outlive names and addresses.

Whoever acts in several ways is one author as far as the database can tell: a person's own tokens, their session and
their mail are that person. A token that belongs to nobody is an author of its own, and so is a user of the machine.
"""

from __future__ import annotations

from dataclasses import dataclass


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
