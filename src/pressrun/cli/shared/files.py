"""Files that a verb reads with its caller's rights, outside the part that runs as the owner of the data."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from pressrun.cli.shared.new_files import reporting_errors
from pressrun.cli.shared.owner import acting_for
from pressrun.core.errors import BadInput, NoInput, reason_of
from pressrun.operations.opened_files import (
    LARGEST_FILE,
    UnfitFile,
    open_below,
    open_folder,
    open_named,
    open_opened,
    read_opened,
    spool,
)
from pressrun.runtime.identity import user_name


def read_input(name: str) -> bytes:
    """The octets of a file, of a pipe, or of stdin for `-`; raises NoInput."""
    if name == "-":
        return sys.stdin.buffer.read()
    with _opened_folder(Path(name)) as folder:
        return folder.read_named(limit=None)


def read_edition(file: Path, find_references: Callable[[bytes], tuple[str, ...]]) -> tuple[bytes, dict[str, bytes]]:
    """An edition, and the files that it refers to by their paths below its folder.

    All are read from one open folder, so renaming that changes nothing. Raises NoInput, and BadInput as
    `read_beside` does.
    """
    with _opened_folder(file) as folder:
        source = folder.read_named()
        return source, folder.read_below(find_references(source))


def read_beside(file: Path, paths: tuple[str, ...]) -> dict[str, bytes]:
    """The files at these paths below the folder of a file, without those that are missing.

    Raises BadInput for a path with a symbolic link, which could lead out of the folder.
    """
    with _opened_folder(file) as folder:
        return folder.read_below(paths)


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """A file, a pipe, or stdin for `-`, to be read more than once; raises NoInput.

    What cannot be read twice is copied to a temporary file first, so memory does not grow with it.
    """
    with ExitStack() as files:
        if name != "-":
            yield files.enter_context(files.enter_context(_opened_folder(Path(name))).open_named())
        elif sys.stdin.seekable():
            yield sys.stdin.buffer
        else:
            with reporting_errors(Path(tempfile.gettempdir())):
                copy = spool(sys.stdin.buffer)
            yield files.enter_context(copy)


@contextmanager
def _opened_folder(file: Path) -> Iterator[_Folder]:
    try:
        descriptor = open_folder(file.parent)
    except OSError as problem:
        raise _unreadable(str(file), problem) from None
    try:
        yield _Folder(file, descriptor)
    finally:
        os.close(descriptor)


class _Folder:
    """The folder of a file that the caller named, held open.

    When root runs the verb, files are read with the rights of the folder's owner. The owner could replace any name in
    it by a symbolic link, and must not make root read what they may not. For root, the file itself may be a symbolic
    link only in a folder that root alone can change.
    """

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self._owner = status.st_uid
        is_guarded = status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        self._follows_links = os.geteuid() != 0 or is_guarded

    def read_named(self, limit: int | None = LARGEST_FILE) -> bytes:
        """The content of the file itself, which may be a pipe."""
        with self._reporting_errors():
            return read_opened(self._descriptor_of_named(), limit=limit, accepts_pipes=True)

    def open_named(self) -> BinaryIO:
        """The file itself, or the pipe."""
        with self._reporting_errors():
            return open_opened(self._descriptor_of_named())

    def _descriptor_of_named(self) -> int:
        with acting_for(self._owner):
            return open_named(self._file.name or ".", folder=self._descriptor, follows=self._follows_links)

    @contextmanager
    def _reporting_errors(self) -> Iterator[None]:
        try:
            yield
        except UnfitFile as problem:
            raise NoInput(f"cannot read {self._file}: it is {problem}") from None
        except OSError as problem:
            raise _unreadable(str(self._file), problem, self._owner) from None

    def read_below(self, paths: tuple[str, ...]) -> dict[str, bytes]:
        """The files that exist, by their paths."""
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
    why = reason_of(problem)
    if problem.errno == errno.ELOOP:
        why = "it is a symbolic link in a folder that others can write to. Name the file itself"
    elif isinstance(problem, PermissionError) and owner and os.geteuid() == 0:
        why = f"{user_name(owner)}, who owns its folder, may not read it"
    return NoInput(f"cannot read {name}: {why}")
