"""Who calls from the network: a program with its token. People who have logged in are in web.admin.frame."""

from __future__ import annotations

from pressrun.acts.call import Caller
from pressrun.services.people.tokens import Tokens
from pressrun.store.people.audit import program_by_api


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
