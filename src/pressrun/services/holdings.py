"""What a person or a token may do now: read in each request, so that a change is in force at once."""

from __future__ import annotations

from pressrun.core.access.rights import NOTHING, OPERATOR, Holdings, rights_of_role, rights_of_scope
from pressrun.store.people import people
from pressrun.store.programs import api_tokens
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.store.transaction import Transaction


def holdings_of_person(tx: Transaction, person_id: int) -> Holdings:
    """The rights of a person; none for somebody who is gone."""
    person = people.find_person(tx, person_id)
    if person is None:
        return NOTHING
    if person.is_operator:
        return OPERATOR
    permissions = people.permissions_of(tx, person_id)[person_id]
    return Holdings(
        by_list={permission.list: rights_of_role(permission.role, permission.readers) for permission in permissions}
    )


def holdings_now(tx: Transaction, person_id: int | None, token_id: int | None) -> Holdings | None:
    """The rights of a token or else a person by their ids; None for neither, which is somebody at the shell."""
    if token_id is not None:
        token = api_tokens.find_token_by_id(tx, token_id)
        return NOTHING if token is None else holdings_of_token(tx, token)
    return None if person_id is None else holdings_of_person(tx, person_id)


def holdings_of_token(tx: Transaction, token: ApiToken) -> Holdings:
    """The rights of a token: of its scope, on its lists; of a person's token, never more than the person has now."""
    rights = rights_of_scope(token.scope, is_everywhere=token.lists is None)
    own = Holdings(everywhere=rights) if token.lists is None else Holdings(by_list=dict.fromkeys(token.lists, rights))
    return own if token.person_id is None else own.limited_to(holdings_of_person(tx, token.person_id))
