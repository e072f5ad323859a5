"""An archive for members: a reader's own link leads in, and nothing else does."""

from __future__ import annotations

import re

import pytest
from tests.web.archives.test_archive import PNG
from tests.web.harness import WebHarness, words_of

from pressrun.core.signing.tokens import WebPurpose

ALL = ("", "/archive", "/archive?page=1", "/archive/first", "/archive/first/asset/1-boat.png", "/search?q=boats")


async def set_up(web: WebHarness, archive: str = "members") -> str:
    """A list with an edition and a reader; returns the path of the reader's link."""
    number = await web.add_list(archive=archive)
    await web.add_edition(
        number,
        title="Secret title",
        html='<p>Boats</p><img src="/news/archive/first/asset/1-boat.png" alt="">',
        assets=[("1-boat.png", "image/png", PNG), ("plan.pdf", "application/pdf", b"%PDF")],
    )
    return link(web, await web.add_reader(number))


def link(web: WebHarness, subscription: int, epoch: int = 0, number: int = 0) -> str:
    return f"/read/{web.tokens.make(WebPurpose.READ, subscription, epoch, number)}"


async def test_a_readers_link_leads_in(web: WebHarness) -> None:
    """Every page links to others below it alone, sets nothing, is not to be kept, found or named."""
    read = await set_up(web)
    async with web.client() as client:
        for path in ALL:
            response = await client.get(read + path)
            assert 200 == response.status_code
            assert ("no-store", "no-referrer", "noindex") == (
                response.headers["cache-control"],
                response.headers["referrer-policy"],
                response.headers["x-robots-tag"],
            )
            assert "set-cookie" not in response.headers
            hrefs = re.findall(r'(?:href|src)="(/[^"]*)"', response.text if "asset" not in path else "")
            assert [] == [href for href in hrefs if "archive" in href and not href.startswith(read)]
            assert "feed." not in response.text
        index, page = (await client.get(read)).text, await client.get(f"{read}/archive/first")
    assert f'href="{read}/archive/first"' in index
    assert f'src="{read}/archive/first/asset/1-boat.png"' in page.text
    assert f'href="{read}/archive/first/asset/plan.pdf"' in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert ("canonical" in page.text, "og:" in page.text, "ld+json" in page.text) == (False, False, False)


async def test_a_readers_link_to_the_latest_edition_stays(web: WebHarness) -> None:
    """Before there is one it leads to the index; a link that opens nothing opens nothing here."""
    number = await web.add_list(archive="members")
    read = link(web, await web.add_reader(number))
    async with web.client() as client:
        places = [(await client.get(f"{read}/latest")).headers["location"]]
        for slug in ("first", "second"):
            await web.add_edition(number, slug)
            places.append((await client.get(f"{read}/latest")).headers["location"])
        cut_off = await client.get(f"{read[:-1]}/latest")
    assert [f"{read}/archive", f"{read}/archive/first", f"{read}/archive/second"] == places
    assert 404 == cut_off.status_code


async def test_reading_changes_nothing(web: WebHarness) -> None:
    read = await set_up(web)
    before = await web.everything()
    async with web.client() as client:
        for path in ALL:
            await client.get(read + path)
            await client.head(read + path)
            assert 405 == (await client.post(read + path)).status_code
    assert before == await web.everything()


@pytest.mark.parametrize(
    "change",
    [
        "update subscription set state = 'unsubscribed', round = 1",
        "update subscription set round = 1",  # left, and came back: the link of before stays ended
        "update subscription set state = 'pending'",
        "update subscriber set epoch = 1",
        "update list set archive = 'off'",
        "delete from subscription",
    ],
)
async def test_a_link_ends(web: WebHarness, change: str) -> None:
    """With the reader's leaving, with a new address, and with the archive: then it is as one that never was."""
    read = await set_up(web)
    await web.write(change)
    async with web.client() as client:
        forged = await client.get("/read/forged")
        for path in ALL:
            response = await client.get(read + path)
            assert (404, words_of(forged.text)) == (response.status_code, words_of(response.text))


@pytest.mark.parametrize("state", ["active", "suspended"])
async def test_a_reader_whose_mail_waits_may_read(web: WebHarness, state: str) -> None:
    read = await set_up(web)
    await web.write(f"update subscription set state = '{state}'")
    async with web.client() as client:
        assert 200 == (await client.get(read)).status_code


async def test_a_link_opens_its_own_list_alone(web: WebHarness) -> None:
    """An edition of another list is not below it, and another purpose's token is none."""
    read = await set_up(web)
    other = await web.add_list("club", archive="members")
    await web.add_edition(other, "minutes", title="Minutes")
    token = web.unsubscribe_path(1).rpartition("/")[2]
    async with web.client() as client:
        statuses = [(await client.get(path)).status_code for path in (f"{read}/archive/minutes", f"/read/{token}")]
        answer = await client.get(f"{read}/search?q=minutes")
    assert [404, 404] == statuses
    assert "No editions match" in answer.text


async def test_the_link_of_a_test_copy_says_so(web: WebHarness) -> None:
    await set_up(web)
    async with web.client() as client:
        response = await client.get(link(web, 0) + "/archive/first")
    assert (200, True, False) == (response.status_code, "test copy" in response.text, "Secret" in response.text)


async def test_a_link_goes_on_when_the_archive_is_opened_to_all(web: WebHarness) -> None:
    """Old mails keep working when the list changes its mind."""
    read = await set_up(web)
    await web.write("update list set archive = 'public'")
    async with web.client() as client:
        assert 200 == (await client.get(f"{read}/archive/first")).status_code
