"""The pages on which people log in and out: what a browser gets, and what others learn."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from tests.database import select
from tests.services.log_ins.authenticator import Authenticator
from tests.services.log_ins.log_in_harness import ORIGIN, PASSWORD
from tests.web.admin.admin_harness import AdminHarness, open_admin
from tests.web.admin.test_repeats import ends_of_repeats

from pressrun.core.access.login_codes import mailed_code, secret_digest
from pressrun.core.quantities import Rate
from pressrun.store.people.enter_links import LinkKind
from pressrun.web.admin.log_in import REPEAT_SECONDS

COOKIE = "__Host-pressrun"
CODE_COOKIE = "__Host-pressrun-code"
TRIES = "select tries from login_code"


async def _post(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await client.post("/admin/login", data=fields)


async def test_without_a_session_a_page_leads_to_the_log_in_and_back(admin: AdminHarness) -> None:
    """303 there, and after the log-in to where one wanted to go."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.client() as client:
        away = await client.get("/admin/account")
        assert (303, "/admin/login?next=%2Fadmin%2Faccount") == (away.status_code, away.headers["location"])
        page = await client.get(away.headers["location"])
        assert 'name="next" value="/admin/account"' in page.text
        entered = await _post(client, username="ann", password=PASSWORD, next="/admin/account")
        assert (303, "/admin/account") == (entered.status_code, entered.headers["location"])
        assert 200 == (await client.get("/admin/account")).status_code


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/news", "/admin/../x", "/admin\\x", "javascript:x"]
)
async def test_the_log_in_leads_nowhere_else(admin: AdminHarness, target: str) -> None:
    """Whatever `next` says."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.client() as client:
        assert "evil" not in (await client.get(f"/admin/login?next={quote(target)}")).text
        entered = await _post(client, username="ann", password=PASSWORD, next=target)
        assert "/admin" == entered.headers["location"]


async def test_the_cookie_is_for_this_host_and_no_script(admin: AdminHarness) -> None:
    """Its name says so too: no other host of the domain can plant one."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.client() as client:
        set_cookie = (await _post(client, username="ann", password=PASSWORD)).headers["set-cookie"]
    said = {part.partition("=")[0].lower() for part in set_cookie.split("; ")[1:]}
    assert re.match(rf"{COOKIE}=[0-9a-f]{{64}};", set_cookie)
    assert {"secure", "httponly", "path", "samesite", "max-age"} == said
    assert ("SameSite=lax" in set_cookie, "Path=/;" in set_cookie, "domain" in set_cookie.lower()) == (
        True,
        True,
        False,
    )


async def test_what_fails_is_401_and_one_and_the_same_page(admin: AdminHarness) -> None:
    """Known or not, with a password or without: only the name that was typed comes back, in a new copy of the form."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    await admin.harness.add_person("bob")
    async with admin.client() as client:
        answers = [await _post(client, username=name, password="wrong words here") for name in ("ann", "bob", "zoe")]
    assert {401} == {answer.status_code for answer in answers}
    texts = [re.sub(r'(?<=name="copy" value=")[0-9a-f]{16}', "", answer.text) for answer in answers]
    pages = {text.replace(name, "NAME") for text, name in zip(texts, ("ann", "bob", "zoe"), strict=True)}
    assert 1 == len(pages)
    assert all("www-authenticate" in answer.headers and "set-cookie" not in answer.headers for answer in answers)


async def test_what_is_throttled_is_429_with_the_time(admin: AdminHarness) -> None:
    """Also the right password."""
    admin.harness.limit(Rate(2, 900))
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.client() as client:
        for _ in range(2):
            await _post(client, username="ann", password="wrong")
        answer = await _post(client, username="ann", password=PASSWORD)
    assert (429, "900") == (answer.status_code, answer.headers["retry-after"])
    assert "15 minutes" in answer.text


async def test_a_switched_off_way_is_not_offered_nor_accepted(admin: AdminHarness) -> None:
    """403 for who tries it all the same."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    admin.harness.offer("code")
    async with admin.client() as client:
        page = (await client.get("/admin/login")).text
        assert (True, False, False) == ('name="email"' in page, 'name="password"' in page, "passkey" in page)
        assert 403 == (await _post(client, username="ann", password=PASSWORD)).status_code
        assert 403 == (await client.post("/admin/login/passkey/options", json={})).status_code
        assert 403 == (await client.post("/admin/login/passkey", json={})).status_code
        admin.harness.offer("password")
        assert 403 == (await _post(client, email="ann@town.example")).status_code


