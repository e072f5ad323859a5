"""The command lines of docs/how-to/back-up.md for other programs: what they give back is a whole backup."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.e2e.house import House

pytestmark = pytest.mark.only_on("sqlite", "the archive is the same, whatever the engine")


def _shell(house: House, script: str, **variables: str) -> None:
    """Run a script in which `pressrun` is the house's."""
    command = " ".join(f"'{word}'" for word in house.command())
    done = subprocess.run(
        ["bash", "-c", f'set -eo pipefail; pressrun() {{ {command} "$@"; }}; {script}'],
        check=False,
        cwd=house.folder,
        env={**os.environ, "HOME": str(house.folder), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def _verify(house: House, path: Path) -> None:
    assert house.json("backup", "verify", path)["ok"]


@pytest.mark.thorough
@pytest.mark.needs("restic")
def test_restic(house: House) -> None:
    script = (
        "restic init -q; pressrun backup - | restic backup -q --stdin --stdin-filename pressrun.tar;"
        " restic dump latest pressrun.tar > pressrun.tar"
    )
    _shell(house, script, RESTIC_REPOSITORY=str(house.folder / "restic"), RESTIC_PASSWORD="a")
    _verify(house, house.folder / "pressrun.tar")


@pytest.mark.thorough
@pytest.mark.needs("borg")
def test_borg(house: House) -> None:
    script = (
        "borg init -e none; pressrun backup - | borg create --compression zstd ::pressrun-1 -;"
        " borg extract --stdout ::pressrun-1 > pressrun.tar"
    )
    _shell(house, script, BORG_REPO=str(house.folder / "borg"))
    _verify(house, house.folder / "pressrun.tar")
