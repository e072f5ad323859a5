"""The rules and the dashboard of contrib/ ask only for what `GET /metrics` has, with the labels that it has there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pressrun.core.upkeep.alerts import CAUSES, Way
from pressrun.observe.metrics import COUNTERS, GAUGES

CONTRIB = Path(__file__).parents[2] / "contrib"
RULES = CONTRIB / "prometheus" / "pressrun.rules.yml"
PAGE = CONTRIB.parent / "docs" / "how-to" / "watch.md"
DASHBOARD = CONTRIB / "grafana" / "pressrun.json"
LABELS = {f"pressrun_{series.name}": set(series.labels) for series in (*COUNTERS, *GAUGES)} | {
    "pressrun_info": {"version", "python"},
    "process_start_time_seconds": set(),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
}
OF_PROMETHEUS = {"instance", "job"}
_METRIC = re.compile(r"\b((?:pressrun|process)_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)(?:=~?|!=|!~)\"")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return content


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", []))
    yield from (each["expr"] for each in dashboard()["annotations"]["list"])


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_asks_for_what_there_is(expression: str) -> None:
    metrics = _METRIC.findall(expression) or ([("up", "")] if expression.startswith("up{") else [])
    assert metrics, expression
    for name, selectors in metrics:
        if name != "up":
            assert set(_LABEL.findall(selectors)) <= LABELS[name] | OF_PROMETHEUS, name


def test_every_metric_that_says_that_something_is_wrong_has_an_alert() -> None:
    """What has none is for the dashboard."""
    alerted = {name for rule in rules() for name, _ in _METRIC.findall(rule["expr"])}
    shown = {name for expression in expressions() for name, _ in _METRIC.findall(expression)}
    of_no_use = {"pressrun_lease_seconds_left", "pressrun_readers_counted_timestamp_seconds"}
    assert alerted <= LABELS.keys()
    assert LABELS.keys() - shown - of_no_use == set()


def test_the_page_has_the_table_of_causes() -> None:
    """As core.upkeep.alerts has it, so that nobody waits for an alert that comes by another way."""
    words = {Way.MAIL: "email", Way.PROGRAM: "program", Way.BOTH: "both"}
    rows = [f"| `{cause}` | {rule.when} | {words[rule.way]} |" for cause, rule in CAUSES.items()]
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert rows == [
        line for line in page if line.startswith("| `") and line.endswith(tuple(f"| {way} |" for way in words.values()))
    ]
    named = {name for name, _ in _METRIC.findall(PAGE.read_text(encoding="utf-8"))}
    assert {name for name in LABELS if name.startswith("pressrun_")} <= named


def test_the_dashboard_is_whole() -> None:
    """Each panel has a place of its own and an id of its own, and everything comes from the chosen data source."""
    panels = dashboard()["panels"]
    assert len(panels) == len({panel["id"] for panel in panels})
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert {"${datasource}"} == {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"}
