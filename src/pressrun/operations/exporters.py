"""Rows of the database → files: CSV that `subscriber import` reads back unchanged, and JSON.

Plain functions of a reading transaction; text comes out in pieces, so that memory does not grow with the list.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from pressrun.core.subscription import SubscriptionState
from pressrun.core.timestamps import rfc3339
from pressrun.operations.cells import escape_cell
from pressrun.operations.importers import KNOWN_COLUMNS
from pressrun.services.reports.reporting import require_list
from pressrun.store import enrolment, suppressions
from pressrun.store.transaction import Row, Transaction

FORMATS = ("csv", "json")
_PAGE = 1000


def export_subscribers(tx: Transaction, list_name: str, *, file_format: str, state: str | None) -> Iterator[str]:
    """Everyone on a list, or those in one state, as pieces of one file; raises NotFound."""
    target = require_list(tx, list_name)
    states = tuple(SubscriptionState) if state is None else (state,)
    rows = _members(tx, target.id, states)
    if file_format == "json":
        return _as_json(rows)
    return as_csv([*KNOWN_COLUMNS, *(columns := enrolment.list_columns(tx, target.id))], _cells(rows, columns))


def _members(tx: Transaction, list_id: int, states: Sequence[str]) -> Iterator[dict[str, object]]:
    for state in states:
        after = 0
        while page := enrolment.export_page(tx, list_id=list_id, state=state, after=after, limit=_PAGE):
            after = page[-1]["id"]
            yield from (_member(row) for row in page)


def _member(row: Row) -> dict[str, object]:
    evidence = json.loads(row["consent"] or "{}")
    # Who came over from another language agreed to the newsletter there: by the network address of then, not of now.
    carried = evidence.get("carried")
    source = carried[-1]["source"] if carried else evidence.get("source")
    return {
        "email": row["address"],
        "name": row["name"],
        "language": row["language"],
        "subscribed_at": rfc3339(row["since"]),
        "consent_source": source or row["source"],
        "consent_ip": None if carried else row["consent_ip"],
        "state": row["state"],
        "attributes": json.loads(row["attributes"]),
    }


def _cells(rows: Iterable[dict[str, object]], columns: Sequence[str]) -> Iterator[list[str]]:
    for row in rows:
        attributes = row["attributes"]
        own = [attributes.get(name, "") for name in columns] if isinstance(attributes, dict) else []
        yield [*(str(row[name] or "") for name in KNOWN_COLUMNS), *own]


def _as_json(rows: Iterable[dict[str, object]]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def export_suppressions(tx: Transaction) -> Iterator[str]:
    """Every suppression that still has its address, as CSV `address,reason,since`; the erased ones stay behind."""
    rows = ([row["address"], row["reason"], rfc3339(row["since"]) or ""] for row in suppressions.list_suppressions(tx))
    return as_csv(["address", "reason", "since"], (row for row in rows if row[0] is not None))


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV file in pieces; no cell can be taken for a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([escape_cell(name) for name in header])
    for row in rows:
        writer.writerow([escape_cell(cell) for cell in row])
        if buffer.tell() > 65536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
