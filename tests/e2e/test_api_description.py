"""The API of a real daemon, asked by schemathesis for what its description allows and for what it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.house import House

CONFIG = Path(__file__).with_name("schemathesis.toml")
PARTS = ("^/lists", "^/[^lt]")
LENIENT = "negative_data_rejection"  # some patterns describe the usual, and more than that is accepted
EXAMPLES = 40
CASES = 5000


@pytest.mark.thorough
@pytest.mark.only_on("sqlite", "it judges the description of answers, which no engine changes, for minutes")
@pytest.mark.timeout(900)
def test_every_answer_is_as_described(tmp_path: Path) -> None:
    """No fault of ours, and every status, media type and body as the description says, in thousands of requests."""
    with closing(House(folder=tmp_path / "house", relay_port=1)) as house:
        house.configure(api={"rate": "1000000/min"})
        house.create_list()
        house.import_readers("ada@reader.example", "bob@reader.example")
        daemon = house.start()
        token = house.json("token", "create", "--name", "judge", "--scope", "write")["token"]
        reports = [_judge(house.http_port, token, part, tmp_path) for part in PARTS]
        assert [] == [report.stdout for report in reports if report.returncode != 0]
        assert CASES <= sum(int(re.findall(r"(\d+) generated", report.stdout)[-1]) for report in reports)
        assert [] == daemon.events("http.failed")


def _judge(port: int, token: str, part: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("schemathesis")
    return subprocess.run(
        [
            *(program, "--config-file", CONFIG, "run", f"http://127.0.0.1:{port}/api/openapi.json"),
            *(
                "-H",
                f"Authorization: Bearer {token}",
                "--checks",
                "all",
                "--exclude-checks",
                LENIENT,
                "--include-path-regex",
                part,
            ),
            *("--exclude-path-regex", "^/tokens/", "--max-examples", str(EXAMPLES), "--generation-deterministic"),
            *("--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=600,
    )
