"""Every parser of what comes in, under random changes of samples for a moment: a value or our own error."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from tests.engines import IS_THOROUGH
from tests.fuzz.__main__ import NAMES
from tests.fuzz.engines import MAX_INPUT, Finding, mutate, try_one
from tests.fuzz.targets import TARGETS

INPUTS = 4000 if IS_THOROUGH else 250  # changed ones, besides the seeds
MOST_SEEDS = 250  # in a usual run: there are 1,234 mails, and what their changes do is looked for, too
AT_MOST_SECONDS = 3.0


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_value_or_our_own_error(name: str) -> None:
    """The same inputs at every run, more with PRESSRUN_THOROUGH; `python -m tests.fuzz` looks for longer."""
    target, chance = TARGETS[name], random.Random(name)
    seeds = target.seeds()
    if not IS_THOROUGH:
        seeds = chance.sample(seeds, min(len(seeds), MOST_SEEDS))
    with target.opened():
        tried, finding = mutate(target.run, seeds, chance, seconds=AT_MOST_SECONDS, most=INPUTS)
    assert finding is None, f"{finding.problem}\n{finding.data[:500]!r}"
    assert tried > len(seeds)


def test_every_target_has_a_name() -> None:
    """`--list` names what there is."""
    assert sorted(TARGETS) == sorted(NAMES)


def test_a_fault_is_found_and_kept(tmp_path: Path) -> None:
    """The engine does find what raises, and writes down the input that made it."""

    def fragile(data: bytes) -> None:
        if b"\0" in data:
            raise KeyError("NUL")

    tried, finding = mutate(fragile, [b"harmless"], random.Random(1), seconds=20, most=100_000)
    assert finding is not None
    assert b"\0" in finding.data
    assert "KeyError" in finding.problem
    assert finding.data == finding.keep(tmp_path).read_bytes()
    assert tried > 1


def test_what_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """By this process's own time."""
    monkeypatch.setattr("tests.fuzz.engines.SECONDS", 0.01)

    def slow(data: bytes) -> None:
        ends_at = time.process_time() + 0.02
        while time.process_time() < ends_at:
            hash(data)

    finding = try_one(slow, b"x")
    assert isinstance(finding, Finding)
    assert finding.problem.startswith("took")


def test_inputs_stay_within_bounds() -> None:
    """However often they are doubled."""
    sizes: list[int] = []
    mutate(lambda data: sizes.append(len(data)), [b"x" * MAX_INPUT], random.Random(2), seconds=5, most=500)
    assert max(sizes) <= MAX_INPUT
