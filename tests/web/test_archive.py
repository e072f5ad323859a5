"""The archive's pages and feeds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from tests.web.house import NOW, House

ATOM = "{http://www.w3.org/2005/Atom}"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def test_the_index_is_paged_newest_first(house: House) -> None:
    number = await house.add_list()
    for index in range(25):
        await house.add_edition(number, f"e-{index}", started_at=int(NOW) + index, title=f"Number {index}.")
    async with house.client() as client:
        first, second = (await client.get("/news/archive")).text, (await client.get("/news/archive?page=2")).text
        for page in ("0", "3", "x", "-1", "9" * 40):
            assert 404 == (await client.get(f"/news/archive?page={page}")).status_code
    assert first.index("Number 24.") < first.index("Number 5.")
    assert "Number 4." not in first
    assert "Number 4." in second
    assert 'href="/news/archive?page=2"' in first


async def test_an_edition_is_read_in_a_sandbox(house: House) -> None:
    """Whatever the author's HTML holds, the browser is told to run nothing and to fetch nothing but images of ours."""
    number = await house.add_list()
    hostile = '<script>alert(1)</script><form action="https://evil.example"><input></form><p>Read me</p>'
    await house.add_edition(number, html=hostile)
    async with house.client() as client:
        response = await client.get("/news/archive/first")
    policy = [part.strip() for part in response.headers["content-security-policy"].split(";")]
    expected = {
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "img-src 'self' data:",
        "style-src 'unsafe-inline'",
    }
    assert 200 == response.status_code
    assert expected <= set(policy)
    assert "allow-scripts" not in response.headers["content-security-policy"]
    assert "nosniff" == response.headers["x-content-type-options"]
    assert "<p>Read me</p>" in response.text
    assert '<link rel="canonical" href="https://news.example.org/news/archive/first">' in response.text


async def test_images_and_files_of_an_edition(house: House) -> None:
    number = await house.add_list()
    await house.add_edition(
        number,
        html='<img src="/news/archive/first/asset/1-boat.png" alt="A boat">',
        assets=[("1-boat.png", "image/png", PNG), ("plan.html", "text/html", b"<script>alert(1)</script>")],
    )
    async with house.client() as client:
        page = await client.get("/news/archive/first")
        image = await client.get("/news/archive/first/asset/1-boat.png")
        file = await client.get("/news/archive/first/asset/plan.html")
        assert 404 == (await client.get("/news/archive/first/asset/other.png")).status_code
    assert 'href="/news/archive/first/asset/plan.html"' in page.text
    assert 'href="/news/archive/first/asset/1-boat.png"' not in page.text
    assert "allow-downloads" in page.headers["content-security-policy"]
    assert (PNG, "image/png") == (image.content, image.headers["content-type"])
    assert "application/octet-stream" == file.headers["content-type"]
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]


async def test_a_draft_is_not_shown_and_a_canary_only_by_its_own_link(house: House) -> None:
    number = await house.add_list()
    await house.add_edition(number, "draft", state="draft", started_at=None, title="Draft.")
    await house.add_edition(number, "canary", state="paused", canary_copies=3, title="Canary.")
    await house.add_edition(number, "cancelled", state="cancelled", title="Cancelled.")
    async with house.client() as client:
        found = [(await client.get(f"/news/archive/{slug}")).status_code for slug in ("draft", "canary", "cancelled")]
        listed = "".join(
            [(await client.get(path)).text for path in ("/news", "/news/archive", "/news/feed.atom", "/news/feed.json")]
        )
    assert [404, 200, 200] == found
    assert (False, False, False) == ("Draft." in listed, "Canary." in listed, "Cancelled." in listed)


@pytest.mark.parametrize(("archive", "status"), [("members", 403), ("off", 404)])
async def test_an_archive_that_is_not_public_shows_nothing(house: House, archive: str, status: int) -> None:
    number = await house.add_list(archive=archive)
    await house.add_edition(number, title="Secret title")
    async with house.client() as client:
        for path in ("archive", "archive/first", "archive/first/asset/x.png", "feed.atom", "feed.json"):
            response = await client.get(f"/news/{path}")
            assert (status, False) == (response.status_code, "Secret" in response.text)
        page = await client.get("/news")
    assert (200, False, False) == (page.status_code, "Secret" in page.text, "feed.atom" in page.text)


async def test_the_atom_feed_is_one(house: House) -> None:
    number = await house.add_list(title="Salt & <Wind>")
    await house.add_edition(
        number,
        title="Fish & <chips>",
        html='<style>p{color:red}</style><p>Salt & \x0b<img src="/news/archive/first/asset/1-a.png"></p>',
    )
    async with house.client() as client:
        response = await client.get("/news/feed.atom")
    feed = ET.fromstring(response.text)
    assert "application/atom+xml; charset=utf-8" == response.headers["content-type"]
    assert "Salt & <Wind>" == feed.findtext(f"{ATOM}title")
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert "Fish & <chips>" == entry.findtext(f"{ATOM}title")
    assert "https://news.example.org/news/archive/first" == entry.findtext(f"{ATOM}id")
    content = entry.findtext(f"{ATOM}content") or ""
    assert "<style>" not in content
    assert 'src="https://news.example.org/news/archive/first/asset/1-a.png"' in content


async def test_the_json_feed_is_one(house: House) -> None:
    number = await house.add_list()
    await house.add_edition(number)
    async with house.client() as client:
        response = await client.get("/news/feed.json")
    feed = response.json()
    assert "application/feed+json; charset=utf-8" == response.headers["content-type"]
    assert "https://jsonfeed.org/version/1.1" == feed["version"]
    expected = {"id": "https://news.example.org/news/archive/first", "title": "Boats are back"}
    assert expected == {name: feed["items"][0][name] for name in expected}
    assert "2026-05-28T20:26:40Z" == feed["items"][0]["date_published"]


@pytest.mark.parametrize("path", ["/news/feed.atom", "/news/feed.json", "/news/archive/first"])
async def test_conditional_gets_by_tag(house: House, path: str) -> None:
    number = await house.add_list()
    await house.add_edition(number)
    async with house.client() as client:
        tag = (await client.get(path)).headers["etag"]
        for value in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = await client.get(path, headers={"If-None-Match": value})
            assert (304, b"", tag) == (response.status_code, response.content, response.headers["etag"])
        # A tag that does not match decides alone, whatever the date says (RFC 9110 §13.1.3).
        later = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}
        assert 200 == (await client.get(path, headers=later)).status_code


@pytest.mark.parametrize("path", ["/news/feed.atom", "/news/feed.json"])
async def test_conditional_gets_by_date(house: House, path: str) -> None:
    number = await house.add_list()
    await house.add_edition(number)
    async with house.client() as client:
        assert "Thu, 28 May 2026 20:26:40 GMT" == (await client.get(path)).headers["last-modified"]
        for date, status in {
            "Thu, 28 May 2026 20:26:40 GMT": 304,
            "Thu, 28 May 2026 20:26:39 GMT": 200,
            "Thu, 28 Xyz 2026 20:26:40 GMT": 200,
            "yesterday": 200,
        }.items():
            assert status == (await client.get(path, headers={"If-Modified-Since": date})).status_code
