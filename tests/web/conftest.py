"""A harness for every test of this room, and templates that are compiled once for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from jinja2 import Environment, FileSystemBytecodeCache
from tests.web.harness import WebHarness, open_web

from pressrun.web import pages


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test makes a new app, often for each request, and all apps have the same templates."""
    kept = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Environment", partial(Environment, bytecode_cache=kept))
        yield


@pytest_asyncio.fixture
async def web(tmp_path: Path) -> AsyncIterator[WebHarness]:
    async with open_web(tmp_path) as opened:
        yield opened
