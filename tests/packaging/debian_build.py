"""Builds the Debian package from the files at the top, as they are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pressrun import __version__
from pressrun.store.sqlite.migrate import newest_version

STEPS = "src/pressrun/store/sqlite/steps"
TOP = Path(__file__).parent.parent.parent
SOURCE = ("debian", "docs", "packaging", "src", "systemd", "CHANGELOG.md", "LICENSE", "README.md")
MORE = ("config.example.toml", "pyproject.toml", ".gitignore")


def build(folder: Path, version: str, *, steps: Sequence[str] = (), zone: str = "UTC", mask: int = 0o022) -> Path:
    """Build it anew in `folder`; the file that comes out. With `steps`, its schema is later by that many."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in SOURCE:
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
        copy(TOP / name, source / name)
    for name in MORE:
        shutil.copy(TOP / name, source / name)
    changelog = source / "debian" / "changelog"
    changelog.write_text(changelog.read_text(encoding="utf-8").replace(f"({__version__})", f"({version})", 1))
    for number, step in enumerate(steps, newest_version() + 1):
        (source / STEPS / f"{number:04d}_later.sql").write_text(step, encoding="ascii")
    # Debian's own Python and tools, with nothing of the environment in which the tests run.
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "TZ": zone, "LC_ALL": "C.UTF-8"}
    command = ["dpkg-buildpackage", "--build=binary", "--no-sign"]
    done = subprocess.run(
        command, cwd=source, env=environment, umask=mask, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return folder / file_name(version)


def file_name(version: str) -> str:
    """Of the package of this version."""
    return f"pressrun_{version}_all.deb"
