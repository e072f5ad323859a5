"""The command lines of docs/how-to/back-up.md for other programs: what they give back is a whole backup."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.e2e.instance import Instance

pytestmark = pytest.mark.only_on("sqlite", "the archive is the same, whatever the engine")


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "back-up.md"


def _block(part: str) -> str:
    """The block of the page that contains this."""
    (block,) = [
        text for text in re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8")) if part in text
    ]
    return str(block)


def _shell(instance: Instance, script: str, **variables: str) -> None:
    """Run a script in which `pressrun` is the instance's."""
    command = " ".join(f"'{word}'" for word in instance.command())
    done = subprocess.run(
        ["bash", "-c", f'set -eo pipefail; pressrun() {{ {command} "$@"; }}; {script}'],
        check=False,
        cwd=instance.folder,
        env={**os.environ, "HOME": str(instance.folder), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def _verify(instance: Instance, path: Path) -> None:
    assert instance.json("backup", "verify", path)["ok"]


@pytest.mark.thorough
@pytest.mark.needs("restic")
def test_restic(instance: Instance) -> None:
    _shell(
        instance,
        "restic init -q\n" + _block("| restic backup"),
        RESTIC_REPOSITORY=str(instance.folder / "restic"),
        RESTIC_PASSWORD="a",
    )
    _verify(instance, instance.folder / "pressrun.tar")


@pytest.mark.thorough
@pytest.mark.needs("borg")
def test_borg(instance: Instance) -> None:
    script = _block("| borg create")
    name = "2026-11-28T03:15:00"
    assert name in script
    script = script.replace(f"::pressrun-{name}", "::$(borg list --short)")
    _shell(instance, "borg init -e none\n" + script, BORG_REPO=str(instance.folder / "borg"))
    _verify(instance, instance.folder / "pressrun.tar")
