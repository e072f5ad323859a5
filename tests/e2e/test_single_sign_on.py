"""Somebody invited logs in at the daemon with the account that they have at a certified OpenID Connect provider."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import MakeInstance
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.ports import free_port

pytestmark = [pytest.mark.needs("oidc-provider"), pytest.mark.thorough]


async def test_somebody_invited_logs_in_at_the_daemon(make_instance: MakeInstance, tmp_path: Path) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    accounts = {"ina": {"email": "ina@town.example", "email_verified": True}}
    provider = Provider(folder=tmp_path, redirect_uri=f"{origin}/admin/oidc/callback", accounts=accounts)
    instance = make_instance(
        admin={"listen": f"127.0.0.1:{port}", "base_url": origin},
        oidc={"issuer": provider.url, "client_id": CLIENT_ID, "client_secret_file": "secret", "label": "Town account"},
    )
    instance.write("secret", CLIENT_SECRET)
    instance.do("user", "invite", "ina@town.example", "--list", "news", "--role", "editor")
    daemon = instance.start()
    with provider:
        async with httpx.AsyncClient(base_url=origin, headers={"Sec-Fetch-Site": "same-origin"}) as client:
            assert "Town account" in (await client.get("/admin/login")).text
            away = await client.get("/admin/oidc")
            back = await provider.log_in(away.headers["location"], "ina")
            page = await client.get(back)
            fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
            assert 303 == (await client.post("/admin/oidc/callback", data=fields)).status_code
            assert "ina@town.example" in (await client.get("/admin/account")).text
    provider.stop()
    assert [] == daemon.events("login.failed")
    done = [row["action"] for row in instance.json("audit", "ls") if row["action"] == "identity.add"]
    assert ["identity.add"] == done
