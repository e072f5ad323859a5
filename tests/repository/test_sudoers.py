"""The example of a sudoers file in the docs is one that sudo takes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "without-root.md"


@pytest.mark.needs("visudo")
def test_sudo_takes_the_example(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```sudoers\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    path = tmp_path / "pressrun"
    path.write_text(example)
    path.chmod(0o440)
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    checked = subprocess.run(
        ["visudo", "-c", "-f", str(path)], check=False, capture_output=True, text=True, env=environment
    )
    assert (0, True) == (checked.returncode, "parsed OK" in checked.stdout), checked.stderr
