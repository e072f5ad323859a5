"""Describing tokens of programs: for listings, which load no more than this."""

from __future__ import annotations

from pressrun.core.errors import NotFound
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.services.people.lookups import PAGE
from pressrun.store.people import people
from pressrun.store.programs import api_tokens
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.store.transaction import Transaction


def list_tokens(tx: Transaction, person_id: int | None = None) -> list[Answer]:
    """Tokens in the order in which they were made, of one person or of all; never a token itself."""
    tokens: list[Answer] = []
    while page := tokens_page(tx, person_id, after=tokens[-1]["id"] if tokens else 0, limit=PAGE):
        tokens += page
    return tokens


def tokens_page(tx: Transaction, person_id: int | None, *, after: int, limit: int) -> list[Answer]:
    page = api_tokens.list_tokens(tx, person_id=person_id, after=after, limit=limit)
    return [describe_token(tx, token) for token in page]


def show_token(tx: Transaction, token_id: int) -> Answer:
    """One token; raises NotFound."""
    token = api_tokens.find_token_by_id(tx, token_id)
    if token is None:
        raise NotFound(f"no such token: {token_id}", see="token ls")
    return describe_token(tx, token)


def describe_token(tx: Transaction, token: ApiToken) -> Answer:
    """What may be shown of a token. `lists` is null when it is for all, `last_used` is a day (UTC)."""
    owner = None if token.person_id is None else people.find_person(tx, token.person_id)
    used = rfc3339(token.used_at)
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope.value,
        "lists": None if token.lists is None else list(token.lists),
        "networks": list(token.networks),
        "person": None if owner is None else owner.name,
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "last_used": used and used[:10],
    }
