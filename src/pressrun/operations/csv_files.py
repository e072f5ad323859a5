"""CSV files of subscribers and suppressions: subscribers are written, also as JSON, and suppressions read and written.

`subscriber import` reads an export back unchanged. Text is written in pieces, so memory does not grow with the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, BinaryIO

from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.core.text.cells import unescape_cell
from pressrun.core.timestamps import rfc3339
from pressrun.operations.csv_records import (
    SPREADSHEETS,
    BadRow,
    Record,
    as_csv,
    read_records,
)
from pressrun.services.members.import_rows import SuppressionRow
from pressrun.services.reports.exported_members import columns_of, exported, texts_of
from pressrun.store.lists import lists
from pressrun.store.paging import each_row
from pressrun.store.readers import enrolment, suppressions
from pressrun.store.transaction import Transaction

SUPPRESSION_COLUMNS = ("address", "reason", "since")
_PAGE = 1000


def parse_suppressions(file: BinaryIO) -> Iterator[SuppressionRow | BadRow]:
    """The rows of a CSV file `address,reason,since`, or of a bare list of addresses, one a line; raises BadInput."""
    records = read_records(file, delimiters=SPREADSHEETS)
    first = next(records, Record(1, [], ""))
    header = [unescape_cell(cell.strip()).strip().lower() for cell in first.cells]
    if "address" not in header and "email" not in header:
        return _suppression_rows(chain([first] if first.cells else [], records), SUPPRESSION_COLUMNS)
    header = ["address" if name == "email" else name for name in header]
    for name in header:
        if name not in SUPPRESSION_COLUMNS or header.count(name) > 1:
            raise BadInput(f"the columns are {', '.join(SUPPRESSION_COLUMNS)}, each once; found {name!r}")
    return _suppression_rows(records, header)


def _suppression_rows(records: Iterable[Record], header: Sequence[str]) -> Iterator[SuppressionRow | BadRow]:
    for line, cells, _ in records:
        if len(cells) > len(header):
            yield BadRow(line=line, reason=f"has {len(cells)} fields; at most {len(header)} are allowed")
            continue
        texts = dict(zip(header, map(unescape_cell, cells), strict=False))
        yield SuppressionRow(line=line, **{"address": "", **texts})


def export_subscribers(tx: Transaction, list_name: str, *, file_format: str, state: str | None) -> Iterator[str]:
    """Everyone on a list, or those in one state, as pieces of a CSV or JSON file; raises NotFound."""
    target = lists.get_list(tx, list_name)
    members = _members(tx, target.id, tuple(SubscriptionState) if state is None else (state,))
    if file_format == "json":
        return _as_json(members)
    columns = columns_of(tx, target.id)
    return as_csv(columns, _cells(members, columns))


def export_suppressions(tx: Transaction) -> Iterator[str]:
    """Every suppression that still has its address, as pieces of a CSV file `address,reason,since`."""
    rows = (
        [suppression.address, suppression.reason, rfc3339(suppression.since)]
        for suppression in suppressions.list_suppressions(tx)
        if suppression.address is not None
    )
    return as_csv(SUPPRESSION_COLUMNS, rows)


def _members(tx: Transaction, list_id: int, states: Sequence[str]) -> Iterator[dict[str, Any]]:
    for state in states:
        page_of = partial(enrolment.export_page, tx, list_id=list_id, state=state)
        yield from (exported(row, row) for row in each_row(page_of, itemgetter("id"), 0, _PAGE))


def _cells(members: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[list[str]]:
    for texts in map(texts_of, members):
        yield [texts.get(column, "") for column in columns]


def _as_json(members: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for member in members:
        yield before + json.dumps(member, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
