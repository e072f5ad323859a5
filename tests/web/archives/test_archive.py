"""The archive's pages: index, search, editions and their files."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from tests.web.harness import NOW, WebHarness, open_web

from pressrun.core.quantities import Rate
from pressrun.services.archives.archive_reader import read_index
from pressrun.services.archives.archive_search import ArchiveSearch
from pressrun.services.limit_settings import LimitSettings
from pressrun.store.editions.editions import MOST_OF_PICTURE

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def test_the_index_is_paged_newest_first(web: WebHarness) -> None:
    number = await web.add_list()
    for index in range(25):
        await web.add_edition(number, f"e-{index}", started_at=int(NOW) + index, title=f"Number {index}.")
    async with web.client() as client:
        first, second = (await client.get("/news/archive")).text, (await client.get("/news/archive?page=2")).text
        for page in ("0", "3", "x", "-1", "9" * 40):
            assert 404 == (await client.get(f"/news/archive?page={page}")).status_code
    assert first.index("Number 24.") < first.index("Number 5.")
    assert "Number 4." not in first
    assert "Number 4." in second
    assert 'href="/news/archive?page=2"' in first


async def test_a_month_with_several_editions_is_named(web: WebHarness) -> None:
    """In the words of the page; where most months have one, their years are enough."""
    weekly = await web.add_list()
    for day in (20_580, 20_587, 20_594, 20_601, 20_608):  # 7 May to 4 June 2026
        await web.add_edition(weekly, f"e-{day}", started_at=day * 86_400)
    monthly = await web.add_list("monthly")
    for day in (20_580, 20_610, 20_640):
        await web.add_edition(monthly, f"e-{day}", started_at=day * 86_400)
    async with web.client() as client:
        page = (await client.get("/news/archive?language=es")).text
        other = (await client.get("/monthly/archive")).text
    assert ["Junio", "Mayo"] == re.findall(r'<h3 class="month">(\w+)</h3>', page)
    assert (1, 5) == (page.count('id="y2026"'), page.count("<h4"))
    assert (0, 3) == (other.count('class="month"'), other.count("<h3"))


async def test_the_index_shows_small_pictures(web: WebHarness) -> None:
    """The first file of an edition, if it is a picture that a page may load for this; else the letter of its title."""
    number = await web.add_list()
    for slug, assets in {
        "small": [("a b.png", "image/png", PNG), ("2.png", "image/png", PNG)],
        "large": [("1.png", "image/png", PNG + b"0" * MOST_OF_PICTURE)],
        "plan": [("1.pdf", "application/pdf", b"%PDF-1.7")],
        "drawn": [("1.svg", "image/svg+xml", b"<svg/>")],
    }.items():
        await web.add_edition(number, slug, title=f"The {slug}", assets=assets)
    bare = await web.add_list("bare")
    await web.add_edition(bare)
    async with web.client() as client:
        page, without = (await client.get("/news/archive")).text, (await client.get("/bare/archive")).text
        shown = re.findall(r'<img class="thumb" src="([^"]*)"[^>]* alt="" loading="lazy"', page)
        assert ["/news/archive/small/asset/a%20b.png"] == shown
        assert 200 == (await client.get(shown[0])).status_code
    assert ["D", "P", "L"] == re.findall(r'<span class="thumb" aria-hidden="true">(.)</span>', page)
    assert "thumb" not in without


@pytest.mark.parametrize(
    ("html", "may_scroll"),
    [
        ('<p style="color: red">Words</p>', False),
        ('<p style="color: red; width: 100%">Words</p>', False),
        ('<table role="presentation" width="100%" bgcolor="#eeeeee"><tr><td width="200">a</td></tr></table>', False),
        ('<table role="presentation" width="600" bgcolor="#eeeeee"><tr><td>a</td></tr></table>', True),
        ('<p style="color: red; min-width: 640px">Words</p>', True),
        ('<table bgcolor="#eeeeee"><tr><td>a</td></tr></table>', True),
        ("<style>p{color:red}</style><p>Words</p>", True),
        ("<table><tr><td>a</td></tr></table>", False),
    ],
)
async def test_only_a_design_that_may_be_too_wide_is_a_stop_of_the_keyboard(
    web: WebHarness, html: str, *, may_scroll: bool
) -> None:
    """A table in the page's own type has a region of its own around it."""
    await web.add_edition(await web.add_list(), html=html)
    async with web.client() as client:
        page = (await client.get("/news/archive/first")).text
    assert may_scroll is (re.search(r'<div class="edition[^>]* tabindex="0"', page) is not None)


