"""The canonical header that is made from parts is that of the whole header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import build, edition, values

from pressrun.message.signatures.header_form import HeaderForm
from pressrun.message.signatures.relaxed import canonical_fields
from pressrun.message.signatures.signed_fields import SignedHeader, signed_header

PIECES = st.sampled_from([b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b"B", b":", b"<", b",", b"  x", b"=?utf-8?q?a?="])
TEXT = st.lists(PIECES, max_size=5).map(b"".join)
FIELDS = st.lists(
    st.tuples(st.sampled_from([b"To", b"DATE ", b"list-Id", b"From", b"X-Other"]), TEXT, TEXT, TEXT),
    min_size=1,
    max_size=4,
)


def of_the_whole(parts: list[bytes]) -> SignedHeader:
    return signed_header(canonical_fields(b"".join(parts).partition(b"\r\n\r\n")[0]))


@given(FIELDS, st.none() | TEXT)
def test_it_is_that_of_the_whole_or_none(fields: list[tuple[bytes, ...]], subject: bytes | None) -> None:
    """Blanks and folds at any seam: never other fields than those of the joined header."""
    template, parts = [b""], [b""]
    for name, before, value, behind in fields:
        start, end = name + b":" + before, behind + b"\r\n"
        template[-1] += start
        parts[-1] += start
        template += [b"", end]
        parts += [value, end]
    whole = {len(parts)} if subject is not None else set()
    if subject is not None:
        template += [b"", b""]
        parts += [b"Subject: " + subject + b"\r\n", b""]
    ends = b"X: y\r\n\r\nbody"
    template[-1] += ends
    parts[-1] += ends
    assert HeaderForm(template, whole).of(parts) in (None, of_the_whole(parts))


@pytest.mark.parametrize("name", ["Rosa", "Żółć  in  two", "x" * 200, "", "a,\r\n b"])
@pytest.mark.parametrize("mail_token", [None, "abcdefghijklmnopqrstuvwxyz2"])
def test_it_is_known_for_what_pressrun_makes(name: str, mail_token: str | None) -> None:
    """Whatever a reader is called; where no mail is received the whole header is looked at."""
    skeleton = build(edition("Dear {{ name }},", subject="Tides for {{ name | default: you }}")).skeleton
    parts = skeleton.parts(values(name=name, mail_token=mail_token))
    assert skeleton.known(parts).header == (of_the_whole(parts) if mail_token else None)
