"""The Debian package, built once for all tests of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packaging.debian_build import build, file_name
from tests.shared import made_once

from pressrun import __version__


@pytest.fixture(scope="session")
def package() -> Path:
    return made_once("package", lambda folder: build(folder, __version__)) / file_name(__version__)
