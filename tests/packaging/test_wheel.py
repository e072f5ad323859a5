"""Wheel and sdist: the same octets each time, all that tests need, and at work where nothing else is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.shared import made_once

from pressrun import __version__

TOP = Path(__file__).parent.parent.parent
WHEEL = f"pressrun-{__version__}-py3-none-any.whl"
SDIST = f"pressrun-{__version__}.tar.gz"

pytestmark = pytest.mark.thorough


def build(source: Path, target: Path, *, zone: str, mask: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", target],
        cwd=source,
        env={**os.environ, "TZ": zone, "SOURCE_DATE_EPOCH": "1764201600"},
        umask=mask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built() -> Path:
    return made_once("dist", lambda target: build(TOP, target, zone="UTC", mask=0o022))


def test_both_are_built_the_same_each_time(built: Path, tmp_path: Path) -> None:
    """Also in another time zone and with another umask; the wheel from the sdist, too."""
    build(TOP, tmp_path / "again", zone="Asia/Tokyo", mask=0o077)
    with tarfile.open(built / SDIST) as archive:
        archive.extractall(tmp_path, filter="data")
    build(tmp_path / f"pressrun-{__version__}", tmp_path / "from-sdist", zone="UTC", mask=0o022)
    for name in (WHEEL, SDIST):
        assert (built / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    assert (built / WHEEL).read_bytes() == (tmp_path / "from-sdist" / WHEEL).read_bytes()


def test_the_sdist_has_all_that_tests_need(built: Path) -> None:
    """Every file of the repository that is not ignored there."""
    with tarfile.open(built / SDIST) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"Makefile", "pyproject.toml", "tests", "docs", "debian", "packaging", "systemd", "changes.d", ".ci"}
    wanted = {
        str(path.relative_to(TOP))
        for name in needed
        for path in [TOP / name, *(TOP / name).rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert set() == {name for name in wanted - held if not is_ignored(name)}


def is_ignored(name: str) -> bool:
    return subprocess.run(["git", "check-ignore", "--quiet", name], cwd=TOP, check=False).returncode == 0


@pytest.mark.timeout(600)
def test_the_wheel_works_where_nothing_else_is(built: Path, tmp_path: Path) -> None:
    """In a new environment, with the pinned libraries: version, check, and the demonstration to its end."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(TOP / "requirements" / "run.txt")]
    subprocess.run([*pip, *pinned], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", str(built / WHEEL)], check=True)

    def call(*words: str) -> str:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
        program = tmp_path / "venv" / "bin" / "pressrun"
        done = subprocess.run(
            [program, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"pressrun, version {__version__}\n" == call("--version")
    call("init")
    assert "Configuration OK" in call("check")
    assert "delivered" in call("demo", "--once", "--port", "0")