async def test_with_nobody_there_the_page_names_the_command(admin: AdminHarness) -> None:
    """There is no setup page that belongs to whoever comes first."""
    async with admin.client() as client:
        assert "pressrun user add" in (await client.get("/admin/login")).text
        await admin.harness.add_person("ann", is_operator=True)
        assert "pressrun user add" not in (await client.get("/admin/login")).text


async def test_a_code_is_typed_where_it_was_asked_for(admin: AdminHarness) -> None:
    """`email`, then `code`; the answer to an address says nothing about it."""
    await admin.harness.add_person("ann")
    async with admin.client() as client, admin.client() as other:
        known, unknown = await _post(client, email="ann@town.example"), await _post(other, email="eve@town.example")
        assert known.text.replace("ann@", "eve@") == unknown.text
        assert (200, 200) == (known.status_code, unknown.status_code)
        code = mailed_code(admin.harness.keys, secret_digest(client.cookies["__Host-pressrun-code"]))
        wrong = await _post(other, code=code)
        assert (401, True) == (wrong.status_code, 'aria-invalid="true" aria-describedby="wrong"' in wrong.text)
        entered = await _post(client, code=code)
        assert (303, "/admin") == (entered.status_code, entered.headers["location"])
        assert "__Host-pressrun-code" not in client.cookies
        assert "ann" in (await client.get("/admin")).text


async def test_a_double_click_on_a_code_logs_in_once_and_shows_no_refusal(admin: AdminHarness) -> None:
    """Both at once or one after the other, with the cookies that the browser had at both clicks."""
    await admin.harness.add_person("ann")
    async with admin.client() as client, admin.client() as late:
        await _post(client, email="ann@town.example")
        secret = client.cookies[CODE_COOKIE]
        code = mailed_code(admin.harness.keys, secret_digest(secret))
        answers = await asyncio.gather(*[_post(client, code=code) for _ in range(2)])
        late.cookies.set(CODE_COOKIE, secret)
        answers.append(await _post(late, code=code))
        assert [303] * 3 == [answer.status_code for answer in answers]
        assert 1 == len({answer.cookies[COOKIE] for answer in answers})
        assert 200 == (await late.get("/admin/account")).status_code
    assert [(1,)] == [tuple(row) for row in await select(admin.harness.database, "select count(*) from login_session")]


async def test_a_used_code_lets_in_no_other_browser(admin: AdminHarness) -> None:
    """Not by the code alone, not with a cookie of its own, and not even with the cookie of the browser that used it."""
    await admin.harness.add_person("ann")
    async with admin.client() as client:
        await _post(client, email="ann@town.example")
        secret = client.cookies[CODE_COOKIE]
        code = mailed_code(admin.harness.keys, secret_digest(secret))
        assert 303 == (await _post(client, code=code)).status_code
    other = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    async with admin.client() as bare, admin.client() as asking, admin.client(**{"User-Agent": other}) as thief:
        await _post(asking, email="ann@town.example")
        thief.cookies.set(CODE_COOKIE, secret)
        assert [401] * 3 == [(await _post(each, code=code)).status_code for each in (bare, asking, thief)]


