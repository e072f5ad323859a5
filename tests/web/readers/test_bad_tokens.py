"""Tokens that are no good: whatever is wrong with one, and wherever, the page is the same to the last octet."""

from __future__ import annotations

import pytest
from tests.web.harness import NOW, WebHarness
from tests.web.routes import ROUTES, TOKEN_PAGES, kinds_of, segment_of
from tests.web.supply import Supply

from pressrun.core.signing.keys import KEY_BYTES, KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens

RETIRED = WebTokens(KeyRing({1: b"x" * KEY_BYTES}, bytes(KEY_BYTES)))
NUMBERS = (1, int(NOW) + 9)
ROUTES_OF_TOKENS = sorted(route for route in ROUTES if "{token}" in route)
OWN = {
    "confirm": {WebPurpose.CONFIRM, WebPurpose.CHANGE, WebPurpose.UNDO_CHANGE, WebPurpose.UNDO_UNSUBSCRIBE},
    "unsubscribe": {WebPurpose.UNSUBSCRIBE, WebPurpose.NEVER_AGAIN, WebPurpose.WHY},
    "preferences": {WebPurpose.PREFERENCES},
    "read": {WebPurpose.READ},
    "approve": {WebPurpose.APPROVE},
}


def bad_tokens(web: WebHarness, page: str, genuine: str) -> dict[str, str]:
    other = "A" if genuine[0] != "A" else "B"
    tokens = {
        "forged at the start": other + genuine[1:],
        "forged at the end": genuine[:-1] + ("A" if genuine[-1] != "A" else "Q"),
        "forged in the middle": genuine[:9] + ("A" if genuine[9] != "A" else "B") + genuine[10:],
        "one character short": genuine[:-1],
        "half": genuine[: len(genuine) // 2],
        "one character": genuine[0],
        "one more": genuine + "A",
        "padded": genuine + "=",
        "twice": genuine + genuine,
        "over-long": "A" * 5000,
        "with a blank": genuine + "%20",
        "in capitals": genuine.swapcase(),
        "not ASCII": genuine[:-1] + "%C3%A9",
        "not UTF-8": genuine[:-1] + "%ff",
        "with a NUL": genuine + "%00",
        "with a dot": genuine[:8] + "." + genuine[8:],
        "nonsense": "'\"><script>",
        "retired": RETIRED.make(next(iter(sorted(OWN[page]))), *NUMBERS),
    }
    for purpose in WebPurpose:
        if purpose not in OWN[page]:
            tokens[f"of {purpose}"] = web.tokens.make(purpose, *NUMBERS)
    return tokens


async def seen(web: WebHarness, method: str, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    async with web.client() as client:
        answer = await client.request(method, path)
    return answer.status_code, sorted(item for item in answer.headers.items() if item[0] != "date"), answer.content


@pytest.mark.parametrize("route", ROUTES_OF_TOKENS)
async def test_every_bad_token_gets_the_one_page(web: WebHarness, route: str) -> None:
    supply = Supply(web)
    await supply.set_up()
    path = route.replace("{slug}", segment_of(route, "slug")[0]).replace("{file}", segment_of(route, "file")[0])
    expected = await seen(web, "GET", "/confirm/x")
    genuine = await supply.token(kinds_of(route)[0])
    before = await web.everything()
    assert 404 == expected[0]
    for name, token in bad_tokens(web, route.split("/")[1], genuine).items():
        for method in ROUTES[route]:
            assert expected == await seen(web, method.upper(), path.replace("{token}", token)), name
    assert before == await web.everything()


@pytest.mark.parametrize("page", TOKEN_PAGES)
async def test_a_link_that_lost_its_token_or_has_more_behind_it_gets_it_too(web: WebHarness, page: str) -> None:
    await web.add_list()
    expected = await seen(web, "GET", "/confirm/x")
    paths = [f"/{page}/x/y", f"/{page}/x/y/z/0", f"/{page}/%2f/x"]
    if page != "preferences":  # a page of its own, which mails a link
        paths += [f"/{page}", f"/{page}/", f"/{page}//"]
    for path in paths:
        assert expected == await seen(web, "GET", path), path


async def test_none_of_them_costs_a_look_at_the_database(web: WebHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no stopwatch tells them apart, and none of them is worth sending in masses."""
    await web.add_list()
    looks: list[str] = []

    def forbidden(*_work: object) -> None:
        looks.append("a look")
        raise AssertionError

    for name in ("read", "write", "share", "record"):
        monkeypatch.setattr(web.database, name, forbidden)
    own = {page: web.tokens.make(next(iter(sorted(purposes))), *NUMBERS) for page, purposes in OWN.items()}
    async with web.client() as client:
        client.event_hooks["response"].clear()  # that carries out what was asked for
        for page, genuine in own.items():
            for token in bad_tokens(web, page, genuine).values():
                await client.get(f"/{page}/{token}")
    assert [] == looks
