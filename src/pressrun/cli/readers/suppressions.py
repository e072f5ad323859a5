"""`suppression`: addresses that get no email."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import click

from pressrun.acts.arguments import AddressOnly, SuppressionAdd, SuppressionImport
from pressrun.cli.readers.import_outcome import ImportOutcome
from pressrun.cli.shared.files import open_input
from pressrun.cli.shared.invocation import Invocation, read_rows, reading_if_any
from pressrun.cli.shared.output import (
    ProgressLine,
    confirm,
    echo,
    print_answer,
    print_fields,
    print_json,
    print_rows,
    print_warning,
)
from pressrun.cli.shared.verb import verb, yes_option
from pressrun.cli.shared.write_verbs import execute, executing
from pressrun.operations.csv_files import SUPPRESSION_COLUMNS, export_suppressions, parse_suppressions
from pressrun.operations.csv_records import BadRow, as_csv
from pressrun.operations.sources.batches import MemberBatch
from pressrun.services.members.import_rows import SuppressionRow
from pressrun.services.members.neighbours import in_batches
from pressrun.services.reports import suppression_listing
from pressrun.services.suppression import SuppressionReason


@verb("suppression add")
@click.argument("address")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in SuppressionReason]),
    default="operator",
    help="Reason [default: operator].",
)
def add(invocation: Invocation, *, address: str, reason: str) -> None:
    added = execute(invocation, "suppression.add", SuppressionAdd(address=address, reason=reason))
    print_fields(added, as_json=invocation.as_json)


@verb("suppression rm")
@click.argument("address")
@yes_option
def remove(invocation: Invocation, *, address: str, is_agreed: bool) -> None:
    confirm(f"Lift the suppression of {address}? Lists may mail this address again.", is_agreed=is_agreed)
    execute(invocation, "suppression.rm", AddressOnly(address=address))
    print_answer({"removed": address}, as_json=invocation.as_json)


@verb("suppression ls")
def list_suppressions(invocation: Invocation) -> None:
    rows = read_rows(invocation, suppression_listing.list_suppressions)
    print_rows(rows, SUPPRESSION_COLUMNS, empty="no suppressed addresses", as_json=invocation.as_json)


@verb("suppression export")
def export(invocation: Invocation) -> None:
    if invocation.as_json:
        rows = read_rows(invocation, suppression_listing.list_suppressions)
        print_json([row for row in rows if row["address"] is not None])
        return
    with reading_if_any(invocation) as tx:
        for piece in as_csv(SUPPRESSION_COLUMNS, []) if tx is None else export_suppressions(tx):
            echo(piece, nl=False)


@verb("suppression import")
@click.argument("file")
def import_suppressions(invocation: Invocation, *, file: str) -> None:
    bad = list[BadRow]()
    with open_input(file) as opened, closing(ImportOutcome()) as outcome:
        with executing(invocation) as calls, ProgressLine() as progress:
            for rows in in_batches(_good(parse_suppressions(opened), bad)):
                answer = calls("suppression.import", SuppressionImport(rows=tuple(rows)))
                outcome.add(MemberBatch(bad=list(bad)), answer)
                bad.clear()
                progress(f"{sum(outcome.counts.values()):,} rows")
        outcome.add(MemberBatch(bad=bad), {"added": 0, "unchanged": 0})
        outcome.print(as_json=invocation.as_json)
        if outcome.is_all_refused and not invocation.as_json:
            print_warning("every row was refused, so nobody was suppressed")


def _good(rows: Iterable[SuppressionRow | BadRow], bad: list[BadRow]) -> Iterator[SuppressionRow]:
    """The rows that could be read; the others are added to `bad`."""
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            yield row
