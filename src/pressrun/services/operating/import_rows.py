"""Rows of an import as a file holds them, unchecked; `line` is the line of the file that the row begins at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """A subscriber; `attributes` are the columns without a meaning of their own."""

    line: int
    email: str
    name: str = ""
    language: str = ""
    subscribed_at: str = ""
    consent_source: str = ""
    consent_ip: str = ""
    state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRow:
    """A suppression. An empty reason means `operator`, an empty date now."""

    line: int
    address: str
    reason: str = ""
    since: str = ""
