"""Readers at the door while an edition goes out: each request is another reader's link, of a copy that has gone out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.sink import Sink

_LINK = re.compile(r"<(https?://[^>]+)>")


def unsubscribe_paths(sink: Sink) -> list[str]:
    """Those in the copies that the sink has taken; it must have been told to grab List-Unsubscribe."""
    sink.ask("XFLUSH")
    lines = sink.log.read_text(encoding="utf-8").splitlines()
    matches = (_LINK.search(line.rpartition("\t")[2]) for line in lines)
    return [urlsplit(match[1]).path for match in matches if match is not None]


def percentile(seconds: list[float], share: float) -> float:
    """In milliseconds; raises where a request had no answer."""
    if min(seconds) < 0:
        raise RuntimeError(f"{sum(second < 0 for second in seconds)} of {len(seconds)} requests failed")
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
