"""The cursors of collections, as programs get them: opaque, and good for the same query only.

A cursor ends in a digest of the path and of every filter. With another filter it would skip or repeat what the program
wants to see, so it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pressrun.core.base64url import base64url, octets_of

_OCTETS = 6  # against mistakes, not against forgery: a cursor gives nothing that the query without it does not give
PATTERN = r"^[A-Za-z0-9_-]{8,1000}$"


def digest_of_query(path: str, filters: Sequence[tuple[str, str]]) -> bytes:
    """What the cursors of a query end with."""
    return hashlib.sha256(repr((path, sorted(filters))).encode()).digest()[:_OCTETS]


def seal(cursor: str, query: bytes) -> str:
    """A cursor as programs get it."""
    return base64url(cursor.encode() + query)


def unseal(text: str, query: bytes) -> str | None:
    """The cursor; None where it is none of this query."""
    octets = octets_of(text)
    if octets is None or not octets.endswith(query):
        return None
    try:
        return octets[:-_OCTETS].decode()
    except UnicodeDecodeError:
        return None
