"""Which tokens doctor speaks of."""

from __future__ import annotations

import pytest

from pressrun.core.access.rights import TokenScope
from pressrun.doctor.access import grade_tokens
from pressrun.store.programs.api_tokens import ApiToken

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")

NOW, DAY = 1_800_000_000, 86_400


def a_token(*, expires_at: int | None, used_at: int | None) -> ApiToken:
    return ApiToken(
        id=1,
        name="crm",
        scope=TokenScope.READ,
        networks=(),
        person_id=None,
        created_at=0,
        expires_at=expires_at,
        used_at=used_at,
    )


@pytest.mark.parametrize(
    ("expires_in", "used_before", "expected"),
    [
        (31, 0, []),
        (29, 0, [("warn", "the token crm expires in 29 days, and a program uses it")]),
        (6, 0, [("fail", "the token crm expires in 6 days, and a program uses it")]),
        (1, 0, [("fail", "the token crm expires in 1 day, and a program uses it")]),
        (6, 31, []),
        (-5, 5, [("fail", "the token crm expired 5 days ago, and the program that uses it fails")]),
        (0, 0, [("fail", "the token crm expired less than a day ago, and the program that uses it fails")]),
        (-5, 36, []),
        (-31, 31, []),
    ],
)
def test_a_token_in_use_is_named_before_and_after_its_end(
    expires_in: int, used_before: int, expected: list[tuple[str, str]]
) -> None:
    """Not one that no program has used in the month before: nobody misses it."""
    token = a_token(expires_at=NOW + expires_in * DAY, used_at=NOW - used_before * DAY)
    assert expected == [(each.severity.value, each.message) for each in grade_tokens([token], NOW)]


def test_tokens_that_never_expire_or_were_never_used_are_left_out() -> None:
    tokens = [a_token(expires_at=None, used_at=NOW), a_token(expires_at=NOW, used_at=None)]
    assert [] == list(grade_tokens(tokens, NOW))
