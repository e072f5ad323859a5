"""The words of assets/member_states.toml: each has one meaning, however it is written."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pressrun.assets import AssetError, read_asset
from pressrun.operations.sources import states
from pressrun.operations.sources.states import (
    COMPLAINED,
    UNCONFIRMED,
    UNSUBSCRIBED,
    is_exit_word,
    read_state,
    state_words,
)


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A copy of the file, which is read anew."""
    changed = copy.deepcopy(read_asset("member_states"))
    monkeypatch.setattr(states, "read_asset", {"member_states": changed}.__getitem__)
    monkeypatch.setattr(states, "state_words", state_words.__wrapped__)
    return changed


def test_accents_blanks_and_punctuation_make_no_difference() -> None:
    assert [UNSUBSCRIBED] * 3 == [read_state(word) for word in ("opted out", "Opted-Out", "OPTEDOUT")]
    assert [UNCONFIRMED, UNCONFIRMED] == [read_state("Unbestätigt"), read_state("unbestatigt")]
    assert COMPLAINED == read_state("Marked as spam")


@pytest.mark.parametrize("cell", ["Unsubscribed", "opted_out", "OptedOut", "désabonné", "Desabonne", " not confirmed "])
def test_a_word_for_leaving_is_one_in_any_column(cell: str) -> None:
    assert is_exit_word(cell)


@pytest.mark.parametrize("cell", ["", "left", "active", "Opting", "ja"])
def test_a_common_word_is_not(cell: str) -> None:
    assert not is_exit_word(cell)


def test_a_word_with_two_meanings_is_a_mistake_in_the_file(file: dict[str, Any]) -> None:
    file["other_states"]["active"]["English"].append("Opted-Out")
    with pytest.raises(AssetError, match=r"member_states.toml: unsubscribed: 'opted out' means another state as well"):
        states.state_words()


def test_so_is_a_state_that_does_not_exist(file: dict[str, Any]) -> None:
    file["states"]["away"] = ["gone"]
    with pytest.raises(AssetError, match=r"member_states.toml: away: is not one of blocked, complained"):
        states.state_words()
