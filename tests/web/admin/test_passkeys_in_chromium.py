"""Passkeys in a real browser with a virtual authenticator, under the policy of the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from tests.browser.chromium import Browser
from tests.web.admin.admin_harness import AdminHarness, serve_admin

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", "a browser sees no engine"),
]

_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def _plug_in(page: Page) -> None:
    devices = await page.context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await devices.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})


async def _enter(page: Page, web: AdminHarness, person_id: int) -> None:
    await page.goto(web.site.base_url + await web.make_link(person_id))
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/admin/account")


async def test_a_person_adds_a_passkey_and_logs_in_with_it(browser: Browser, tmp_path: Path) -> None:
    """From the link of the shell to a passkey, out, and in again without typing anything; no policy is violated."""
    async with serve_admin(tmp_path) as web, browser.window() as window:
        ann = await web.harness.add_person("ann", is_operator=True)
        page, violations = window.page, _watch(window.page)
        await _plug_in(page)
        await _enter(page, web, ann)
        await page.get_by_role("button", name="Add a passkey").click()
        await page.wait_for_url("**/admin/account?done=1")
        assert 1 == len((await web.harness.account.overview(ann)).passkeys)
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/admin/login")
        await page.get_by_role("button", name="Log in with a passkey").click()
        await page.wait_for_url("**/admin")
        assert "You're logged in as ann" == await page.get_by_role("heading", level=1).inner_text()
        assert ([], [], []) == (window.outside, window.errors, violations)


async def test_a_passkey_that_is_gone_says_so(browser: Browser, tmp_path: Path) -> None:
    """The page stays, and says what to do."""
    async with serve_admin(tmp_path) as web, browser.window() as window:
        ann = await web.harness.add_person("ann")
        page = window.page
        await _plug_in(page)
        await _enter(page, web, ann)
        await page.get_by_role("button", name="Add a passkey").click()
        await page.wait_for_url("**/admin/account?done=1")
        (passkey,) = (await web.harness.account.overview(ann)).passkeys
        await web.harness.account.remove_passkey(ann, 0, passkey.id)
        await page.goto(f"{web.site.base_url}/admin/login")
        await page.get_by_role("button", name="Log in with a passkey").click()
        await page.get_by_text("That passkey didn't work.").wait_for()


def _watch(page: Page) -> list[Any]:
    errors: list[Any] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors
