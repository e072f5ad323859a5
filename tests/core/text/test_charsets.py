"""Charsets of mail: those that mail programs write, by any of their names, and no codec that a sender could misuse."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.assets import AssetError
from pressrun.core.text import charsets
from pressrun.core.text.charsets import charset_labels, check_charsets, decode_exactly, decode_text, find_codec

CODECS = tuple(dict.fromkeys(charset_labels().values()))

# What Python has besides charsets: slow, running escapes, or no text at all.
ODD = "punycode idna utf_7 unicode_escape raw_unicode_escape undefined hex_codec rot_13 zlib_codec bz2_codec charmap"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("utf-8", "é".encode(), "é"),
        ("UTF8", "é".encode(), "é"),
        ("us-ascii", "é".encode(), "é"),
        ("", "é".encode(), "é"),
        ("ISO-8859-1", b"\x80 \xe9", "€ é"),
        ("iso_8859-1:1987", b"\xe9", "é"),
        ("Windows-1252", b"\x93", "“"),
        ("iso-8859-15", b"\xa4", "€"),
        ("KOI8-R", "я".encode("koi8-r"), "я"),
        ("windows-1251", "я".encode("cp1251"), "я"),
        ("GB2312", "啊".encode("gb18030"), "啊"),
        ("big5", "中".encode("big5"), "中"),
        ("Shift_JIS", "①".encode("cp932"), "①"),
        ("x-sjis", "日".encode("cp932"), "日"),
        ("euc-jp", "日".encode("euc-jp"), "日"),
        ("ISO-2022-JP", "日".encode("iso2022_jp"), "日"),
        ("ks_c_5601-1987", "한".encode("cp949"), "한"),
        ("iso-2022-kr", "한".encode("iso2022_kr"), "한"),
        ("tis-620", "ก".encode("cp874"), "ก"),
    ],
)
def test_a_charset_has_many_names(label: str, data: bytes, text: str) -> None:
    """Each means what mail programs mean by it."""
    assert (text, text) == (decode_text(data, label), decode_exactly(data, label))


@pytest.mark.parametrize("name", ODD.split())
def test_an_odd_codec_is_never_used(name: str) -> None:
    """By whatever name Python knows it: the text is read as if nothing had been said."""
    for label in {name, name.replace("_", "-"), *(alias for alias, codec in aliases.items() if codec == name)}:
        assert find_codec(label) is None, label
        assert ("x-“", None) == (decode_text(b"x-\x93", label), decode_exactly(b"x-\x93", label))


def test_every_codec_is_one_of_text_and_is_there() -> None:
    """On every Python that we support."""
    for name in CODECS:
        assert isinstance(codecs.decode(b"A" * 4, name), str), name
        assert name == find_codec(name)


def test_a_codec_that_python_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postmasters may edit the file, and `pressrun check` tells them."""
    check_charsets()
    monkeypatch.setattr(charsets, "charset_labels", lambda: {"klingon": "klingon-1"})
    with pytest.raises(AssetError, match=r"^assets/charsets\.toml: klingon-1: unknown encoding: klingon-1$"):
        check_charsets()


@given(label=st.one_of(st.sampled_from(CODECS), st.text(max_size=50)), data=st.binary(max_size=300))
def test_whatever_comes_becomes_text(label: str, data: bytes) -> None:
    """Never an exception, and never text that cannot be stored."""
    for text in (decode_text(data, label), decode_exactly(data, label) or ""):
        assert text == text.encode("utf-8").decode("utf-8")
