"""All data about a person, for that person: one value that can be printed as JSON (docs/readers.md).

It leaves out backups, and the keyed hashes that limits are counted by, which end with their window.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import to_builtins

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.keys import KeyRing
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.services.reports.subscriber_record import show_subscriber
from pressrun.store.readers import disclosure, suppressions
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Row, Transaction

FORMAT = "pressrun reader 1"


def export_personal_data(tx: Transaction, keys: KeyRing, person: Subscriber, now: int) -> Answer:
    """What a reader downloads: the output of `subscriber show`, and everything else that a table holds."""
    suppression = suppressions.find(tx, person.digests)
    return {
        "format_version": FORMAT,
        "generated_at": rfc3339(now),
        **to_builtins(show_subscriber(tx, keys, parse_address(person.address))),
        "known_since": rfc3339(person.created_at),
        "suppression": None
        if suppression is None
        else {"reason": suppression.reason, "since": rfc3339(suppression.since)},
        **{name: _rows(rows) for name, rows in disclosure.rows_about(tx, person.id).items()},
        "editor_of": [row["list"] for row in disclosure.editorships(tx, person.address_key)],
        "account": next(iter(_rows(filter(None, [disclosure.account(tx, person.address_key)]))), None),
        "kept_mail": _rows(disclosure.kept_mail(tx, parse_address(person.address))),
    }


def _rows(rows: Iterable[Row | Answer]) -> list[Answer]:
    """The rows, with their times (`…_at`, `…_until`) as RFC 3339."""
    return [{name: _shown(name, row[name]) for name in row.keys()} for row in rows]  # noqa: SIM118 - a row is no mapping


def _shown(name: str, value: object) -> object:
    is_time = name.endswith(("_at", "_until"))
    return rfc3339(value) if is_time and isinstance(value, int) else value
