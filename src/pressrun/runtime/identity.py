"""Users of this machine: who runs this process, who is at the other end of a Unix socket, and their groups."""

from __future__ import annotations

import grp
import os
import pwd
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_PEERGROUPS = 59  # SO_PEERGROUPS of Linux, which Python does not name
_GROUP = struct.Struct("I")
_MOST_OCTETS = 1024  # octets that Python reads of a socket option: 256 groups
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\$?", re.ASCII)  # a user name that could be nothing else


class User(Struct, frozen=True, kw_only=True):
    """A user of this machine, and the groups they are in: by the user database, and those that a process was given."""

    uid: int
    name: str
    groups: frozenset[int]


def user_of(uid: int, gid: int) -> User:
    """The user with this number, who acts with this group now."""
    return User(uid=uid, name=user_name(uid), groups=frozenset(groups_of(uid, gid)))


def peer_of(connection: socket.socket) -> User:
    """Who connected to a Unix socket of ours, as the kernel says (SO_PEERCRED in unix(7))."""
    _, uid, gid = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    user = user_of(uid, gid)
    return replace(user, groups=user.groups | _given_groups(connection))


def _given_groups(connection: socket.socket) -> frozenset[int]:
    """The further groups of the other process, which `SupplementaryGroups` of a unit gives without the database."""
    try:
        octets = connection.getsockopt(socket.SOL_SOCKET, _PEERGROUPS, _MOST_OCTETS)
    except OSError:  # more groups than that, or no such option
        return frozenset()
    return frozenset(number for (number,) in _GROUP.iter_unpack(octets))


def process_user() -> User:
    """Who runs this process, no matter who it acts as at the moment."""
    return user_of(os.getuid(), os.getgid())


def claimed_user(environ: Mapping[str, str]) -> str | None:
    """Who became root by sudo, according to the environment, which anybody can set."""
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


def folder_command(folder: Path, user: str, group: str) -> str:
    """What root runs to make a folder that this user alone can use."""
    return f"install -d -m 700 -o {user} -g {group} {folder}"


def user_name(uid: int) -> str:
    """The name of a user, or their number, in words."""
    name = account_name(uid)
    return f"user {uid}" if name == str(uid) else name


def account_name(uid: int) -> str:
    """The name of a user, or their number, as chown takes it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """The name of a group, or its number, as chgrp takes it."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
