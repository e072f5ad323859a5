"""Images without words or without an address."""

from __future__ import annotations

from base64 import b64encode

import pytest
from tests.message.builders import PNG, edition
from tests.message.preflight.findings import findings_of, the_only


@pytest.mark.parametrize(
    ("body", "suffix", "words"),
    [
        ("![](a.png)", ".md", "a.png has no alt text"),
        ("<img src='a.png'>", ".html", "a.png has no alt text"),
        ("![Boat](http://x.example/a.png)", ".md", "not encrypted"),
        ("<img src='data:image/png;base64,AA' alt='Boat'>", ".html", "an address that does not work in email"),
    ],
)
def test_images_that_some_readers_miss(body: str, suffix: str, words: str) -> None:
    """With the line where they stand."""
    severity, line, message = the_only(findings_of(edition(body), suffix, assets={"a.png": PNG}))
    assert ("warning", 4) == (severity, line)
    assert words in message


@pytest.mark.parametrize(
    ("image", "suffix"),
    [
        ("<img src='https://x.example/a.gif?u=1' width='1' height='1' alt=''>", ".html"),
        ("<img src='https://x.example/a.gif?u=1' width=1 height=1>", ".md"),
        ("<img src='https://x.example/a.gif' style='display:none'>", ".html"),
        ("<img src='https://x.example/track/open.php?u={{ email }}' alt='x'>", ".html"),
    ],
)
def test_an_image_that_tells_who_reads(image: str, suffix: str) -> None:
    """It comes with templates of other programs. It needs no words, since it has to go."""
    severity, line, message = the_only(findings_of(edition(f"Hello\n\n{image}"), suffix))
    assert ("warning", 6) == (severity, line)
    assert "seems to track readers" in message


def test_an_image_of_a_message_is_named_as_its_author_knows_it() -> None:
    """By its file, since nobody has ever seen its Content-ID."""
    source = (
        "Subject: Boats\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        "<p>Hello <img src='cid:x@y'></p>\n--b\nContent-Type: image/png; name=boat.png\nContent-ID: <x@y>\n"
        f"Content-Transfer-Encoding: base64\n\n{b64encode(PNG).decode()}\n--b--\n"
    )
    assert "The image boat.png has no alt text" in the_only(findings_of(source, ".eml"))[2]


@pytest.mark.parametrize("body", ["<img src='a.png' alt=''>", "<img src='a.png' alt='Boat'>"])
def test_images_that_are_fine(body: str) -> None:
    """In HTML an empty alt is written on purpose: the image is an ornament."""
    assert [] == findings_of(edition(body), ".html", assets={"a.png": PNG})
