"""Programs of npm that tests use: .ci/run installs them, as tests/node/package-lock.json has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(os.environ.get("PRESSRUN_NODE") or "/var/cache/pressrun-tests/node") / "node_modules"
SCRIPTS = Path(__file__).parent / "node"


def has(package: str) -> bool:
    """Whether a package can be used."""
    return shutil.which("node") is not None and (FOLDER / package / "package.json").exists()


def command(script: Path, folder: Path, *arguments: str) -> Sequence[str]:
    """What runs a copy of a script in this folder, where it finds the packages."""
    link = folder / "node_modules"
    if not link.is_symlink():
        link.symlink_to(FOLDER)
    return ["node", str(shutil.copy(script, folder / script.name)), *arguments]
