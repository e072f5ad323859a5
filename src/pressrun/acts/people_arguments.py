"""The arguments of actions on people and tokens. A person is named by their name or their address."""

from __future__ import annotations

from pressrun.acts.arguments import Arguments
from pressrun.acts.http import EmailAddress, PageLength
from pressrun.core.rights import ReaderAccess, Role, TokenScope


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

    name: str
    address: EmailAddress | None = None
    operator: bool = False
    password: str | None = None


class PersonInvite(Arguments, frozen=True, kw_only=True):
    """`user invite`; without `readers` the access to readers' data stays as it is."""

    address: EmailAddress
    list: str
    role: Role
    readers: ReaderAccess | None = None


class PersonGrant(Arguments, frozen=True, kw_only=True):
    """`user grant` and `user revoke`: on a list, or with `operator` on all of them."""

    person: str
    list: str | None = None
    role: Role | None = None
    readers: ReaderAccess | None = None
    operator: bool = False


class PersonName(Arguments, frozen=True, kw_only=True):
    """`user link`, `user reset`, `user rm`, and one person."""

    person: str


class TokenCreate(Arguments, frozen=True, kw_only=True):
    """`token create`; no lists are all of them, `expires` is a duration or a time, no networks are any."""

    name: str
    scope: TokenScope = TokenScope.READ
    lists: tuple[str, ...] = ()
    expires: str | None = None
    networks: tuple[str, ...] = ()


class TokenId(Arguments, frozen=True, kw_only=True):
    """`token revoke`."""

    id: int
