"""Why a reader left."""

from __future__ import annotations

import pytest

from pressrun.core.lifecycles.subscription import LeavingReason, find_leaving_reason


@pytest.mark.parametrize("reason", LeavingReason)
def test_a_reason_is_found_by_its_word(reason: LeavingReason) -> None:
    assert reason is find_leaving_reason(reason.value)


@pytest.mark.parametrize("text", ["", "Other", "too-many "])
def test_any_other_word_is_not_a_reason(text: str) -> None:
    assert find_leaving_reason(text) is None
