"""Ctrl-C while the program loads: it ends as any program does, without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest


@pytest.mark.parametrize(("handling", "code"), [(signal.SIG_DFL, -signal.SIGINT), (signal.SIG_IGN, 7)])
def test_an_interrupt_ends_it_quietly_unless_interrupts_are_ignored(
    tmp_path: Path, handling: signal.Handlers, code: int
) -> None:
    """With a module in place of `click` that is interrupted while it loads. `nohup` and shells ignore interrupts."""
    (tmp_path / "click.py").write_text("import os; os.kill(os.getpid(), 2); os._exit(7)")
    called = subprocess.run(
        [sys.executable, "-m", "pressrun", "demo"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        preexec_fn=partial(signal.signal, signal.SIGINT, handling),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (code, "", "") == (called.returncode, called.stdout, called.stderr)


def test_a_worker_leaves_an_interrupt_to_the_daemon_while_it_loads(tmp_path: Path) -> None:
    """Also what a shell sends to a process group."""
    interrupted = "os.kill(os.getpid(), 2); os._exit(7 if os.getpgid(0) == os.getpid() != os.getsid(0) else 8)"
    (tmp_path / "msgspec.py").write_text(f"import os; {interrupted}")
    called = subprocess.run(
        [sys.executable, "-m", "pressrun.delivery.worker", "0", str(os.getpid())],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (7, "", "") == (called.returncode, called.stdout, called.stderr)
