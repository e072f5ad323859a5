"""A list's logo: what is taken, how large it is shown, and what is refused with the reason."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import chunk

from pressrun.core.errors import BadInput
from pressrun.message.layouts.design import LARGEST_LOGO, LOGO_BYTES, read_logo
from pressrun.message.wire.mime import image_size


def png(width: int, height: int, padding: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"\0" * padding


GIF = b"GIF89a" + struct.pack("<HH", 300, 60) + b"\0\0\0"
SEGMENT = b"\xff\xe1" + struct.pack(">H", 2 + 500) + b"\xff\xc0" * 250  # what looks like a frame inside of another
JPEG = b"\xff\xd8" + SEGMENT + b"\xff\xff\xc2" + struct.pack(">HBHH", 17, 8, 60, 300) + b"\x03" * 10


@pytest.mark.parametrize("content", [png(300, 60), GIF, JPEG])
def test_the_size_is_read_from_each_format(content: bytes) -> None:
    """The three that every mail program shows; in a JPEG the frame is found behind what a camera wrote before it."""
    assert image_size(content) == (300, 60)
    assert read_logo("a.png", content).shown_size == (240, 48)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n"]))
def test_whatever_comes_has_a_size_or_none(tail: bytes, head: bytes) -> None:
    """A broken picture is no error of ours."""
    size = image_size(head + tail)
    assert size is None or all(size)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG, JPEG or GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "PNG, JPEG or GIF"),
        (b"", "PNG, JPEG or GIF"),
        (png(300, 60, LOGO_BYTES), "every copy carries it"),
        (png(300, LARGEST_LOGO + 1), "300 by 2001 pixels"),
        (png(1, 1), "16 to 2000"),
    ],
)
def test_what_is_no_good_as_a_logo_is_refused_with_the_reason(content: bytes, words: str) -> None:
    """Outlook shows no WebP, no program an SVG; what is too heavy or too small says what would be right."""
    with pytest.raises(BadInput, match=words):
        read_logo("logo", content)


def test_a_tall_logo_is_shown_as_high_as_a_line_allows() -> None:
    """It keeps its proportions, and a small one is never blown up."""
    assert read_logo("a.png", png(560, 560)).shown_size == (56, 56)
    assert read_logo("a.png", png(20, 20)).shown_size == (20, 20)
