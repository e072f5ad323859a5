"""Logging in by an issuer, from the button to the session, and what does not lead there."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.database import select
from tests.web.admin.admin_harness import AdminHarness, open_admin
from tests.web.admin.oidc_issuer import OidcIssuer, opened_issuer
from tests.web.admin.test_people_pages import entered
from tests.web.admin.test_repeats import ends_of_repeats

from pressrun.core.quantities import Rate
from pressrun.store.people import enter_links
from pressrun.store.people.enter_links import LinkKind
from pressrun.web.admin.log_in import REPEAT_SECONDS

COOKIE = "__Host-pressrun-oidc"


@pytest_asyncio.fixture
async def other() -> AsyncIterator[OidcIssuer]:
    async with opened_issuer() as issuer:
        yield issuer


@pytest_asyncio.fixture
async def admin(tmp_path: Path, other: OidcIssuer) -> AsyncIterator[AdminHarness]:
    """The pages with an issuer, where Ada is invited."""
    async with open_admin(tmp_path, oidc=other.settings) as opened:
        opened.harness.now = time.time()
        other.claims = {"email": "ada@town.example"}
        number = await opened.harness.add_person("ada", may_log_in=False)
        now = int(opened.harness.now)
        await opened.harness.database.write(enter_links.insert_link, number, LinkKind.INVITATION, now, now + 9000)
        yield opened


@asynccontextmanager
async def sent_back(
    admin: AdminHarness, other: OidcIssuer, path: str = "/admin/oidc"
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser that was at the issuer, and where that has sent it."""
    async with admin.client() as client:
        yield client, await go(client, other, path)


async def go(client: httpx.AsyncClient, other: OidcIssuer, path: str = "/admin/oidc") -> str:
    away = await client.get(path)
    assert 303 == away.status_code
    return other.log_in(away.headers["location"]).removeprefix("https://news.example.org")


async def press(client: httpx.AsyncClient, back: str) -> httpx.Response:
    """What the button on the page of a callback posts."""
    page = await client.get(back)
    assert 200 == page.status_code, page.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    assert {"code", "state", "iss"} == set(fields)
    return await client.post("/admin/oidc/callback", data=fields)


async def sessions(admin: AdminHarness) -> list[tuple[object, ...]]:
    return await select(admin.harness.database, "select method from login_session")


async def test_somebody_invited_logs_in(admin: AdminHarness, other: OidcIssuer) -> None:
    """The log-in has the button; a GET logs nobody in, its press does, and leads on to where one wanted to go."""
    async with sent_back(admin, other, f"/admin/oidc?next={quote('/admin/account')}") as (client, back):
        assert "/admin/oidc?next=" in (await client.get("/admin/login?next=/admin/account")).text
        assert 200 == (await client.get(back)).status_code
        assert [] == await sessions(admin)
        answer = await press(client, back)
        assert (303, "/admin/account") == (answer.status_code, answer.headers["location"])
        assert "ada" in (await client.get("/admin/account")).text
        assert COOKIE not in client.cookies
    assert [("oidc",)] == await sessions(admin)


async def test_the_cookie_holds_no_more_than_it_must(admin: AdminHarness, other: OidcIssuer) -> None:
    """For this host and ten minutes, out of reach of scripts; the nonce and the verifier are not in it."""
    async with admin.client() as client:
        away = await client.get("/admin/oidc")
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        said = away.headers["set-cookie"]
    assert said.startswith(f"{COOKIE}=")
    assert {"httponly", "secure", "path=/", "samesite=lax", "max-age=600"} <= set(said.lower().split("; "))
    assert not any(asked[name][0] in said for name in ("state", "nonce", "code_challenge"))
    assert [str(30 * 86_400)] == asked["max_age"]  # as old as a session here may be, and then it says how old it is


@pytest.mark.parametrize(
    "what", ["no cookie", "another browser", "state", "no code", "too late", "restart", "a long code"]
)
async def test_a_callback_that_is_not_of_this_browser(admin: AdminHarness, other: OidcIssuer, what: str) -> None:
    """400 with one page, the issuer is not asked, and nobody is logged in."""
    async with sent_back(admin, other) as (client, back):
        asked = parse_qs(urlsplit(back).query)
        fields = {name: values[0] for name, values in asked.items()}
        if what == "no cookie":
            client.cookies.clear()
        elif what == "another browser":
            client.cookies.clear()
            await go(client, other)
        elif what == "state":
            fields["state"] = fields["state"][:-1] + "_"
        elif what == "no code":
            del fields["code"]
        elif what == "too late":
            admin.harness.now += 601
        elif what == "a long code":
            fields["code"] = "x" * 5000
        else:
            forged = client.cookies[COOKIE][:-3] + "AAA"
            client.cookies.clear()
            client.cookies.set(COOKIE, forged)
        assert 400 == (await client.get("/admin/oidc/callback", params=fields)).status_code
        answer = await client.post("/admin/oidc/callback", data=fields)
    assert (400, True) == (answer.status_code, "You aren&#39;t logged in" in answer.text)
    assert "/token" not in other.asked
    assert [] == await sessions(admin)


