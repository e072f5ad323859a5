"""The archive from outside: what mails link to, and what is taken away of it."""

from __future__ import annotations

import email.policy
import mailbox
import re
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import feedparser
import pytest
from tests.browser.chromium import Browser
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import HOST, Instance
from tests.message.builders import PNG

PERSONAL = """\
---
subject: High water, {{ name | default: reader }}
attachments: [plan.pdf]
date: 2026-05-01
---

# High water

Dear {{ name | default: reader }}, you read this as {{ email }}.

From here on the tide is in. ![A boat](boat.png)

[Leave]({{ unsubscribe_url }}), [choose]({{ preferences_url }}), [read on the web]({{ archive_url }}).
"""
OTHER = "---\nsubject: Low water\n---\n\nFrom now on:\n\n>From the quay, and From the boat.\n"


def set_up(instance: Instance) -> None:
    instance.write("boat.png", PNG)
    instance.write("plan.pdf", b"%PDF-1.7")
    instance.start()
    instance.send(PERSONAL, "--wait")
    instance.send(OTHER, "--wait")


def test_mails_name_the_page_of_their_edition(instance: Instance) -> None:
    """Archived-At is the page's own address; pictures and files are there, and nothing of a reader."""
    set_up(instance)
    mail = instance.mails()[0].message
    where = re.sub(r"\s", "", str(mail["Archived-At"])).strip("<>")
    page = instance.get(urlsplit(where).path)
    assert 200 == page.status
    assert f'<link rel="canonical" href="{where}">' in page.text
    assert "Dear reader, you read this as ." in page.text
    assert [] == [word for word in (*READERS, "/unsubscribe/", "/preferences/") if word in page.text]
    shown = re.findall(r'(?:src|href)="(/news/archive/[^"]+/asset/[^"]+)"', page.text)
    assert {"1-boat.png", "plan.pdf"} == {path.rpartition("/")[2] for path in shown}
    assert 200 == instance.get("/news/archive/high-water-reader/asset/plan.pdf").status
    assert "Low water" in instance.get("/news/search?q=quay").text
    assert 304 == instance._ask("GET", "/news/feed.atom", None, {"If-None-Match": etag(instance)}).status


def etag(instance: Instance) -> str:
    return instance.get("/news/feed.atom").headers["etag"]


def test_mails_of_a_members_archive_lead_their_reader_in(instance: Instance) -> None:
    """Each holds one link, the same in every mail; with the reader it goes."""
    instance.do("list", "set", "news", "archive=members")
    set_up(instance)
    assert 403 == instance.get("/news/archive").status
    links: dict[str, set[str]] = {}
    for mail in instance.mails():
        assert mail.message["Archived-At"] is None
        links.setdefault(mail.rcpt_to, set()).update(
            re.findall(rf"https://{re.escape(HOST)}(/read/[^/\s]+)", mail.text)
        )
    assert [1, 1, 1] == [len(paths) for paths in links.values()]
    assert 3 == len(set.union(*links.values()))
    path = links[READERS[0]].pop()
    index = instance.get(path)
    assert (200, True, True) == (index.status, "High water" in index.text, "Low water" in index.text)
    assert "Dear reader" in instance.get(f"{path}/archive/high-water-reader").text
    instance.do("subscriber", "rm", "news", READERS[0])
    assert 404 == instance.get(path).status
    assert 200 == instance.get(links[READERS[1]].pop()).status


def test_an_archive_becomes_a_folder_of_pages(instance: Instance) -> None:
    """With a running daemon and without one the same files; all that they link to is there, and nothing of a reader."""
    set_up(instance)
    first, second = instance.folder / "first", instance.folder / "second"
    export = instance.json("archive", "export", "news", str(first))
    assert {"list": "news", "format": "site", "output": str(first), "editions": 2} == export
    assert instance.daemon is not None
    assert 0 == instance.daemon.stop()
    instance.do("archive", "export", "news", str(second))
    files = sorted(str(path.relative_to(first)) for path in first.rglob("*") if path.is_file())
    assert [
        "archive/high-water-reader.html",
        "archive/high-water-reader/1-boat.png",
        "archive/high-water-reader/plan.pdf",
        "archive/low-water.html",
        "feed.atom",
        "feed.json",
        "index.html",
    ] == files
    assert [(first / name).read_bytes() for name in files] == [(second / name).read_bytes() for name in files]
    assert [] == dead_links(first)
    everything = b"".join((first / name).read_bytes() for name in files)
    assert [] == [word for word in (*READERS, "/unsubscribe/") if word.encode() in everything]
    feed = feedparser.parse((first / "feed.atom").read_bytes())
    assert (False, 2) == (feed.bozo, len(feed.entries))


def dead_links(folder: Path) -> list[str]:
    """Relative links of the pages that lead to no file."""
    return [
        f"{page.name}: {link}"
        for page in folder.rglob("*.html")
        for link in re.findall(r'(?:href|src)="([^"#]+)[^"]*"', page.read_text("utf-8"))
        if not urlsplit(link).scheme and not (page.parent / unquote(link)).is_file()
    ]


