"""Images without words or without an address."""

from __future__ import annotations

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


@pytest.mark.parametrize("body", ["<img src='a.png' alt=''>", "<img src='a.png' alt='Boat'>"])
def test_images_that_are_fine(body: str) -> None:
    """In HTML an empty alt is written on purpose: the image is an ornament."""
    assert [] == findings_of(edition(body), ".html", assets={"a.png": PNG})
