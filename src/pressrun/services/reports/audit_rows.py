"""`audit ls`: rows of the audit log, as people and programs read them."""

from __future__ import annotations

import json

from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer, picked
from pressrun.store.people import audit
from pressrun.store.transaction import Row, Transaction

NEWEST = 1 << 62  # a number that no row has


def list_audit_rows(
    tx: Transaction, *, before: int = NEWEST, limit: int, who: str | None, list_name: str | None, since: int
) -> list[Answer]:
    """The newest rows first, with lower numbers than `before`."""
    rows = audit.latest(tx, before=before, limit=limit, who=who, list_name=list_name, since=since)
    return [_plain(row) for row in rows]


def _plain(row: Row) -> Answer:
    return {
        "number": row["number"],
        "at": rfc3339(row["at"]),
        **picked(row, "who", "uid"),
        "sudo_user": row["claimed"],
        **picked(row, "way", "action", "list", "object"),
        "subscriber": row["subscriber_id"],
        **_digests(row["content"]),
        "fields": json.loads(row["fields"]),
        **picked(row, "outcome", "code"),
    }


def _digests(content: str | None) -> Answer:
    """The keyed digests of addresses; what was erased is not shown."""
    digests = json.loads(content or "{}")
    return {name: digests.get(name) for name in ("editor", "address")}
