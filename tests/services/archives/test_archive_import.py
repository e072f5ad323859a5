"""Old archives as finished editions: dated, cleaned, once each, and never sent."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from tests.database import select
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.services.answers import Answer
from pressrun.services.archives.archive_export import read_contents
from pressrun.services.archives.archived_edition import read_edition
from pressrun.services.reports import edition_descriptions
from pressrun.store.lists import lists

THEN = 1_588_334_400  # 2020-05-01T12:00:00Z
SOURCE = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>High water.</p><script>alert(1)</script>\r\n"
)


async def add(services: ServiceHarness, source: bytes = SOURCE, identity: str = "one@old.example") -> Answer:
    return await services.archive_import.add("news", source, THEN, identity)


async def test_a_message_is_a_finished_edition_of_its_date(tmp_path: Path) -> None:
    """It has no audience, no copy and no notice, however many readers there are; scripts are gone."""
    async with open_services(tmp_path) as services:
        await services.make_list()
        await services.subscribers.add("news", parse_address("ada@reader.example"))
        assert "added" == (await add(services))["outcome"]
        contents = await services.database.read(read_contents, "news")
        shown = contents.editions[0]
        assert ("Grüße", THEN) == (shown.title, shown.published_at)
        rows = "select state, audience, dated_at from edition"
        assert [("finished", 0, THEN)] == [tuple(row) for row in await select(services.database, rows)]
        assert [] == await select(services.database, "select id from delivery")
        page = await services.database.read(lambda tx: read_edition(tx, lists.get_list(tx, "news"), shown.slug))
        assert page is not None
        assert "High water." in (page.html or "")
        assert "script" not in (page.html or "")


async def test_the_same_message_again_changes_nothing(tmp_path: Path) -> None:
    """By its Message-ID, though its octets differ; another one is another edition."""
    async with open_services(tmp_path) as services:
        await services.make_list()
        first = await add(services)
        again = await add(services, SOURCE + b"\r\n-- \r\nfooter\r\n")
        other = await add(services, identity="two@old.example")
        outcomes = [answer["outcome"] for answer in (first, again, other)]
        assert ["added", "unchanged", "added"] == outcomes
        assert 2 == len(await select(services.database, "select id from edition"))


async def test_braces_in_a_message_are_text(tmp_path: Path) -> None:
    """Its author knew nothing of our fields."""
    source = (
        b"Subject: Use {{ x }} now\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<pre>{{ name }} \\{{ y }} {{</pre><a href='https://old.example/?q=%7B%7Bname%7D%7D'>z</a>\r\n"
    )
    async with open_services(tmp_path) as services:
        await services.make_list()
        await add(services, source)
        (shown,) = (await services.database.read(read_contents, "news")).editions
        assert "Use {{ x }} now" == shown.title
        page = await services.database.read(lambda tx: read_edition(tx, lists.get_list(tx, "news"), shown.slug))
        assert page is not None
        assert "{{ name }} \\{{ y }} {{</pre>" in (page.html or "")
        assert "?q={{" in unquote(page.html or "")
        (listed,) = await services.database.read(edition_descriptions.list_editions, "news", THEN)
        assert "Use {{ x }} now" == at_defaults(listed.subject)


async def test_a_message_without_postal_address_or_with_odd_fields_is_history_all_the_same(tmp_path: Path) -> None:
    """What would stop an edition from being sent is no reason to lose an old one; a broken message is refused."""
    async with open_services(tmp_path) as services:
        await services.make_list(postal_address="")
        odd = b"Subject: Odd\r\n\r\nHello {{ nobody }}\r\n"
        assert "added" == (await add(services, odd))["outcome"]
        broken = await add(services, b"Subject: x\r\n" * 40_000, identity="b@old.example")
        assert "refused" == broken["outcome"]
        assert "KiB" in str(broken["reason"])
