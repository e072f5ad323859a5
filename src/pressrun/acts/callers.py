"""Who calls from the network: a program with its token, or a person who has logged in."""

from __future__ import annotations

from pressrun.acts.call import Caller
from pressrun.core.rights import Holdings
from pressrun.services.people.tokens import Tokens
from pressrun.store.audit import person_on_page, program_by_api
from pressrun.store.people import StoredPerson


async def caller_of_token(tokens: Tokens, text: str, client: str | None) -> Caller | None:
    """Who shows a token from a network address, with the rights of this moment; None where it is not valid there."""
    program = await tokens.recognise(text, client)
    if program is None:
        return None
    token = program.token
    return Caller(
        actor=program_by_api(token.name),
        holdings=program.holdings,
        person_id=token.person_id,
        token_id=token.id,
        client=client,
    )


def caller_of_person(person: StoredPerson, holdings: Holdings, client: str | None) -> Caller:
    """Somebody who has logged in, with the rights of this moment."""
    return Caller(actor=person_on_page(person.name), holdings=holdings, person_id=person.id, client=client)