async def test_another_site_cannot_press_the_button(admin: AdminHarness, other: OidcIssuer) -> None:
    async with sent_back(admin, other) as (client, back):
        fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert 403 == (await client.post("/admin/oidc/callback", data=fields, headers=cross)).status_code
    assert [] == await sessions(admin)


async def test_an_account_that_is_nobodys_here(admin: AdminHarness, other: OidcIssuer) -> None:
    """403 and how to get in; an address that the issuer has not verified is nobody's."""
    for claims in ({"email": "bob@town.example"}, {"email": "ada@town.example", "email_verified": False}):
        other.claims = dict(claims)
        async with sent_back(admin, other) as (client, back):
            answer = await press(client, back)
            assert (403, True) == (answer.status_code, "known here" in answer.text)
            assert 303 == (await client.get("/admin")).status_code
    assert [] == await select(admin.harness.database, "select * from identity")


async def test_a_code_works_once(admin: AdminHarness, other: OidcIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a refusal says nothing of its reason."""
    ends = ends_of_repeats(monkeypatch, REPEAT_SECONDS)
    async with sent_back(admin, other) as (client, back):
        cookie = client.cookies[COOKIE]
        assert 303 == (await press(client, back)).status_code
        client.cookies.set(COOKIE, cookie)
        [end] = ends
        end()
        again = await press(client, back)
    assert (401, False) == (again.status_code, "status 400" in again.text)


async def test_a_double_click_logs_in_once_and_shows_no_refusal(admin: AdminHarness, other: OidcIssuer) -> None:
    """With the cookies from before the first click, or with those that its answer brought."""
    async with sent_back(admin, other) as (client, back), admin.client() as thief:
        fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        answers = await asyncio.gather(*[client.post("/admin/oidc/callback", data=fields) for _ in range(2)])
        assert COOKIE not in client.cookies
        answers.append(await client.post("/admin/oidc/callback", data=fields))
        assert [(303, "/admin")] * 3 == [(answer.status_code, answer.headers["location"]) for answer in answers]
        assert 400 == (await thief.post("/admin/oidc/callback", data=fields)).status_code
    assert ([("oidc",)], 1) == (await sessions(admin), other.asked.count("/token"))


async def test_a_double_click_of_somebody_unknown_shows_one_refusal(admin: AdminHarness, other: OidcIssuer) -> None:
    """The issuer would refuse the code the second time, and the page say something else."""
    other.claims = {"email": "bob@town.example"}
    async with sent_back(admin, other) as (client, back):
        fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        cookie = client.cookies[COOKIE]
        first = await client.post("/admin/oidc/callback", data=fields)
        client.cookies.set(COOKIE, cookie)
        second = await client.post("/admin/oidc/callback", data=fields)
    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert 1 == other.asked.count("/token")


async def test_an_issuer_that_is_away(admin: AdminHarness, other: OidcIssuer) -> None:
    """503 with Retry-After, before and after the detour; the other ways to log in stay."""
    other.metadata = {"jwks_uri": "http://localhost:1/keys"}
    async with sent_back(admin, other) as (client, back):
        answer = await press(client, back)
        assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
        assert 200 == (await client.get("/admin/login")).status_code
    assert [] == await sessions(admin)
    assert [] == await select(admin.harness.database, "select at from limit_event where scope = 'logins'")


async def test_whoever_is_linked_needs_no_address(admin: AdminHarness, other: OidcIssuer) -> None:
    """So they log in while the issuer cannot say addresses, which it is not asked for; others are told to come back."""
    other.metadata = {"userinfo_endpoint": f"{other.url}/userinfo"}
    other.claims, other.about_status = {"email": None}, 502
    async with sent_back(admin, other) as (client, back):
        answer = await press(client, back)
        assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
    other.about = {"sub": other.subject, "email": "ada@town.example", "email_verified": True}
    other.about_status = 200
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
    other.about_status = 502
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
    assert 2 == other.asked.count("/userinfo")


async def test_failures_are_limited_by_client(admin: AdminHarness, other: OidcIssuer) -> None:
    """Before the issuer is asked."""
    admin.harness.limit(Rate(1, 900))
    other.claims = {"email": "bob@town.example"}
    async with sent_back(admin, other) as (client, back):
        assert 403 == (await press(client, back)).status_code
        exchanges = other.asked.count("/token")
        answer = await press(client, await go(client, other))
        assert (429, True) == (answer.status_code, "retry-after" in answer.headers)
        assert exchanges == other.asked.count("/token")


async def test_whoever_has_just_logged_in_links_their_account(admin: AdminHarness, other: OidcIssuer) -> None:
    """From the page of the account, whatever its address; and later by it alone."""
    other.claims, other.subject = {"email": None}, "subject-of-bob"
    bob = await admin.harness.add_person("bob")
    async with entered(admin, bob) as client:
        assert "/admin/oidc?next=" in (await client.get("/admin/account")).text
        assert 303 == (await press(client, await go(client, other))).status_code
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
        assert "bob" in (await client.get("/admin")).text


async def test_nobody_links_an_account_to_a_session_left_alone(admin: AdminHarness, other: OidcIssuer) -> None:
    """A quarter of an hour later it is nobody's, and so it is for an operator who only typed a password."""
    other.claims = {"email": None}
    bob = await admin.harness.add_person("bob")
    async with entered(admin, bob) as client:
        admin.harness.now += 901
        now = int(admin.harness.now)
        other.claims = {"email": None, "iat": now, "exp": now + 300, "auth_time": now}
        back = await go(client, other)
        assert 403 == (await press(client, back)).status_code
    await admin.harness.set_password(await admin.harness.add_person("ann", is_operator=True))
    async with admin.logged_in() as client:
        assert 403 == (await press(client, await go(client, other))).status_code
    assert [] == await select(admin.harness.database, "select * from identity")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_another_site_cannot_have_an_account_linked(admin: AdminHarness, other: OidcIssuer, site: str) -> None:
    """It could have the browser logged in at the issuer as somebody else first, and then lead it here."""
    other.claims = {"email": None}
    async with entered(admin, await admin.harness.add_person("bob")) as client:
        client.headers["Sec-Fetch-Site"] = site
        back = await go(client, other)
        client.headers["Sec-Fetch-Site"] = "same-origin"
        assert 403 == (await press(client, back)).status_code
    assert [] == await select(admin.harness.database, "select * from identity")


async def test_proving_oneself_again_asks_the_issuer_to_ask(admin: AdminHarness, other: OidcIssuer) -> None:
    """An old session at the issuer does not count, so a browser left alone opens nothing dangerous."""
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
        away = await client.get("/admin/oidc")
        assert ["900"] == parse_qs(urlsplit(away.headers["location"]).query)["max_age"]
        other.claims = {"auth_time": int(admin.harness.now) - 3600}
        assert 401 == (await press(client, await go(client, other))).status_code
        other.claims = {}
        assert 303 == (await press(client, await go(client, other))).status_code


@pytest.mark.parametrize("since", [None, 3600, 901])
async def test_logging_out_first_makes_no_old_log_in_recent(
    admin: AdminHarness, other: OidcIssuer, since: int | None
) -> None:
    """Whoever finds a browser where its person is still logged in at the issuer gets in, and changes nothing."""
    proven_at = None if since is None else int(admin.harness.now) - since
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
        assert 303 == (await client.post("/admin/logout")).status_code
        other.claims = {"auth_time": proven_at}
        assert 303 == (await press(client, await go(client, other))).status_code
        assert 200 == (await client.get("/admin/account")).status_code
        answer = await client.post("/admin/account", data={"action": "set-password", "password": "seven mild harbours"})
        assert (303, True) == (answer.status_code, "/admin/login" in answer.headers["location"])
        other.claims = {}
        assert 303 == (await press(client, await go(client, other))).status_code
        answer = await client.post("/admin/account", data={"action": "set-password", "password": "seven mild harbours"})
        assert "/admin/account?done=1" in answer.headers["location"]


async def test_an_old_log_in_at_the_issuer_lasts_as_long_as_any_other(admin: AdminHarness, other: OidcIssuer) -> None:
    """Also where sessions are short; and a second click on its form shows no refusal."""
    login = admin.harness.settings.value.login
    short = dataclasses.replace(login, lifetime_seconds=600.0)
    admin.harness.settings.swap(replace(admin.harness.settings.value, login=short))
    other.claims |= {"auth_time": int(admin.harness.now) - 7 * 86_400}
    async with sent_back(admin, other) as (client, back):
        assert 303 == (await press(client, back)).status_code
        fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        assert 303 == (await client.post("/admin/oidc/callback", data=fields)).status_code
        admin.harness.now += 299
        assert 200 == (await client.get("/admin/account")).status_code
