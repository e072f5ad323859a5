"""Why a reader left, in the few answers that the page offers; they are counted, and kept of nobody."""

from __future__ import annotations

from enum import StrEnum


class LeavingReason(StrEnum):
    """One of the answers, in the order of the page."""

    TOO_MANY = "too-many"
    NOT_EXPECTED = "not-expected"
    NEVER_SIGNED_UP = "never-signed-up"
    OTHER = "other"


def find_leaving_reason(text: str) -> LeavingReason | None:
    """The reason of that name; None for anything else."""
    return next((reason for reason in LeavingReason if reason.value == text), None)
