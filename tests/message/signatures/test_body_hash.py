"""The body hash that is made from parts is that of the whole body."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.signatures.body_hash import BodyHash
from pressrun.message.signatures.relaxed import canonical_body

PIECES = st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a", b"=", b".", b" \r\n"])
TEXT = st.binary(max_size=60) | st.lists(PIECES).map(b"".join)


def whole(body: bytes) -> bytes:
    return hashlib.sha256(canonical_body(body)).digest()


@given(TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_it_is_that_of_the_whole_or_none(first: bytes, rest: list[tuple[bytes, bytes]]) -> None:
    """Blanks and line ends at any seam: never another hash than that of the joined body."""
    template, parts = [b"To: ", b"", b"\r\n\r\n" + first], [b"To: ", b"a@b.example", b"\r\n\r\n" + first]
    for value, fixed in rest:
        template += [b"", fixed]
        parts += [value, fixed]
    digest = BodyHash(template).of(parts)
    assert digest in (None, whole(b"".join(parts).partition(b"\r\n\r\n")[2]))


def test_it_is_known_for_what_pressrun_makes() -> None:
    """Parts that end their lines, and a body that ends in something."""
    template = [b"A: b\r\n\r\n--x  y\r\n", b"", b"\r\n\tz\r\n", b"", b"--x--\r\n\r\n"]
    parts = [*template[:1], b"Dear  you =\r\n", template[2], b"https://n.example/u\r\n", template[4]]
    assert whole(b"".join(parts).partition(b"\r\n\r\n")[2]) == BodyHash(template).of(parts)
