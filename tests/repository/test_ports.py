"""The ports that tests are given: nobody gets one that somebody else was given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.ports import free_port

_ROOT = Path(__file__).parent.parent.parent
_ANOTHER = "from tests.ports import free_port; print(*(free_port() for _ in range(200)))"


def test_a_port_is_given_once() -> None:
    """Not twice in one process, although nobody listens there yet, and not to two processes that live together."""
    own = [free_port() for _ in range(200)]
    others = subprocess.run([sys.executable, "-c", _ANOTHER], check=True, cwd=_ROOT, capture_output=True, text=True)
    ports = own + [int(port) for port in others.stdout.split()]
    assert 400 == len(set(ports))
