"""Limits the time for which something is busy to a share of any window, exactly, by a monotonic clock.

A job that has begun is not interrupted, so it begins only when the longest possible one would still fit.
"""

from __future__ import annotations

from collections import deque

from pressrun.core.current import Current

WINDOW_SECONDS = 60.0


class BusyShare:
    """Busy for at most `share` (0 to 1) of every WINDOW_SECONDS; times are those of one monotonic clock."""

    def __init__(self, share: Current[float], longest_seconds: float) -> None:
        self._share = share
        self._longest = longest_seconds
        self._spans: deque[tuple[float, float]] = deque()
        self._busy = 0.0  # the sum of the spans

    def wait_seconds(self, now: float) -> float:
        """How long until the next job may begin; 0: it may begin now.

        A share too small for the longest job still lets one begin when the whole window has been idle.
        """
        self._forget(now - WINDOW_SECONDS)
        excess = self._busy + self._longest - max(self._share.value * WINDOW_SECONDS, self._longest)
        if excess <= 0:
            return 0.0
        for began, ended in self._spans:  # the oldest leave the window first, bit by bit
            if excess <= ended - began:
                return max(0.0, began + excess + WINDOW_SECONDS - now)
            excess -= ended - began
        return 0.0

    def record(self, began: float, ended: float) -> None:
        """Record a job that has ended."""
        self._spans.append((began, ended))
        self._busy += ended - began

    def _forget(self, before: float) -> None:
        """Forget what is older than the window."""
        while self._spans and self._spans[0][1] <= before:
            began, ended = self._spans.popleft()
            self._busy -= ended - began
        if self._spans and self._spans[0][0] < before:
            began, ended = self._spans[0]
            self._spans[0] = (before, ended)
            self._busy -= before - began
        if not self._spans:
            self._busy = 0.0  # whatever rounding has left
