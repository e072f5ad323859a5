"""`audit ls`: rows of the audit log, as people and programs read them."""

from __future__ import annotations

import json

from msgspec import Struct

from pressrun.core.timestamps import rfc3339
from pressrun.store.paging import AFTER_ALL
from pressrun.store.people import audit
from pressrun.store.transaction import Row, Transaction


class AuditInfo(Struct, frozen=True, kw_only=True):
    """Who did what to what, in which way, and how it ended. `editor` and `address` are keyed digests."""

    number: int
    at: str
    who: str
    uid: int | None
    sudo_user: str | None
    way: str
    action: str
    list: str | None
    object: str | None
    subscriber: int | None
    editor: str | None
    address: str | None
    fields: tuple[str, ...]
    outcome: str
    code: int | None


def list_audit_rows(
    tx: Transaction, *, before: int = AFTER_ALL, limit: int, who: str | None, list_name: str | None, since: int
) -> list[AuditInfo]:
    """The newest rows first, with lower numbers than `before`."""
    rows = audit.latest(tx, before=before, limit=limit, who=who, list_name=list_name, since=since)
    return [_plain(row) for row in rows]


def _plain(row: Row) -> AuditInfo:
    digests = json.loads(row["content"] or "{}")  # without what was erased
    return AuditInfo(
        number=row["number"],
        at=rfc3339(row["at"]),
        who=row["who"],
        uid=row["uid"],
        sudo_user=row["claimed"],
        way=row["way"],
        action=row["action"],
        list=row["list"],
        object=row["object"],
        subscriber=row["subscriber_id"],
        editor=digests.get("editor"),
        address=digests.get("address"),
        fields=tuple(json.loads(row["fields"])),
        outcome=row["outcome"],
        code=row["code"],
    )
