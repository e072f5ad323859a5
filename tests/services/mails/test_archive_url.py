"""Where a reader's copy leads on the web."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.message.builders import site

from pressrun.services.mails.copy_composer import archive_url, latest_url


@pytest.mark.parametrize(
    ("archive", "slug", "path"),
    [
        ("public", "first", "news/archive/first"),
        ("public", "رسالة", "news/archive/%D8%B1%D8%B3%D8%A7%D9%84%D8%A9"),
        ("members", "港", "read/TOKEN/archive/%E6%B8%AF"),
        ("members", "", "read/TOKEN/archive"),
        ("off", "first", "news"),
    ],
)
def test_the_address_of_an_edition_is_percent_encoded(archive: str, slug: str, path: str) -> None:
    target: Any = SimpleNamespace(name="news", archive=archive)
    assert f"https://news.harbour.example/{path}" == archive_url(site(), target, slug, lambda: "TOKEN")


@pytest.mark.parametrize(
    ("archive", "path"), [("public", "news/latest"), ("members", "read/TOKEN/latest"), ("off", "news/latest")]
)
def test_the_latest_edition_of_an_archive_for_members_is_behind_the_readers_own_link(archive: str, path: str) -> None:
    target: Any = SimpleNamespace(name="news", archive=archive)
    assert f"https://news.harbour.example/{path}" == latest_url(site(), target, lambda: "TOKEN")
