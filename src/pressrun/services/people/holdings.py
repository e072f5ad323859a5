"""What a person or a token may do now: read in each request, so that a change is in force at once."""

from __future__ import annotations

from pressrun.core.rights import NOTHING, OPERATOR, Holdings, rights_of_role, rights_of_scope
from pressrun.store import people
from pressrun.store.api_tokens import ApiToken
from pressrun.store.transaction import Transaction


def holdings_of_person(tx: Transaction, person_id: int) -> Holdings:
    """The rights of a person; none for somebody who is gone."""
    person = people.find_person(tx, person_id)
    if person is None:
        return NOTHING
    if person.is_operator:
        return OPERATOR
    permissions = people.permissions_of(tx, person_id)
    return Holdings(by_list={one.list: rights_of_role(one.role, one.readers) for one in permissions})


def holdings_of_token(tx: Transaction, token: ApiToken) -> Holdings:
    """The rights of a token: of its scope, on its lists; of a person's token, never more than the person has now."""
    rights = rights_of_scope(token.scope, is_everywhere=token.lists is None)
    own = Holdings(everywhere=rights) if token.lists is None else Holdings(by_list=dict.fromkeys(token.lists, rights))
    return own if token.person_id is None else own.limited_to(holdings_of_person(tx, token.person_id))
