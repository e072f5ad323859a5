"""The answer to whoever asks too often, whatever they ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests from one network: the next one is taken at `retry_at` (UTC seconds)."""

    retry_at: float
