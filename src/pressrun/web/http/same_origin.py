"""Whether a request that changes something comes from a page of ours: what keeps other sites from acting for people.

Browsers say in `Sec-Fetch-Site` where a request comes from, and in `Origin` for every POST, and no page can change
either. Both must be right where both are there, and at least one must be. So no form needs a token, and a browser
without either header, as well as a program, is turned away (Fetch Metadata; RFC 6454 §7).
"""

from __future__ import annotations

from collections.abc import Iterable

SAFE_METHODS = frozenset({"GET", "HEAD"})


def is_same_origin(headers: Iterable[tuple[bytes, bytes]], origin: str) -> bool:
    """Whether the headers, with names in lower case, are those of a request by a page of this origin."""
    sites, origins = [], []
    for name, value in headers:
        if name == b"sec-fetch-site":
            sites.append(value)
        elif name == b"origin":
            origins.append(value)
    is_right = sites in ([], [b"same-origin"]) and origins in ([], [origin.encode("ascii")])
    return is_right and bool(sites or origins)
