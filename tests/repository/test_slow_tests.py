"""What a run says when every chosen test is slow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SLOW_FILE = Path(__file__).parent.parent / "packaging" / "test_wheel.py"


def test_a_run_of_slow_tests_alone_says_what_to_set() -> None:
    """It ends with exit code 5, which alone would not say that these tests were left out."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PRESSRUN_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SLOW_FILE)]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert (5, True) == (run.returncode, "set PRESSRUN_THOROUGH=1" in run.stdout)
