"""The feeds of a list: read by an independent reader, and held against what RFC 4287 and JSON Feed 1.1 demand."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
from tests.web.harness import NOW, WebHarness

ATOM = "{http://www.w3.org/2005/Atom}"
NASTY = "Fish & <chips> ]]> \u202e\ufffe 東京"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def put_some(web: WebHarness) -> None:
    number = await web.add_list(title="Salt & <Wind>", language="de")
    await web.add_edition(number, "first", title=NASTY, preheader="Short & good", started_at=int(NOW) - 5)
    await web.add_edition(number, "plain", html=None, text="Only <text> & such.", started_at=int(NOW) - 4)
    await web.add_edition(number, "arabic", language="ar", title="رسالة", started_at=int(NOW) - 3)


async def test_a_feed_reader_reads_atom(web: WebHarness) -> None:
    """feedparser finds nothing to mend, and what it finds is what was sent."""
    await put_some(web)
    async with web.client() as client:
        response = await client.get("/news/feed.atom")
    read = feedparser.parse(response.content, response_headers=dict(response.headers), sanitize_html=False)
    assert (False, "atom10", "Salt & <Wind>", "de") == (read.bozo, read.version, read.feed.title, read.feed.language)
    assert ["arabic", "plain", "first"] == [entry.id.rpartition("/")[2] for entry in read.entries]
    first, plain = read.entries[2], read.entries[1]
    assert (NASTY.replace("\ufffe", ""), "Short & good") == (first.title, first.summary)
    assert ("text/html", "text/plain") == (first.content[0].type, plain.content[0].type)
    assert "Only <text> & such." == plain.content[0].value
    assert ("ar", "https://news.example.org/news/archive/first") == (read.entries[0].content[0].language, first.link)
    assert (2026, 5, 28) == first.published_parsed[:3]


async def test_atom_keeps_its_duties(web: WebHarness) -> None:
    """RFC 4287 §4.1: each of these exactly once, and ids, links and instants well formed."""
    await put_some(web)
    async with web.client() as client:
        feed = ET.fromstring((await client.get("/news/feed.atom")).text)
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert 1 == len(element.findall(f"{ATOM}{name}"))  # §4.1.1, §4.1.2
        assert _INSTANT.fullmatch(element.findtext(f"{ATOM}updated") or "")  # §3.3
        identity = urlsplit(element.findtext(f"{ATOM}id") or "")
        assert ("https", "news.example.org") == (identity.scheme, identity.netloc)  # §4.2.6: an absolute IRI
        alternates = [link.attrib["type"] for link in element.findall(f"{ATOM}link[@rel='alternate']")]
        assert ["text/html"] == alternates  # §4.1.1: no two of one type and language
    assert len(entries) == len({entry.findtext(f"{ATOM}id") for entry in entries})
    assert 1 == len(feed.findall(f"{ATOM}author"))  # §4.1.1: then no entry needs one
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert 1 == len(feed.findall(f"{ATOM}link[@rel='self']"))


async def test_an_empty_feed_is_one(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        atom, items = await client.get("/news/feed.atom"), (await client.get("/news/feed.json")).json()["items"]
    read = feedparser.parse(atom.content, response_headers=dict(atom.headers))
    assert (False, [], []) == (read.bozo, read.entries, items)


async def test_json_keeps_its_duties(web: WebHarness) -> None:
    """JSON Feed 1.1: what must be there, of the right type, every address whole."""
    await put_some(web)
    async with web.client() as client:
        response = await client.get("/news/feed.json")
    feed: dict[str, Any] = response.json()
    assert "application/feed+json; charset=utf-8" == response.headers["content-type"]
    assert ("https://jsonfeed.org/version/1.1", "Salt & <Wind>") == (feed["version"], feed["title"])
    assert "https://news.example.org/news/feed.json" == feed["feed_url"]
    assert "author" not in feed  # of version 1, deprecated
    assert isinstance(feed["authors"], list)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert ("content_html" in item) != ("content_text" in item)
        assert _INSTANT.fullmatch(item["date_published"])
        assert item["url"].startswith("https://news.example.org/news/archive/")
    assert 3 == len({item["id"] for item in feed["items"]})
    assert {"first": NASTY, "plain": "Boats are back", "arabic": "رسالة"} == {
        item["id"].rpartition("/")[2]: item["title"] for item in feed["items"]
    }


async def test_pages_name_the_feeds(web: WebHarness) -> None:
    """A feed reader that is given the address of a page finds both."""
    await put_some(web)
    async with web.client() as client:
        for path in ("/news", "/news/archive", "/news/archive/first"):
            page = (await client.get(path)).text
            links = re.findall(r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)">', page)
            assert [
                ("application/atom+xml", "https://news.example.org/news/feed.atom"),
                ("application/feed+json", "https://news.example.org/news/feed.json"),
            ] == links


async def test_an_edition_that_is_dated_back_is_not_hidden_by_a_date(web: WebHarness) -> None:
    """Whoever asks only by date gets what came since, though it is dated long before."""
    await put_some(web)
    async with web.client() as client:
        date = (await client.get("/news/feed.atom")).headers["last-modified"]
        assert 304 == (await client.get("/news/feed.atom", headers={"If-Modified-Since": date})).status_code
        number = (await web.rows("select id from list"))[0][0]
        await web.add_edition(number, "old", dated_at=1_000_000_000)
        later = await client.get("/news/feed.atom", headers={"If-Modified-Since": date})
    assert (200, True) == (later.status_code, "/archive/old" in later.text)


async def test_the_atom_feed_is_one(web: WebHarness) -> None:
    number = await web.add_list(title="Salt & <Wind>")
    await web.add_edition(
        number,
        title="Fish & <chips>",
        html='<style>p{color:red}</style><p>Salt & \x0b<img src="/news/archive/first/asset/1-a.png"></p>',
    )
    async with web.client() as client:
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


@pytest.mark.parametrize("path", ["/news/feed.atom", "/news/feed.json", "/news/archive/first"])
async def test_conditional_gets_by_tag(web: WebHarness, path: str) -> None:
    number = await web.add_list()
    await web.add_edition(number)
    async with web.client() as client:
        tag = (await client.get(path)).headers["etag"]
        for value in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            response = await client.get(path, headers={"If-None-Match": value})
            assert (304, b"", tag) == (response.status_code, response.content, response.headers["etag"])
        # A tag that does not match decides alone, whatever the date says (RFC 9110 §13.1.3).
        later = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}
        assert 200 == (await client.get(path, headers=later)).status_code


@pytest.mark.parametrize("path", ["/news/feed.atom", "/news/feed.json"])
async def test_conditional_gets_by_date(web: WebHarness, path: str) -> None:
    number = await web.add_list()
    await web.add_edition(number)
    async with web.client() as client:
        assert "Thu, 28 May 2026 20:26:40 GMT" == (await client.get(path)).headers["last-modified"]
        for date, status in {
            "Thu, 28 May 2026 20:26:40 GMT": 304,
            "Thu, 28 May 2026 20:26:39 GMT": 200,
            "Thu, 28 Xyz 2026 20:26:40 GMT": 200,
            "yesterday": 200,
        }.items():
            assert status == (await client.get(path, headers={"If-Modified-Since": date})).status_code


async def test_an_edition_is_not_hidden_by_a_date_from_before_the_clock_was_set_back(web: WebHarness) -> None:
    """The process that gave that date has been restarted since."""
    await put_some(web)
    web.clock.now += 86400
    async with web.client() as client:
        date = (await client.get("/news/feed.atom")).headers["last-modified"]
    web.clock.now -= 86400
    await web.add_edition((await web.rows("select id from list"))[0][0], "next")
    async with web.client() as client:
        later = await client.get("/news/feed.atom", headers={"If-Modified-Since": date})
    assert (200, True) == (later.status_code, "/archive/next" in later.text)


async def test_a_feed_is_remembered_by_its_path_alone(web: WebHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions of Starlette put what Host says into a request's URL, so anybody could fill the memory."""
    monkeypatch.setattr("starlette.requests.HTTPConnection.url", property(lambda _: pytest.fail("Host was believed")))
    await put_some(web)
    async with web.client() as client:
        first, again = [await client.get("/news/feed.atom", headers={"Host": host}) for host in ("a/b", "c/d")]
    assert 200 == first.status_code
    assert first.headers["last-modified"] == again.headers["last-modified"]
