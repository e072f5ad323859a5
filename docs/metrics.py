"""Writes docs/metrics.md to stdout: the metrics of `GET /metrics`, as Prometheus gets them."""

from __future__ import annotations

from pressrun.observe.metrics import COUNTERS, GAUGES, Series

HEAD = """\
# The metrics

This page is written from the code by `make docs`; a test fails when it is stale. `GET /metrics` answers in the text
format of Prometheus. [Health checks and metrics](how-to/watch.md#health-checks-and-metrics) explains which to
watch, and [decision 45](decisions/0045-what-metrics-show.md) why none of them shows what one person caused. Beside
them are `pressrun_info`, with the labels `version` and `python`, and the usual `process_…` and `python_info`.

| metric | type | labels | what it says |
|---|---|---|---|
"""


def reference() -> str:
    """The page."""
    rows = [_row(series, "counter") for series in COUNTERS] + [_row(series, "gauge") for series in GAUGES]
    return HEAD + "".join(sorted(rows))


def _row(series: Series, kind: str) -> str:
    labels = ", ".join(f"`{label}`" for label in series.labels)
    return f"| `pressrun_{series.name}` | {kind} | {labels} | {series.help} |\n"


if __name__ == "__main__":
    print(reference(), end="")
