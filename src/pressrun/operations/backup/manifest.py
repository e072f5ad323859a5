"""The manifest: the first file of a backup, which says what the backup holds and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from pressrun.core.errors import BadInput

NAME = "manifest.json"
FORMAT = "pressrun backup"
FORMAT_VERSION = 1
LARGEST = 4 * 1024 * 1024  # octets; one with a thousand layouts has a tenth of that
DATABASE = "pressrun.sqlite3"
JOURNAL = "handovers"
CONFIG = "config.toml"
FOLDERS = ("keys", "layouts", "dkim")
"""The folders of data_dir that a backup has, without what lies below them."""

_FILE = re.compile(rf"{DATABASE}|{JOURNAL}|{CONFIG}|(?:{'|'.join(FOLDERS)})/[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
_LONGEST_PATH = 100
SUPPRESSION_KEY = "0"  # its number among the fingerprints

T = TypeVar("T")


class BackupFile(msgspec.Struct, frozen=True):
    """One file: its path as in data_dir, its size in octets, and its SHA-256 in hexadecimal digits."""

    path: str
    size: int
    sha256: str


class _Format(msgspec.Struct, frozen=True):
    format: str
    format_version: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `created_at` is the moment that its database shows, in RFC 3339.

    `keys` are fingerprints by number in hexadecimal digits; 0 is the suppression key. `rows` has the number of rows of
    each table, `engine` the one that the data were in. The database in the backup is a file of SQLite always.
    """

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    program: str
    schema: int
    engine: str
    created_at: str
    keys: dict[str, str]
    consent_head: str | None  # NUMBER:CHAIN; null: no evidence, or an older schema
    rows: dict[str, int]
    files: tuple[BackupFile, ...]

    @property
    def installation(self) -> str:
        """What tells this installation from others: the fingerprint of the key that is never rotated."""
        return self.keys[SUPPRESSION_KEY]

    @property
    def size(self) -> int:
        """The octets of all files."""
        return sum(file.size for file in self.files)


def fingerprints(keys: Mapping[int, bytes]) -> dict[str, str]:
    """Fingerprints of keys as a manifest has them."""
    return {str(number): fingerprint.hex() for number, fingerprint in sorted(keys.items())}


def is_backed_up(path: str) -> bool:
    """Whether a file with this path belongs into a backup."""
    return len(path) <= _LONGEST_PATH and _FILE.fullmatch(path) is not None


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON for people, too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def parse_manifest(content: bytes) -> Manifest:
    """Read a manifest; raises BadInput for anything else, for a newer format, and where it names what no backup has."""
    form = _decode(content, _Format)
    if form.format != FORMAT:
        raise BadInput("it is not a backup of Pressrun")
    if form.format_version > FORMAT_VERSION:
        raise BadInput(
            f"it has format {form.format_version}, but this version of Pressrun only knows up to {FORMAT_VERSION}. "
            "Use the version that wrote it, or a newer one"
        )
    manifest = _decode(content, Manifest)
    paths = [file.path for file in manifest.files]
    strange = next((path for path in paths if not is_backed_up(path)), None)
    if strange is not None:
        raise BadInput(f"its manifest names {strange[:_LONGEST_PATH]!a}, which is not part of a backup")
    is_whole = DATABASE in paths and SUPPRESSION_KEY in manifest.keys and len(set(paths)) == len(paths)
    if not is_whole or not _is_moment(manifest.created_at) or any(file.size < 0 for file in manifest.files):
        raise BadInput("its manifest is incomplete")
    return manifest


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and moment.timestamp() >= 0
    except (ValueError, OverflowError):
        return False


def _decode(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadInput("its manifest cannot be read") from None
