"""Files in folders that others may change at the same time: opened first, then checked by what was opened.

A name may come to mean another file between a check and the opening; a descriptor cannot. So every check here (the type
of the file, its size, who may read it) uses the descriptor, never the path.
"""

from __future__ import annotations

import errno
import gzip
import os
import select
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from pressrun.core.errors import NoInput

LARGEST_FILE = 64 * 1024 * 1024  # octets; an edition with all its files may be as large
_PIPE_CAPACITY = 64 * 1024
_GZIP = b"\x1f\x8b"
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_LINKS = 40  # as many as Linux follows


class UnfitFile(Exception):
    """A file that cannot be used; the text says what it is instead."""


def open_folder(path: str | os.PathLike[str]) -> int:
    """A descriptor for opening files below a folder, whatever its name comes to mean later; raises OSError.

    Root gets no folder by a symbolic link of somebody who does not own that folder (ELOOP), as root acts as its owner.
    """
    if os.geteuid() != 0:
        return os.open(path or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    descriptor, owners = _walk(os.fspath(path) or ".")
    try:
        if owners <= {0, os.fstat(descriptor).st_uid}:
            return os.open(".", _FOLDER, dir_fd=descriptor)  # raises if it is no folder
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    finally:
        os.close(descriptor)


def open_source(path: Path) -> BufferedReader:
    """A file of another program, to be read; raises OSError.

    Root reads none, and no device, by a symbolic link of somebody who does not own it: what they may not read could end
    up in an archive for everybody. Raises NoInput then.
    """
    file = path.open("rb")
    try:
        status = os.fstat(file.fileno())
        if os.geteuid() == 0 and not stat.S_ISFIFO(status.st_mode):
            _require_own_links(path, status)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """A file of another program, decompressed if gzip has compressed it, whatever its name says.

    Raises as `open_source` does; reading raises OSError, EOFError and zlib.error for one that is damaged.
    """
    with open_source(path) as file:
        if file.peek(len(_GZIP)).startswith(_GZIP):
            with gzip.open(file) as content:
                yield cast("BinaryIO", content)
        else:
            yield file


def is_source(path: Path) -> bool:
    """Whether a regular file is there; raises OSError where that cannot be told, such as in a folder without access."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def sources_in(folder: Path) -> list[Path]:
    """The files in a folder, and links that lead nowhere or cannot be followed, which fail to open; raises OSError."""
    return [entry for entry in folder.iterdir() if entry.is_file() or not entry.exists()]


def _require_own_links(path: Path, status: os.stat_result) -> None:
    """Raise NoInput unless the links on the way to an opened file belong to root or to its owner."""
    descriptor, owners = _walk(os.fspath(path))
    reached = os.fstat(descriptor)
    os.close(descriptor)
    # The way that was looked at must be the one by which the file was opened.
    if not (os.path.samestat(status, reached) and owners <= {0, status.st_uid}):
        raise NoInput(f"cannot read {path}: it is reached by a symbolic link of somebody who does not own it")


def _require_few(links: int) -> None:
    if links > _MOST_LINKS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _walk(path: str) -> tuple[int, set[int]]:
    """What a path leads to, as a descriptor, and who owns the symbolic links on the way to it."""
    parts, owners, links = path.split("/")[::-1], set[int](), 0
    current = os.open("/" if path.startswith("/") else ".", _FOLDER)
    try:
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            below = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current)
            status = os.fstat(below)
            if stat.S_ISLNK(status.st_mode):
                target = os.readlink("", dir_fd=below)
                os.close(below)
                owners.add(status.st_uid)
                links += 1
                _require_few(links)
                parts += target.split("/")[::-1]
                below = os.open("/", _FOLDER) if target.startswith("/") else os.dup(current)
            os.close(current)
            current = below
    except BaseException:
        os.close(current)
        raise
    return current, owners


def open_named(name: str | os.PathLike[str], *, folder: int | None = None, follows: bool = True) -> int:
    """A descriptor of a file, without waiting for the writer of a pipe; raises OSError, ELOOP for a link."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follows else os.O_NOFOLLOW)
    return os.open(name, flags, dir_fd=folder)


def open_below(folder: int, path: str) -> int:
    """A descriptor of a file below a folder; no part of its path may be a symbolic link. Raises OSError, UnfitFile."""
    *parents, name = path.split("/")
    if any(part in ("", ".", "..") for part in (*parents, name)):
        raise UnfitFile("not a plain path below a folder")
    current = os.dup(folder)
    try:
        for part in parents:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current)
            os.close(current)
            current = below
        return open_named(name, folder=current, follows=False)
    finally:
        os.close(current)


def open_opened(descriptor: int) -> BinaryIO:
    """An opened file to be read more than once, however large it is; a pipe is copied to a temporary file.

    Raises OSError, and UnfitFile for another type.
    """
    with ExitStack() as closing:
        closing.callback(os.close, descriptor)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode):
            return spool(_read_pipe(descriptor))
        _require_regular(mode)
        closing.pop_all()
    return os.fdopen(descriptor, "rb")


def spool(pieces: Iterable[bytes]) -> BinaryIO:
    """A temporary file that holds these octets, at its start; raises OSError."""
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile(prefix="pressrun-"))
        file.writelines(pieces)
        file.seek(0)
        closing.pop_all()
    return file


def read_opened(descriptor: int, *, limit: int | None = LARGEST_FILE, accepts_pipes: bool = False) -> bytes:
    """The content of a file, which is closed; raises OSError, and UnfitFile for another type or more than `limit`."""
    try:
        mode = os.fstat(descriptor).st_mode
        if accepts_pipes and stat.S_ISFIFO(mode):
            return b"".join(_read_pipe(descriptor))
        _require_regular(mode)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read() if limit is None else file.read(limit + 1)  # it may be growing
        if limit is not None and len(content) > limit:
            raise UnfitFile(f"a file of more than {limit >> 20} MiB")
        return content
    finally:
        os.close(descriptor)


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnfitFile("a directory")
    if not stat.S_ISREG(mode):
        raise UnfitFile("not a regular file")


def _read_pipe(descriptor: int) -> Iterator[bytes]:
    """The content of a pipe until its writers have closed it; waits for the first writer of a named pipe."""
    awaits_writer = not str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("pipe:")
    writers = select.poll()
    writers.register(descriptor, select.POLLIN)  # poll always reports a hang-up, too
    while True:
        try:
            piece = os.read(descriptor, _PIPE_CAPACITY)
        except BlockingIOError:  # a writer has the pipe open
            writers.poll()
            continue
        if piece:
            awaits_writer = False
            yield piece
        elif awaits_writer:  # no writer yet
            writers.poll()
            awaits_writer = False  # the writer may already have gone again without writing
        else:
            return
