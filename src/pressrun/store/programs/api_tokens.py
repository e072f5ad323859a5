"""Tokens of programs. Of the token itself only its digest is stored, so nobody can use what a stolen database holds."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import asdict, replace

from pressrun.core.access.rights import TokenScope
from pressrun.store.transaction import Row, Transaction, in_json, parse_row

DAY_SECONDS = 86_400


class ApiToken(Struct, frozen=True, kw_only=True):
    """One token. `lists` are the names of those that it is limited to, None when it is not limited.

    `networks` are those that it may be used from, none for any. `person_id` is whose it is, None for the machine's.
    `used_at` is the beginning of the day of its last use (UTC).
    """

    id: int
    name: str
    scope: TokenScope
    lists: tuple[str, ...] | None = None
    networks: tuple[str, ...]
    person_id: int | None
    created_at: int
    expires_at: int | None
    used_at: int | None


class NewToken(Struct, frozen=True, kw_only=True):
    """A token to store; `list_ids` is None when it is not limited to lists.

    `origin_id` is the first of the tokens by which it was made, None where a person made it.
    """

    name: str
    scope: TokenScope
    list_ids: tuple[int, ...] | None
    networks: tuple[str, ...]
    person_id: int | None
    expires_at: int | None
    origin_id: int | None = None


def digest_of(token: str) -> bytes:
    """What is stored of a token. It holds 256 random bits, so nothing slower is needed."""
    return sha256(token.encode()).digest()


def insert_token(tx: Transaction, new: NewToken, token: str, now: int) -> int:
    """Store a token; returns its id."""
    token_id = tx.insert(
        "api_tokens.insert",
        **{**asdict(new), "networks": in_json(new.networks)},
        digest=digest_of(token),
        is_everywhere=int(new.list_ids is None),
        now=now,
    )
    for list_id in new.list_ids or ():
        tx.run("api_tokens.add_list", token_id=token_id, list_id=list_id)
    return token_id


def is_name_used(tx: Transaction, name: str) -> bool:
    """Whether there is a token of this name."""
    return tx.value("api_tokens.has_name", name=name) is not None


def find_token(tx: Transaction, token: str) -> ApiToken | None:
    """The token that somebody shows, whether or not it has expired."""
    return next(iter(_parsed(tx, tx.rows("api_tokens.find", digest=digest_of(token)))), None)


def find_token_by_id(tx: Transaction, token_id: int) -> ApiToken | None:
    return next(iter(_parsed(tx, tx.rows("api_tokens.get", id=token_id))), None)


def find_token_by_name(tx: Transaction, name: str) -> ApiToken | None:
    return next(iter(_parsed(tx, tx.rows("api_tokens.get_by_name", name=name))), None)


def find_family(tx: Transaction, origin_id: int) -> list[ApiToken]:
    """A token without a person, if it still exists, and the tokens that were made with it."""
    return _parsed(tx, tx.rows("api_tokens.family", id=origin_id))


def origin_of(tx: Transaction, token_id: int) -> int:
    """The id of the token that this one was made with, of that one's, and so on: its own where a person made it."""
    return int(tx.value("api_tokens.origin", id=token_id) or token_id)


def made_with(tx: Transaction, token_id: int) -> list[Row]:
    """The id and name of each token that was made with this one, directly or through others."""
    return tx.rows("api_tokens.made_with", id=token_id)


def list_tokens(tx: Transaction, *, person_id: int | None = None, after: int = 0, limit: int) -> list[ApiToken]:
    """Tokens with higher ids than `after`, those of one person or all."""
    return _parsed(tx, tx.rows("api_tokens.page", person_id=person_id, after=after, limit=limit))


def record_use(tx: Transaction, token_id: int, now: int) -> None:
    """Record that a token was used on this day (UTC)."""
    tx.run("api_tokens.use", id=token_id, day=now - now % DAY_SECONDS)


def delete_token(tx: Transaction, token_id: int) -> bool:
    """Delete a token, which opens nothing from now on; False when there is none."""
    return tx.run("api_tokens.delete", id=token_id) > 0


def delete_tokens_of(tx: Transaction, person_id: int) -> list[str]:
    """Delete all tokens of a person; returns their names."""
    return sorted(row["name"] for row in tx.rows("api_tokens.delete_of", person_id=person_id))


def _parsed(tx: Transaction, rows: Sequence[Row]) -> list[ApiToken]:
    names: dict[int, tuple[str, ...]] = {row["id"]: () for row in rows if not row["is_everywhere"]}
    for row in tx.rows("api_tokens.lists_of", ids=in_json(sorted(names))) if names else ():
        names[row["token_id"]] += (row["list"],)
    return [replace(parse_row(row, ApiToken), lists=names.get(row["id"])) for row in rows]
