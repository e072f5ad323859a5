"""What a move does, decided before it is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput, NotFound
from pressrun.core.names import MAX_NAME, parse_list_name
from pressrun.operations.installations.installation import OldList, origin_of
from pressrun.operations.installations.plan import Present, plan_lists, propose_name

D = "news.example"


def old(name: str, **settings: str) -> OldList:
    return OldList(key=f"{name}@old.example", name=name, title=name, settings=settings)


@given(st.text(max_size=40), st.sets(st.sampled_from(["list", "a", "news", "a-2", "list-2"])))
def test_any_name_becomes_a_valid_one_that_is_free(text: str, taken: set[str]) -> None:
    name = propose_name(text, taken)
    assert name == parse_list_name(name)
    assert name not in taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("News", "news"),
        ("a.list_with-quite_a_long.name", "a-list-with-quite-a-long"),
        ("Büro & Co.", "buro-co"),
        ("admin", "admin-list"),
        ("news-owner", "news-owner-list"),
        ("李雷", "list"),
    ],
)
def test_a_name_stays_as_close_as_it_can(text: str, expected: str) -> None:
    assert expected == propose_name(text, ())
    assert len(expected) <= MAX_NAME


def test_lists_of_one_name_get_two() -> None:
    moves = plan_lists("x", [old("a.b"), old("a_b"), old("c")], ["a_b@old.example", "a.b=second"], Present(), D)
    assert [("a.b@old.example", "second"), ("a_b@old.example", "a-b")] == [(move.old.key, move.name) for move in moves]
    assert ["a-b", "a-b-2", "c"] == [
        move.name for move in plan_lists("x", [old("a.b"), old("a_b"), old("c")], [], Present(), D)
    ]


def test_an_earlier_run_is_recognised_by_where_its_list_came_from() -> None:
    """Not by its name, which another list may have had."""
    digest = origin_of("x", "news@old.example")[0]
    begun = Present(names=frozenset({"letter"}), origins={digest: "letter"})
    (move,) = plan_lists("x", [old("news")], [], begun, D)
    assert ("letter", True) == (move.name, move.is_begun)
    (other,) = plan_lists("y", [old("news")], [], begun, D)
    assert ("news", False) == (other.name, other.is_begun)


def test_every_name_that_cannot_be_had_is_named_at_once() -> None:
    present = Present(names=frozenset({"news", "other"}))
    with pytest.raises(BadInput, match=r"(?s)news@old\.example.*other@old\.example"):
        plan_lists("x", [old("news"), old("other")], [], present, D)
    with pytest.raises(BadInput, match="given twice"):
        plan_lists("x", [old("news"), old("other")], ["news=a", "other=a"], Present(), D)
    with pytest.raises(NotFound, match=r"Its lists: news@old\.example"):
        plan_lists("x", [old("news")], ["nothing"], Present(), D)


def test_settings_that_cannot_be_had_are_left_behind_before_anything_is_done() -> None:
    """Else the list would fail in the middle of the move."""
    source = old("news", language="qqq", owner=f"news-owner@{D}", description="a\x07b" + "x" * 5000, listed="true")
    (move,) = plan_lists("x", [source], [], Present(), D)
    assert {"listed", "description"} == move.old.settings.keys()
    assert move.old.settings["description"].startswith("a bx")
    assert ["language", "owner"] == [text.partition(":")[0] for text in move.old.left_behind]
