"""The names of backups in a folder, and which of them to remove.

The name says which installation a backup is of and which moment it shows. Only regular files with such a name are ever
removed: an encrypted backup cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pressrun.core.upkeep.backup_keep import KeepPart, choose_kept

_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"pressrun-([0-9a-f]{16})-([0-9]{8}T[0-9]{6}Z)\.tar(?:\.gz|\.zst)?(?:\.age)?", re.ASCII)


def name_backup(installation: str, at: int, ending: str) -> str:
    """The name of a backup that shows the moment `at` (UTC seconds)."""
    return f"pressrun-{installation}-{datetime.fromtimestamp(at, UTC).strftime(_TIME)}{ending}"


def list_backups(folder: Path, installation: str) -> Iterator[tuple[int, Path]]:
    """The moments and paths of the backups of an installation, oldest first."""
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is not None and match[1] == installation and path.is_file() and not path.is_symlink():
            yield int(datetime.strptime(match[2], _TIME).replace(tzinfo=UTC).timestamp()), path


def thin_out(folder: Path, installation: str, parts: Sequence[KeepPart]) -> list[Path]:
    """Remove backups of an installation that no part keeps; returns them. The newest one always stays.

    An empty file is not a backup: where there are no hard links, a killed one may leave an empty file (store.files).
    """
    backups = list(list_backups(folder, installation))
    kept = choose_kept((at for at, path in backups if _has_content(path)), parts)
    removed = [path for at, path in backups if at not in kept]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def _has_content(path: Path) -> bool:
    """Whether the file is there and not empty; another backup may be removing it just now."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
