"""The lives of a subscription, an edition and a copy: enum, CHECK and picture name the same states, and no sequence of
events of the first two leads out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.lifecycles import delivery, edition, subscription
from pressrun.core.lifecycles.delivery import DeliveryState, FailureKind
from pressrun.core.lifecycles.edition import EditionEvent, EditionState
from pressrun.core.lifecycles.subscription import SubscriptionEvent, SubscriptionState
from pressrun.store.sqlite.migrate import package_schema

SCHEMA = package_schema()
LIVES: list[tuple[str, ModuleType, type[StrEnum], type[StrEnum]]] = [
    ("subscription", subscription, SubscriptionState, SubscriptionEvent),
    ("edition", edition, EditionState, EditionEvent),
]
life = pytest.mark.parametrize(("table", "room", "states", "events"), LIVES, ids=[name for name, *_ in LIVES])


def allowed_by_check(table: str, column: str) -> set[str]:
    body = SCHEMA.split(f"create table {table} (")[1].split("strict")[0]
    match = re.search(rf"check \({column} in \(([^)]*)\)\)", body)
    assert match is not None
    return set(re.findall(r"'([^']*)'", match[1]))


@life
def test_the_table_takes_exactly_the_states_of_the_enum(
    table: str, room: ModuleType, states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert {state.value for state in states} == allowed_by_check(table, "state")


def test_the_states_of_a_copy_are_those_of_the_table_and_of_the_picture() -> None:
    states = {state.value for state in DeliveryState}
    assert states == allowed_by_check("delivery", "state")
    assert set() == states - set(re.findall(r"[a-z_]+", delivery.__doc__ or ""))


def test_the_table_takes_exactly_the_kinds_of_failure() -> None:
    assert {kind.value for kind in FailureKind} == allowed_by_check("delivery", "kind")


@life
def test_the_picture_names_every_state_and_every_event_that_leads_somewhere(
    table: str, room: ModuleType, states: type[StrEnum], events: type[StrEnum]
) -> None:
    picture = room.__doc__ or ""
    assert set() == {state.value for state in states} - set(re.findall(r"[a-z_]+", picture))
    assert [] == [event.value for _, event in room.TRANSITIONS if event.value not in picture]


@life
def test_every_state_can_be_reached_and_every_event_can_happen(
    table: str, room: ModuleType, states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert set(states) == {state for state, _ in room.TRANSITIONS if state} | set(room.TRANSITIONS.values())
    assert set(events) == {event for _, event in room.TRANSITIONS}


@life
def test_no_sequence_of_events_leaves_the_table(
    table: str, room: ModuleType, states: type[StrEnum], events: type[StrEnum]
) -> None:
    @given(st.sampled_from([None, *states]), st.lists(st.sampled_from(sorted(events)), max_size=30))
    def walk(state: Any, happening: list[StrEnum]) -> None:
        move: Callable[[Any, StrEnum], StrEnum | None] = room.move
        for event in happening:
            state = move(state, event) or state
            assert state is None or state in states

    walk()


def test_who_left_only_comes_back_by_their_own_request() -> None:
    ways = [event for event in SubscriptionEvent if subscription.move(SubscriptionState.UNSUBSCRIBED, event)]
    assert [SubscriptionEvent.SIGN_UP, SubscriptionEvent.RETURN] == ways


def test_nobody_becomes_active_by_signing_up_alone() -> None:
    ways = {event for (_, event), after in subscription.TRANSITIONS.items() if after is SubscriptionState.ACTIVE}
    assert {
        SubscriptionEvent.CONFIRM,
        SubscriptionEvent.ADD,
        SubscriptionEvent.RESUME,
        SubscriptionEvent.RETURN,
    } == ways


def test_an_edition_that_is_over_sends_only_what_failed() -> None:
    ways = {
        (state, event)
        for state in (EditionState.FINISHED, EditionState.CANCELLED)
        for event in EditionEvent
        if edition.move(state, event)
    }
    assert {(EditionState.FINISHED, EditionEvent.REOPEN)} == ways


@pytest.mark.parametrize(("has_started", "state"), [(True, EditionState.SENDING), (False, EditionState.SCHEDULED)])
def test_a_paused_edition_goes_on_where_it_stood(has_started: bool, state: EditionState) -> None:
    assert state is edition.resumed(has_started=has_started)
