"""Logging in by a certified provider, not one of our own making: what both sides of the standard agree on."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest
import pytest_asyncio
from tests.database import select
from tests.oidc_provider import OTHER_ID, Provider, new_key
from tests.web.admin.admin_harness import OURS, AdminHarness, serve_admin
from tests.web.admin.test_people_pages import entered
from tests.web.admin.test_repeats import ends_of_repeats

from pressrun.store.people import enter_links
from pressrun.store.people.enter_links import LinkKind
from pressrun.web.admin.log_in import REPEAT_SECONDS

pytestmark = [pytest.mark.needs("oidc-provider"), pytest.mark.thorough]

ACCOUNTS = {
    "ada": {"email": "ada@town.example", "email_verified": True},
    "bob": {"email": "ada@town.example", "email_verified": False},
    "eve": {"email": "eve@town.example", "email_verified": True},
    "zoe": {},
}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """Its client is at an address that the pages then have."""
    provider = Provider(folder=tmp_path, redirect_uri="", accounts=ACCOUNTS)
    yield provider
    provider.stop()


@pytest_asyncio.fixture
async def admin(tmp_path: Path, provider: Provider) -> AsyncIterator[AdminHarness]:
    """The pages, with the provider started for them; Ada is invited."""
    async with serve_admin(tmp_path / "web", oidc=provider.settings) as opened:
        provider.redirect_uri = f"{opened.site.base_url}/admin/oidc/callback"
        provider.start()
        opened.harness.now = time.time()
        number = await opened.harness.add_person("ada", may_log_in=False)
        now = int(opened.harness.now)
        await opened.harness.database.write(enter_links.insert_link, number, LinkKind.INVITATION, now, now + 9000)
        yield opened


@asynccontextmanager
async def browsing(admin: AdminHarness) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=admin.site.base_url, headers=OURS) as client:
        yield client


async def leave(client: httpx.AsyncClient) -> str:
    """Press the button; gives where that leads."""
    away = await client.get("/admin/oidc")
    assert 303 == away.status_code, away.text
    return str(away.headers["location"])


async def press(client: httpx.AsyncClient, back: str) -> httpx.Response:
    """Come back, and press the button of the page there."""
    page = await client.get(back)
    assert 200 == page.status_code, page.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    return await client.post("/admin/oidc/callback", data=fields)


async def log_in(admin: AdminHarness, provider: Provider, login: str) -> httpx.Response:
    """The whole way of a new browser."""
    async with browsing(admin) as client:
        return await press(client, await provider.log_in(await leave(client), login))


def changed(url: str, **fields: str) -> str:
    """The same URL with other fields in its query; one that is empty is left out."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | fields
    return urlunsplit(parts._replace(query=urlencode({name: value for name, value in query.items() if value})))


async def sessions(admin: AdminHarness) -> list[tuple[object, ...]]:
    return await select(admin.harness.database, "select method from login_session")


@pytest.mark.parametrize("conform", [True, False], ids=["userinfo", "token"])
async def test_somebody_invited_logs_in(admin: AdminHarness, provider: Provider, conform: bool) -> None:
    """Wherever the provider says the address: at its userinfo endpoint, as the standard has it, or in the token."""
    provider.stop()
    provider.conform = conform
    provider.start()
    async with browsing(admin) as client:
        url = await leave(client)
        asked = parse_qs(urlsplit(url).query)
        assert {"state", "nonce", "code_challenge"} <= asked.keys()
        back = await provider.log_in(url, "ada")
        brought = parse_qs(urlsplit(back).query)
        assert (asked["state"], [provider.url]) == (brought["state"], brought["iss"])
        assert 303 == (await press(client, back)).status_code
        assert "ada" in (await client.get("/admin")).text
    assert [("oidc",)] == await sessions(admin)
    assert 303 == (await log_in(admin, provider, "ada")).status_code  # by the account alone from now on


async def test_a_secret_in_the_form(admin: AdminHarness, provider: Provider) -> None:
    """Where the provider says that it takes the secret in no other way."""
    provider.stop()
    provider.auth_method = "client_secret_post"
    provider.start()
    assert 303 == (await log_in(admin, provider, "ada")).status_code


