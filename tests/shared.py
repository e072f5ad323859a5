"""What is made once in a run of the tests, by the first worker that asks for it, and used by all of them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

_RUN = "PRESSRUN_TESTS_SHARED"  # the folder of this run, for its workers


class Run:
    """One run of the tests, which removes what was made in it when it ends. Workers find it in their environment."""

    def __init__(self) -> None:
        self._folder = mkdtemp(prefix="pressrun-shared-")
        os.environ[_RUN] = self._folder

    def end(self) -> None:
        shutil.rmtree(self._folder)


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of this name, filled by `make` if this is the first who asks for it or if it failed the last time.

    Nobody may change what is in it.
    """
    folder = Path(os.environ[_RUN], name)
    finished = folder.with_name(f"{name}.finished")
    with folder.with_name(f"{name}.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            finished.touch()
    return folder
