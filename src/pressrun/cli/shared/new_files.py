"""Files that a verb writes with its caller's rights, outside the part that runs as the owner of the data.

When root runs the verb, everything in a folder happens with the rights of the folder's owner, as for files that are
read: the owner could replace any name in it by a symbolic link, and must not make root write elsewhere. The folder is
held open, and every name is looked up in what was opened. No file is ever replaced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pressrun.cli.shared.owner import acting_for
from pressrun.core.errors import NotPermitted, OutputExists, Refused, UsageError, reason_of
from pressrun.operations.opened_files import open_folder
from pressrun.store.files import name_new_file, sync_directory

PRIVATE = 0o600  # for what holds personal data: nobody but the owner reads it, whatever the umask
PUBLIC = 0o644
_OPEN_FILES = Path("/proc/self/fd")  # through which an unnamed file gets its name, open(2)
_NO_UNNAMED_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT})  # how O_TMPFILE is refused in open(2)


def write_new(folder: Path, files: Mapping[str, bytes], mode: int) -> list[Path]:
    """Write files into a folder, which is created if missing; raises OutputExists instead of replacing a file."""
    paths = [folder / name for name in files]
    for path in paths:
        _require_free(path)
    with reporting_errors(folder):
        target = _TargetFolder(_open_or_make(folder))
    with target:
        for path, content in zip(paths, files.values(), strict=True):
            with reporting_errors(path), target.create(path.name, mode) as handle:
                handle.write(content)
    return paths


@contextmanager
def new_folder(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Create a folder of files for publishing, whole or not at all, even if the power fails. The block gets a function
    that writes a file at a path below it.

    A kill leaves a hidden folder beside it, which the next call for the same path removes. Raises OutputExists if
    anything but an empty folder is there.
    """
    if path.is_symlink() or not path.is_dir() or any(path.iterdir()):
        _require_free(path)
    with reporting_errors(path), _TargetFolder(_open_or_make(path.parent)) as parent:
        parent.remove_abandoned(path)
        draft = _draft_name(path)
        try:
            parent.make_folder(draft, 0o700)
            with parent.open_below(draft) as folder:
                folder.try_lock()

                def write(name: str, content: bytes) -> None:
                    folder.write(name, content, PUBLIC)

                yield write
                folder.publish()
                parent.rename(draft, path.name)
        finally:
            parent.remove_folder(draft)
        parent.sync()


@contextmanager
def new_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Create a file, whole or not at all, even if the power fails; `-` is stdout. Raises OutputExists.

    A kill leaves nothing of it, except where the file system has no files without a name.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    _require_free(path)
    with reporting_errors(path), _TargetFolder(open_folder(path.parent)) as folder:
        draft = _draft_name(path)
        try:
            with folder.create_unnamed(draft, mode) as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
                folder.name(handle, draft, path.name)
        finally:
            folder.remove(draft)
        folder.sync()


@contextmanager
def new_rejects(name: str | None) -> Iterator[BinaryIO | None]:
    """The new file of `--rejects`, if that is given; raises OutputExists, and UsageError for stdout."""
    if name == "-":
        raise UsageError("--rejects needs the name of a file, since the result goes to stdout")
    if name is None:
        yield None
        return
    with new_file(Path(name)) as file:
        yield file


