"""The arguments of actions on people and tokens. A person is named by their name or their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pressrun.acts.arguments import Arguments
from pressrun.acts.http import STORABLE, EmailAddress, PageLength, described
from pressrun.core.access.passwords import LEAST_CHARACTERS, MOST_OCTETS
from pressrun.core.access.rights import ReaderAccess, Role, TokenScope

NewName = Annotated[str, described(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""The name of somebody who may log in; kept in lower case."""
PersonText = Annotated[str, described(anyOf=[{"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"}, {"format": "email"}])]
"""The name of a person, or their address."""
ListName = Annotated[str, described(**STORABLE)]
TokenName = Annotated[
    str, described(pattern=r"^[^@\s\x00-\x1f\x7f-\xa0]([^@\x00-\x1f\x7f-\x9f]{0,38}[^@\s\x00-\x1f\x7f-\xa0])?$")
]
Expiry = Annotated[str, described(maxLength=40, examples=["90d", "2030-01-01T00:00:00Z"])]
Network = Annotated[
    str, described(pattern="^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$", examples=["192.0.2.0/24", "2001:db8::/32"])
]


class PeoplePage(Arguments, frozen=True, kw_only=True):
    """People by name, those after one."""

    limit: PageLength = 100
    after: str = ""


class TokensPage(Arguments, frozen=True, kw_only=True):
    """Tokens by id, those after one."""

    limit: PageLength = 100
    after: int = 0


class PersonAdd(Arguments, frozen=True, kw_only=True):
    """`user add`: with a password they need no link to enter."""

    name: NewName
    address: EmailAddress | None = None
    operator: bool = False
    password: Annotated[str, described(minLength=LEAST_CHARACTERS, maxLength=MOST_OCTETS)] | None = None


class PersonInvite(Arguments, frozen=True, kw_only=True):
    """`user invite`; without `readers` the access to readers' data stays as it is."""

    address: EmailAddress
    list: ListName
    role: Role
    readers: ReaderAccess | None = None


class PersonGrant(Arguments, frozen=True, kw_only=True):
    """`user grant` and `user revoke`: on a list, or with `operator` on all of them."""

    person: PersonText
    list: ListName | None = None
    role: Role | None = None
    readers: ReaderAccess | None = None
    operator: bool = False


# Not "const": openapi-python-client generates invalid Python for an optional "const".
_NOT_TRUE, _NOT_FALSE = ({"type": "boolean", "not": {"const": value}} for value in (True, False))
ON_A_LIST_OR_ALL: Mapping[str, Any] = {
    "oneOf": [
        {"required": ["list"], "properties": {"list": {"type": "string", **STORABLE}, "operator": _NOT_TRUE}},
        {"required": ["operator"], "properties": {"list": {"type": "null"}, "operator": _NOT_FALSE}},
    ]
}


class PersonName(Arguments, frozen=True, kw_only=True):
    """`user link`, `user reset`, `user rm`, and one person."""

    person: PersonText


class TokenCreate(Arguments, frozen=True, kw_only=True):
    """`token create`; no lists are all of them, `expires` is a duration or a time, no networks are any."""

    name: TokenName
    scope: TokenScope = TokenScope.READ
    lists: tuple[str, ...] = ()
    expires: Expiry | None = None
    networks: tuple[Network, ...] = ()


class TokenId(Arguments, frozen=True, kw_only=True):
    """`token revoke`."""

    id: int
