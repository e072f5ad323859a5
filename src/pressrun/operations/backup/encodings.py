"""The layers around the archive: compression by zstd or gzip, and encryption by age.

zstd and age are programs of the system, each a process that the archive flows through, so memory stays small whatever
the size. Which of them a file needs is read from its first octets, never from its name.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from pressrun.core.errors import BadConfiguration, BadInput, NoInput, Refused, reason_of

_AGE = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PEEKED = 64
_GZIP_LEVEL = 6
_LARGEST_IDENTITY = 32 * 1024  # octets that a pipe takes at once
_WRONG_KEY = "no identity matched"


class Compression(Enum):
    """How an archive is compressed, and how the name of its file ends."""

    NONE = ".tar"
    GZIP = ".tar.gz"
    ZSTD = ".tar.zst"


def best_compression() -> Compression:
    """zstd where it is installed, else gzip."""
    return Compression.GZIP if shutil.which("zstd") is None else Compression.ZSTD


def compression_of(name: str) -> Compression:
    """What the name of a file asks for; the best one where it says nothing."""
    plain = name.removesuffix(".age")
    named = [each for each in Compression if plain.endswith((each.value, each.value.replace(".tar.", ".t")))]
    return named[-1] if named else best_compression()


class Encoding(Struct, frozen=True, kw_only=True):
    """The layers around an archive, which is encrypted for these recipients if there are any."""

    compression: Compression
    recipients: Sequence[str]

    @property
    def ending(self) -> str:
        """How the name of a backup ends."""
        return self.compression.value + (".age" if self.recipients else "")


@contextmanager
def encoded(output: IO[bytes], encoding: Encoding) -> Iterator[IO[bytes]]:
    """A stream whose content arrives at `output` with these layers.

    `output` has a descriptor. When the block ends all is there. Raises Refused when a program fails, for instance on a
    full disk, and BadConfiguration when one is not installed.
    """
    with ExitStack() as stack:
        sink: IO[bytes] = output
        chain = []
        if encoding.recipients:
            names = [word for recipient in encoding.recipients for word in ("--recipient", recipient)]
            chain.append(stack.enter_context(_Filter.running(["age", "--encrypt", *names], stdout=sink)))
            sink = chain[-1].stdin
        if encoding.compression is Compression.ZSTD:
            chain.append(stack.enter_context(_Filter.running(["zstd", "-q", "-c"], stdout=sink)))
            sink = chain[-1].stdin
        try:
            if encoding.compression is Compression.GZIP:
                with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0) as zipped:
                    yield cast("IO[bytes]", zipped)
            else:
                yield sink
            for each in reversed(chain):
                each.end_input()
        except BrokenPipeError:
            for each in chain:  # the one that is nearest to the output failed first
                each.end_input()
            raise


class _Filter:
    """A running program that reads its stdin or a file, and writes what it makes of that."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, errors: IO[bytes]) -> None:
        self._process = process
        self._name = name
        self._errors = errors

    @classmethod
    @contextmanager
    def running(
        cls,
        command: Sequence[str],
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        descriptors: Sequence[int] = (),
    ) -> Iterator[_Filter]:
        """The program, which is killed if it still runs at the end of the block."""
        program = shutil.which(command[0])
        if program is None:
            raise BadConfiguration(f"this needs the program {command[0]}. Install it (apt-get install {command[0]})")
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - fixed options, and recipients as arguments of their own
                [program, *command[1:]],
                stdin=stdin or subprocess.PIPE,
                stdout=stdout or subprocess.PIPE,
                stderr=errors,
                pass_fds=descriptors,
            )
            try:
                yield cls(process, command[0], errors)
            finally:
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        with suppress(BrokenPipeError):
                            pipe.close()
                process.kill()
                process.wait()

    @property
    def stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)

    def end_input(self) -> None:
        """Close its stdin and wait for its end; raises Refused when it fails."""
        with suppress(BrokenPipeError):
            self.stdin.close()
        if self._process.wait():
            raise Refused(f"{self._name} failed: {self._words()}")

    def require_success(self) -> None:
        """Wait for the end of a program whose output was read to its end; raises BadInput when it failed."""
        if not self._process.wait():
            return
        words = self._words()
        if _WRONG_KEY in words:
            raise BadInput("it is encrypted for another key than that in the --identity file")
        raise BadInput(f"it is damaged or truncated, or the key is wrong ({self._name}: {words})")

    def _words(self) -> str:
        """What the program said, on one line."""
        self._errors.seek(0)
        return " ".join(self._errors.read(2000).decode("utf-8", "replace").split())


