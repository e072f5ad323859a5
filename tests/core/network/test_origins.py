"""Origins as browsers write them."""

from __future__ import annotations

import pytest

from pressrun.core.network.origins import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://News.Example.org", "https://news.example.org"),
        ("https://news.example.org:443", "https://news.example.org"),
        ("https://news.example.org:8443/path", "https://news.example.org:8443"),
        ("http://localhost:80", "http://localhost"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
    ],
)
def test_an_origin_has_no_port_that_its_scheme_implies(url: str, origin: str) -> None:
    """And no path; the host is in lower case, an IPv6 address in brackets."""
    assert origin == origin_of(url)
