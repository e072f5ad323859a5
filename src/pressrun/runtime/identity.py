"""Users of this machine: who runs this process, who is at the other end of a Unix socket, and their groups."""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct
from collections.abc import Mapping

from msgspec import Struct

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\$?", re.ASCII)  # a user name that nothing else could be


class User(Struct, frozen=True, kw_only=True):
    """A user of this machine, and the groups that the user database says they are in."""

    uid: int
    name: str
    groups: frozenset[int]


def user_of(uid: int, gid: int) -> User:
    """The user with this number, who acts with this group now."""
    return User(uid=uid, name=user_name(uid), groups=frozenset(groups_of(uid, gid)))


def peer_of(connection: socket.socket) -> User:
    """Who connected to a Unix socket of ours, as the kernel says (SO_PEERCRED in unix(7))."""
    _, uid, gid = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user_of(uid, gid)


def process_user() -> User:
    """Who runs this process, whoever it acts for at the moment."""
    return user_of(os.getuid(), os.getgid())


def claimed_user(environ: Mapping[str, str]) -> str | None:
    """Who became root by sudo, as this process is told: everybody can claim that."""
    return plain_name(environ.get("SUDO_USER"))


def plain_name(name: str | None) -> str | None:
    """The name if it may be that of a user."""
    return name if name is not None and _NAME.fullmatch(name) else None


def groups_of(uid: int, gid: int) -> tuple[int, ...]:
    """The groups of a user with this main group."""
    try:
        return tuple(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid))
    except KeyError:
        return (gid,)


def user_name(uid: int) -> str:
    """The name of a user, or their number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