async def test_a_used_code_is_refused_a_moment_later(admin: AdminHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to the browser that used it, with all the cookies it had."""
    ends = ends_of_repeats(monkeypatch, REPEAT_SECONDS)
    await admin.harness.add_person("ann")
    async with admin.client() as client, admin.client() as late:
        await _post(client, email="ann@town.example")
        late.cookies.set(CODE_COOKIE, secret := client.cookies[CODE_COOKIE])
        code = mailed_code(admin.harness.keys, secret_digest(secret))
        assert 303 == (await _post(client, code=code)).status_code
        [end] = ends
        end()
        assert 401 == (await _post(late, code=code)).status_code


async def test_a_wrong_code_is_counted_each_time(admin: AdminHarness) -> None:
    """Also the same one again, which is checked anew; the right one is still taken."""
    await admin.harness.add_person("ann")
    async with admin.client() as client:
        await _post(client, email="ann@town.example")
        code = mailed_code(admin.harness.keys, secret_digest(client.cookies[CODE_COOKIE]))
        for tries in (1, 2):
            assert 401 == (await _post(client, code="wrong")).status_code
            assert [(tries,)] == [tuple(row) for row in await select(admin.harness.database, TRIES)]
        assert 303 == (await _post(client, code=code)).status_code


async def test_what_is_no_address_is_said_to_be_none(admin: AdminHarness) -> None:
    """422 with the form."""
    async with admin.client() as client:
        answer = await _post(client, email="ann@")
    assert (422, True) == (answer.status_code, 'aria-invalid="true"' in answer.text)


async def test_a_passkey_logs_in_by_two_posts(admin: AdminHarness) -> None:
    """What the script does."""
    ann = await admin.harness.add_person("ann")
    authenticator = await admin.harness.add_passkey(ann)
    async with admin.client() as client:
        options = (await client.post("/admin/login/passkey/options", json={})).json()
        answer = authenticator.get(options)
        entered = await client.post("/admin/login/passkey?next=/admin/account", json=answer)
        assert {"next": "/admin/account"} == entered.json()
        assert 200 == (await client.get("/admin/account")).status_code
        assert 401 == (await client.post("/admin/login/passkey", json=answer)).status_code


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 401),
    ],
)
async def test_what_is_no_answer_of_a_browser_is_refused(
    admin: AdminHarness, content: bytes, media_type: str, status: int
) -> None:
    async with admin.client() as client:
        answer = await client.post("/admin/login/passkey", content=content, headers={"Content-Type": media_type})
    assert status == answer.status_code


@pytest.mark.parametrize("kind", LinkKind)
async def test_a_link_is_shown_by_get_and_spent_by_post(admin: AdminHarness, kind: LinkKind) -> None:
    """What follows links spends none; the second POST finds it used."""
    ann = await admin.harness.add_person("ann", may_log_in=False)
    path = await admin.make_link(ann, kind)
    async with admin.client() as client, admin.client() as late:
        for _ in range(2):
            shown = await client.get(path)
            assert (200, True) == (shown.status_code, "Log in as ann" in shown.text)
        assert 303 == (await client.get("/admin/account")).status_code
        entered = await client.post(path)
        assert (303, "/admin/account") == (entered.status_code, entered.headers["location"])
        assert 200 == (await client.get("/admin/account")).status_code
        assert [404, 404] == [(await late.get(path)).status_code, (await late.post(path)).status_code]


async def test_whoever_comes_back_to_a_link_or_a_code_goes_on(admin: AdminHarness) -> None:
    """The browser that it has logged in is led on, until the log-in is no longer recent."""
    ann = await admin.harness.add_person("ann")
    path = await admin.make_link(ann)
    async with admin.client() as client, admin.client() as coder:
        await client.post(path)
        for answer in (await client.get(path), await client.post(path)):
            assert (303, "/admin/account") == (answer.status_code, answer.headers["location"])
        await _post(coder, email="ann@town.example")
        code = mailed_code(admin.harness.keys, secret_digest(coder.cookies["__Host-pressrun-code"]))
        again = [await _post(coder, code=code, next="/admin/account") for _ in range(2)]
        assert [(303, "/admin/account")] * 2 == [(answer.status_code, answer.headers["location"]) for answer in again]
        assert 404 == (await coder.get(path)).status_code
        admin.harness.now += 900
        assert [404, 401] == [(await client.get(path)).status_code, (await _post(coder, code=code)).status_code]


async def test_a_double_click_on_a_link_enters_once_and_shows_no_refusal(admin: AdminHarness) -> None:
    """The browser may have given up the answer to the first one, and its cookie with it; nobody else has the form."""
    path = await admin.make_link(await admin.harness.add_person("ann"))
    async with admin.client() as client, admin.client() as late:
        [copy] = re.findall(r'name="copy" value="(\w+)"', (await client.get(path)).text)
        answers = await asyncio.gather(*[client.post(path, data={"copy": copy}) for _ in range(2)])
        answers.append(await late.post(path, data={"copy": copy}))
        assert [303] * 3 == [answer.status_code for answer in answers]
        assert 1 == len({answer.cookies[COOKIE] for answer in answers})
        late.cookies.clear()
        assert [404, 404] == [(await late.post(path, data=data)).status_code for data in ({}, {"copy": "x"})]
    assert [(1,)] == [tuple(row) for row in await select(admin.harness.database, "select count(*) from login_session")]


async def test_a_forged_or_old_link_is_404(admin: AdminHarness) -> None:
    """With one and the same page."""
    path = await admin.make_link(await admin.harness.add_person("ann"))
    async with admin.client() as client:
        forged = await client.get(path[:-4] + "AAAA")
        admin.harness.now += 901
        old = await client.get(path)
    assert (404, 404, True) == (forged.status_code, old.status_code, forged.text == old.text)


async def test_logging_out_ends_the_session_and_drops_the_cookie(admin: AdminHarness) -> None:
    """GET does not: it is 405."""
    await admin.harness.set_password(await admin.harness.add_person("ann"))
    async with admin.logged_in() as client:
        secret = client.cookies[COOKIE]
        assert 405 == (await client.get("/admin/logout")).status_code
        out = await client.post("/admin/logout")
        assert (303, "/admin/login", False) == (out.status_code, out.headers["location"], COOKIE in client.cookies)
        assert await admin.harness.sessions.find(secret) is None
        assert 303 == (await client.post("/admin/logout")).status_code


async def test_pages_are_kept_by_nobody_and_framed_by_nobody(admin: AdminHarness) -> None:
    """Also what is refused. The referrer is never withheld: then browsers would not say where a form comes from."""
    ann = await admin.harness.add_person("ann")
    await admin.harness.set_password(ann)
    async with admin.logged_in() as client:
        answers = [
            await client.get("/admin/login"),
            await client.get("/admin/account"),
            await client.get(await admin.make_link(ann)),
            await client.post("/admin/logout", headers={"Sec-Fetch-Site": "cross-site"}),
        ]
    for answer in answers:
        headers = answer.headers
        assert ("no-store", "same-origin", "same-origin", "same-origin", "noindex") == (
            headers["cache-control"],
            headers["cross-origin-opener-policy"],
            headers["cross-origin-resource-policy"],
            headers["referrer-policy"],
            headers["x-robots-tag"],
        )
        policy = headers["content-security-policy"]
        for directive in (
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ):
            assert directive in policy.split("; ")


async def test_over_plain_http_the_cookie_has_another_name(tmp_path: Path) -> None:
    """Browsers would not keep one that claims to be secure; `check` warns of such a base_url."""
    async with open_admin(tmp_path, "http://localhost:8080") as admin:
        await admin.harness.set_password(await admin.harness.add_person("ann"))
        async with admin.logged_in() as client:
            assert "pressrun" in client.cookies
            assert 200 == (await client.get("/admin/account")).status_code


async def test_passkeys_are_not_offered_where_browsers_make_none(tmp_path: Path) -> None:
    """Without https the settings may name them, but only the other ways are on the page."""
    async with open_admin(tmp_path, "http://news.example.org") as admin, admin.client() as client:
        page = (await client.get("/admin/login")).text
        options = await client.post("/admin/login/passkey/options", json={})
    assert 'name="password"' in page
    assert "data-passkey" not in page
    assert 403 == options.status_code


@pytest.mark.parametrize(("origin", "number"), [("https://news.example.org", 1), ("https://192.0.2.1", 0)])
async def test_passkeys_are_advised_only_where_browsers_make_them(tmp_path: Path, origin: str, number: int) -> None:
    """Neither by the page of a link nor by the advice to an operator who has only a password."""
    async with open_admin(tmp_path, origin) as admin:
        ann = await admin.harness.add_person("ann", is_operator=True)
        await admin.harness.set_password(ann)
        link = await admin.make_link(ann)
        async with admin.client() as client:
            assert "passkey" not in (await client.get(link)).text
        async with admin.logged_in() as client:
            home = (await client.get("/admin")).text
    assert (number, 1) == (home.count("Set up a passkey"), home.count("Until then you can look at everything"))


async def test_a_replaced_origin_takes_no_passkey(admin: AdminHarness) -> None:
    """A page of another host cannot pass on what it got from a browser."""
    ann = await admin.harness.add_person("ann")
    authenticator = await admin.harness.add_passkey(ann)
    foreign = replace(authenticator, origin="https://news.example.org.evil.example")
    assert isinstance(foreign, Authenticator)
    async with admin.client() as client:
        options = (await client.post("/admin/login/passkey/options", json={})).json()
        assert 401 == (await client.post("/admin/login/passkey", json=foreign.get(options))).status_code
    assert ORIGIN == authenticator.origin


async def test_a_stolen_database_logs_nobody_in(admin: AdminHarness) -> None:
    """None of what its rows say works as a cookie, a code, a link or a recovery code."""
    ann = await admin.harness.add_person("ann")
    await admin.harness.set_password(ann)
    link = await admin.make_link(ann)
    async with admin.logged_in() as client, admin.client() as thief:
        await _post(client, email="ann@town.example")
        await admin.harness.mailed_codes.carry_out()
        tables = ("login_session", "login_code", "enter_link", "password", "notice", "person")
        rows = [row for table in tables for row in await select(admin.harness.database, f"select * from {table}")]
        values = {value.hex() if isinstance(value, bytes | memoryview) else str(value) for row in rows for value in row}
        for value in values:
            assert 303 == (await thief.get("/admin/account", headers={"Cookie": f"{COOKIE}={value}"})).status_code
            no_link = 404 if value and "/" not in value else 303  # any other path leads to the log-in
            assert no_link == (await thief.get(f"/admin/enter/{quote(value, safe='')}")).status_code
        secret = client.cookies["__Host-pressrun-code"]
        kept = json.dumps(sorted(values))
        assert not any(credential in kept for credential in (secret, client.cookies[COOKIE], link.rpartition("/")[2]))
