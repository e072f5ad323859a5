"""The cursors of collections, as programs get them: opaque, and good for the same query only.

A cursor ends in a keyed digest of itself, of the path and of every filter. With another filter, it would skip or repeat
what the program wants to see, and no query has to understand a cursor that a program has made up. Both are refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pressrun.core.signing.encodings import base64url, octets_of

_OCTETS = 12
PATTERN = r"^[A-Za-z0-9_-]{8,1000}$"


def digest_of_query(path: str, filters: Sequence[tuple[str, str]]) -> bytes:
    """What stands for a query."""
    return hashlib.sha256(repr((path, sorted(filters))).encode()).digest()


def seal(cursor: str, query: bytes, key: bytes) -> str:
    """A cursor as programs get it."""
    octets = cursor.encode()
    return base64url(octets + _tag(octets, query, key))


def unseal(text: str, query: bytes, key: bytes) -> str | None:
    """The cursor; None for anything that was not sealed for this query."""
    octets = octets_of(text) or b""
    cursor, tag = octets[:-_OCTETS], octets[-_OCTETS:]
    return cursor.decode() if hmac.compare_digest(tag, _tag(cursor, query, key)) else None


def _tag(cursor: bytes, query: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"pressrun.cursor\0" + query + cursor, "sha256")[:_OCTETS]
