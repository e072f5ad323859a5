"""Files that a verb reads and writes as whoever called it, before and after it acts as the owner of the data."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pressrun.cli.owner import acting_for, user_name
from pressrun.core.errors import BadInput, NoInput, NotPermitted, OutputExists
from pressrun.operations.opened_files import (
    LARGEST_FILE,
    UnfitFile,
    open_below,
    open_folder,
    open_named,
    read_opened,
)


def read_input(name: str) -> bytes:
    """The octets of a file, of a pipe, or of stdin for `-`; raises NoInput."""
    if name == "-":
        return sys.stdin.buffer.read()
    with _opened(Path(name)) as folder:
        return folder.read_named(limit=None)


def read_edition(file: Path, references: Callable[[bytes], tuple[str, ...]]) -> tuple[bytes, dict[str, bytes]]:
    """An edition, and what it takes along by its path below the file's folder; `references` finds those in it.

    Both come from the same folder, whatever its name means meanwhile. Raises NoInput, and BadInput as `read_beside`.
    """
    with _opened(file) as folder:
        source = folder.read_named()
        return source, folder.read_below(references(source))


def read_beside(file: Path, paths: tuple[str, ...]) -> dict[str, bytes]:
    """What an edition takes along, by its path below the file's folder; what is missing is left out.

    Raises BadInput for a path that leads through a symbolic link: files come from that folder, not from elsewhere.
    """
    with _opened(file) as folder:
        return folder.read_below(paths)


@contextmanager
def _opened(file: Path) -> Iterator[_Folder]:
    try:
        descriptor = open_folder(file.parent)
    except OSError as problem:
        raise _unreadable(str(file), problem) from None
    try:
        yield _Folder(file, descriptor)
    finally:
        os.close(descriptor)


class _Folder:
    """The folder of a file that was named, held open.

    Root reads there as the folder's owner, who chooses what lies behind each name: whatever that is, they may read it
    anyway. Where root alone may change a folder, that is root.
    """

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        self._owner = found.st_uid
        is_guarded = found.st_uid == 0 and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        self._follows_links = os.geteuid() != 0 or is_guarded

    def read_named(self, limit: int | None = LARGEST_FILE) -> bytes:
        """The file itself, or what comes out of a pipe."""
        name, follows = self._file.name, self._follows_links
        try:
            with acting_for(self._owner):
                descriptor = open_named(name, folder=self._descriptor, follows=follows)
            return read_opened(descriptor, limit=limit, takes_pipes=True)
        except UnfitFile as problem:
            raise NoInput(f"cannot read {self._file}: it is {problem}") from None
        except OSError as problem:
            raise _unreadable(str(self._file), problem, self._owner) from None

    def read_below(self, paths: tuple[str, ...]) -> dict[str, bytes]:
        """The files that are there, by their paths."""
        return {path: content for path in paths if (content := self._read_below(path)) is not None}

    def _read_below(self, path: str) -> bytes | None:
        try:
            with acting_for(self._owner):
                descriptor = open_below(self._descriptor, path)
            return read_opened(descriptor)
        except FileNotFoundError:
            return None
        except UnfitFile as problem:
            raise BadInput(f"cannot include {path}: it is {problem}") from None
        except OSError as problem:
            if problem.errno in (errno.ELOOP, errno.ENOTDIR):
                raise BadInput(
                    f"{path} is a symbolic link, or below one. Put the file itself beside the edition"
                ) from None
            raise _unreadable(str(self._file.parent / path), problem, self._owner) from None


def _unreadable(name: str, problem: OSError, owner: int | None = None) -> NoInput:
    why = (problem.strerror or "an error").lower()
    if problem.errno == errno.ELOOP:
        why = "it is a symbolic link in a folder that others can write to. Name the file itself"
    elif isinstance(problem, PermissionError) and owner and os.geteuid() == 0:
        why = f"{user_name(owner)}, who owns its folder, may not read it"
    return NoInput(f"cannot read {name}: {why}")


def write_new(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, which is made when it is missing, none of them over another; raises OutputExists."""
    paths = [folder / name for name in files]
    for path in paths:
        if path.exists() or path.is_symlink():
            raise OutputExists(f"{path} already exists and will not be overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in zip(paths, files.values(), strict=True):
            with path.open("xb") as handle:
                handle.write(content)
    except FileExistsError as problem:
        raise OutputExists(f"{problem.filename} already exists and will not be overwritten") from None
    except OSError as problem:
        raise NotPermitted(f"cannot write {folder}: {(problem.strerror or 'an error').lower()}") from None
    return paths


@contextmanager
def new_folder(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Make a folder of files, whole or not at all; the block is given what writes one by its path below it.

    Raises OutputExists where there is something already, but for an empty folder.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise OutputExists(f"{path} already exists and will not be overwritten")
    with _saying(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:

            def write(name: str, content: bytes) -> None:
                file = draft / name
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("xb") as handle:
                    handle.write(content)

            yield write
            draft.chmod(0o755)  # made for its owner alone; what is exported is to be published
            draft.rename(path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Make a file, whole or not at all; `-` is stdout. Raises OutputExists."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    if path.exists() or path.is_symlink():
        raise OutputExists(f"{path} already exists and will not be overwritten")
    with _saying(path), tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        with draft.open("xb") as handle:
            yield handle
        path.hardlink_to(draft)  # never over another one


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise OutputExists(f"{path} already exists and will not be overwritten") from None
    except OSError as problem:
        raise NotPermitted(f"cannot write {path}: {(problem.strerror or 'an error').lower()}") from None
