"""Whether a request that changes something comes from a page of ours."""

from __future__ import annotations

import itertools

import pytest

from pressrun.web.http.same_origin import is_same_origin

OURS = "https://news.example.org"
SITES = (None, b"same-origin", b"same-site", b"cross-site", b"none")
ORIGINS = (
    None,
    OURS.encode(),
    b"https://evil.example",
    b"null",
    b"http://news.example.org",
    b"https://news.example.org:444",
)
RIGHT = {(b"same-origin", None), (None, OURS.encode()), (b"same-origin", OURS.encode())}


@pytest.mark.parametrize(("site", "origin"), list(itertools.product(SITES, ORIGINS)))
def test_every_combination(site: bytes | None, origin: bytes | None) -> None:
    """What is sent must all be right, and something must be sent."""
    headers = [(b"host", b"news.example.org")]
    headers += [(b"sec-fetch-site", site)] if site else []
    headers += [(b"origin", origin)] if origin else []
    assert ((site, origin) in RIGHT) == is_same_origin(headers, OURS)


@pytest.mark.parametrize("name", [b"sec-fetch-site", b"origin"])
def test_a_header_that_is_sent_twice_is_not_ours(name: bytes) -> None:
    """No browser does that."""
    right = {b"sec-fetch-site": b"same-origin", b"origin": OURS.encode()}[name]
    assert not is_same_origin([(name, right), (name, right)], OURS)
