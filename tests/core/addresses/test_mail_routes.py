"""What a local part means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind, own_route, read_local_part
from pressrun.core.errors import BadInput
from pressrun.core.names import SUFFIXES, parse_list_name

TOKEN = "abcdefghijklmnopqrstuvw2345"


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("news", Route(RouteKind.POST, "news")),
        ("NEWS-Join", Route(RouteKind.SUBSCRIBE, "news")),
        ("my-news-subscribe", Route(RouteKind.SUBSCRIBE, "my-news")),
        ("news-leave", Route(RouteKind.UNSUBSCRIBE, "news")),
        ("news-unsubscribe", Route(RouteKind.UNSUBSCRIBE, "news")),
        (f"news-unsubscribe+{TOKEN.upper()}", Route(RouteKind.LEAVE, "news", TOKEN)),
        (f"news-confirm+{TOKEN}", Route(RouteKind.CONFIRM, "news", TOKEN)),
        (f"news-bounces+{TOKEN}", Route(RouteKind.BOUNCES, "news", TOKEN)),
        (f"postmaster-bounces+{TOKEN}", Route(RouteKind.BOUNCES, "postmaster", TOKEN)),
        ("news-request", Route(RouteKind.REQUEST, "news")),
        ("news-owner", Route(RouteKind.OWNER, "news")),
        ("Postmaster", Route(RouteKind.POSTMASTER)),
        ("abuse", Route(RouteKind.ABUSE)),
    ],
)
def test_addresses_of_the_contract(local: str, expected: Route) -> None:
    """Each address of a list, in any case."""
    assert expected == read_local_part(local)


@pytest.mark.parametrize(
    "local",
    [
        "", "-", "-request", "news-confirm", "news-bounces", "news+tag", f"news-leave+{TOKEN}", f"news-owner+{TOKEN}",
        f"news-confirm+{TOKEN}2", "news-confirm+", "news-confirm+a+b", "news-confirm+1189", "news.x", '"news"', "news ",
        "näws", "\u212aews", "a" * 65, "postmaster+x",
    ],
)  # fmt: skip
def test_what_is_none_of_ours(local: str) -> None:
    """Half an address, a token where none belongs, letters that only look the same."""
    assert read_local_part(local) is None


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("postmaster@lists.example", RouteKind.POSTMASTER),
        ("Abuse@LISTS.example", RouteKind.ABUSE),
        ("news-owner@lists.example", RouteKind.OWNER),
        (f"news-bounces+{TOKEN}@lists.example", RouteKind.BOUNCES),
        ("ops@lists.example", RouteKind.POST),
        ("ops.team@lists.example", None),
        ("postmaster@example.org", None),
        ("postmaster@sub.lists.example", None),
    ],
)
def test_what_is_sent_to_an_address_of_ours_comes_back(typed: str, kind: RouteKind | None) -> None:
    """A plain name may be a list's; anybody else's domain is none of ours."""
    route = own_route(parse_address(typed), "lists.example")
    assert kind == (None if route is None else route.kind)


@given(st.text(max_size=80))
def test_anything_is_a_route_or_none(local: str) -> None:
    """And what it means does not hang on case."""
    route = read_local_part(local)
    if route is not None:
        assert route == read_local_part(local.upper()) == read_local_part(local.lower())


@given(st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?", fullmatch=True))
def test_a_list_is_always_reached_by_its_name(name: str) -> None:
    """No name that a list may have is taken for a command."""
    try:
        parse_list_name(name)
    except BadInput:
        return
    assert Route(RouteKind.POST, name) == read_local_part(name)
    for suffix in SUFFIXES:
        route = read_local_part(f"{name}-{suffix}+{TOKEN}") or read_local_part(f"{name}-{suffix}")
        assert route is not None
        assert name == route.list_name
