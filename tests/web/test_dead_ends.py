"""No page is a dead end: each error has a heading, says what happened, and leads on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.web.harness import WebHarness, open_web, words_of

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.web.settings import HttpSettings

ALL = 'href="/">See all newsletters</a>'
OWN = 'href="/news">Go to The Harbour Letter</a>'


@pytest.mark.parametrize(
    ("method", "path", "status", "heading", "way_on"),
    [
        ("GET", "/nothing", 404, "Page not found", ALL),
        ("GET", "/nothing/archive", 404, "Page not found", ALL),
        ("GET", "/news/nothing", 404, "Page not found", OWN),
        ("GET", "/news/archive/nothing", 404, "Page not found", OWN),
        ("GET", "/inner/archive", 403, "For subscribers only", 'href="/inner">Go to The Inner Letter</a>'),
        ("GET", "/confirm/nonsense", 404, "This link doesn't work", 'action="/preferences"'),
        ("GET", "/unsubscribe/nonsense", 404, "This link doesn't work", 'action="/preferences"'),
        ("GET", "/read/nonsense", 404, "This link doesn't work", 'action="/preferences"'),
        ("DELETE", "/news", 405, "That's not possible here", ALL),
        ("POST", "/news/subscribe", 413, "That's too large", ALL),
    ],
)
async def test_an_error_leads_on(
    tmp_path: Path, method: str, path: str, status: int, heading: str, way_on: str
) -> None:
    async with open_web(tmp_path, settings=HttpSettings(max_body_bytes=1000)) as web:
        await web.add_list()
        await web.add_list("inner", title="The Inner Letter", archive="members")
        content = b"email=" + b"x" * (2000 if status == 413 else 0)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        async with web.client() as client:
            if method == "POST":
                answer = await client.post(path, content=content, headers=kind)
            else:
                answer = await client.request(method, path)
    assert status == answer.status_code
    assert f"<h1>{heading}</h1>" in answer.text.replace("&#39;", "'")
    assert way_on in answer.text


async def test_the_form_of_a_bad_link_mails_a_new_one(web: WebHarness) -> None:
    """It is the page for every bad link, whose form asks for nothing but the address."""
    await web.add_reader(await web.add_list(), "ada@reader.example")
    async with web.client() as client:
        pages = [await client.get(f"/{name}/nonsense") for name in ("confirm", "unsubscribe", "preferences", "read")]
        await client.post("/preferences", data={"email": "ada@reader.example"})
    assert 1 == len({page.content for page in pages})
    assert ["preferences_link"] == [kind for kind, *_ in await web.notices()]


async def test_a_bad_link_leads_readers_who_never_confirmed_to_the_sign_up(web: WebHarness) -> None:
    """A confirmation expires, and the form mails only those who are subscribed."""
    await web.add_list()
    async with web.client() as client:
        page = await client.get("/confirm/nonsense?language=fr")
    assert "Si vous n’avez pas encore confirmé votre abonnement, abonnez-vous de nouveau." in words_of(page.text)
    assert 'href="/?language=fr">Voir toutes les lettres d’information</a>' in page.text


async def test_too_many_sign_ups_say_for_how_long_and_keep_what_was_typed(tmp_path: Path) -> None:
    async with open_web(tmp_path, limits=LimitSettings(sign_ups_per_ip=Rate(1, 3600.0))) as web:
        await web.add_edition(await web.add_list())
        async with web.client(peer="192.0.2.1") as client:
            await client.post("/news/subscribe", data={"email": "ada@reader.example"})
            web.clock.now += 500
            page = await client.post("/news/subscribe", data={"email": "bo@reader.example"})
    assert (429, "3100") == (page.status_code, page.headers["retry-after"])
    assert "Too many sign-ups from your network. Try again in 52 minutes." in words_of(page.text)
    assert 'value="bo@reader.example"' in page.text
    assert 'role="alert"' in page.text
    assert 1 == page.text.count('type="email"')  # not a second, empty one below the edition


async def test_too_many_searches_say_for_how_long(tmp_path: Path) -> None:
    async with open_web(tmp_path, limits=LimitSettings(searches_per_ip=Rate(1, 90.0))) as web:
        await web.add_edition(await web.add_list())
        async with web.client(peer="192.0.2.1") as client:
            await client.get("/news/search?q=boats")
            page = await client.get("/news/search?q=boats")
    assert 429 == page.status_code
    assert "Try again in 2 minutes." in words_of(page.text)
    assert 'href="/news/archive"' in page.text
