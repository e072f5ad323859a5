"""What the tests of faults share: the compiled sink."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sink import compile_sink


@pytest.fixture(scope="session")
def sink_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sink, compiled; skipped where there is no C compiler."""
    try:
        return compile_sink(tmp_path_factory.mktemp("sink"))
    except FileNotFoundError:
        pytest.skip("cc is not installed")