class DecodedFile:
    """The archive in a backup, whatever its layers. `read` raises BadInput if that is damaged or cut short."""

    def __init__(self, content: IO[bytes], filters: Sequence[_Filter]) -> None:
        self._content = content
        self._filters = filters

    def read(self, size: int, /) -> bytes:
        """Exactly this many octets, or what is left."""
        pieces, left = [], size
        while left and (piece := self._read_some(left)):
            pieces.append(piece)
            left -= len(piece)
        if left:
            for each in self._filters:
                each.require_success()
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        try:
            return self._content.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            for each in self._filters:
                each.require_success()
            raise BadInput("it is damaged or truncated (gzip)") from None


class OpenedBackup(Struct, frozen=True, kw_only=True):
    """A backup that was opened with the rights of the caller; `identity` is the content of the file with the key."""

    path: Path
    file: io.FileIO
    identity: bytes | None

    @property
    def size(self) -> int:
        return os.fstat(self.file.fileno()).st_size


@contextmanager
def open_backup(path: Path, identity: Path | None) -> Iterator[OpenedBackup]:
    """Open a backup, and read the file with the key for age; raises NoInput."""
    with _open(path) as file:
        try:
            key = None if identity is None else identity.read_bytes()
        except OSError as problem:
            raise NoInput(f"{identity} cannot be read: {reason_of(problem)}") from None
        yield OpenedBackup(path=path, file=file, identity=key)


@contextmanager
def decoded(backup: OpenedBackup) -> Iterator[DecodedFile]:
    """The archive in a backup. Raises BadInput."""
    with ExitStack() as stack:
        filters: list[_Filter] = []
        content: IO[bytes] = backup.file
        backup.file.seek(0)
        first = _peek(backup.file)
        if first.startswith(_AGE):
            first = _decrypt_beginning(backup)
            filters.append(stack.enter_context(_decrypting(backup)))
            content = filters[-1].stdout
        if first.startswith(_ZSTD):
            filters.append(stack.enter_context(_Filter.running(["zstd", "-q", "-d", "-c"], stdin=content)))
            content = filters[-1].stdout
        elif first.startswith(_GZIP):
            content = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=content, mode="rb")))
        yield DecodedFile(content, filters)


def _open(path: Path) -> io.FileIO:
    try:
        file = io.FileIO(path, opener=_open_at_once)
    except FileNotFoundError:
        raise NoInput(f"{path} does not exist") from None
    except IsADirectoryError:
        raise NoInput(f"{path} is a folder. Name one of the backups in it") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NoInput(f"{path} is not a regular file")
    return file


def _open_at_once(path: str, flags: int) -> int:
    """Without waiting for somebody who writes, if it is a FIFO."""
    return os.open(path, flags | os.O_NONBLOCK)


def _peek(file: io.FileIO) -> bytes:
    first = os.pread(file.fileno(), _PEEKED, 0)
    if not first:
        raise BadInput("it is empty")
    return first


@contextmanager
def _decrypting(backup: OpenedBackup) -> Iterator[_Filter]:
    """age at work. It reads the key from a pipe, as it may run as somebody who cannot read the file."""
    if backup.identity is None:
        raise BadInput("it is encrypted. Name the file with the private key: --identity FILE")
    if len(backup.identity) > _LARGEST_IDENTITY:
        raise BadInput("the --identity file is too large for a key")
    reading, writing = os.pipe()
    try:
        os.write(writing, backup.identity)
        os.close(writing)
        command = ["age", "--decrypt", "--identity", f"/dev/fd/{reading}"]
        with _Filter.running(command, stdin=backup.file, descriptors=(reading,)) as age:
            yield age
    finally:
        os.close(reading)


def _decrypt_beginning(backup: OpenedBackup) -> bytes:
    """The first octets of what is encrypted, which say what follows."""
    with _decrypting(backup) as age:
        first = age.stdout.read(_PEEKED)
        if len(first) < _PEEKED:
            age.require_success()
    backup.file.seek(0)
    return first
