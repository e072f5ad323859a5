"""What holds for every page of /admin."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import pytest
from tests.browser.chromium import Browser
from tests.web.admin.admin_harness import AdminHarness, open_admin
from tests.web.admin.states import STATES, walk
from tests.web.test_sheet import without_scripts

from pressrun.locales.languages import LANGUAGES

MOST_OCTETS = 40 * 1024


async def test_every_state_is_what_it_should_be_valid_and_light(admin: AdminHarness) -> None:
    """Its status, no error of a parser, no id twice, and at most 40 KB with its sheets, icon and QR code."""
    wrong: dict[str, list[str]] = {}
    async for name, status, answer in walk(admin):
        parser = html5lib.HTMLParser()
        parser.parse(answer.text)
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        problems = [*map(str, parser.errors), *(repeated for repeated in set(ids) if ids.count(repeated) > 1)]
        problems += [] if status == answer.status_code else [f"{answer.status_code}"]
        problems += [] if len(answer.content) <= MOST_OCTETS else [f"{len(answer.content)} octets"]
        wrong |= {name: problems} if problems else {}
    assert {} == wrong


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.only_on("sqlite", "no engine knows a language")
async def test_every_page_comes_in_every_language(admin: AdminHarness, tag: str) -> None:
    """By what the browser prefers."""
    seen = 0
    async for name, _, answer in walk(admin, tag):
        assert f'<html lang="{tag}"' in answer.text, name
        seen += 1
    assert len(STATES) == seen


def test_every_page_has_its_states(admin: AdminHarness) -> None:
    """A new page of these comes with its states."""
    asked = {"/admin", "/admin/login", "/admin/account", "/admin/enter/{token}"}
    without_page = {
        "/admin/logout",
        "/admin/login/passkey",
        "/admin/login/passkey/options",
        "/admin/account/passkey",
        "/admin/account/passkey/options",
        "/admin/{rest:path}",
    }
    asked |= {"/admin/people", "/admin/people/{name}", "/admin/invite", "/admin/tokens", "/admin/tokens/new"}
    assert asked | without_page == {path for path, _, _ in admin.rows(admin.web)}


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.needs("chromium")
@pytest.mark.only_on("sqlite", "a browser sees no engine")
@pytest.mark.asyncio(loop_scope="session")
async def test_every_state_is_good_for_everybody(browser: Browser, tmp_path: Path, width: int) -> None:
    """Axe finds nothing by day and night, nor what is too small to press; nothing is too wide or from outside."""
    faults: dict[str, list[str]] = {}
    async with open_admin(tmp_path) as admin, browser.window(width=width) as window:
        async for name, _, answer in walk(admin):
            await window.go("about:blank")
            page = without_scripts(answer.text).replace(" hidden data-passkey", " data-passkey")
            await window.show(page.replace("<head>", f'<head><base href="{admin.site.base_url}/">', 1))
            problems = [*await window.axe("target-size"), *await window.sideways()]
            await window.prefer("dark")
            problems += [*await window.axe_of_colours(), *await window.sideways(), *window.outside]
            await window.prefer("light")
            faults |= {name: problems} if problems else {}
    assert {} == faults


@pytest.mark.thorough
@pytest.mark.needs("chromium")
@pytest.mark.only_on("sqlite", "a browser sees no engine")
@pytest.mark.asyncio(loop_scope="session")
async def test_rows_of_tables_are_compact_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    """Two lines for a person, five for a token with its button: many of them fit on a screen."""
    most, tall = {"people": 80, "tokens": 160}, {}
    async with open_admin(tmp_path) as admin, browser.window(width=390) as window:
        async for name, _, answer in walk(admin):
            if "<table" in answer.text:
                await window.go("about:blank")
                page = without_scripts(answer.text)
                await window.show(page.replace("<head>", f'<head><base href="{admin.site.base_url}/">', 1))
                rows = "() => [...document.querySelectorAll('tbody tr')].map(row => row.offsetHeight)"
                tall[name] = max(await window.page.evaluate(rows)) > most[name]
    assert dict.fromkeys(most, False) == tall
