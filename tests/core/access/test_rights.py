"""What holdings say of a list, compared with the plain sets of rights that they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.access.rights import (
    OPERATOR,
    OWNER,
    Holdings,
    ReaderAccess,
    Right,
    Role,
    TokenScope,
    rights_of_role,
    rights_of_scope,
)

RIGHTS = st.frozensets(st.sampled_from(Right), max_size=3)
LISTS = ("news", "crew", "tides")
HOLDINGS = st.builds(Holdings, everywhere=RIGHTS, by_list=st.dictionaries(st.sampled_from(LISTS[:2]), RIGHTS))


def on(held: Holdings, name: str) -> frozenset[Right]:
    return held.everywhere | held.by_list.get(name, frozenset())


@given(HOLDINGS, st.sampled_from(Right))
def test_a_right_is_held_where_it_was_given(held: Holdings, right: Right) -> None:
    """Everywhere, or on that list; SELF is everybody's."""
    is_own = right is Right.SELF
    assert (is_own or right in held.everywhere) is held.has(right)
    assert [is_own or right in on(held, name) for name in LISTS] == [held.has(right, name) for name in LISTS]
    assert (is_own or any(right in on(held, name) for name in LISTS)) is held.has_somewhere(right)


@given(HOLDINGS)
def test_a_list_is_known_to_who_holds_any_right_on_it(held: Holdings) -> None:
    assert [bool(on(held, name)) for name in LISTS] == [held.knows(name) for name in LISTS]


@given(HOLDINGS, HOLDINGS)
def test_what_is_limited_is_what_both_hold(holdings: Holdings, other: Holdings) -> None:
    """On each list, and no list is named for nothing."""
    both = holdings.limited_to(other)
    assert [on(holdings, name) & on(other, name) for name in LISTS] == [on(both, name) for name in LISTS]
    assert all(both.by_list.values())


def test_each_role_and_each_access_includes_the_one_before() -> None:
    roles = [rights_of_role(role, ReaderAccess.NONE) for role in Role]
    accesses = [rights_of_role(Role.VIEWER, access) for access in ReaderAccess]
    for steps in (roles, accesses):
        assert [True] * (len(steps) - 1) == [before < after for before, after in pairwise(steps)]
    assert not roles[-1] & {Right.SEE_READERS, Right.OPERATE}


def test_a_program_that_writes_operates_only_where_it_is_not_limited_to_lists() -> None:
    """And nothing but the owner touches the machine."""
    operating = [
        (scope, is_everywhere)
        for scope in TokenScope
        for is_everywhere in (False, True)
        if Right.OPERATE in rights_of_scope(scope, is_everywhere=is_everywhere)
    ]
    assert [(TokenScope.WRITE, True)] == operating
    assert (False, True) == (OPERATOR.has(Right.MACHINE), OWNER.has(Right.MACHINE))
