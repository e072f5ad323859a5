"""Why a reader unsubscribed: the few answers that the page offers. Only totals are kept, never who gave an answer."""

from __future__ import annotations

from enum import StrEnum


class LeavingReason(StrEnum):
    """The answers, in the order of the page."""

    TOO_MANY = "too-many"
    NOT_EXPECTED = "not-expected"
    NEVER_SIGNED_UP = "never-signed-up"
    OTHER = "other"


def find_leaving_reason(text: str) -> LeavingReason | None:
    """The reason with this value, or None."""
    return next((reason for reason in LeavingReason if reason.value == text), None)
