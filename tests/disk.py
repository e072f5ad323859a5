"""What a power cut would leave of the files below a folder, going by what was synced: a file by its content, and a name
by its folder. On some file systems more survives; a program may not count on that.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

Version = tuple[int, int]  # of a file's content: its size, and when it was written


class Disk:
    """What has been synced so far."""

    def __init__(self) -> None:
        self._contents: dict[int, Version] = {}
        self._names: dict[int, dict[str, int]] = {}
        self.too_soon: list[str] = []  # what got a new name before it was synced

    def sync(self, descriptor: int) -> None:
        """Note what this file or folder is like now."""
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(descriptor) as entries:
                self._names[status.st_ino] = {entry.name: entry.inode() for entry in entries}
        else:
            self._contents[status.st_ino] = _version(status)

    def naming(self, real: Callable[..., None]) -> Callable[..., None]:
        """A call that gives a file or a folder, its first argument, another name."""

        def named(source: str | Path, *arguments: Any, **options: Any) -> None:
            folder = options.get("src_dir_fd")
            path = Path(source) if folder is None else Path(f"/proc/self/fd/{folder}", source)
            if any(self._lost(path)) if path.is_dir() else self._is_lost(path):
                self.too_soon.append(path.name)
            real(source, *arguments, **options)

        return named

    def lost(self, folder: Path) -> list[str]:
        """The files and folders below a folder that a power cut would take or leave without their content."""
        return sorted(str(path.relative_to(folder)) for path in self._lost(folder))

    def _lost(self, folder: Path) -> Iterator[Path]:
        names = self._names.get(folder.stat().st_ino, {})
        for path in folder.iterdir():
            status = path.stat()
            if names.get(path.name) != status.st_ino or (path.is_file() and self._is_lost(path)):
                yield path
            elif path.is_dir():
                yield from self._lost(path)

    def _is_lost(self, path: Path) -> bool:
        status = path.stat()
        return status.st_size > 0 and self._contents.get(status.st_ino) != _version(status)


@contextmanager
def watched_disk() -> Iterator[Disk]:
    """Watch what Python code syncs inside the block; SQLite syncs its files itself."""
    disk = Disk()
    with ExitStack() as stack:
        for name in ("fsync", "fdatasync"):
            stack.enter_context(patch.object(os, name, disk.sync))
        for name in ("rename", "replace", "link"):
            stack.enter_context(patch.object(os, name, disk.naming(getattr(os, name))))
        yield disk


def _version(status: os.stat_result) -> Version:
    return status.st_size, status.st_mtime_ns