def test_the_feeds_of_a_folder_name_where_it_is_served(instance: Instance) -> None:
    """With --base-url links and pictures are those of the folder; an edition keeps its id, so that none comes twice."""
    set_up(instance)
    instance.do("archive", "export", "news", "site", "--base-url", "https://old.example/letters/")
    feed = feedparser.parse((instance.folder / "site" / "feed.atom").read_bytes(), sanitize_html=False)
    entry = next(entry for entry in feed.entries if entry.title.startswith("High"))
    assert f"https://{HOST}/news/archive/high-water-reader" == entry.id
    assert "https://old.example/letters/archive/high-water-reader.html" == entry.link
    assert "https://old.example/letters/archive/high-water-reader/1-boat.png" in entry.content[0].value


@pytest.mark.needs("chromium")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_folder_opens_from_a_disk(instance: Instance, browser: Browser) -> None:
    """Chromium shows pages and pictures without a server, and asks for nothing else."""
    set_up(instance)
    instance.do("archive", "export", "news", "site")
    async with browser.window(width=320) as window:
        console: list[str] = []
        window.page.on("console", lambda message: console.append(message.text))
        await window.go((instance.folder / "site" / "index.html").as_uri())
        assert ([], []) == (await window.axe(), await window.sideways())
        await window.page.click("text=High water")
        await window.page.wait_for_url("**/high-water-reader.html")
        widths = await window.page.evaluate("() => [...document.images].map(image => image.naturalWidth)")
        assert ([1], [], []) == (widths, await window.axe(), await window.sideways())
        await window.page.click("text=Archive")
        await window.page.wait_for_url("**/index.html")
        assert [] == [url for url in window.requests if not url.startswith(("file:", "data:"))]
        assert [] == console


def test_an_archive_becomes_an_mbox(instance: Instance) -> None:
    """Python's mailbox reads it: the messages as they were sent, oldest first, personal parts blank, lines intact."""
    set_up(instance)
    instance.do("archive", "export", "news", "news.mbox", "--format", "mbox")
    content = (instance.folder / "news.mbox").read_bytes()
    assert 2 == len(re.findall(rb"^From news@\S+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$", content, re.MULTILINE))
    messages = read_mbox(instance.folder / "news.mbox")
    assert ["High water, reader", "Low water"] == [str(message["Subject"]) for message in messages]
    high = messages[0]
    assert {f"<https://{HOST}/news/archive/high-water-reader>", f"news@{HOST}", "01 May 2026"} == {
        re.sub(r"\s", "", str(high["Archived-At"])),
        str(high["To"]),
        str(high["Date"])[5:16],
    }
    assert [] == [name for name in high if name.lower() in ("list-unsubscribe", "feedback-id", "cfbl-feedback-id")]
    assert high["Message-ID"] not in {mail.message["Message-ID"] for mail in instance.mails()}
    assert {"image/png": PNG, "application/pdf": b"%PDF-1.7"} == {
        part.get_content_type(): part.get_payload(decode=True)
        for part in high.walk()
        if part.get_content_maintype() in ("image", "application")
    }
    assert "Dear reader, you read this as ." in text_of(high)
    assert [] == [word for word in (*READERS, "/unsubscribe/") if word.encode() in content]
    assert content == instance.do("archive", "export", "news", "-", "--format", "mbox").out.encode()


def read_mbox(path: Path) -> list[EmailMessage]:
    messages = []
    with closing(mailbox.mbox(path, create=False)) as box:
        for key in box.keys():  # noqa: SIM118 - iterating a mailbox gives messages of the old kind
            message = email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            messages.append(message)
    return messages


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_nothing_is_written_over_and_nothing_by_halves(instance: Instance) -> None:
    """73 where something is, also a file in a folder; 64 for what makes no sense, 1 for a list that is not there."""
    (instance.folder / "full").mkdir()
    instance.write("full/mine.txt", "mine")
    instance.write("there.mbox", "mine")
    for code, arguments in (
        (73, ("news", "full")),
        (73, ("news", "there.mbox", "--format", "mbox")),
        (73, ("news", "there.mbox")),
        (64, ("news", "-")),
        (64, ("news", "site", "--base-url", "letters")),
        (64, ("news", "x.mbox", "--format", "mbox", "--base-url", "https://old.example")),
        (1, ("nowhere", "site")),
    ):
        result = instance.run("archive", "export", *arguments, "--json")
        assert (code, True) == (result.code, bool(result.json["error"])), arguments
    assert ["mine.txt"] == [path.name for path in (instance.folder / "full").iterdir()]
    assert not (instance.folder / "site").exists()
    (instance.folder / "empty").mkdir()
    instance.do("archive", "export", "news", "empty")
    assert (instance.folder / "empty" / "index.html").is_file()
    assert [] == [path.name for path in instance.folder.iterdir() if path.name.startswith(".")]


def test_what_nobody_may_read_is_the_operators_still(make_instance: MakeInstance) -> None:
    """An archive that is off can be taken along, with a word of warning."""
    instance = make_instance()
    instance.do("list", "set", "news", "archive=off")
    instance.start()
    instance.send(OTHER, "--wait")
    result = instance.do("archive", "export", "news", "site")
    assert "archive of news is off" in result.err
    assert "Low water" in (instance.folder / "site" / "index.html").read_text("utf-8")
    assert "canonical" not in (instance.folder / "site" / "archive" / "low-water.html").read_text("utf-8")
