"""Tokens of programs: making, showing and revoking them, and finding out whose token a request carries.

A token is shown once. It can do what its scope says on its lists; a token that a person made can never do more than
they can now. A token made with another one ends with it at the latest, and works only from its networks.
"""

from __future__ import annotations

import ipaddress
import logging
from base64 import urlsafe_b64encode
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.access.rights import NOTHING, Holdings, TokenScope
from pressrun.core.errors import BadInput, BadQuantity, NotFound, NotPermitted, Refused, Unavailable
from pressrun.core.names import parse_token_name
from pressrun.core.network.peers import Peers
from pressrun.core.quantities import parse_duration
from pressrun.core.timestamps import seconds_of
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.holdings import holdings_of_token
from pressrun.services.people.token_lookups import TokenAnswer, describe_token
from pressrun.store.lists import lists
from pressrun.store.people import audit
from pressrun.store.programs import api_tokens
from pressrun.store.programs.api_tokens import DAY_SECONDS, ApiToken, NewToken
from pressrun.store.shared_reads import SharedReads
from pressrun.store.transaction import Transaction, parse_row

log = logging.getLogger("pressrun.people")

PREFIX = "pr_"  # lets scanners find tokens that were published by mistake
_OCTETS = 32

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TokenNameInUse(Refused):
    """Another token has this name."""


class TokenWithoutUse(Refused):
    """A token that could do nothing on one of its lists, since its person cannot either."""


class BadNetwork(BadInput):
    """What is neither a network address nor a network."""


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A token to make, as it was asked for: `expires` is a duration or a time, no lists are all of them."""

    name: str
    scope: TokenScope = TokenScope.READ
    lists: tuple[str, ...] = ()
    expires: str | None = None
    networks: tuple[str, ...] = ()


class TokenMaker(Struct, frozen=True, kw_only=True):
    """Who makes a token: a person, maybe by a token of theirs, or with neither somebody at the shell."""

    person_id: int | None = None
    token_id: int | None = None


class TokenMade(Struct, frozen=True, kw_only=True):
    """A token that was made with another one."""

    id: int
    name: str


class TokenRevoked(Struct, frozen=True, kw_only=True):
    """Which token was revoked. Those that were `made` with it, or with one of these, are still valid."""

    id: int
    name: str
    made: tuple[TokenMade, ...]


class Program(Struct, frozen=True, kw_only=True):
    """A program with a valid token, and what it may do now."""

    token: ApiToken
    holdings: Holdings


class Tokens:
    """The tokens of one database."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._programs = SharedReads(context.database, self._find)

    async def create(self, wanted: TokenRequest, maker: TokenMaker) -> TokenAnswer:
        """Make a token; the answer is the only place that shows it.

        Raises BadInput; NotFound for a list; Refused for a name in use, and for a token that could do nothing;
        NotPermitted if its maker is a token that was revoked in the meantime.
        """
        token = PREFIX + urlsafe_b64encode(self._context.entropy(_OCTETS)).rstrip(b"=").decode()
        answer = await self._context.database.write(self._create, wanted, maker, token)
        event(log, "token.created", token=answer.id, scope=wanted.scope.value)
        return replace(answer, token=token)

    async def revoke(self, token_id: int, person_id: int | None = None) -> TokenRevoked:
        """Delete a token, of this person where one is given; it stops working at once. Raises NotFound.

        Tokens that were made with it stay valid, since other programs use them; the answer lists them.
        """
        answer = await self._context.database.write(self._revoke, token_id, person_id)
        event(log, "token.revoked", token=token_id)
        return answer

    async def recognise(self, token: str, client: str | None) -> Program | None:
        """The program that shows a token from a network address; None unless the token is valid there now.

        The day of its use is recorded, if anything can be written now.
        """
        if not token.startswith(PREFIX) or not token.isascii():
            return None
        program = await self._programs.find(token)
        now = self._context.now
        if program is None or not _is_valid(program.token, client, now):
            return None
        if (program.token.used_at or 0) < now - now % DAY_SECONDS:
            with suppress(Unavailable):
                await self._context.database.record(api_tokens.record_use, program.token.id, now)
        return program

    @staticmethod
    def _find(tx: Transaction, texts: Collection[str]) -> dict[str, Program]:
        tokens = {text: token for text in texts if (token := api_tokens.find_token(tx, text)) is not None}
        return {text: Program(token=token, holdings=holdings_of_token(tx, token)) for text, token in tokens.items()}

    def _create(self, tx: Transaction, wanted: TokenRequest, maker: TokenMaker, token: str) -> TokenAnswer:
        name, now = parse_token_name(wanted.name), self._context.now
        list_ids = tuple(lists.get_list(tx, list_name).id for list_name in wanted.lists) or None
        parent = None if maker.token_id is None else api_tokens.find_token_by_id(tx, maker.token_id)
        if parent is None and maker.token_id is not None:
            raise NotPermitted("the token that makes this one was revoked")
        if api_tokens.is_name_used(tx, name):
            raise TokenNameInUse(f"there is a token named {name}. Choose another name, or revoke that one first")
        new = NewToken(
            name=name,
            scope=wanted.scope,
            list_ids=list_ids,
            networks=_networks(wanted.networks, parent),
            person_id=maker.person_id if parent is None else parent.person_id,
            expires_at=_end(wanted.expires, parent, now),
            origin_id=None if parent is None else api_tokens.origin_of(tx, parent.id),
        )
        token_id = api_tokens.insert_token(tx, new, token, now)
        audit.mention(tx, f"token {token_id}")
        stored = api_tokens.find_token_by_id(tx, token_id)
        assert stored is not None
        _require_use(tx, stored)
        return describe_token(tx, stored)

    @staticmethod
    def _revoke(tx: Transaction, token_id: int, person_id: int | None) -> TokenRevoked:
        token = api_tokens.find_token_by_id(tx, token_id)
        is_theirs = token is not None and person_id in (None, token.person_id)
        made = tuple(parse_row(row, TokenMade) for row in api_tokens.made_with(tx, token_id))
        if token is None or not is_theirs or not api_tokens.delete_token(tx, token_id):
            raise NotFound(f"no such token: {token_id}", see="token ls")
        return TokenRevoked(id=token_id, name=token.name, made=made)


