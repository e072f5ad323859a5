"""The names that columns of subscribers may have: they become merge fields of editions."""

from __future__ import annotations

import re

from pressrun.core.errors import BadInput

# Every edition has these fields, so a column of that name could never be used.
RESERVED_FIELDS = frozenset({"unsubscribe_url", "preferences_url", "archive_url", "latest_url", "list.title"})
_FIELD_NAME = re.compile(r"[^\W\d][\w .-]*")


def may_name_field(name: str) -> bool:
    """Whether a column of this name can become a merge field."""
    return name not in RESERVED_FIELDS and _FIELD_NAME.fullmatch(name) is not None


def require_field_name(
    name: str,
    error: type[Exception] = BadInput,
    *,
    remedy: str = "Rename it with --map, or leave it out with --map 'COLUMN=-'",
) -> None:
    """Raise an error for a column that cannot become a merge field."""
    if not may_name_field(name):
        raise error(
            f"{name!r} cannot name a column. Columns become merge fields: a letter, then letters, digits, "
            f"spaces, '_', '-' and '.', and none of {', '.join(sorted(RESERVED_FIELDS))}. {remedy}"
        )
