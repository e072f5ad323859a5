"""Describing tokens of programs: for listings, which load no more than this."""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from pressrun.core.access.rights import TokenScope
from pressrun.core.errors import NotFound
from pressrun.core.timestamps import rfc3339
from pressrun.services.people.lookups import PAGE
from pressrun.store.paging import each_row
from pressrun.store.people import people
from pressrun.store.programs import api_tokens
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.store.transaction import Transaction


class TokenAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token of a program. `token` is only in the answer to making it; `last_used` is a day."""

    id: int
    name: str
    scope: TokenScope
    lists: tuple[str, ...] | None
    networks: tuple[str, ...]
    person: str | None
    created_at: str
    expires_at: str | None
    last_used: str | None
    token: str | None = None


def list_tokens(tx: Transaction, person_id: int | None = None) -> list[TokenAnswer]:
    """Tokens in the order in which they were made, of one person or of all; never a token itself."""
    return [*each_row(partial(tokens_page, tx, person_id), lambda token: token.id, 0, PAGE)]


def tokens_page(tx: Transaction, person_id: int | None, *, after: int, limit: int) -> list[TokenAnswer]:
    page = api_tokens.list_tokens(tx, person_id=person_id, after=after, limit=limit)
    return [describe_token(tx, token) for token in page]


def show_token(tx: Transaction, token_id: int) -> TokenAnswer:
    """One token; raises NotFound."""
    token = api_tokens.find_token_by_id(tx, token_id)
    if token is None:
        raise NotFound(f"no such token: {token_id}", see="token ls")
    return describe_token(tx, token)


def describe_token(tx: Transaction, token: ApiToken) -> TokenAnswer:
    """What may be shown of a token. `lists` is null when it is for all, `last_used` is a day (UTC)."""
    owner = None if token.person_id is None else people.find_person(tx, token.person_id)
    used = rfc3339(token.used_at)
    return TokenAnswer(
        id=token.id,
        name=token.name,
        scope=token.scope,
        lists=token.lists,
        networks=token.networks,
        person=None if owner is None else owner.name,
        created_at=rfc3339(token.created_at),
        expires_at=rfc3339(token.expires_at),
        last_used=used and used[:10],
    )
