"""Every form on a reader's pages that is sent twice: one mail, and an answer that says what has happened."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from tests.browser.chromium import Browser
from tests.browser.site import open_site
from tests.web.harness import NOW, WebHarness, open_web, words_of
from tests.web.states import open_town
from tests.web.supply import Supply

from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings

ADA, EVE = "ada@reader.example", "eve@reader.example"
TOGETHER = 3  # requests at the same time
SECONDS = 3  # `requests_per_form`
LASTING, OWN = "/preferences/{lasting}", "/preferences/{own}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A form that mails each time it is sent: the path of its page, what is filled in, and the mails of one time."""

    page: str
    fields: dict[str, Any] = field(default_factory=dict)
    posted_to: str = ""
    mails: tuple[str, ...]


# By route and button. Each of these mails once, and again when somebody comes back.
DOORS: dict[str, Door] = {
    "/": Door(page="/", fields={"email": ADA, "list": ["news", "more"]}, mails=("confirmation",)),
    "/{name}/subscribe": Door(
        page="/more", posted_to="/more/subscribe", fields={"email": ADA}, mails=("confirmation",)
    ),
    "/{name}/unsubscribe": Door(page="/news/unsubscribe", fields={"email": ADA}, mails=("unsubscribe_link",)),
    "/preferences": Door(page="/preferences", fields={"email": ADA}, mails=("preferences_link",)),
    "/preferences after a bad link": Door(
        page="/confirm/nonsense", posted_to="/preferences", fields={"email": ADA}, mails=("preferences_link",)
    ),
    "/preferences/{token} add": Door(page=LASTING, fields={"action": "add", "list": "more"}, mails=("confirmation",)),
    "/preferences/{token} change-address": Door(
        page=OWN, fields={"action": "change-address", "email": EVE}, mails=("address_change", "address_moving")
    ),
    "/preferences/{token} download": Door(page=LASTING, fields={"action": "download"}, mails=("preferences_link",)),
    "/preferences/{token} erase": Door(page=LASTING, fields={"action": "erase"}, mails=("preferences_link",)),
}
# A second time finds done what these do: the path, and what is sent.
DONE_ONCE: dict[str, tuple[str, dict[str, str]]] = {
    "/confirm/{token} confirm": ("/confirm/{pending}", {"action": "confirm"}),
    "/confirm/{token}": ("/confirm/{undo-leaving}", {}),
    "/confirm/{token} confirm a change": ("/confirm/{change}", {"action": "confirm"}),
    "/confirm/{token} confirm that nothing changes": ("/confirm/{undo-change}", {"action": "confirm"}),
    "/unsubscribe/{token} leave": ("/unsubscribe/{reader}", {"action": "leave"}),
    "/unsubscribe/{token} pause": ("/unsubscribe/{reader}", {"action": "pause"}),
    "/unsubscribe/never-again/{token} never-again": (
        "/unsubscribe/never-again/{never-again}",
        {"action": "never-again"},
    ),
    "/unsubscribe/why/{token}": ("/unsubscribe/why/{why}", {"reason": "other"}),
    "/preferences/{token} save": (LASTING, {"action": "save", "name": "Ada"}),
    "/preferences/{token} pause": (LASTING, {"action": "pause", "days": "7"}),
    "/preferences/{token} resume": (LASTING, {"action": "resume"}),
    "/preferences/{token} leave": (LASTING, {"action": "leave", "list": "news"}),
    "/preferences/{token} leave-all": (LASTING, {"action": "leave-all"}),
    "/preferences/{token} erase for certain": (OWN, {"action": "erase", "sure": "yes"}),
    "/approve/{token} send": ("/approve/{held}", {"action": "send"}),
    "/approve/{token} discard": ("/approve/{held}", {"action": "discard"}),
}


class _Forms(HTMLParser):
    """The forms of a page that are posted: where to, and the buttons that say what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[tuple[str, list[str]]] = []
        self._is_in_one = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self._is_in_one = named.get("method") == "post"
            if self._is_in_one:
                self.posted.append((named.get("action") or "", []))
        elif tag == "button" and self._is_in_one and named.get("name") == "action":
            self.posted[-1][1].append(named["value"] or "")


def forms_of(page: str, path: str) -> set[str]:
    """The forms of a page at this path, as the tables name them."""
    parser = _Forms()
    parser.feed(page)
    names = set()
    for action, buttons in parser.posted:
        where = urlsplit(urljoin(path, action)).path
        token = r"^/(confirm|preferences|approve|unsubscribe/why|unsubscribe/never-again|unsubscribe)/[^/]+$"
        route = re.sub(r"^/[^/]+/(subscribe|unsubscribe)$", r"/{name}/\1", re.sub(token, r"/\1/{token}", where))
        names |= {f"{route} {button}" for button in buttons} or {route}
    return names


@pytest.mark.only_on("sqlite", "a form knows no engine")
async def test_every_form_is_in_one_of_the_tables(tmp_path: Path) -> None:
    """A new form of a reader's page comes with its row."""
    shown: set[str] = set()
    async with open_town(tmp_path) as town:
        async for state in town.states():
            if not state.path.startswith("/demo") and "/form" not in state.path:  # that one is for another site
                shown |= forms_of(state.answer.text, state.path)
    assert DOORS.keys() | DONE_ONCE.keys() >= shown
    assert len(shown) > len(DOORS)


