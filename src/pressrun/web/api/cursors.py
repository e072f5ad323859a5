"""The cursors of collections, as programs get them: opaque, and good for the same query only.

A cursor is hidden, since the place that it holds may be the address of somebody on another list. It begins with a keyed
digest of the place, of the path and of every filter. With another filter, it would skip or repeat what the program
wants to see, and no query has to understand a cursor that a program has made up. Both are refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pressrun.core.signing.encodings import base64url, octets_of
from pressrun.core.signing.siv import Siv

_TAG_OCTETS = 12
_LABEL = b"cursor"
PATTERN = r"^[A-Za-z0-9_-]{8,1000}$"


def digest_of_query(path: str, filters: Sequence[tuple[str, str]]) -> bytes:
    """What stands for a query."""
    return hashlib.sha256(repr((path, sorted(filters))).encode()).digest()


def seal(cursor: str, query: bytes, key: bytes) -> str:
    """A cursor as programs get it."""
    siv, octets = Siv(key, _LABEL), cursor.encode()
    tag = siv.tag(query + octets)[:_TAG_OCTETS]
    return base64url(tag + _masked(siv, tag, octets))


def unseal(text: str, query: bytes, key: bytes) -> str | None:
    """The cursor; None for anything that was not sealed for this query."""
    siv, sealed = Siv(key, _LABEL), octets_of(text) or b""
    tag = sealed[:_TAG_OCTETS]
    octets = _masked(siv, tag, sealed[_TAG_OCTETS:])
    return octets.decode() if hmac.compare_digest(tag, siv.tag(query + octets)[:_TAG_OCTETS]) else None


def _masked(siv: Siv, tag: bytes, octets: bytes) -> bytes:
    """Plain octets hidden, or hidden ones plain."""
    return (int.from_bytes(octets, "big") ^ siv.mask(tag, len(octets))).to_bytes(len(octets), "big")
