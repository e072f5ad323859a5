"""Log-in by an issuer, an invitation and a token, in a real browser that runs no script."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.browser.chromium import Browser
from tests.database import select
from tests.web.admin.admin_harness import serve_admin
from tests.web.admin.oidc_issuer import opened_issuer

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.needs("chromium"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", "a browser sees no engine"),
]


async def test_an_operator_comes_from_the_issuer_invites_and_makes_a_token(browser: Browser, tmp_path: Path) -> None:
    """Through the redirects to another site and back, and all that the forms send; nothing is refused on the way."""
    async with (
        opened_issuer() as issuer,
        serve_admin(tmp_path, oidc=issuer.settings) as web,
        browser.window(with_script=False) as window,
    ):
        web.harness.now = time.time()
        page, base = window.page, web.site.base_url
        await page.goto(base + await web.make_link(await web.harness.add_person("ann", is_operator=True)))
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_role("link", name="Log in with 127.0.0.1").click()  # links the account
        await page.get_by_role("button", name="Log in with 127.0.0.1").click()
        await page.get_by_role("button", name="Log out").click()
        await page.get_by_role("link", name="Log in with 127.0.0.1").click()
        await page.get_by_role("button", name="Log in with 127.0.0.1").click()
        await page.get_by_role("link", name="People").first.click()
        await page.get_by_role("link", name="Invite somebody").click()
        await page.get_by_label("Email address").fill("berta@town.example")
        await page.get_by_label("Role").select_option("publisher")
        await page.get_by_role("button", name="Send invitation").click()
        assert "Invitation sent" == await page.get_by_role("heading", level=1).inner_text()
        await page.get_by_role("link", name="Tokens").first.click()
        await page.get_by_role("link", name="New token").click()
        await page.get_by_label("Name").fill("shop")
        await page.get_by_label("news").check()
        await page.get_by_role("button", name="Create token").click()
        assert (await page.get_by_label("Token", exact=True).input_value()).startswith("pr_")
        assert ([], []) == (window.outside, window.errors)
        methods = await select(web.harness.database, "select method from login_session")
    assert [("oidc",)] == methods
