"""The Debian package, built once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packaging.debian_build import build

from pressrun import __version__


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("package"), __version__)
