"""The files of imports and syncs of programs, in data_dir/jobs: each for its owner only, and durable once stored.

Beside what the program sent, there are the keys of its addresses and of those that occur more than once, the members
who would leave, and a mark for each row of what a dry run showed. They are deleted when the job ends, and when somebody
whom they name is erased.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from pressrun.core.addresses.spellings import Spellings
from pressrun.store.files import make_directory, sync_directory

FOLDER = "jobs"  # in data_dir
KEYS, REPEATED, LEAVERS, MARKS = ".keys", ".repeated", ".leavers", ".marks"
_PIECE = 1 << 20
_OVERLAP = 1024  # no spelling of an address is longer


class IncomingFile:
    """A file while it arrives."""

    def __init__(self, files: JobFiles, name: str) -> None:
        self.name = name
        self._files = files
        self._file = files.create(name)
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Append octets."""
        self._file.write(piece)
        self._digest.update(piece)

    def finish(self) -> bytes:
        """Bring the file to the disk; returns its SHA-256."""
        with self._file:
            _sync(self._file)
        self._files.sync_folder()
        return self._digest.digest()

    def abandon(self) -> None:
        """Write nothing more."""
        self._file.close()


class JobFiles:
    """The folder of these files, which is made with the first of them."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def begin(self) -> IncomingFile:
        """A new file under a name of its own."""
        return IncomingFile(self, secrets.token_hex(8))

    def create(self, name: str) -> BinaryIO:
        """A new file, or an empty one in the place of what is there."""
        make_directory(self._folder)
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "w+b")

    def sync_folder(self) -> None:
        """Bring the names of the files to the disk."""
        sync_directory(self._folder)

    def sync(self, file: BinaryIO) -> None:
        """Bring a new file with its name to the disk."""
        _sync(file)
        self.sync_folder()

    def write_lines(self, name: str, lines: Iterable[str]) -> int:
        """Store texts without line ends; returns how many."""
        number = 0
        with self.create(name) as file:
            for line in lines:
                file.write(f"{line}\n".encode())
                number += 1
            self.sync(file)
        return number

    def open(self, name: str) -> BinaryIO:
        """A file to be read; raises FileNotFoundError."""
        return (self._folder / name).open("rb")

    @contextmanager
    def lines(self, name: str) -> Iterator[Iterator[str]]:
        """The texts of a file; none without it."""
        try:
            file: TextIO = (self._folder / name).open(encoding="utf-8", newline="\n")
        except FileNotFoundError:
            yield iter(())
            return
        with file:
            yield (line.rstrip("\n") for line in file)

    def digest_of(self, *names: str) -> bytes:
        """SHA-256 of files one after the other; those that are missing are empty."""
        digest = hashlib.sha256()
        for name in names:
            with suppress(FileNotFoundError), self.open(name) as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        return digest.digest()

    def drop(self, names: Iterable[str]) -> None:
        """Delete the files of these jobs, by the names of those that programs sent."""
        for name in names:
            for end in ("", KEYS, REPEATED, LEAVERS, MARKS):
                (self._folder / f"{name}{end}").unlink(missing_ok=True)

    def names(self, *, before: float) -> list[str]:
        """The names of all files that programs sent and that nothing was written to since `before` (UTC seconds)."""
        if not self._folder.is_dir():
            return []
        old = [path for path in self._folder.iterdir() if _written_at(path) < before]
        return sorted({path.name.partition(".")[0] for path in old})

    def naming(self, spellings: Spellings) -> list[str]:
        """The names of the files that name an address."""
        if not self._folder.is_dir():
            return []
        named = (path for path in self._folder.iterdir() if _names(path, spellings))
        return sorted({path.name.partition(".")[0] for path in named})


def _names(path: Path, spellings: Spellings) -> bool:
    before = b""
    with suppress(FileNotFoundError), path.open("rb") as file:
        while piece := file.read(_PIECE):
            octets = before + piece
            if spellings.may_be_in(octets) and spellings.name(octets.decode("utf-8", "replace")):
                return True
            before = octets[-_OVERLAP:]
    return False


def _written_at(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return float("inf")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
