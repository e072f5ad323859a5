"""Every page of /admin in each of its states, as its server gives it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from msgspec.structs import replace
from tests.database import execute, select
from tests.services.log_ins.log_in_harness import PASSWORD, VISITOR
from tests.web.admin.admin_harness import AdminHarness

from pressrun.core.access.login_codes import SALT_BYTES, app_secret
from pressrun.core.access.totp import STEP_SECONDS, code_at
from pressrun.core.quantities import Rate

Show = Callable[[AdminHarness, httpx.AsyncClient, httpx.AsyncClient], Awaitable[httpx.Response]]


async def _add_app(client: httpx.AsyncClient, admin: AdminHarness, code: str | None = None) -> httpx.Response:
    page = await client.get("/admin/account?setup=app")
    (sealed,) = re.findall(r'name="setup" value="([0-9a-f]+)"', page.text)
    secret = app_secret(admin.harness.keys, bytes.fromhex(sealed)[:SALT_BYTES])
    right = code_at(secret, int(admin.harness.now // STEP_SECONDS))
    fields = {"action": "add-app", "setup": sealed, "code": right if code is None else code}
    return await client.post("/admin/account", data=fields)


async def _again(admin: AdminHarness, client: httpx.AsyncClient) -> httpx.Response:
    admin.harness.now += 900
    away = await client.get("/admin/account?setup=app")
    return await client.get(away.headers["location"])


async def _throttled(admin: AdminHarness, out: httpx.AsyncClient) -> httpx.Response:
    admin.harness.limit(Rate(1, 900))
    await out.post("/admin/login", data={"username": "zoe", "password": "x"})
    answer = await out.post("/admin/login", data={"username": "zoe", "password": "x"})
    admin.harness.limit(Rate(1000, 900))
    return answer


def _post(path: str, **fields: str) -> Show:
    return lambda _frame, client, _out: client.post(path, data=fields)


def _post_out(path: str, **fields: str) -> Show:
    return lambda _frame, _client, out: out.post(path, data=fields)


# By name, in order: the status, and how it comes. `client` is logged in as an operator by a password, `out` as nobody.
STATES: dict[str, tuple[int, Show]] = {
    "log in": (200, lambda _frame, _client, out: out.get("/admin/login")),
    "log in, failed": (401, _post_out("/admin/login", username="ann", password="wrong")),
    "log in, bad address": (422, _post_out("/admin/login", email="ann@")),
    "too many attempts": (429, lambda admin, _client, out: _throttled(admin, out)),
    "code": (200, _post_out("/admin/login", email="somebody.with.a.long.address@town.example")),
    "code, wrong": (401, _post_out("/admin/login", code="AAAA-AAAA")),
    "link": (200, lambda admin, _client, out: _shown_link(admin, out)),
    "link, dead": (404, lambda _frame, _client, out: out.get("/admin/enter/x")),
    "from another site": (
        403,
        lambda _frame, client, _out: client.post("/admin/account", headers={"Sec-Fetch-Site": "cross-site"}),
    ),
    "home, unproven": (200, lambda _frame, client, _out: client.get("/admin")),
    "account": (200, lambda _frame, client, _out: client.get("/admin/account")),
    "account, done": (200, lambda _frame, client, _out: client.get("/admin/account?done=1")),
    "account, app on": (200, lambda _frame, client, _out: client.get("/admin/account?app-on=1")),
    "password, weak": (422, _post("/admin/account", action="set-password", password="short")),
    "app": (200, lambda _frame, client, _out: client.get("/admin/account?setup=app")),
    "app, wrong code": (422, lambda admin, client, _out: _add_app(client, admin, "000")),
    "recovery codes": (200, lambda admin, client, _out: _add_app(client, admin)),
    "recovery codes, new": (200, _post("/admin/account", action="renew-codes")),
    "account, with all": (200, lambda admin, client, _out: _full(admin, client)),
    "log in again": (200, lambda admin, client, _out: _again(admin, client)),
    # From here on `out` is the operator, who has entered by a link.
    "home": (200, lambda admin, _client, out: _enter(admin, out)),
    "people": (200, lambda _admin, _client, out: out.get("/admin/people?done=1")),
    "invite": (200, lambda _admin, _client, out: out.get("/admin/invite")),
    "invite, bad address": (422, _post_out("/admin/invite", email="berta@")),
    "invite, refused": (422, _post_out("/admin/invite", email="berta@town.example", list="none", role="viewer")),
    "invited": (200, _post_out("/admin/invite", email="berta@town.example", list="news", role="editor")),
    "invited, who can log in": (200, _post_out("/admin/invite", email="dora@town.example", list="news", role="editor")),
    "person": (200, lambda _admin, _client, out: out.get("/admin/people/berta?done=1")),
    "person, refused": (
        422,
        _post_out("/admin/people/berta", action="save", list="none", role="viewer", readers="none"),
    ),
    "person, link": (200, _post_out("/admin/people/berta", action="link")),
    "person, remove": (200, _post_out("/admin/people/berta", action="remove")),
    "person, unknown": (404, lambda _admin, _client, out: out.get("/admin/people/nobody")),
    "tokens, none": (200, lambda _admin, _client, out: out.get("/admin/tokens")),
    "token, new": (200, lambda _admin, _client, out: out.get("/admin/tokens/new")),
    "token, refused": (422, _post_out("/admin/tokens/new", name="x", scope="read", expires="90d", networks="here")),
    "token": (200, _post_out("/admin/tokens/new", name="the-shop-with-a-long-name", scope="sign-up", expires="90d")),
    "tokens": (200, lambda _admin, _client, out: out.get("/admin/tokens?done=1")),
}


async def _shown_link(admin: AdminHarness, out: httpx.AsyncClient) -> httpx.Response:
    return await out.get(await admin.make_link(1))


async def _enter(admin: AdminHarness, out: httpx.AsyncClient) -> httpx.Response:
    await admin.harness.add_person("dora")
    await out.post(await admin.make_link(1))
    return await out.get("/admin")


async def _full(admin: AdminHarness, client: httpx.AsyncClient) -> httpx.Response:
    """With passkeys, and a session elsewhere."""
    authenticator = await admin.harness.add_passkey(1, 1)
    [(method,)] = await select(admin.harness.database, "select method from login_session where id = 1")
    await execute(admin.harness.database, "update login_session set method = 'passkey' where id = 1")
    await admin.harness.add_passkey(1, 1)
    await execute(admin.harness.database, "update login_session set method = ? where id = 1", method)
    await admin.harness.log_ins.by_passkey(
        authenticator.get(admin.harness.ceremonies.login_options()),
        replace(VISITOR, client="2001:db8::1234:5678:9abc", agent="Samsung Internet, Android"),
    )
    return await client.get("/admin/account")


async def walk(admin: AdminHarness, language: str = "en") -> AsyncIterator[tuple[str, int, httpx.Response]]:
    """Each state by name, with the status that it must have."""
    admin.harness.limit(Rate(1000, 900))
    ann = await admin.harness.add_person("ann", is_operator=True)
    await admin.harness.set_password(ann)
    headers = {"Accept-Language": language}
    async with admin.client(**headers) as client, admin.client(**headers) as out:
        await client.post("/admin/login", data={"username": "ann", "password": PASSWORD})
        for name, (status, show) in STATES.items():
            yield name, status, await show(admin, client, out)
