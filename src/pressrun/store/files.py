"""What the store does to files besides the database."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all, even if the power fails. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


@contextmanager
def new_private_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read, and that is on the disk after the block. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})  # how vfat, exFAT, SMB and FUSE refuse them


def name_new_file(draft: str | Path, name: str | Path, folder: int | None = None) -> None:
    """Give a finished file its name, which no file may have yet. Raises FileExistsError and other OSErrors.

    Paths are below the descriptor `folder`, if there is one. A rename would replace what has the name; where there are
    no hard links, an empty file takes the name first. The draft may remain.
    """
    try:
        os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as problem:
        if problem.errno not in _NO_HARD_LINKS:
            raise
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder))
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)


def make_directory(path: Path, mode: int = 0o700) -> None:
    """Make a directory, and those above it that are missing, so that they survive a power cut. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    for folder in missing:
        with suppress(PermissionError):  # others may own the folder above, and not let us read it
            sync_directory(folder.parent)


def sync_tree(folder: Path) -> None:
    """Bring the files below a folder to the disk, and their names. Raises OSError."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        if path.is_dir():
            sync_directory(path)
        elif path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_directory(folder)


def sync_directory(folder: Path) -> None:
    """Make new file names in this directory survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
