"""The root rule: a verb that root runs acts as the owner of data_dir, and all users but that owner are refused.

Inputs are read before the block and outputs written after it, so what happens inside reaches only what the owner can.
"""

from __future__ import annotations

import codecs
import errno
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from msgspec import Struct

from pressrun.assets import hold_assets
from pressrun.core.errors import BadConfiguration, NotPermitted
from pressrun.runtime.identity import account_name, groups_of, user_name
from pressrun.store.sqlite import migrate, statements

# What is missing, or no place for a folder, is an error of the configuration.
_NO_PLACE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


class Identity(Struct, frozen=True, kw_only=True):
    """The user and groups that a process acts as."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def find_owner(data_dir: Path) -> Identity | None:
    """The identity this process must assume to use data_dir; None when it has it, or when there are no data there.

    Raises NotPermitted for a user who is neither root nor the owner.
    """
    try:
        status = data_dir.stat()
    except PermissionError:
        raise NotPermitted(f"{data_dir} is not accessible to this user. Run pressrun with sudo") from None
    except OSError as problem:
        if problem.errno in _NO_PLACE:
            return None
        raise
    if os.geteuid() == status.st_uid:
        return None
    if os.geteuid() != 0:
        raise NotPermitted(_of_another(data_dir, status.st_uid))
    return Identity(uid=status.st_uid, gid=status.st_gid, groups=groups_of(status.st_uid, status.st_gid))


def _of_another(data_dir: Path, owner: int) -> str:
    """What a user is told about data of another; data of root are often those of a service, unpacked by hand."""
    message = f"{data_dir} belongs to {user_name(owner)}. Run pressrun with sudo, or as that user"
    if owner:
        return message
    me = os.geteuid()
    return f"{message}. If the data are those of {user_name(me)}, run chown -R {account_name(me)}: {data_dir} as root"


def _require_open(data_dir: Path) -> None:
    """Raise BadConfiguration for a folder with a mode that keeps its owner out."""
    try:
        status = data_dir.stat()
    except OSError:
        return  # missing, or find_owner says who may use it
    if status.st_uid and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        mode = stat.S_IMODE(status.st_mode)
        raise BadConfiguration(f"{data_dir} has mode {mode:04o}, so its owner cannot use it. Run chmod 700 {data_dir}")


def is_in_group_of(data_dir: Path) -> bool:
    """Whether this process has the group of data_dir; also True if that cannot be seen."""
    try:
        gid = data_dir.stat().st_gid
    except PermissionError:
        return True
    return gid == os.getegid() or gid in os.getgroups()


@contextmanager
def acting_as_owner(data_dir: Path) -> Iterator[None]:
    """Act as the owner of data_dir inside the block; raises NotPermitted, or BadConfiguration if they cannot use it."""
    _require_open(data_dir)
    with acting_as(find_owner(data_dir)):
        yield


@contextmanager
def acting_for(uid: int) -> Iterator[None]:
    """Act as that user inside the block where root runs; any other user stays the same."""
    if os.geteuid() != 0 or uid == 0:
        yield
        return
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid  # no account has this number: only what everybody may use, and what the number itself owns
    with _switched_to(Identity(uid=uid, gid=gid, groups=groups_of(uid, gid))):
        yield


@contextmanager
def acting_as(owner: Identity | None) -> Iterator[None]:
    """Act inside the block as the owner that `find_owner` has found."""
    if owner is None:
        yield
        return
    _load_everything()
    with _switched_to(owner):
        yield


@contextmanager
def _switched_to(owner: Identity) -> Iterator[None]:
    before = Identity(uid=os.geteuid(), gid=os.getegid(), groups=tuple(os.getgroups()))
    os.setgroups(owner.groups)
    os.setegid(owner.gid)
    os.seteuid(owner.uid)
    try:
        yield
    finally:
        os.seteuid(before.uid)
        os.setegid(before.gid)
        os.setgroups(before.groups)


def make_socket_folder(folder: Path, data_dir: Path) -> None:
    """If root is about to become the owner of data_dir, make a folder for that owner, which everybody may enter.

    The owner could not make it in /run. If it cannot be made, the daemon says so when it opens the socket.
    """
    owner = find_owner(data_dir)
    if owner is None or folder.exists():
        return
    with suppress(OSError):
        folder.mkdir()
        made = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchmod(made, 0o755)
            os.fchown(made, owner.uid, owner.gid)
        finally:
            os.close(made)


def become_owner(data_dir: Path) -> None:
    """Become the owner of data_dir for good: for the daemon. Raises NotPermitted and BadConfiguration."""
    _require_open(data_dir)
    owner = find_owner(data_dir)
    if owner is None:
        return
    os.setgroups(owner.groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)
    for path in (__file__, os.__file__):
        if not os.access(path, os.R_OK):
            raise NotPermitted(
                f"{user_name(owner.uid)}, who owns {data_dir}, cannot read {path}. Install Pressrun where every user "
                "can read it"
            )


def _load_everything() -> None:
    """Load what verbs would load later: the owner may not be able to read the folder that we are installed in."""
    for module in ("pressrun.cli.shared.offline", "pressrun.store.sqlite.thread"):
        import_module(module)
    for encoding in ("ascii", "idna", "latin-1", "punycode", "utf-8-sig"):
        codecs.lookup(encoding)
    hold_assets()
    statements.statements()
    migrate.package_schema()
    migrate.package_steps()
    migrate.newest_version()
