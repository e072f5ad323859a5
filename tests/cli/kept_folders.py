"""What the verbs leave behind in a folder, kept to be copied: many tests begin with the same calls."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable
from pathlib import Path


class KeptFolders:
    """The folders of one process, by what was done in each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[Hashable, Path] = {}

    def fill(self, folder: Path, key: Hashable, work: Callable[[], object]) -> None:
        """Do the work in this folder the first time; copy all that it left there every other time."""
        if (kept := self._folders.get(key)) is not None:
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            return
        work()
        kept = self._root / str(len(self._folders))
        shutil.copytree(folder, kept)
        self._folders[key] = kept
