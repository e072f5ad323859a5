"""What the verbs leave behind in a folder and its database, kept to be copied: many tests begin with the same calls."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable
from pathlib import Path

from tests import engines, postgresql
from tests.postgresql import OwnDatabases


class KeptFolders:
    """The folders of one process, by what was done in each; a folder is given without its configuration."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[Hashable, Path] = {}
        self._databases: dict[Path, str] = {}

    def fill(
        self, folder: Path, key: Hashable, work: Callable[[], object], config: str = "", database: str | None = None
    ) -> None:
        """Do the work in this folder the first time; copy all that it left there every other time.

        `config` is a file that stays as it is, and `database` the name of one on the server that belongs to the folder.
        """
        if (kept := self._folders.get(key)) is not None:
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            if database is not None:
                engines.end_resting(postgresql.shared_server().url(database))
                postgresql.shared_server().replace(database, self._databases[kept])
            return
        work()
        kept = self._root / str(len(self._folders))
        shutil.copytree(folder, kept, ignore=shutil.ignore_patterns(config))
        if database is not None:
            engines.end_resting(postgresql.shared_server().url(database))
            self._databases[kept] = OwnDatabases(postgresql.shared_server()).new(template=database)
        self._folders[key] = kept