async def supplied(web: WebHarness) -> Supply:
    """What is behind the doors: lists, and Ada who reads one of them."""
    supply = Supply(web)
    await supply.set_up()
    await web.add_list("more", title="More")
    (number,) = (await web.rows("select id from list where name = 'news'"))[0]
    await web.add_reader(number, ADA)
    return supply


async def path_to(web: WebHarness, supply: Supply, path: str) -> str:
    """The path with a link of Ada's, or of that kind."""
    (ada,) = (await web.rows(f"select id from subscriber where address = '{ADA}'"))[0]
    own, lasting = web.preferences_path(ada, 0, int(NOW) + 3600), web.preferences_path(ada)
    path = path.replace(OWN, own).replace(LASTING, lasting)
    for kind in re.findall(r"\{([^}]+)\}", path):
        path = path.replace(f"{{{kind}}}", await supply.token(kind))
    return path


async def copy_of(client: httpx.AsyncClient, page: str) -> dict[str, str]:
    """What a browser posts of a copy of a form besides what somebody types."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', (await client.get(page)).text))


@pytest.mark.parametrize("name", DOORS)
async def test_a_double_click_mails_once_and_coming_back_mails_again(web: WebHarness, name: str) -> None:
    """In the same copy of the form, as by the Back button, and in another one."""
    door, supply = DOORS[name], await supplied(web)
    page = await path_to(web, supply, door.page)
    async with web.client() as client:
        copy, fresh = await copy_of(client, page), await copy_of(client, page)
        mailed, told = [], []
        for seconds, fields in ((20, copy), (SECONDS - 1, copy), (SECONDS + 1, copy), (SECONDS + 1, fresh)):
            web.clock.now += seconds
            before = len(await web.notices())
            data = {**fields, **door.fields}
            answers = await asyncio.gather(*(client.post(door.posted_to or page, data=data) for _ in range(TOGETHER)))
            mailed.append(tuple(kind for kind, *_ in (await web.notices())[before:]))
            told += [(answer.status_code, 'role="alert"' in answer.text) for answer in answers]
    assert [door.mails, (), door.mails, door.mails] == mailed
    assert {(200, False)} == set(told)


async def test_buttons_of_a_lasting_link_are_requests_of_their_own(web: WebHarness) -> None:
    """Each mails the private link, however soon it is pressed after another one."""
    page = await path_to(web, await supplied(web), LASTING)
    mailed = []
    async with web.client() as client:
        for action in ("download", "change-address", "erase"):
            await asyncio.gather(*(client.post(page, data={"action": action}) for _ in range(TOGETHER)))
            mailed.append(len(await web.notices()))
    assert [1, 2, 3] == mailed


@pytest.mark.parametrize("name", DONE_ONCE)
async def test_what_is_done_already_is_not_done_again(web: WebHarness, name: str) -> None:
    """Nobody is mailed, and no page says that something went wrong: it has been done."""
    supply = await supplied(web)
    path, fields = DONE_ONCE[name]
    path = await path_to(web, supply, path)
    counts = []
    async with web.client() as client:
        for _ in range(2):
            answers = [await client.post(path, data=fields) for _ in range(2)]
            counts.append(len(await web.notices()))
            assert {200} == {answer.status_code for answer in answers}
            assert 'role="alert"' not in "".join(answer.text for answer in answers)
    assert 1 == len(set(counts))


async def test_erasing_twice_at_the_same_time_says_that_it_is_done(web: WebHarness) -> None:
    """Also to the one that comes second; a lasting link, or one that is over, still says nothing of anybody."""
    supply = await supplied(web)
    own, lasting = await path_to(web, supply, OWN), await path_to(web, supply, LASTING)
    fields = {"action": "erase", "sure": "yes"}
    async with web.client() as client:
        answers = await asyncio.gather(*(client.post(own, data=fields) for _ in range(TOGETHER)))
        assert {"Your data is deleted"} == {re.findall("<h1>(.*?)</h1>", answer.text)[0] for answer in answers}
        assert [] == await web.rows(f"select id from subscriber where address = '{ADA}'")
        assert 404 == (await client.post(lasting, data=fields)).status_code
        web.clock.now += 3600
        assert 404 == (await client.post(own, data=fields)).status_code


async def test_who_has_signed_up_again_is_not_told_that_they_are_deleted(web: WebHarness) -> None:
    """By the link of the time before, which erases nobody."""
    own = await path_to(web, await supplied(web), OWN)
    fields = {"action": "erase", "sure": "yes"}
    async with web.client() as client:
        assert 200 == (await client.post(own, data=fields)).status_code
        await client.post("/news/subscribe", data={"email": ADA})
        web.clock.now += SECONDS + 1
        assert 404 == (await client.post(own, data=fields)).status_code
    assert 1 == len(await web.rows(f"select id from subscriber where address = '{ADA}'"))


async def test_the_second_click_on_the_last_sign_up_of_a_network_is_not_refused(tmp_path: Path) -> None:
    """Its mail is on its way. Another one is refused."""
    async with open_web(tmp_path, limits=LimitSettings(sign_ups_per_ip=Rate(1, 3600.0))) as web:
        supply = await supplied(web)
        for peer, name in (("192.0.2.1", "/{name}/subscribe"), ("192.0.2.2", "/preferences/{token} add")):
            door = DOORS[name]
            page = await path_to(web, supply, door.page)
            async with web.client(peer=peer) as client:
                copy = await copy_of(client, page)
                web.clock.now += 20
                answers = [await client.post(door.posted_to or page, data={**copy, **door.fields}) for _ in range(2)]
                assert [200, 200] == [answer.status_code for answer in answers], name
                web.clock.now += SECONDS + 1
                assert 429 == (await client.post(door.posted_to or page, data={**copy, **door.fields})).status_code


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ("update subscription set state = 'active' where list_id = {more}", 200, "You're subscribed"),
        ("update list set closed_at = 1 where id = {more}", 400, "This newsletter has closed."),
    ],
)
async def test_an_older_page_of_preferences_is_told_how_things_are_now(
    web: WebHarness, change: str, status: int, says: str
) -> None:
    """In another tab the request was confirmed, or the newsletter was closed in the meantime."""
    supply, door = await supplied(web), DOORS["/preferences/{token} add"]
    page = await path_to(web, supply, door.page)
    (more,) = (await web.rows("select id from list where name = 'more'"))[0]
    async with web.client() as client:
        await client.post(page, data=door.fields)
        await web.write(change.format(more=more))
        web.clock.now += SECONDS + 1
        answer = await client.post(page, data=door.fields)
    assert (status, True) == (answer.status_code, says in words_of(answer.text))
    assert 1 == len(await web.notices())


@pytest.mark.thorough
@pytest.mark.timeout(120)
@pytest.mark.needs("chromium")
@pytest.mark.only_on("sqlite", "a browser sees no engine")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_double_click_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    """The mouse is pressed twice; then Back, and once more after a while."""
    buttons = {
        "/{name}/subscribe": "Subscribe",
        "/{name}/unsubscribe": "Email me the link",
        "/preferences": "Email me the link",
        "/preferences after a bad link": "Email me the link",
        "/preferences/{token} change-address": "Change email address",
        "/preferences/{token} download": "Download my data",
    }
    limits = LimitSettings(confirmations_per_address=Rate(99, 9.0), preference_links_per_address=Rate(99, 9.0))
    async with open_site(tmp_path, limits=limits) as web, browser.window(with_script=False) as window:
        supply, page = await supplied(web), window.page
        for name, label in buttons.items():
            door, mailed = DOORS[name], []
            await window.go(web.site.base_url + await path_to(web, supply, door.page))
            for _ in range(2):
                web.clock.now += 20
                before = len(await web.notices())
                if "email" in door.fields:
                    await page.locator("input[name=email]").fill(door.fields["email"])
                await page.get_by_role("button", name=label, exact=True).last.dblclick()
                await page.locator("[role=status], h1:has-text('Check your email')").wait_for()
                await page.wait_for_load_state("networkidle")
                await web.web_requests.carry_out()
                assert 0 == await page.locator("[role=alert]").count(), name
                mailed.append(tuple(kind for kind, *_ in (await web.notices())[before:]))
                await page.go_back()
            assert [door.mails] * 2 == mailed, name
        assert [] == window.errors
