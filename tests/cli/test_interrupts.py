"""Ctrl-C while the program loads, and in a demo: it ends as any program does, without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

EARLY = """
import os, signal, threading
import pressrun.daemon.serve as serving
from pressrun.cli.main import main
from pressrun.runtime.held_signals import hold

def opened(*arguments, opened=serving.opened, **options):
    os.kill(os.getpid(), signal.SIGINT)
    for thread in threading.enumerate():
        if thread.name == "early signals":
            thread.join()  # it would end the process
    return opened(*arguments, **options)

serving.opened = opened
hold()  # in the threads that the event loop starts, too
main(["demo", "--once", "--port", "0"])
"""


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


@pytest.mark.parametrize(("options", "code", "told"), [((), 0, ""), (("--once",), 130, "\ninterrupted\n")])
def test_an_interrupted_demo_is_done_unless_it_was_to_end_by_itself(
    options: tuple[str, ...], code: int, told: str
) -> None:
    """With `--once`, somebody waits for the end of the tour."""
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "pressrun", "demo", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith("The list's page")
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=60)
    assert (code, told) == (demo.returncode, err)


def test_a_demo_that_is_interrupted_while_it_opens_its_data_leaves_none(tmp_path: Path) -> None:
    called = subprocess.run(
        [sys.executable, "-c", EARLY],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (130, "\ninterrupted\n", []) == (called.returncode, called.stderr, [*tmp_path.iterdir()])
