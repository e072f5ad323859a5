"""Passkeys by the library that Debian ships, which is older than the one that is locked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaging import debian_root

_HERE = Path(__file__).parents[2]


@pytest.mark.needs("debian-root")
def test_the_ceremony_is_the_same_by_debians_library(tmp_path: Path) -> None:
    """Its tests pass on it, in place of the newest."""
    library = debian_root.ROOT / "usr/lib/python3/dist-packages/fido2"
    (tmp_path / "fido2").symlink_to(library)
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/services/log_ins/test_ceremonies.py",
    ]
    asked = "import fido2; assert fido2.__version__.startswith('1.'), fido2.__version__"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", asked], check=True, env=environment)
    done = subprocess.run(program, check=False, cwd=_HERE, env=environment, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout[-3000:]
