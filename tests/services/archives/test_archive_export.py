"""What an archive export reads: every edition that the archive shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.delivery.harness import DeliveryHarness, open_delivery

from pressrun.core.site import Site
from pressrun.services.archives.archive_export import read_contents, read_message, read_whole
from pressrun.store.lists.lists import find_list
from pressrun.store.transaction import Transaction


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as opened:
        yield opened


async def test_all_editions_are_exported_newest_first_with_their_texts(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    for text in ("The tide is out.", "The tide is in."):
        await harness.edition(text)
        harness.pass_time(60)
        await harness.send_all()

    def read(tx: Transaction) -> list[tuple[str, bool]]:
        target = find_list(tx, "news")
        assert target is not None
        slugs = [edition.slug for edition in read_contents(tx, "news").editions]
        site = Site(base_url="https://n.example", mail_domain="lists.example", receives_mail=True)
        return [
            (read_whole(tx, target, slug)[0].text, b"The tide" in read_message(tx, target, slug, site))
            for slug in slugs
        ]

    exported = await harness.services.database.read(read)
    assert [("The tide is in.", True), ("The tide is out.", True)] == [
        (text.strip(), whole) for text, whole in exported
    ]
