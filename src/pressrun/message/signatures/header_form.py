"""What DKIM signs of the header of every copy of an edition, with the work that all copies share done once.

Of about twenty-five fields in a copy, eight contain a value of the reader. All fields are put in order and brought into
relaxed form once (RFC 6376 §3.4.2). For each copy, only its values are, and put in their places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from pressrun.message.signatures.relaxed import canonical_fields, canonical_value
from pressrun.message.signatures.signed_fields import SignedHeader, signed_header

_EDGES = b" \t\r\n"  # these could run together with what is beside a value
_MARK = re.compile(rb"\0(\d+)\0")  # in place of the value with that number; no header contains it
_SUBJECT = b"subject:"


class HeaderForm:
    """`template` holds the fixed parts at even places and b"" at the places of values between them.

    At the places `subjects` the value is the whole field.
    """

    __slots__ = ("_author", "_names", "_pieces", "_subjects", "_values")

    def __init__(self, template: Sequence[bytes], subjects: Collection[int]) -> None:
        end = next(place for place, part in enumerate(template) if b"\r\n\r\n" in part)
        parts = [_mark(place, place in subjects) if place % 2 else template[place] for place in range(end)]
        header = signed_header(canonical_fields(b"".join(parts) + template[end].partition(b"\r\n\r\n")[0]))
        pieces = _MARK.split(header.text)
        self._names = header.names
        self._author = None if _MARK.search(header.author) else header.author
        self._pieces = pieces
        places = [(2 * number + 1, int(place)) for number, place in enumerate(pieces[1::2])]
        self._values = [(at, place) for at, place in places if place not in subjects]
        self._subjects = [(at, place) for at, place in places if place in subjects]

    def of(self, parts: Sequence[bytes]) -> SignedHeader | None:
        """The signed header of a copy that consists of these parts, or None when it must be read as a whole."""
        if self._author is None:
            return None
        pieces = self._pieces.copy()
        for at, place in self._values:
            value = parts[place]
            if not value or value[0] in _EDGES or value[-1] in _EDGES:
                return None
            pieces[at] = canonical_value(value)
        for at, place in self._subjects:
            pieces[at] = _subject(parts[place])
        return SignedHeader(names=self._names, text=b"".join(pieces), author=self._author)


@lru_cache(maxsize=16)  # most editions have the same subject on each copy
def _subject(field: bytes) -> bytes:
    ((name, canonical),) = canonical_fields(field)
    assert name == _SUBJECT[:-1]
    return canonical[len(_SUBJECT) : -2]


def _mark(place: int, is_subject: bool) -> bytes:
    return b"Subject:\0%d\0\r\n" % place if is_subject else b"\0%d\0" % place