@pytest.mark.parametrize("login", ["bob", "eve", "zoe"])
async def test_accounts_that_are_nobodys_here(admin: AdminHarness, provider: Provider, login: str) -> None:
    """An address that is not verified, of nobody, or none."""
    answer = await log_in(admin, provider, login)
    assert (403, True) == (answer.status_code, "known here" in answer.text)
    assert [] == await sessions(admin)


async def test_whoever_has_logged_in_links_an_account(admin: AdminHarness, provider: Provider) -> None:
    """One without an address, too; and it is asked for again where somebody must prove themselves."""
    zoe = await admin.harness.add_person("zoe")
    async with entered(admin, zoe) as client:
        back = await provider.log_in(await leave(client), "zoe")
        assert 303 == (await press(client, back.removeprefix(admin.site.base_url))).status_code
    async with browsing(admin) as client, httpx.AsyncClient(base_url=provider.url) as other:
        assert 303 == (await press(client, await provider.log_in_with(other, await leave(client), "zoe"))).status_code
        again = await leave(client)
        assert ["900"] == parse_qs(urlsplit(again).query)["max_age"]
        assert 303 == (await press(client, await provider.log_in_with(other, again, "zoe"))).status_code


async def test_somebody_who_cancels(admin: AdminHarness, provider: Provider) -> None:
    """They come back with an error in place of a code."""
    async with browsing(admin) as client:
        back = await provider.log_in(await leave(client), "ada", answer="Cancel")
        assert ["access_denied"] == parse_qs(urlsplit(back).query)["error"]
        assert 400 == (await client.get(back)).status_code
    assert [] == await sessions(admin)


@pytest.mark.parametrize("what", ["another client", "the challenge", "the nonce", "the state", "the issuer", "used"])
async def test_what_does_not_belong_together(
    admin: AdminHarness, provider: Provider, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the ties between a browser, a code and a token holds by itself: 401, or 400 before anybody is asked."""
    async with browsing(admin) as client:
        url = await leave(client)
        wrong = {
            "another client": {"client_id": OTHER_ID},
            "the challenge": {"code_challenge": "x" * 43},
            "the nonce": {"nonce": "another"},
        }
        back = await provider.log_in(changed(url, **wrong.get(what, {})), "ada")
        if what == "the state":
            back = changed(back, state="another")
            assert 400 == (await client.get(back)).status_code
        elif what == "the issuer":
            assert 401 == (await press(client, changed(back, iss=""))).status_code
            assert 401 == (await press(client, changed(back, iss="https://id.example"))).status_code
        elif what == "used":
            cookies, ends = dict(client.cookies), ends_of_repeats(monkeypatch, REPEAT_SECONDS)
            assert 303 == (await press(client, back)).status_code
            for end in ends:  # those of idle connections, too
                end()
            async with browsing(admin) as later:
                later.cookies.update(cookies)
                assert 401 == (await press(later, back)).status_code
        else:
            assert 401 == (await press(client, back)).status_code
    assert [] == await sessions(admin) or what == "used"


async def test_a_wrong_secret(admin: AdminHarness, provider: Provider) -> None:
    async with browsing(admin) as client:
        back = await provider.log_in(await leave(client), "ada")
        provider.stop()
        provider.secret = "another"
        provider.start()
        assert 401 == (await press(client, back)).status_code


async def test_keys_that_were_rotated(admin: AdminHarness, provider: Provider) -> None:
    """The new ones are fetched when a token names one, at most once a minute."""
    assert 303 == (await log_in(admin, provider, "ada")).status_code
    provider.stop()
    provider.keys = [new_key("two"), *provider.keys]
    provider.start()
    assert 401 == (await log_in(admin, provider, "ada")).status_code
    admin.harness.now += 61
    assert 303 == (await log_in(admin, provider, "ada")).status_code


async def test_a_provider_that_is_away(admin: AdminHarness, provider: Provider) -> None:
    """Before and after the detour; it is asked again soon."""
    async with browsing(admin) as client:
        back = await provider.log_in(await leave(client), "ada")
        provider.stop()
        answer = await press(client, back)
        assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
        assert 200 == (await client.get("/admin/login")).status_code
        admin.harness.now += 3601  # what is known of it is asked for again
        assert 503 == (await client.get("/admin/oidc")).status_code
        provider.start()
        admin.harness.now += 11
        await leave(client)
    assert [] == await sessions(admin)