class _TargetFolder:
    """An open folder, in which root acts as the folder's owner."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._owner = os.fstat(descriptor).st_uid

    def __enter__(self) -> _TargetFolder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def create(self, name: str, mode: int) -> BinaryIO:
        """A new file; whatever has the name, also a symbolic link, is left alone."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with acting_for(self._owner):
            return os.fdopen(os.open(name, flags, mode, dir_fd=self._descriptor), "wb")

    def create_unnamed(self, draft: str, mode: int) -> BinaryIO:
        """A new file that the kernel removes with this process, whatever ends it, unless it has been given a name.

        On a file system without such files, as NFS and vfat, and without /proc, it is called `draft`.
        """
        if not _OPEN_FILES.exists():
            return self.create(draft, mode)
        with acting_for(self._owner):
            try:
                descriptor = os.open(".", os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, mode, dir_fd=self._descriptor)
            except OSError as problem:
                if problem.errno not in _NO_UNNAMED_FILES:
                    raise
            else:
                return os.fdopen(descriptor, "wb")
        return self.create(draft, mode)

    def write(self, path: str, content: bytes, mode: int) -> None:
        """A new file at a path below, with the folders in it."""
        first, _, rest = path.partition("/")
        if not rest:
            with self.create(first, mode) as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            return
        with suppress(FileExistsError):
            self.make_folder(first, 0o755)
        with self.open_below(first) as folder:
            folder.write(rest, content, mode)

    def make_folder(self, name: str, mode: int) -> None:
        with acting_for(self._owner):
            os.mkdir(name, mode, dir_fd=self._descriptor)

    def open_below(self, name: str) -> _TargetFolder:
        """A folder in this one; a symbolic link is none."""
        with acting_for(self._owner):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            return _TargetFolder(os.open(name, flags, dir_fd=self._descriptor))

    def try_lock(self) -> bool:
        """Lock it for as long as it is open here; False if it is locked elsewhere or has no locks, as on some NFS."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def remove_abandoned(self, path: Path) -> None:
        """Remove the folders that killed processes had for `path`; one that is in use is locked."""
        abandoned = re.compile(re.escape(_draft_start(path)) + "[0-9a-f]{8}")
        for name in filter(abandoned.fullmatch, self._names()):
            with suppress(OSError), self.open_below(name) as folder:
                if folder.try_lock():
                    self.remove_folder(name)

    def _names(self) -> list[str]:
        """The names in it, none if we may not read it."""
        with acting_for(self._owner), suppress(OSError):
            return [path.name for path in Path(f"/proc/self/fd/{self._descriptor}").iterdir()]
        return []

    def publish(self) -> None:
        """Bring the names below it to the disk, and open it to all; until now it was private."""
        with acting_for(self._owner):
            for *_, folder in os.fwalk(dir_fd=self._descriptor):
                os.fsync(folder)
            os.fchmod(self._descriptor, 0o755)

    def name(self, file: BinaryIO, draft: str, name: str) -> None:
        """Give a finished file its name; until now it may be called `draft`."""
        with acting_for(self._owner):
            if os.fstat(file.fileno()).st_nlink:
                name_new_file(draft, name, self._descriptor)
            else:
                os.link(_OPEN_FILES / str(file.fileno()), name, dst_dir_fd=self._descriptor)

    def rename(self, draft: str, name: str) -> None:
        with acting_for(self._owner):
            os.rename(draft, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make its new names survive a power cut, if we may read it."""
        with suppress(PermissionError):
            sync_directory(Path(f"/proc/self/fd/{self._descriptor}"))

    def remove(self, name: str) -> None:
        with acting_for(self._owner), suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def remove_folder(self, name: str) -> None:
        with acting_for(self._owner):
            shutil.rmtree(name, ignore_errors=True, dir_fd=self._descriptor)


def _open_or_make(path: Path) -> int:
    """The descriptor of a folder, which is made if it is missing, as are those above it."""
    try:
        return open_folder(path)
    except FileNotFoundError:
        if path.parent == path:
            raise
    with _TargetFolder(_open_or_make(path.parent)) as parent, suppress(FileExistsError):
        parent.make_folder(path.name, 0o777)
        parent.sync()
    return open_folder(path)


def _draft_name(path: Path) -> str:
    return _draft_start(path) + secrets.token_hex(4)


def _draft_start(path: Path) -> str:
    return f".{path.name}-pressrun-"


def _require_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise OutputExists(f"{path} already exists and will not be overwritten")


@contextmanager
def reporting_errors(path: Path) -> Iterator[None]:
    """Raise what is wrong with a path as an error that says so."""
    try:
        yield
    except FileExistsError:
        raise OutputExists(f"{path} already exists and will not be overwritten") from None
    except OSError as problem:
        raise unwritable(path, problem) from None


def unwritable(path: Path, problem: OSError) -> NotPermitted | Refused:
    """The error for a file that cannot be written, by this user alone or by anybody."""
    kind = NotPermitted if isinstance(problem, PermissionError) else Refused
    why = reason_of(problem)
    if problem.errno == errno.ELOOP:
        why = "its folder is reached by a symbolic link of somebody else. Name the folder itself"
    return kind(f"cannot write {path}: {why}")
