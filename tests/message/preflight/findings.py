"""What preflight says about an edition, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.message.builders import build

PlainFinding = tuple[str, int | None, str]


def findings_of(
    source: str, suffix: str = ".md", *, assets: Mapping[str, bytes] | None = None, **more: Any
) -> list[PlainFinding]:
    """(severity, line, sentence) of each finding."""
    built = build(source, suffix, assets=assets, **more)
    return [(finding.severity.value, finding.line, finding.message) for finding in built.findings]


def the_only(findings: list[PlainFinding]) -> PlainFinding:
    """The one finding that there is."""
    assert 1 == len(findings), findings
    return findings[0]
