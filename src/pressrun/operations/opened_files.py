"""Files in folders that somebody else may change while we look: opened first, then judged by what was opened.

A name can be given to another file between a look at it and its opening, a descriptor cannot. So nothing here asks
anything of a path: whether it is a file, how large it is and who may read it is asked of the descriptor.
"""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

LARGEST_FILE = 64 * 1024 * 1024  # octets; as much as an edition may have with all its files
_PIECE = 64 * 1024  # what a pipe holds


class UnfitFile(Exception):
    """A file that is not read; the text says what it is instead."""


def open_folder(path: str | os.PathLike[str]) -> int:
    """A descriptor through which files below a folder are opened, whatever its name means later; raises OSError."""
    return os.open(path or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def open_named(name: str | os.PathLike[str], *, folder: int | None = None, follows: bool = True) -> int:
    """A descriptor of a file, without waiting for whoever writes into a pipe; raises OSError, ELOOP for a link."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follows else os.O_NOFOLLOW)
    return os.open(name, flags, dir_fd=folder)


def open_below(folder: int, path: str) -> int:
    """A descriptor of a file below a folder, no part of whose path is a symbolic link; raises OSError and UnfitFile."""
    *parents, name = path.split("/")
    if any(part in ("", ".", "..") for part in (*parents, name)):
        raise UnfitFile("not a plain path below a folder")
    here = os.dup(folder)
    try:
        for part in parents:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return open_named(name, folder=here, follows=False)
    finally:
        os.close(here)


def read_opened(descriptor: int, *, limit: int | None = LARGEST_FILE, takes_pipes: bool = False) -> bytes:
    """All that is in a file, which is closed; raises UnfitFile for what is none or larger than `limit`, and OSError."""
    try:
        found = os.fstat(descriptor)
        if takes_pipes and stat.S_ISFIFO(found.st_mode):
            return _read_pipe(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise UnfitFile("a directory")
        if not stat.S_ISREG(found.st_mode):
            raise UnfitFile("not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read() if limit is None else file.read(limit + 1)  # it may grow meanwhile
        if limit is not None and len(content) > limit:
            raise UnfitFile(f"a file of more than {limit >> 20} MiB")
        return content
    finally:
        os.close(descriptor)


def _read_pipe(descriptor: int) -> bytes:
    """All that comes until the writers have gone; where a named pipe has none yet, the first one is waited for."""
    waits = not str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("pipe:")
    writers = select.poll()
    writers.register(descriptor, select.POLLIN)  # and, always, that they have gone
    content = bytearray()
    while True:
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:  # somebody writes, and is not done
            writers.poll()
            continue
        content += piece
        if not piece and (content or not waits):
            return bytes(content)
        if not piece:  # nobody has come yet
            writers.poll()
            waits = False  # whoever came may have gone without a word