async def test_an_edition_is_read_in_a_sandbox(web: WebHarness) -> None:
    """Whatever the author's HTML holds, the browser is told to run nothing and to fetch nothing but images of ours."""
    number = await web.add_list()
    hostile = '<script>alert(1)</script><form action="https://evil.example"><input></form><p>Read me</p>'
    await web.add_edition(number, html=hostile)
    async with web.client() as client:
        response = await client.get("/news/archive/first")
    policy = [part.strip() for part in response.headers["content-security-policy"].split(";")]
    expected = {
        "sandbox allow-forms allow-popups allow-popups-to-escape-sandbox",
        "form-action 'self'",
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


async def test_images_and_files_of_an_edition(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_edition(
        number,
        html='<img src="/news/archive/first/asset/1-boat.png" alt="A boat">',
        assets=[("1-boat.png", "image/png", PNG), ("plan.html", "text/html", b"<script>alert(1)</script>")],
    )
    async with web.client() as client:
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


async def test_a_draft_is_not_shown_and_a_canary_only_by_its_own_link(web: WebHarness) -> None:
    number = await web.add_list()
    await web.add_edition(number, "draft", state="draft", started_at=None, title="Draft.")
    await web.add_edition(number, "canary", state="paused", canary_copies=3, title="Canary.")
    await web.add_edition(number, "cancelled", state="cancelled", title="Cancelled.")
    async with web.client() as client:
        statuses = [
            (await client.get(f"/news/archive/{slug}")).status_code for slug in ("draft", "canary", "cancelled")
        ]
        listed = "".join(
            [
                (await client.get(path)).text
                for path in ("/news", "/news/archive", "/news/feed.atom", "/news/feed.json", "/news/search?q=boats")
            ]
        )
    assert [404, 200, 200] == statuses
    assert (False, False, False) == ("Draft." in listed, "Canary." in listed, "Cancelled." in listed)


@pytest.mark.parametrize(("archive", "status"), [("members", 403), ("off", 404)])
async def test_an_archive_that_is_not_public_shows_nothing(web: WebHarness, archive: str, status: int) -> None:
    number = await web.add_list(archive=archive)
    await web.add_edition(number, title="Secret title")
    async with web.client() as client:
        paths = ("archive", "archive?year=2026", "archive/first", "archive/first/asset/x.png", "feed.atom", "feed.json")
        for path in (*paths, "search?q=secret"):
            response = await client.get(f"/news/{path}")
            assert (status, False) == (response.status_code, "Secret" in response.text)
        page = await client.get("/news")
        assert 404 == (await client.get("/news/sitemap.xml")).status_code
        told = "".join([(await client.get(path)).text for path in ("/", "/sitemap.xml", "/robots.txt")])
    assert (200, False, False) == (page.status_code, "Secret" in page.text, "feed.atom" in page.text)
    assert (False, False) == ("Secret" in told, "/news/" in told)


async def test_the_latest_edition_has_an_address_that_stays(web: WebHarness) -> None:
    number = await web.add_list()
    async with web.client() as client:
        paths = [(await client.get("/news/latest")).headers["location"]]
        for slug in ("first", "second"):
            await web.add_edition(number, slug=slug)
            paths.append((await client.get("/news/latest")).headers["location"])
        unknown = await client.get("/nowhere/latest")
    assert (["/news", "/news/archive/first", "/news/archive/second"], 404) == (paths, unknown.status_code)


@pytest.mark.parametrize("archive", ["members", "off"])
async def test_one_that_not_everybody_may_read_leads_to_its_list(web: WebHarness, archive: str) -> None:
    number = await web.add_list(archive=archive)
    await web.add_edition(number)
    async with web.client() as client:
        assert "/news" == (await client.get("/news/latest")).headers["location"]


async def test_an_address_in_letters_of_any_script(web: WebHarness) -> None:
    """It is percent-encoded wherever it stands, and found; so are the images below it."""
    slug, encoded = "نشرة-الميناء", "%D9%86%D8%B4%D8%B1%D8%A9-%D8%A7%D9%84%D9%85%D9%8A%D9%86%D8%A7%D8%A1"
    number = await web.add_list()
    html = f'<p><img src="/news/archive/{slug}/asset/x.png" alt="x"></p>'
    await web.add_edition(number, slug, html=html, assets=[("x.png", "image/png", PNG)])
    async with web.client() as client:
        for path in ("/news", "/news/archive", "/news/sitemap.xml", "/news/feed.atom", "/news/feed.json"):
            page = (await client.get(path)).text
            assert f"/news/archive/{encoded}" in page, path
            assert f"archive/{slug}" not in page, path
        edition = await client.get(f"/news/archive/{encoded}")
        assert f'src="/news/archive/{encoded}/asset/x.png"' in edition.text
        assert 200 == (await client.get(f"/news/archive/{encoded}/asset/x.png")).status_code
    assert 200 == edition.status_code


async def test_a_year_has_a_page_of_its_own(web: WebHarness) -> None:
    number = await web.add_list()
    for year, at in {2024: 1_710_000_000, 2025: 1_750_000_000, 2026: 1_770_000_000}.items():
        await web.add_edition(number, f"e-{year}", started_at=at, title=f"Of {year}.")
    await web.add_edition(number, "dated", dated_at=1_710_000_001, title="Dated back.")
    async with web.client() as client:
        whole, page = (await client.get("/news/archive")).text, (await client.get("/news/archive?year=2024")).text
        for wrong in ("2023", "0", "x", "99999999"):
            assert 404 == (await client.get(f"/news/archive?year={wrong}")).status_code
    assert ["2026", "2025", "2024"] == re.findall(r'<h2 class="year"[^>]*>(\d+)', whole)
    assert '<a href="/news/archive?year=2024">2024</a> <span class="soft">2</span>' in whole
    assert (True, True, False) == ("Of 2024." in page, "Dated back." in page, "Of 2025." in page)
    assert '<link rel="canonical" href="https://news.example.org/news/archive?year=2024">' in page


async def test_what_is_found_is_shown_with_its_passage(web: WebHarness) -> None:
    """Marked, escaped, and never more than the archive holds; a query is shown again as it was typed."""
    number = await web.add_list()
    await web.add_edition(number, "first", title="<i>Boats</i>", text='The <b>first</b> boats & a "café".')
    async with web.client() as client:
        answer = await client.get("/news/search", params={"q": 'boats "><script>'})
        page = (await client.get("/news/search", params={"q": "boats cafe"})).text
        nothing, empty = await client.get("/news/search?q=zzz"), await client.get("/news/search?q=%22")
        assert 404 == (await client.get("/news/search?q=boats&page=2")).status_code
    assert (200, "noindex") == (answer.status_code, answer.headers["x-robots-tag"])
    assert "<script>" not in answer.text
    assert 'value="boats &#34;&gt;&lt;script&gt;"' in answer.text
    assert "The &lt;b&gt;first&lt;/b&gt; <mark>boats</mark> &amp; a &#34;<mark>café</mark>&#34;." in page
    assert '<a href="/news/archive/first">&lt;i&gt;Boats&lt;/i&gt;</a>' in page
    assert (200, 200) == (nothing.status_code, empty.status_code)
    assert "No editions match" in nothing.text


async def test_a_search_finds_the_newest_first_if_asked(web: WebHarness) -> None:
    """Also on its next page; and no passage begins with the title that stands above it."""
    number = await web.add_list()
    day = 86_400
    for index in range(25):
        text = "Boats\n=====\n\nAt the quay\n\n- A lamp\n- A rope\n" if index else "boats " * 9
        at = int(NOW) - (25 - index) * day
        await web.add_edition(number, f"e-{index}", started_at=at, title="Boats", text=text)
    async with web.client() as client:
        best = (await client.get("/news/search?q=boats")).text
        page = (await client.get("/news/search?q=boats&order=newest")).text
    assert re.findall(r'archive/(e-\d+)"', page)[:2] == ["e-24", "e-23"]
    assert 'href="/news/search?q=boats&amp;order=newest&amp;page=2"' in page
    for shown, mark in ((best, '/news/search?q=boats" aria-current'), (page, 'order=newest" aria-current')):
        assert mark in shown
    assert "<p>At the quay · A lamp · A rope" in page


async def test_very_many_searches_of_one_network_are_429(tmp_path: Path) -> None:
    """By the client that a trusted proxy names; other pages and other networks are served, and later it is, too."""
    limits = LimitSettings(searches_per_ip=Rate(2, 60.0))
    async with open_web(tmp_path, limits=limits) as web:
        await web.add_edition(await web.add_list())
        async with web.client() as client:
            headers = {"X-Forwarded-For": "2001:db8::1"}
            answers = [await client.get("/news/search?q=boats", headers=headers) for _ in range(3)]
            assert [200, 200, 429] == [answer.status_code for answer in answers]
            assert ("60", "no-store") == tuple(answers[2].headers[name] for name in ("retry-after", "cache-control"))
            same = {"X-Forwarded-For": "2001:db8::2:1"}
            for path, others, expected in (
                ("/news/search?q=boats", same, 429),
                ("/news/search", same, 200),
                ("/news/archive", same, 200),
                ("/news/search?q=boats", {"X-Forwarded-For": "2001:db8:1::1"}, 200),
            ):
                assert expected == (await client.get(path, headers=others)).status_code
            web.clock.now += 60
            assert 200 == (await client.get("/news/search?q=boats", headers=same)).status_code


async def test_too_many_searches_are_refused_in_the_language_of_the_list(tmp_path: Path) -> None:
    """On a page of that list, or on a page without a list where there is none of that name."""
    limits = LimitSettings(searches_per_ip=Rate(1, 60.0))
    async with open_web(tmp_path, limits=limits) as web:
        await web.add_edition(await web.add_list(language="pt-PT"))
        async with web.client() as client:
            await client.get("/news/search?q=boats")
            refused, nowhere = [await client.get(f"/{name}/search?q=boats") for name in ("news", "nothing")]
    assert [429, 429] == [refused.status_code, nowhere.status_code]
    assert "<h1>Demasiadas pesquisas</h1>" in refused.text
    assert '<a class="brand" href="/news"' in refused.text
    assert "<h1>Too many searches</h1>" in nowhere.text


async def test_whoever_reads_waits_for_one_search_at_most(web: WebHarness) -> None:
    """However many are asked for at once."""
    await web.add_edition(await web.add_list())
    archive_search = ArchiveSearch(web.context())
    done: list[str] = []

    async def search() -> None:
        await archive_search.search("news", "boats", network="192.0.2.1")
        done.append("search")

    async def read() -> None:
        await web.database.read(read_index, "news")
        done.append("index")

    await asyncio.gather(*(search() for _ in range(20)), read())
    assert done.index("index") <= 1


async def test_a_search_of_many_pages(web: WebHarness) -> None:
    number = await web.add_list()
    for index in range(25):
        await web.add_edition(number, f"e-{index}")
    async with web.client() as client:
        pages = [(await client.get(f"/news/search?q=boats&page={page}")).text for page in (1, 2)]
    assert [12, 12] == [page.count("<mark>") for page in pages]
    assert "25 editions found" in pages[0]
    assert 'href="/news/search?q=boats&amp;page=2"' in pages[0]


async def test_an_edition_says_to_machines_what_it_is(web: WebHarness) -> None:
    """Open Graph and schema.org; the data block cannot be left by what an edition says."""
    number = await web.add_list()
    await web.add_edition(
        number,
        title="</script><script>alert(1)</script>",
        html='<p>Hi</p><img src="/news/archive/first/asset/1-boat.png" alt="">',
        assets=[("1-boat.png", "image/png", PNG)],
    )
    async with web.client() as client:
        page = (await client.get("/news/archive/first")).text
    image = "https://news.example.org/news/archive/first/asset/1-boat.png"
    (block,) = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    data = json.loads(block)
    assert ("Article", "</script><script>alert(1)</script>", image) == (data["@type"], data["headline"], data["image"])
    assert ("2026-05-28T20:26:40Z", "en") == (data["datePublished"], data["inLanguage"])
    assert f'<meta property="og:image" content="{image}">' in page
    assert "<script>alert" not in page


async def test_an_edition_names_its_neighbours(web: WebHarness) -> None:
    """By date, and of one second by the order in which they went out."""
    number = await web.add_list()
    for slug in ("a", "b", "c"):
        await web.add_edition(number, slug, title=f"Number {slug}.")
    async with web.client() as client:
        page = (await client.get("/news/archive/b")).text
    assert '<a rel="prev" href="/news/archive/a" lang="en" dir="ltr">Number a.</a>' in page
    assert '<a rel="next" href="/news/archive/c" lang="en" dir="ltr">Number c.</a>' in page


async def test_a_sheet_of_its_own_stands_in_a_shadow(web: WebHarness) -> None:
    """Its rules reach only the edition; what it says of `body` goes to the edition's host."""
    number = await web.add_list()
    sheet = "<style>\nbody, html p { margin: 0 } .body { color: red } .p-bar { display: none }\n</style>"
    await web.add_edition(number, html=f"{sheet}\n<p>Hi</p>")
    async with web.client() as client:
        page = (await client.get("/news/archive/first")).text
    (shadow,) = re.findall(r'<template shadowrootmode="open">(.*?)</template>', page, re.DOTALL)
    assert ":host, :host p { margin: 0 } .body { color: red } .p-bar { display: none }" in shadow
    assert "display: none" not in page.replace(shadow, "").partition("</style>")[2]


async def test_a_file_is_handed_out_to_be_kept(web: WebHarness) -> None:
    """Whatever it is called, and whatever it says that it is."""
    number = await web.add_list()
    name = 'Überblick "1".svg'
    await web.add_edition(number, assets=[(name, "image/svg+xml", b"<svg onload=alert(1)>")])
    async with web.client() as client:
        page = (await client.get("/news/archive/first")).text
        (href,) = re.findall(r'href="(/news/archive/first/asset/[^"]+)"', page)
        file = await client.get(href)
    assert "attachment; filename*=UTF-8''%C3%9Cberblick%20%221%22.svg" == file.headers["content-disposition"]
    assert ("application/octet-stream", "nosniff") == (
        file.headers["content-type"],
        file.headers["x-content-type-options"],
    )


async def test_search_engines_are_told_of_public_archives_alone(web: WebHarness) -> None:
    """Listed ones, closed ones among them; each edition with its date."""
    number = await web.add_list()
    await web.add_edition(number)
    await web.add_list("hidden")
    await web.write("update list set listed = 0 where name = 'hidden'")
    await web.close_list()
    async with web.client() as client:
        robots = (await client.get("/robots.txt")).text
        all_of_them = (await client.get("/sitemap.xml")).text
        sitemap = await client.get("/news/sitemap.xml")
        again = await client.get("/news/sitemap.xml", headers={"If-None-Match": sitemap.headers["etag"]})
    assert "Sitemap: https://news.example.org/sitemap.xml" in robots.splitlines()
    assert ["https://news.example.org/news/sitemap.xml"] == re.findall("<loc>(.*?)</loc>", all_of_them)
    expected = ["/news", "/news/archive", "/news/archive/first"]
    assert [f"https://news.example.org{path}" for path in expected] == re.findall("<loc>(.*?)</loc>", sitemap.text)
    assert "<lastmod>2026-05-28T20:26:40Z</lastmod>" in sitemap.text
    assert 304 == again.status_code


async def test_a_page_that_is_kept_stays_one_for_each_language(web: WebHarness) -> None:
    """A cache is told with 304 what it was told with 200 (RFC 9110 §15.4.5)."""
    number = await web.add_list()
    await web.add_edition(number)
    async with web.client() as client:
        for path in ("/news/archive", "/news/archive/first"):
            first = await client.get(path)
            again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (304, "Accept-Language") == (again.status_code, again.headers["vary"])