def _is_valid(token: ApiToken, client: str | None, now: int) -> bool:
    """Whether a token may be used now, from a network address."""
    if token.expires_at is not None and token.expires_at <= now:
        return False
    return not token.networks or (client is not None and client in Peers(token.networks))


def _require_use(tx: Transaction, token: ApiToken) -> None:
    """Raise TokenWithoutUse for a token that its person may not use for anything on one of its lists."""
    if token.person_id is None:
        return
    held = holdings_of_token(tx, token)
    useless = [list_name for list_name in token.lists or () if not held.knows(list_name)]
    if useless or held == NOTHING:
        where = f" on {', '.join(useless)}" if useless else ""
        raise TokenWithoutUse(
            f"a token can do no more than you can, and you have none of the rights of {token.scope.value}{where}"
        )


def _end(expires: str | None, parent: ApiToken | None, now: int) -> int | None:
    latest = None if parent is None else parent.expires_at
    end = None if expires is None else parse_end(expires, now)
    return min((expiry for expiry in (end, latest) if expiry is not None), default=None)


def parse_end(text: str, now: int) -> int:
    """When a token ends, from a duration or a future time; raises BadInput."""
    try:
        end = int(now + parse_duration(text))
    except BadQuantity:
        end = _parse_time(text)
    if end <= now:
        raise BadInput(f"{text!r} has already passed. Give a duration such as 90d, or a time in the future")
    return end


def _parse_time(text: str) -> int:
    try:
        return seconds_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadInput(
            f"{text!r} is not a valid end for a token. Give a duration such as 90d, or a time such as 2027-01-31T00:00Z"
        ) from None


def _networks(wanted: tuple[str, ...], parent: ApiToken | None) -> tuple[str, ...]:
    networks = [parse_network(text) for text in wanted]
    allowed = [parse_network(text) for text in (parent.networks if parent is not None else ())]
    if not allowed:
        return tuple(map(str, networks))
    outside = [network for network in networks if not any(_lies_in(network, each) for each in allowed)]
    if outside:
        raise Refused(f"the token that makes this one may not be used from {outside[0]} itself")
    return tuple(map(str, networks or allowed))


def _lies_in(network: Network, other: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)


def parse_network(text: str) -> Network:
    """A network from which a token may be used; raises BadNetwork."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        raise BadNetwork(f"{text!r} is not a network. Give an address, or a network such as 192.0.2.0/24") from None
