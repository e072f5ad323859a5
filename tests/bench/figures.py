"""The figures to reach, and what a run made of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.contest import Contender


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One figure: `over` is what `key` is divided by, None: it stands alone. `is_ceiling`: it may not be more."""

    name: str
    key: str
    over: str | None
    least: float
    aim: float
    unit: str = "×"
    is_ceiling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A figure as it was measured: the median over rounds, with the least and the most."""

    wanted: Wanted
    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`reached` at what is asked at least, `aim reached` at what is aimed at."""
        sign = -1 if self.wanted.is_ceiling else 1
        if sign * self.value >= sign * self.wanted.aim:
            return "aim reached"
        return "reached" if sign * self.value >= sign * self.wanted.least else "**missed**"


def wanted(most: int, few: int) -> list[Wanted]:
    """What is asked of a run whose memory was looked at with so many readers."""
    rows = [
        ("Unsigned, of smtp-source", "unsigned", "smtp-source", 40, 70, "%"),
        ("Unsigned with CHUNKING, of smtp-source", "unsigned-chunking", "smtp-source", 70, 100, "%"),
        ("Unsigned with CHUNKING, against Mailman 3", "unsigned-chunking", "mailman", 100, 150, "×"),
        ("Unsigned with CHUNKING, against Postfix XVERP", "unsigned-chunking", "xverp", 8, 12, "×"),
        ("RSA-2048, of openssl speed", "signed", "openssl", 50, 65, "%"),
        ("RSA-2048 with CHUNKING, of openssl speed", "signed-chunking", "openssl", 50, 65, "%"),
        ("40 ms, PIPELINING against request and response", "far-pipelining", "far-lock-step", 3.5, 3.9, "×"),
        ("40 ms, CHUNKING against request and response", "far-chunking", "far-lock-step", 50, 150, "×"),
    ]
    figures = [Wanted(name=n, key=k, over=o, least=low, aim=aim, unit=unit) for n, k, o, low, aim, unit in rows]
    limits: list[tuple[str, str, str | None, float, float, str]] = [
        (f"Peak memory, {most:,} over {few:,} readers", f"memory-{most}", f"memory-{few}", 1.10, 1.03, "×"),
        (f"Peak memory, {most:,} readers", f"memory-{most}", None, 90, 75, "MB"),
        ("GET of the unsubscribe page during the run, p99", "get", None, 50, 15, "ms"),
        ("POST of the unsubscribe page during the run, p99", "post", None, 50, 15, "ms"),
        ("Start to ready, all queued", "ready", None, 5, 1, "s"),
    ]
    figures += [
        Wanted(name=n, key=k, over=o, least=least, aim=aim, unit=unit, is_ceiling=True)
        for n, k, o, least, aim, unit in limits
    ]
    return figures


def find(figures: list[Wanted], contenders: Mapping[str, Contender]) -> list[Found]:
    """Those of which all was measured. A ratio is taken within each round, since its two sides stood side by side."""
    results = []
    for figure in figures:
        upper = contenders.get(figure.key)
        if upper is None or not upper.samples:
            continue
        values = upper.samples
        if figure.over is not None:
            lower = contenders.get(figure.over)
            if lower is None or not lower.samples:
                continue
            values = [above / below for above, below in zip(values, lower.samples, strict=True)]
            if figure.unit == "%":
                values = [100 * value for value in values]
        results.append(Found(wanted=figure, value=statistics.median(values), low=min(values), high=max(values)))
    return results
