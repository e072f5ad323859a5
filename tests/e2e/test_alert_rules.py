"""Every alert of contrib/prometheus is one that Prometheus takes, and says what to do."""

from __future__ import annotations

import subprocess
from itertools import chain
from pathlib import Path

import pytest
from tests.e2e.prometheus import CONTRIB, ROUNDS, RULES, quick_rules, read_rules

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "watch.md"


def test_each_alert_says_what_to_do() -> None:
    """A severity, a moment of patience, a summary, and a section of the page."""
    headings = {line.lstrip("# ").lower() for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "#"}
    for rule in read_rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["for"]
        assert rule["annotations"]["summary"]
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert ("docs/how-to/watch.md", rule["alert"].lower()) == (page, section)
        assert section in headings, rule["alert"]


def test_each_alert_is_broken_somewhere() -> None:
    """By one test of test_alerts_fire.py."""
    assert sorted(rule["alert"] for rule in read_rules()) == sorted(chain(*ROUNDS))


@pytest.mark.thorough
@pytest.mark.needs("prometheus")
@pytest.mark.only_on("sqlite", "it uses no database")
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    """As they are, with their own tests, and as the tests of alerts that fire make them quick."""
    (tmp_path / "quick.yml").write_text(quick_rules(), encoding="utf-8")
    for command in (
        ["check", "rules", "--lint-fatal", str(RULES), str(tmp_path / "quick.yml")],
        ["test", "rules", str(CONTRIB / "prometheus" / "pressrun.rules.test.yml")],
    ):
        done = subprocess.run(["promtool", *command], check=False, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr
