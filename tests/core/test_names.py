"""Names of lists: what may be one, and that no name collides with an address or a path of its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.core.names import MAX_NAME, RESERVED, SUFFIXES, parse_list_name


@pytest.mark.parametrize("name", ["a", "7", "news", "a-b", "a--b", "x" * MAX_NAME, "owner", "news-ownership"])
def test_a_short_lower_case_word_names_a_list(name: str) -> None:
    assert name == parse_list_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "News", "a_b", "a.b", "a b", "ä", "x" * (MAX_NAME + 1), "a\n", "a/b", "a+b", "²"]
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot name a list"):
        parse_list_name(name)


@pytest.mark.parametrize("name", sorted(RESERVED - {"mailer-daemon"}))
def test_first_segments_of_other_pages_and_role_addresses_are_reserved(name: str) -> None:
    with pytest.raises(BadInput, match="is reserved"):
        parse_list_name(name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_name_that_looks_like_a_command_address_is_refused(suffix: str) -> None:
    with pytest.raises(BadInput, match="command address"):
        parse_list_name(f"x-{suffix}")


@given(st.text(alphabet="ab9-.+@/ AÄ\n", max_size=30))
def test_a_name_never_needs_quoting(text: str) -> None:
    try:
        name = parse_list_name(text)
    except BadInput:
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    assert not any(name.endswith(f"-{suffix}") for suffix in SUFFIXES)
