"""Who may do what: rights, the roles of people, the scopes of tokens, and what each of them holds, as data.

A right is held on certain lists or everywhere. A viewer reads reports, an editor writes drafts, a publisher sends, and
an operator does everything on every list. Access to readers' data is granted separately from the role: a person who may
send an edition may not therefore see who gets it, and a person who sees readers may not therefore download all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class Right(StrEnum):
    """What an action needs; each action names one."""

    SELF = "self"  # anybody who has logged in or has a valid token
    SIGN_UP = "sign-up"  # ask somebody to confirm a subscription, and learn nothing about them
    STATS = "stats"  # settings, counts and reports of a list, without addresses
    DRAFTS = "drafts"  # write, check and submit editions
    RELEASE = "release"  # approve, send, schedule, pause, resume and cancel editions
    SETTINGS = "settings"  # change a list
    SEE_READERS = "readers:see"
    MANAGE_READERS = "readers:manage"
    EXPORT_READERS = "readers:export"  # all of them at once
    RETURNS = "returns"  # submit bounces and complaints
    OPERATE = "operate"  # people, tokens, suppressions, the queue, the audit log, new lists
    MACHINE = "machine"  # what changes files of the machine: for root and the owner of the data


class Role(StrEnum):
    """What a person is on a list; each role can do all that the one before can."""

    VIEWER = "viewer"
    EDITOR = "editor"
    PUBLISHER = "publisher"


class ReaderAccess(StrEnum):
    """A person's access to the readers of a list; each includes the one before."""

    NONE = "none"
    SEE = "see"
    MANAGE = "manage"
    EXPORT = "export"


class TokenScope(StrEnum):
    """What a token is for."""

    READ = "read"
    WRITE = "write"
    SIGN_UP = "sign-up"
    DRAFT = "draft"
    STATS = "stats"
    RETURNS = "returns"


Rights = frozenset[Right]

_VIEWER = frozenset({Right.STATS})
_EDITOR = _VIEWER | {Right.DRAFTS}
_PUBLISHER = _EDITOR | {Right.RELEASE, Right.SETTINGS}
_ROLES: Mapping[Role, Rights] = {Role.VIEWER: _VIEWER, Role.EDITOR: _EDITOR, Role.PUBLISHER: _PUBLISHER}

_SEE = frozenset({Right.SEE_READERS})
_MANAGE = _SEE | {Right.MANAGE_READERS, Right.SIGN_UP}
_EXPORT = _MANAGE | {Right.EXPORT_READERS}
_READERS: Mapping[ReaderAccess, Rights] = {
    ReaderAccess.NONE: frozenset(),
    ReaderAccess.SEE: _SEE,
    ReaderAccess.MANAGE: _MANAGE,
    ReaderAccess.EXPORT: _EXPORT,
}

_ALL = frozenset(Right)
_PROGRAM = _ALL - {Right.MACHINE}
_SCOPES: Mapping[TokenScope, Rights] = {
    TokenScope.READ: frozenset({Right.STATS, Right.SEE_READERS, Right.EXPORT_READERS}),
    TokenScope.WRITE: _PROGRAM - {Right.OPERATE},
    TokenScope.SIGN_UP: frozenset({Right.SIGN_UP}),
    TokenScope.DRAFT: _EDITOR,
    TokenScope.STATS: _VIEWER,
    TokenScope.RETURNS: frozenset({Right.RETURNS}),
}


class Holdings(Struct, frozen=True, kw_only=True):
    """The rights that somebody holds everywhere, and those on single lists, by the name of the list."""

    everywhere: Rights = frozenset()
    by_list: Mapping[str, Rights] = field(default_factory=dict)

    def has(self, right: Right, list_name: str | None = None) -> bool:
        """Whether this right is held on a list; without a list: everywhere. SELF is held by everybody."""
        if right in self.everywhere or right is Right.SELF:
            return True
        return list_name is not None and right in self.by_list.get(list_name, ())

    def has_somewhere(self, right: Right) -> bool:
        """Whether this right is held on any list."""
        return self.has(right) or any(right in rights for rights in self.by_list.values())

    def knows(self, list_name: str) -> bool:
        """Whether a list is within reach: of any other it is not even said that it exists."""
        return bool(self.everywhere) or bool(self.by_list.get(list_name))

    def limited_to(self, other: Holdings) -> Holdings:
        """What both hold."""
        names = self.by_list.keys() | other.by_list.keys()
        return Holdings(
            everywhere=self.everywhere & other.everywhere,
            by_list={name: rights for name in names if (rights := self._on(name) & other._on(name))},
        )

    def _on(self, list_name: str) -> Rights:
        return self.everywhere | self.by_list.get(list_name, frozenset())


NOTHING = Holdings()
OPERATOR = Holdings(everywhere=_PROGRAM)
GROUP_MEMBER = OPERATOR
OWNER = Holdings(everywhere=_ALL)


def rights_of_role(role: Role, readers: ReaderAccess) -> Rights:
    """What a person with this role may do on a list."""
    return _ROLES[role] | _READERS[readers]


def rights_of_scope(scope: TokenScope, *, is_everywhere: bool) -> Rights:
    """What a token of this scope may do; one that writes and is not limited to lists operates, too."""
    rights = _SCOPES[scope]
    return rights | {Right.OPERATE} if scope is TokenScope.WRITE and is_everywhere else rights
