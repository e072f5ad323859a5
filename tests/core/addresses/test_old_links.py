"""Reading links, addresses and commands of other programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.addresses.old_links import (
    OldKind,
    digest_of_address,
    digest_of_campaign,
    digest_of_path,
    digest_of_person,
    path_digests,
    read_command,
    read_personal_link,
)

ISSUE, READER = "7d3c5f1e-33d1-4d2c-9c55-0a64c5a3ad11", "c9a1d6de-6d0e-4b0f-b5e8-7e0a2d3b5c11"


def test_a_page_is_found_by_the_beginning_of_its_path() -> None:
    """So that a message of an old archive leads to the archive."""
    digests = path_digests("/pipermail/news/2020-May/000001.html", {})
    assert digest_of_path("/pipermail/news/") in digests
    assert digest_of_path("/pipermail/other") not in digests


def test_phplist_names_its_pages_in_the_query() -> None:
    """With and without the name of the file."""
    wanted = digest_of_path("/lists", "?p=subscribe&id=2")
    for path in ("/lists", "/lists/", "/lists/index.php"):
        assert wanted == path_digests(path, {"p": "subscribe", "id": "2"})[0]


def test_each_folder_above_is_tried_once_and_never_the_whole_site() -> None:
    """The nearest first."""
    assert [digest_of_path(path) for path in ("/a/b/c", "/a/b", "/a")] == path_digests("/a/b/c", {})
    assert 8 == len(path_digests("/a/b/c/d/e/f/g/h", {}))


@pytest.mark.parametrize("path", ["/" + "x" * 400, "/a/b/c/d/e/f/g/h/i"])
def test_a_path_that_is_too_long_is_not_looked_up(path: str) -> None:
    """Each lookup has a bound."""
    assert [] == path_digests(path, {})


def test_a_link_of_listmonk_names_the_issue_and_the_reader() -> None:
    """In any case, and below any folder."""
    link = read_personal_link(f"/lm/subscription/{ISSUE}/{READER.upper()}", {})
    assert link == (digest_of_person(READER), digest_of_campaign(ISSUE), False)
    managing = read_personal_link(f"/subscription/{ISSUE}/{READER}", {"manage": "true"})
    assert managing is not None
    assert managing.wants_preferences


@pytest.mark.parametrize("page", ["unsubscribe", "blacklist", "donotsend", "preferences"])
def test_a_link_of_phplist_names_the_reader(page: str) -> None:
    """Only preferences lead to the preferences."""
    link = read_personal_link("/lists/", {"p": page, "uid": "0123456789abcdef0123456789abcdef"})
    assert link == (digest_of_person("0123456789abcdef0123456789abcdef"), None, page == "preferences")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/lists/", {"p": "confirm", "uid": "0123456789abcdef"}),  # it never agreed, so the link must not do anything
        ("/lists/", {"p": "unsubscribe"}),
        ("/lists/", {"p": "unsubscribe", "uid": "x"}),
        (f"/subscription/{ISSUE}", {}),
        (f"/subscription/optin/{READER}", {}),
        ("/news", {}),
    ],
)
def test_anything_else_is_no_personal_link(path: str, query: dict[str, str]) -> None:
    """So it is an ordinary request."""
    assert read_personal_link(path, query) is None


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("unsubscribe news", (OldKind.UNSUBSCRIBE, "news")),
        ("SIG News", (OldKind.UNSUBSCRIBE, "news")),
        ("signoff news@lists.example.org", (OldKind.UNSUBSCRIBE, "news")),
        ("sub news Ada Lovelace", (OldKind.SUBSCRIBE, "news")),
        ("subscribe news", (OldKind.SUBSCRIBE, "news")),
        ("unsubscribe *", None),
        ("Re: hello", None),
        ("subscribers news", None),
        ("", None),
    ],
)
def test_commands_to_a_whole_server(subject: str, expected: tuple[OldKind, str] | None) -> None:
    """As List-Subscribe and List-Unsubscribe of Sympa write them."""
    assert expected == read_command(subject)


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_nothing_breaks_the_readers(text: str, query: dict[str, str]) -> None:
    """Whatever comes."""
    path_digests(f"/{text}", query)
    read_personal_link(f"/{text}", query)
    read_command(text)
    assert digest_of_address(text, "D.example") == digest_of_address(text.lower(), "d.EXAMPLE") or text.lower() != text
