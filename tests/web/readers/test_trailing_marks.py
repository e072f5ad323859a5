"""Links followed by a mark that mail programs take for a part of them."""

from __future__ import annotations

import pytest
from tests.web.harness import WebHarness
from tests.web.routes import ROUTES, kinds_of
from tests.web.supply import Supply

ROUTES_OF_TOKENS = sorted(route for route in ROUTES if route.endswith("{token}"))


@pytest.mark.parametrize("route", ROUTES_OF_TOKENS)
async def test_a_mark_behind_a_link_leads_to_its_page(web: WebHarness, route: str) -> None:
    """By GET and HEAD, which change nothing, to the page that the mail meant."""
    supply = Supply(web)
    await supply.set_up()
    path = route.replace("{token}", await supply.token(kinds_of(route)[0]))
    before = await web.everything()
    async with web.client() as client:
        for mark in (">", ")", ".", ",", "%3E", "%22", "'", ">.", ").", "%E2%80%9D"):
            for method in ("GET", "HEAD"):
                moved = await client.request(method, f"{path}{mark}")
                assert (303, path) == (moved.status_code, moved.headers["location"]), mark
        assert (await client.get(path)).status_code < 400
        answer = await client.get(f"{path}>")
        assert ("no-referrer", "no-store") == tuple(
            answer.headers[name] for name in ("referrer-policy", "cache-control")
        )
    assert before == await web.everything()


async def test_a_changed_token_with_a_mark_is_invalid(web: WebHarness) -> None:
    """So is a link that is cut off, and one with a mark within it."""
    supply = Supply(web)
    await supply.set_up()
    genuine = await supply.token(kinds_of("/unsubscribe/{token}")[0])
    other = "A" if genuine[9] != "A" else "B"
    async with web.client() as client:
        for token in (genuine[:9] + other + genuine[10:], genuine[:-1], genuine + "A", genuine[:9] + "." + genuine[9:]):
            assert 404 == (await client.get(f"/unsubscribe/{token}.")).status_code
        for path in ("/unsubscribe/>", "/unsubscribe/.>", f"/unsubscribe/{genuine}>/x", f"/unsubscribe/{genuine}>x"):
            assert 404 == (await client.get(path)).status_code


async def test_a_post_is_never_redirected(web: WebHarness) -> None:
    """RFC 8058 §3.1; and nobody leaves by it."""
    supply = Supply(web)
    await supply.set_up()
    genuine = await supply.token(kinds_of("/unsubscribe/{token}")[0])
    before = await web.everything()
    async with web.client() as client:
        answer = await client.post(f"/unsubscribe/{genuine}.", data={"List-Unsubscribe": "One-Click"})
    assert 404 == answer.status_code
    assert before == await web.everything()
