"""Ending child processes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from pressrun.runtime.child_process import kill, spawn

# The end of a process closes its output before anybody can ask for its exit code.
ENDS = "import os; os._exit(7)"


async def test_a_kill_that_comes_too_late_keeps_the_exit_code() -> None:
    """Somebody may have asked for it to say what a process died of."""
    ended_with = set()
    for _ in range(100):
        process = await asyncio.create_subprocess_exec(sys.executable, "-SIc", ENDS, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        await process.stdout.read()
        kill(process)
        ended_with.add(await process.wait())
        kill(process)
    assert ended_with == {7}


async def test_it_stays_in_our_session(tmp_path: Path) -> None:
    """Linux shares the processors out among sessions, and a worker would wait for its own share."""
    (tmp_path / "alone.py").write_text("import os; print(os.getsid(0), flush=True)")
    with (tmp_path / "printed").open("w+") as printed:
        process, ours = await spawn("alone", environment={"PYTHONPATH": str(tmp_path)}, output=printed.fileno())
        ours.close()
        await process.wait()
        printed.seek(0)
        assert f"{os.getsid(0)}\n" == printed.read()
