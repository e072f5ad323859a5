"""What the store does to files besides the database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


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
