"""`suppression`: addresses that get no email."""

from __future__ import annotations

import click

from pressrun.cli.invocation import Invocation
from pressrun.cli.options import verb, yes_option
from pressrun.cli.output import confirm, echo, print_fields, print_json, print_rows
from pressrun.cli.read_only import read_rows, reading_if_any
from pressrun.cli.write_verbs import execute
from pressrun.control.arguments import AddressOnly, SuppressionAdd
from pressrun.operations.csv_files import SUPPRESSION_COLUMNS, as_csv, export_suppressions
from pressrun.services.reports import ledger_reports
from pressrun.services.suppression import SuppressionReason


@verb("suppression add")
@click.argument("address")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in SuppressionReason]),
    default="operator",
    help="Reason [default: operator].",
)
def add(invocation: Invocation, *, address: str, reason: str, as_json: bool) -> None:
    added = execute(invocation, "suppression.add", SuppressionAdd(address=address, reason=reason))
    print_fields(added, as_json=as_json)


@verb("suppression rm")
@click.argument("address")
@yes_option
def remove(invocation: Invocation, *, address: str, is_agreed: bool, as_json: bool) -> None:
    confirm(f"Lift the suppression of {address}? Lists may mail this address again.", is_agreed=is_agreed)
    execute(invocation, "suppression.rm", AddressOnly(address=address))
    if as_json:
        print_json({"removed": address})


@verb("suppression ls")
def list_suppressions(invocation: Invocation, *, as_json: bool) -> None:
    rows = read_rows(invocation, ledger_reports.list_suppressions)
    print_rows(rows, SUPPRESSION_COLUMNS, empty="no suppressed addresses", as_json=as_json)


@verb("suppression export", has_json=False)
def export(invocation: Invocation) -> None:
    with reading_if_any(invocation) as tx:
        for piece in as_csv(SUPPRESSION_COLUMNS, []) if tx is None else export_suppressions(tx):
            echo(piece, nl=False)
