"""The header of a proxy that logs people in: who is believed, and that it is not enough for what other sites send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.database import select
from tests.web.admin.admin_harness import OURS, AdminHarness, open_admin

HEADER = "Remote-User"
PROXY = "127.0.0.1"


@pytest_asyncio.fixture
async def admin(tmp_path: Path) -> AsyncIterator[AdminHarness]:
    async with open_admin(tmp_path, auth_header=HEADER) as opened:
        await opened.harness.add_person("ann", is_operator=True)
        await opened.harness.add_person("bob")
        yield opened


def browser(admin: AdminHarness, *named: str, peer: str | None = PROXY) -> httpx.AsyncClient:
    """What a proxy at `peer` passes on; None: by a Unix socket."""
    client = (peer or "", 4711)
    transport = httpx.ASGITransport(app=admin.app, client=client)
    headers = [*OURS.items(), *((HEADER, name) for name in named)]
    return httpx.AsyncClient(transport=transport, base_url=admin.site.base_url, headers=headers)


async def test_who_has_logged_in_at_the_proxy_is_logged_in(admin: AdminHarness) -> None:
    """By name or address, with the rights that they have here, and without a session or a cookie."""
    for name in ("ann", "ann@town.example"):
        async with browser(admin, name) as client:
            page = await client.get("/admin/people")
            assert (200, False) == (page.status_code, "set-cookie" in page.headers)
    async with browser(admin, "bob") as client:
        assert (200, 403) == ((await client.get("/admin")).status_code, (await client.get("/admin/people")).status_code)
    assert [] == await select(admin.harness.database, "select * from login_session")


async def test_they_act_as_themselves(admin: AdminHarness) -> None:
    """The audit log has their name."""
    async with browser(admin, "ann") as client:
        answer = await client.post("/admin/people/bob", data={"action": "make-operator"})
        assert 303 == answer.status_code
    recorded = "select who, way, action from audit where action = 'user.grant'"
    assert [("person:ann", "page", "user.grant")] == await select(admin.harness.database, recorded)


@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.2", "10.0.0.1", None])
async def test_a_peer_that_is_not_trusted_is_not_believed(admin: AdminHarness, peer: str | None) -> None:
    """Also not what it says of a proxy before it."""
    async with browser(admin, "ann", peer=peer) as client:
        client.headers["X-Forwarded-For"] = PROXY
        assert 303 == (await client.get("/admin/people")).status_code


@pytest.mark.parametrize("names", [("nobody",), ("",), ("bob", "ann"), ("ann, bob",), ("ann%00",)])
async def test_whom_the_proxy_does_not_name_clearly_is_nobody(admin: AdminHarness, names: tuple[str, ...]) -> None:
    async with browser(admin, *names) as client:
        assert 303 == (await client.get("/admin")).status_code


async def test_a_cookie_from_the_person_before_does_not_count(admin: AdminHarness) -> None:
    """Who is logged in at the proxy is who acts; without a name there, the cookie counts."""
    async with browser(admin) as client:
        await client.post(await admin.make_link(1))
        assert 200 == (await client.get("/admin/people")).status_code
        client.headers[HEADER] = "bob"
        assert 403 == (await client.get("/admin/people")).status_code
        client.headers[HEADER] = "nobody"
        assert 303 == (await client.get("/admin/people")).status_code


async def test_another_site_cannot_use_it(admin: AdminHarness) -> None:
    """The proxy adds the header to what any page has the browser send."""
    async with browser(admin, "ann") as client:
        cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        answer = await client.post("/admin/people/bob", data={"action": "make-operator"}, headers=cross)
        assert 403 == answer.status_code
    assert [(0,)] == await select(admin.harness.database, "select is_operator from person where name = 'bob'")


async def test_without_the_setting_it_means_nothing(tmp_path: Path) -> None:
    async with open_admin(tmp_path) as plain:
        await plain.harness.add_person("ann", is_operator=True)
        async with browser(plain, "ann") as client:
            assert 303 == (await client.get("/admin")).status_code
