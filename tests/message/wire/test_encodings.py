"""How a text part is encoded: the shorter of two ways, with a reader's values inside."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import build, edition, part, read, values

from pressrun.message.wire.base64_text import Base64Text, encode_lines, encoded_size
from pressrun.message.wire.skeleton import Skeleton

RUSSIAN = "Прилив пришёл, {{ name }}, и лодки вышли в {{ town | default: море }}. "


@given(st.lists(st.tuples(st.binary(max_size=130), st.binary(max_size=130)), min_size=1, max_size=6))
def test_pieces_and_values_make_one_text(pairs: list[tuple[bytes, bytes]]) -> None:
    """Wherever a value ends within a group of three, the whole is valid base64 in lines of 76."""
    pieces, between = [piece for piece, _ in pairs], [value for _, value in pairs[:-1]]
    encoded = Base64Text(pieces).encode(between)
    expected = b"".join(piece + value for piece, value in zip(pieces, [*between, b""], strict=True))
    assert expected == base64.b64decode(encoded.replace(b"\r\n", b""), validate=True)
    assert all(0 < len(line) <= 76 for line in encoded.split(b"\r\n")[:-1])


@given(st.integers(0, 500))
def test_the_size_is_known_beforehand(octets: int) -> None:
    """By it the encoding is chosen."""
    assert encoded_size(octets) == len(encode_lines(b"x" * octets))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("The tide is in. " * 20, "quoted-printable"),
        ("Die Flut ist da, die Boote sind draußen. " * 20, "quoted-printable"),
        (RUSSIAN * 20, "base64"),
        ("潮が満ちて、{{ name }}さん、船は沖へ。" * 20, "base64"),
    ],
)
def test_the_shorter_encoding_is_taken(body: str, encoding: str) -> None:
    """Words in Latin letters stay readable in the source, others do not grow to three times their size."""
    message = read(build(edition(body), ".txt").skeleton.copy(values()))
    assert encoding == str(message["Content-Transfer-Encoding"])


@pytest.mark.parametrize("name", ["", "Роза", "R", "Ro", "😀\r\nx", "<b>"])
def test_a_copy_in_base64_is_its_readers(name: str) -> None:
    """Values stand in it as they would in the other encoding, also once it has been stored."""
    built = build(edition(RUSSIAN * 9, subject="Новости"), ".md")
    copy = Skeleton.decode(built.skeleton.encode()).copy(values(name=name, columns={"town": "Порт"}))
    assert copy == built.skeleton.copy(values(name=name, columns={"town": "Порт"}))
    shown = name.replace("<", "&lt;").replace(">", "&gt;")
    assert part(copy, "html").count(f"Прилив пришёл, {shown}, и лодки вышли в Порт.") == 9


def test_the_size_counts_what_is_sent() -> None:
    """Without a reader's values a copy is that long."""
    for body in ("The tide is in", "Прилив пришёл " * 50):
        built = build(edition(body), ".txt")
        own = values()
        fixed = len(built.skeleton.copy(own)) - built.size_bytes
        assert 300 < fixed < 900
