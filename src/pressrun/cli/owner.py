"""The root rule: a verb that root runs acts as the owner of data_dir, and nobody else but that owner may.

Inputs are read before, outputs written after: what happens inside the block can touch only what the owner can.
"""

from __future__ import annotations

import codecs
import importlib
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pressrun.core.errors import NotPermitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a process acts as."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def find_owner(data_dir: Path) -> Person | None:
    """Whom this process must become to use data_dir; None when it is that user, or when there is no data yet.

    Raises NotPermitted for a user who is neither root nor the owner.
    """
    try:
        found = data_dir.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise NotPermitted(f"{data_dir} is not accessible to this user. Run pressrun with sudo") from None
    if os.geteuid() == found.st_uid:
        return None
    if os.geteuid() != 0:
        raise NotPermitted(f"{data_dir} belongs to {user_name(found.st_uid)}. Run pressrun with sudo, or as that user")
    return Person(uid=found.st_uid, gid=found.st_gid, groups=_groups(found.st_uid, found.st_gid))


@contextmanager
def acting_as_owner(data_dir: Path) -> Iterator[None]:
    """Be the owner of data_dir for a while; raises NotPermitted."""
    owner = find_owner(data_dir)
    if owner is None:
        yield
        return
    _load_the_rest()
    with _acting_as(owner):
        yield


@contextmanager
def acting_for(uid: int) -> Iterator[None]:
    """Be that user for a moment where root runs; anybody else stays who they are."""
    if os.geteuid() != 0 or uid == 0:
        yield
        return
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid  # nobody of that number: what everybody may, and what the number itself owns
    with _acting_as(Person(uid=uid, gid=gid, groups=_groups(uid, gid))):
        yield


@contextmanager
def _acting_as(owner: Person) -> Iterator[None]:
    before = Person(uid=os.geteuid(), gid=os.getegid(), groups=tuple(os.getgroups()))
    os.setgroups(owner.groups)
    os.setegid(owner.gid)
    os.seteuid(owner.uid)
    try:
        yield
    finally:
        os.seteuid(before.uid)
        os.setegid(before.gid)
        os.setgroups(before.groups)


def become_owner(data_dir: Path) -> None:
    """Be the owner of data_dir from now on, with no way back: for the daemon. Raises NotPermitted."""
    owner = find_owner(data_dir)
    if owner is None:
        return
    os.setgroups(owner.groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)
    for path in (__file__, os.__file__):
        if not os.access(path, os.R_OK):
            raise NotPermitted(
                f"{user_name(owner.uid)}, who owns {data_dir}, cannot read {path}: install Pressrun where everybody can"
            )


def _load_the_rest() -> None:
    """Load what verbs load when they need it: the owner may not be able to read where we are installed."""
    for name in ("pressrun.daemon", "pressrun.store.reading"):
        importlib.import_module(name)
    for encoding in ("ascii", "idna", "latin-1", "punycode", "utf-8-sig"):
        codecs.lookup(encoding)
    from pressrun.store import migrate, queries  # noqa: PLC0415 - root alone pays for it

    queries.load_queries()
    migrate.package_schema()
    migrate.package_steps()


def _groups(uid: int, gid: int) -> tuple[int, ...]:
    try:
        return tuple(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid))
    except KeyError:
        return (gid,)


def user_name(uid: int) -> str:
    """What a user is called, or their number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
