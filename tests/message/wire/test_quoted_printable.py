"""Text survives quoted-printable, in any pieces, and what goes out is safe in transit."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.message.wire.quoted_printable import encode_link, encode_piece, normalise_lines

UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
NASTY = st.text(alphabet=st.sampled_from("From .=\t\r\né😀-A"), max_size=400)


def check_lines(encoded: bytes) -> None:
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
    assert encoded.isascii()
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    assert b"\r" not in encoded.replace(b"\r\n", b"")


@given(st.lists(UNICODE | NASTY, max_size=5))
def test_any_text_comes_back_from_any_pieces(pieces: list[str]) -> None:
    """Pieces encoded one by one and joined decode to the joined text with CRLF line ends."""
    encoded = b"".join(encode_piece(piece) for piece in pieces)
    check_lines(encoded)
    assert "".join(normalise_lines(piece) for piece in pieces).encode() == quopri.decodestring(encoded)


@pytest.mark.parametrize(
    "text",
    ["." * 5000, "..\r\n.\r\n...\r\n", "x" * 5000, "😀" * 3000, "From me\nFrom you\r\n", "a b " * 2000, "=" * 200, " "],
)
def test_hard_cases_come_back(text: str) -> None:
    """Lines of dots, endless lines, emoji and trailing blanks are what they were."""
    encoded = encode_piece(text)
    check_lines(encoded)
    assert normalise_lines(text).encode() == quopri.decodestring(encoded)


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    """Text that no UTF-8 can hold is still sent."""
    assert b"a?b=\r\n" == encode_piece("a\ud800b")


@given(
    st.text("abz019.-", min_size=1, max_size=250), st.text("AZ_-.", max_size=60), st.sampled_from(["", "?list=cafe"])
)
def test_a_link_is_encoded_as_any_text_is(host: str, token: str, query: str) -> None:
    """Wherever its lines are cut, none of them begins with a dot, and no `=` of a query begins an octet."""
    link = f"https://{host}/unsubscribe/{token}{query}"
    check_lines(encode_link(link))
    assert encode_piece(link) == encode_link(link)
    assert link.encode() == quopri.decodestring(encode_link(link))


def test_a_link_whose_line_would_begin_with_a_dot() -> None:
    link = "https://" + "x" * 67 + ".example/unsubscribe/token"
    assert b"=\r\n=2Eexample" in encode_link(link)
    assert link.encode() == quopri.decodestring(encode_link(link))
