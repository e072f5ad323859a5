"""Files that a verb reads and writes as whoever called it, before and after it acts as the owner of the data."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pressrun.core.errors import BadInput, NoInput, NotPermitted, OutputExists


def read_input(name: str) -> bytes:
    """The octets of a file, or of stdin for `-`; raises NoInput."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as problem:
        raise NoInput(f"{name} cannot be read: {(problem.strerror or 'an error').lower()}") from None


def read_beside(file: Path, paths: tuple[str, ...]) -> dict[str, bytes]:
    """What an edition takes along, by its path below the file's folder; what is missing is left out.

    Raises BadInput for a path whose file lies outside that folder, whatever links lead there.
    """
    folder = file.parent.resolve()
    found = {}
    for path in paths:
        target = (folder / path).resolve()
        if not target.is_relative_to(folder):
            raise BadInput(f"{path} leads outside {folder}: put the file itself beside the edition")
        if not target.is_file():
            continue
        try:
            found[path] = target.read_bytes()
        except OSError as problem:
            raise NoInput(f"{target} cannot be read: {(problem.strerror or 'an error').lower()}") from None
    return found


def write_new(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, which is made when it is missing, none of them over another; raises OutputExists."""
    paths = [folder / name for name in files]
    for path in paths:
        if path.exists() or path.is_symlink():
            raise OutputExists(f"{path} is already there and is not overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in zip(paths, files.values(), strict=True):
            with path.open("xb") as handle:
                handle.write(content)
    except FileExistsError as problem:
        raise OutputExists(f"{problem.filename} is already there and is not overwritten") from None
    except OSError as problem:
        raise NotPermitted(f"{folder} cannot be written: {(problem.strerror or 'an error').lower()}") from None
    return paths


@contextmanager
def new_folder(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Make a folder of files, whole or not at all; the block is given what writes one by its path below it.

    Raises OutputExists where there is something already, but for an empty folder.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise OutputExists(f"{path} is already there and is not overwritten")
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
        raise OutputExists(f"{path} is already there and is not overwritten")
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
        raise OutputExists(f"{path} is already there and is not overwritten") from None
    except OSError as problem:
        raise NotPermitted(f"{path} cannot be written: {(problem.strerror or 'an error').lower()}") from None
