"""What holds for every page of a list: one header and one footer, whatever the page and whoever made its template."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from tests.web.harness import WebHarness, open_web, words_of

from pressrun.core.signing.tokens import WebPurpose
from pressrun.core.site import Site
from pressrun.services.archives.archive_reader import ReaderLink
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction

ADA = "ada@reader.example"

# Every page on which a list speaks, as (path, form to post or None, status). `{…}` is a link of a reader's.
PAGES: tuple[tuple[str, dict[str, str] | None, int], ...] = (
    ("/news", None, 200),
    ("/news/subscribe", {"email": "ada@"}, 400),
    ("/news/check-mail", None, 200),
    ("/news/form", None, 200),
    ("/news/unsubscribe", None, 200),
    ("/news/unsubscribe", {"email": "ada@"}, 400),
    ("/news/unsubscribe", {"email": ADA}, 200),
    ("/news/archive", None, 200),
    ("/news/archive/first", None, 200),
    ("/news/search?q=boats", None, 200),
    ("{read}", None, 200),
    ("{read}/search?q=boats", None, 200),
    ("{read}/archive/first", None, 200),
    ("{confirm}", None, 200),
    ("{confirm}", {"action": "confirm"}, 200),
    ("{unsubscribe}", None, 200),
    ("{unsubscribe}", {"action": "leave"}, 200),
    ("{unsubscribe}", None, 200),
    ("/news/nothing", None, 404),
    ("/news/nothing/at/all", None, 404),
    ("/news/archive/nothing", None, 404),
    ("/news/archive?page=99", None, 404),
)


async def set_up(web: WebHarness) -> dict[str, str]:
    """A list with an edition and a reader; the reader's links."""
    number = await web.add_list(postal_address="Harbour Office\n1 Quay Street")
    await web.add_edition(number)
    reader = await web.add_reader(number)
    async with web.client() as client:
        await client.post("/news/subscribe", data={"email": "bo@reader.example"})
    link = ReaderLink(reader, 0, (await web.subscription(reader)).round)
    token = web.tokens.make(WebPurpose.READ, link.subscription_id, link.epoch, link.round)
    return {
        "read": f"/read/{token}",
        "confirm": web.confirm_path(await web.last_confirmation()),
        "unsubscribe": web.unsubscribe_path(reader),
    }


async def walk(web: WebHarness) -> list[tuple[str, int, httpx.Response]]:
    """Every page, in their order."""
    links = await set_up(web)
    answers = []
    async with web.client() as client:
        for path, fields, status in PAGES:
            where = path.format(**links)
            answer = await (client.get(where) if fields is None else client.post(where, data=fields))
            answers.append((path, status, answer))
    return answers


READING = (
    "/news",
    "/news/archive",
    "/news/archive/first",
    "/news/search?q=boats",
    "{read}",
    "{read}/search?q=boats",
    "{read}/archive/first",
)


async def test_the_ways_in_and_out_and_to_the_address_are_at_the_top_of_what_is_read(web: WebHarness) -> None:
    """However long the page: a link to each in its header, that of the address leads down to it. Readers are in."""
    pages = {path: answer.text for path, _, answer in await walk(web) if path in READING}
    assert set(READING) == set(pages)
    for path, page in pages.items():
        header, rest = re.findall(r"<header.*?</header>", page, re.DOTALL)[0], page.partition("</header>")[2]
        can_subscribe = 'action="/news/subscribe"' in rest if path == "/news" else '"/news#subscribe"' in header
        assert can_subscribe is not path.startswith("{read}"), path
        assert '<a href="/news/unsubscribe">Unsubscribe</a>' in header, path
        assert '<a href="#contact">Contact</a>' in header, path
        assert "Harbour Office" in rest.partition('<address id="contact">')[2], path


async def test_without_an_address_nothing_leads_to_one(web: WebHarness) -> None:
    web.site = Site(base_url=web.site.base_url, mail_domain="news.example.org", receives_mail=False)
    await web.add_list(postal_address="")
    async with web.client() as client:
        page = (await client.get("/news")).text
    assert 'href="/news/unsubscribe"' in page.partition("</header>")[0]
    assert "#contact" not in page


@pytest.mark.parametrize("receives_mail", [True, False])
async def test_every_page_of_a_list_has_the_footer(tmp_path: Path, *, receives_mail: bool) -> None:
    """Subscribing, unsubscribing, preferences, the archive, the postal address, and whom to write to."""
    async with open_web(tmp_path) as web:
        web.site = Site(base_url=web.site.base_url, mail_domain="news.example.org", receives_mail=receives_mail)
        for path, status, answer in await walk(web):
            assert (path, status) == (path, answer.status_code)
            footers = re.findall(r"<footer.*?</footer>", answer.text, re.DOTALL)
            assert 1 == len(footers), path
            footer = footers[0]
            assert "Subscribe or unsubscribe" in words_of(footer), path
            assert "Harbour Office · 1 Quay Street" in words_of(footer), path
            for target in (
                "/news#subscribe",
                "/news/unsubscribe",
                "/preferences?list=news",
                "/preferences?list=news#pause",
            ):
                assert f'href="{target}"' in footer, (path, target)
            for target in ("/news/archive", "/news/feed.atom", "/news/feed.json"):
                assert f'href="{target}"' in footer, (path, target)
            assert receives_mail is ('href="mailto:news-owner@news.example.org"' in footer), path


async def test_every_page_of_a_list_leads_back_to_it(web: WebHarness) -> None:
    """By its name at the top; and a browser is told of no style but by digest, or in the sandbox of an edition."""
    for path, _, answer in await walk(web):
        assert '<a class="brand" href="/news"' in answer.text, path
        policy = answer.headers["content-security-policy"]
        assert ("'unsafe-inline'" in policy) is ("sandbox" in policy), path
        if "sandbox" not in policy:
            assert " style=" not in answer.text, path


async def test_every_page_of_a_list_is_light(web: WebHarness) -> None:
    """At most 20 KB, though the sheet and the icon stand in it."""
    sizes = {path: len(answer.content) for path, _, answer in await walk(web)}
    assert {} == {path: size for path, size in sizes.items() if size > 20 * 1024}


async def test_a_typeface_is_that_of_all_its_pages(web: WebHarness) -> None:
    links = await set_up(web)

    def change(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        lists.update_list(tx, target, replace(target, typeface="serif"))

    await web.database.write(change)
    async with web.client() as client:
        for path in ("/news", "/news/archive", "/news/archive/first", "/news/search", links["unsubscribe"]):
            assert '<html lang="en" dir="ltr" class="serif">' in (await client.get(path)).text, path


async def test_a_closed_list_offers_no_feed_and_no_form(web: WebHarness) -> None:
    await set_up(web)
    await web.close_list()
    async with web.client() as client:
        page, archive = (await client.get("/news")).text, (await client.get("/news/archive")).text
    for shown in (page, archive):
        assert 'href="/news/unsubscribe"' in shown
        assert 'href="/news/archive"' in shown
        assert "JSON feed" not in shown
        assert '/news#subscribe"' not in shown
        assert "Subscribe or unsubscribe" not in shown
        assert "Unsubscribe or change your preferences" in shown
    assert '<form class="sign-up"' not in page
    assert "Final edition" in page
    assert "Latest edition" not in page


async def test_without_a_public_archive_the_footer_names_none(web: WebHarness) -> None:
    await web.add_list(archive="members", postal_address="")
    async with web.client() as client:
        page = (await client.get("/news")).text
    assert "/news/archive" not in page
    assert "feed.atom" not in page
