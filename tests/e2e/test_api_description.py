"""The API of a real daemon, asked by schemathesis for what its description allows and for what it does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.instance import Instance
from tests.e2e.judging import OWN_TOKEN

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 10


@pytest.mark.thorough
@pytest.mark.only_on("sqlite", "it judges the description of answers, which no engine changes, for minutes")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("phases", "cases"), [("examples,coverage", 4500), ("fuzzing", 700), ("stateful", 60)])
def test_every_answer_is_as_described(tmp_path: Path, phases: str, cases: int) -> None:
    """No fault of ours, and every status, media type and body as the description says, in thousands of requests."""
    with closing(Instance(folder=tmp_path / "instance", relay_port=1)) as instance:
        instance.configure(api={"rate": "1000000/min"})
        instance.create_list()
        instance.import_readers("ada@reader.example", "bob@reader.example")
        daemon = instance.start()
        judge = instance.json("token", "create", "--name", "judge", "--scope", "write")
        report = _judge(instance.http_port, judge, phases, tmp_path)
        assert (0, "") == (report.returncode, report.stdout if report.returncode else "")
        assert cases <= int(re.findall(r"(\d+) generated", report.stdout)[-1])
        assert [] == daemon.events("http.failed")


def _judge(port: int, token: Mapping[str, Any], phases: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("schemathesis")
    return subprocess.run(
        [
            *(program, "--config-file", CONFIG, "run", f"http://127.0.0.1:{port}/api/openapi.json"),
            *("-H", f"Authorization: Bearer {token['token']}", "--checks", "all", "--continue-on-failure"),
            *("--phases", phases, "--max-examples", str(EXAMPLES)),
            *("--generation-deterministic", "--no-color"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), OWN_TOKEN: str(token["id"])},
        timeout=600,
    )
