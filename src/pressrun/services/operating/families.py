"""Lists of one family: one newsletter in several languages. What keeps families and lists apart stands here alone.

Every door by which a list gets a name, a family or a language asks `check_family` within its transaction.
"""

from __future__ import annotations

from pressrun.core.errors import BadInput
from pressrun.store import lists
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


def check_family(tx: Transaction, target: MailingList) -> None:
    """Raise BadInput where the name, family or language of a list, as it shall be, is in the way of another."""
    namesakes = lists.family_lists(tx, target.name)
    if namesakes:
        raise BadInput(
            f"name: {target.name!r} is the family of {_names(namesakes)}, and {target.name!r} leads to the list in the "
            "visitor's language. Choose another name"
        )
    if target.family is None:
        return
    if target.family == target.name or lists.find_list(tx, target.family) is not None:
        raise BadInput(f"family: there is a list {target.family!r}. Choose a name that no list has")
    for other in lists.family_lists(tx, target.family):
        if other.id != target.id and other.language.lower() == target.language.lower():
            raise BadInput(
                f"family: {other.name} already has the language {other.language!r} in the family {target.family!r}. "
                "Each list of a family needs a language of its own: set another language or another family"
            )


def _names(found: list[MailingList]) -> str:
    return ", ".join(one.name for one in found)
