"""A folder that may not be searched, not even by root, as whom the tests may run."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest


def lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse whatever asks for the status of something below the folder."""
    stat = Path.stat

    def denying(path: Path, **options: bool) -> os.stat_result:
        if folder in path.parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", denying)
