"""Pages as long as a book: what they were made of is gone with them."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from tests.web.harness import WebHarness

from pressrun.services.archives.archived_edition import ArchivedEdition


@pytest.fixture
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collection")
async def test_a_large_page_leaves_nothing_behind(web: WebHarness) -> None:
    """Otherwise what a hundred visitors have seen would fill the memory before it is collected."""
    await web.add_edition(await web.add_list(), html=None, text="words " * 200_000)
    async with web.client() as client:
        page = await client.get("/news/archive/first")
    assert len(page.content) > 1_000_000
    assert [] == [edition for edition in gc.get_objects() if isinstance(edition, ArchivedEdition)]
