"""What processes did to the files of a folder (disk_shim.c), and what a power cut at one moment of it could leave.

A file keeps what was written before its last sync. Each later write is there, missing, or there in some of its sectors.
Names are kept up to the last sync of their folder, and up to any later moment; or, as a file system with a journal
does, all up to one moment that is not before the last sync of anything.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent / "disk_shim.c"
_HEAD = struct.Struct("<QQQIIIIIxxxx")
_SECTORS = (512, 4096)


class What(IntEnum):
    """An operation."""

    WRITE = 1
    RESIZE = 2
    SYNC = 3
    CREATE = 4
    RENAME = 5
    UNLINK = 6
    LINK = 7


class Kept(Enum):
    """How much the disk keeps of what was not synced."""

    NOTHING = "nothing"
    SOME = "some"
    ALL = "all"


class Operation(NamedTuple):
    """One of them; `at` is UTC microseconds."""

    at: int
    inode: int
    place: int
    what: What
    is_folder: bool
    path: Path
    second: Path
    octets: bytes


class _File:
    """A file, by what was done to it: the index of each operation, and the operation."""

    def __init__(self, before: bytes = b"") -> None:
        self.before = before
        self.changes: list[tuple[int, Operation]] = []


class _Folder:
    """A folder, by what happened to its names; `names` are the present ones."""

    def __init__(self) -> None:
        self.names: dict[str, _File | _Folder] = {}
        self.changes: list[tuple[int, str, _File | _Folder | None]] = []
        self.syncs: list[int] = []

    def set(self, index: int, name: str, entry: _File | _Folder | None) -> None:
        """From this operation on, a name stands for this, or for nothing."""
        self.names.pop(name, None)
        if entry is not None:
            self.names[name] = entry
        self.changes.append((index, name, entry))


def compile_shim(folder: Path) -> Path:
    """Compile the recorder into a folder; raises FileNotFoundError where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("cc")
    library = folder / "disk_shim.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lpthread"], check=True)
    return library


def recording(library: Path, root: Path, record: Path) -> Mapping[str, str]:
    """The environment of processes whose work on files below a folder is recorded."""
    return {"LD_PRELOAD": str(library), "DISK_ROOT": str(root.resolve()), "DISK_RECORD": str(record)}


class DiskRecord:
    """A record, and the folder as it was before, which is on the disk; `root` is where the processes saw it."""

    def __init__(self, before: Path, root: Path, record: Path) -> None:
        self._root = root.resolve()
        self._inodes: dict[int, _File] = {}
        self._folder = self._load(before, 0)
        self.operations = list(_read(record.read_bytes()))
        for index, operation in enumerate(self.operations):
            self._follow(index, operation)

    def index_at(self, at: int) -> int:
        """How many operations there were by then (UTC microseconds)."""
        return bisect_right(self.operations, at, key=lambda operation: operation.at)

    def _load(self, path: Path, index: int) -> _Folder:
        folder = _Folder()
        folder.syncs.append(index)
        for entry in path.iterdir():
            if entry.is_dir():
                folder.set(-1, entry.name, self._load(entry, index))
            elif entry.is_file():
                folder.set(-1, entry.name, _File(entry.read_bytes()))
        return folder

    def _follow(self, index: int, operation: Operation) -> None:
        folder, name = self._find(operation.path.parent), operation.path.name
        entry = folder.names.get(name) if isinstance(folder, _Folder) else None
        match operation.what:
            case What.SYNC if operation.is_folder:
                synced = self._find(operation.path)
                if isinstance(synced, _Folder):
                    synced.syncs.append(index)
            case What.WRITE | What.RESIZE | What.SYNC:
                file = self._inodes.get(operation.inode, entry)
                if isinstance(file, _File):
                    self._inodes[operation.inode] = file
                    file.changes.append((index, operation))
            case What.CREATE if isinstance(folder, _Folder):
                made = _Folder() if operation.is_folder else _File()
                folder.set(index, name, made)
                if isinstance(made, _File):
                    self._inodes[operation.inode] = made
            case What.UNLINK if isinstance(folder, _Folder):
                folder.set(index, name, None)
            case What.RENAME | What.LINK if entry is not None and isinstance(folder, _Folder):
                target = self._find(operation.second.parent)
                if isinstance(target, _Folder):
                    target.set(index, operation.second.name, entry)
                if operation.what is What.RENAME:
                    folder.set(index, name, None)

    def _find(self, path: Path) -> _File | _Folder | None:
        entry: _File | _Folder | None = self._folder
        if not path.is_relative_to(self._root):
            return None
        for part in path.relative_to(self._root).parts:
            entry = entry.names.get(part) if isinstance(entry, _Folder) else None
        return entry

    def write_image(
        self, target: Path, index: int, kept: Kept, chance: random.Random, *, has_journal: bool = True
    ) -> None:
        """Write to a new folder what a power cut may leave that comes before the operation of this index."""
        _Image(self, index, kept, chance, has_journal=has_journal).write(self._folder, target)

    def last_sync(self, index: int) -> int:
        """The index of the last sync of anything before this operation; -1 for none."""
        return next((at for at in range(index - 1, -1, -1) if self.operations[at].what is What.SYNC), -1)


