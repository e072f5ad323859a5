"""Durations, sizes and rates as an operator writes them: `"15m"`, `"10 MiB"`, `"100/s"`."""

from __future__ import annotations

import math
import re

from msgspec import Struct

from pressrun.core.errors import BadQuantity, QuantityTooLarge

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|day)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "day": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|KiB|MiB|GiB)", re.ASCII)
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*(ms|s|min|m|h|d|day)", re.ASCII)
_LONGEST_SECONDS = 3650 * 86400.0
_MOST_BYTES = 1024**5  # sums of some sizes stay below 2^63, which a database can compare with
_MOST_EVENTS = 1_000_000_000
_MOST_EVENTS_OVER = f"{_MOST_EVENTS} over at most 3650d"


class Rate(Struct, frozen=True, order=True):
    """At most `count` events in any window of `seconds`."""

    count: int
    seconds: float

    @property
    def interval(self) -> float:
        """Seconds between two events that are spread evenly."""
        return self.seconds / self.count


def wait_seconds(until: float, now: float) -> int:
    """How many whole seconds somebody is asked to wait until a time: never 0, which would ask for nothing."""
    return max(1, math.ceil(until - now))


class RateExceeded(Struct, frozen=True):
    """Too many requests from one network: the next one is accepted at `retry_at` (UTC seconds)."""

    retry_at: float


def parse_duration(text: str) -> float:
    """Seconds of `"90s"`, `"15m"`, `"4h"`, `"5d"` or `"200ms"`; raises BadQuantity."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or match[2] in {"min", "day"}:
        raise BadQuantity(f"invalid duration {text!r}. Write a number with ms, s, m, h or d, such as '15m'")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST_SECONDS:
        raise _too_large(text, "3650d")
    return seconds


def parse_size(text: str) -> int:
    """Bytes of `"512 KiB"`, `"10 MB"` or `"800 B"`; raises BadQuantity."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise BadQuantity(f"invalid size {text!r}. Write a number with B, KB, MB, KiB, MiB or GiB, such as '10 MiB'")
    octets = float(match[1]) * _BYTES[match[2]]
    if octets > _MOST_BYTES:
        raise _too_large(text, "1048576 GiB")
    return int(octets)


def parse_rate(text: str) -> Rate:
    """Read `"100/s"`, `"20/min"`, `"3/day"` or, over a duration, `"10/15min"`; raises BadQuantity."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise BadQuantity(
            f"invalid rate {text!r}. Write N/s, N/min, N/h or N/day, or a number over a duration, such as '10/15min'"
        )
    count, seconds = float(match[1]), float(match[2] or 1) * _SECONDS[match[3]]
    if count < 1 or seconds <= 0:
        raise BadQuantity(f"{text!r} would let nothing through. The number must be at least 1")
    if seconds > _LONGEST_SECONDS or count > _MOST_EVENTS:
        raise _too_large(text, _MOST_EVENTS_OVER)
    return Rate(int(count), seconds)


def _too_large(text: str, most: str) -> QuantityTooLarge:
    return QuantityTooLarge(f"{text!r} is too much. The most is {most}", most)
