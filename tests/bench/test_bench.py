"""The bench itself: a run of some hundred readers from the table to the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.bench import editions
from tests.bench.contest import Contender, take_turns
from tests.bench.figures import Wanted, find
from tests.bench.plot import Bar, bars

_REPOSITORY = Path(__file__).parents[2]


@pytest.mark.thorough
@pytest.mark.needs("cc")
def test_a_small_run_writes_the_page(tmp_path: Path) -> None:
    """Ways, memory, pages and a start with a queue, each once, with ratios of what stands side by side."""
    command = [
        sys.executable, "-m", "tests.bench", "all", "--rounds", "1", "--readers", "300", "--most", "3000",
        "--queued", "2000",
        "--only", "unsigned,signed-chunking,memory-1000,memory-3000,get,post,ready,listmonk", "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, check=False, cwd=_REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "delivery.md").read_text(encoding="utf-8")
    for words in (
        "Pressrun, RSA-2048, CHUNKING | 300 |",
        "Debian has no package for it",
        "3,000 over 1,000",
        "copies queued",
    ):
        assert words in page
    ET.parse(tmp_path / "loopback.svg")


def test_turns_and_ratios(tmp_path: Path) -> None:
    """A B, A B; a ratio is taken within each round, and what is not installed takes no turn."""
    order: list[str] = []

    def contender(key: str, values: list[float], missing: str | None = None) -> Contender:
        def run(_: Path) -> float:
            order.append(key)
            return values[order.count(key) - 1]

        return Contender(key=key, name=key, run=run, missing=missing)

    both = [contender("a", [10.0, 30.0]), contender("b", [5.0, 10.0]), contender("c", [], "not installed")]
    take_turns(both, tmp_path, 2)
    assert ["a", "b", "a", "b"] == order
    wanted = [
        Wanted(name="a over b", key="a", over="b", least=2.0, aim=4.0),
        Wanted(name="a over c", key="a", over="c", least=2.0, aim=4.0),
        Wanted(name="b", key="b", over=None, least=7.0, aim=1.0, is_ceiling=True),
    ]
    results = find(wanted, {contender.key: contender for contender in both})
    assert [(2.5, 2.0, 3.0, "reached"), (7.5, 5.0, 10.0, "**missed**")] == [
        (result.value, result.low, result.high, result.verdict) for result in results
    ]


def test_a_plot_is_well_formed() -> None:
    """Names are escaped, and the longest bar fits."""
    row = Bar(name="a < b & c", value=10.0, low=9.0, high=12.0, is_ours=True)
    root = ET.fromstring(bars("Copies", "/s", [row]))
    assert "a < b & c" in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_editions_are_measured() -> None:
    """Built from its bytes each time, and copied."""
    (figure,) = editions.measure({"a text": "shichang.txt"}, 2)
    assert 0 < figure.least_ms <= figure.build_ms <= figure.most_ms
    assert figure.octets > 1000
    assert str(figure).startswith("| a text | ")