class _Image:
    def __init__(self, record: DiskRecord, index: int, kept: Kept, chance: random.Random, *, has_journal: bool) -> None:
        self._index = index
        self._kept = kept
        self._chance = chance
        self._end = self._choose(record.last_sync(index)) if has_journal else None

    def _choose(self, synced: int) -> int:
        """The last operation that is kept: one from this one on."""
        ends = {Kept.NOTHING: synced, Kept.ALL: self._index - 1}
        return ends.get(self._kept, self._chance.randint(synced, max(synced, self._index - 1)))

    def write(self, folder: _Folder, target: Path) -> None:
        target.mkdir(mode=0o700)
        end = self._end
        if end is None:
            end = self._choose(max((at for at in folder.syncs if at < self._index), default=-1))
        names = {name: entry for at, name, entry in folder.changes if at <= end}
        for name, entry in names.items():
            if isinstance(entry, _Folder):
                self.write(entry, target / name)
            elif entry is not None:
                (target / name).touch(mode=0o600)
                (target / name).write_bytes(self._content(entry))

    def _content(self, file: _File) -> bytes:
        content = bytearray(file.before)
        changes = [(at, operation) for at, operation in file.changes if at < self._index]
        synced = max((at for at, operation in changes if operation.what is What.SYNC), default=-1)
        for at, operation in changes:
            is_safe = at <= synced or self._kept is Kept.ALL
            if operation.what is What.RESIZE:
                if is_safe or (self._end is not None and at <= self._end):
                    del content[operation.place :]
                    content.extend(bytes(operation.place - len(content)))
            elif operation.what is What.WRITE:
                pieces = [(0, len(operation.octets))] if is_safe else self._pieces(len(operation.octets))
                for start, end in pieces:
                    content.extend(bytes(max(0, operation.place + end - len(content))))
                    content[operation.place + start : operation.place + end] = operation.octets[start:end]
        return bytes(content)

    def _pieces(self, size: int) -> list[tuple[int, int]]:
        """What is there of a write that was not synced: where its pieces begin and end."""
        if self._kept is Kept.NOTHING or self._chance.random() < 1 / 3:
            return []
        if self._chance.random() < 1 / 2:
            return [(0, size)]
        sector = self._chance.choice(_SECTORS)
        starts = [start for start in range(0, size, sector) if self._chance.random() < 1 / 2]
        return [(start, min(start + sector, size)) for start in starts]


def _read(record: bytes) -> Iterator[Operation]:
    at = 0
    while at < len(record):
        when, inode, place, what, is_folder, path, second, size = _HEAD.unpack_from(record, at)
        at += _HEAD.size
        names, octets = record[at : at + path + second].decode(), record[at + path + second : at + path + second + size]
        at += path + second + size
        yield Operation(when, inode, place, What(what), bool(is_folder), Path(names[:path]), Path(names[path:]), octets)
