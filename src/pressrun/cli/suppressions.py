"""`suppression`: addresses that get nothing."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation, yes_option
from pressrun.cli.output import ask, echo, note, print_fields, print_json, print_table

_REASONS = click.Choice(["hard-bounce", "complaint", "erased", "never-again", "operator"])


@click.group("suppression", cls=VerbGroup)
def group() -> None:
    """Suppressed addresses: add, rm, ls, import, export."""


@group.command()
@click.argument("address")
@click.option("--reason", type=_REASONS, default="operator", help="Reason [default: operator].")
@json_option
@pass_invocation
def add(invocation: Invocation, address: str, reason: str, *, as_json: bool) -> None:
    """Suppress an address and cancel its waiting copies."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import SuppressionAdd  # noqa: PLC0415

    found = perform(invocation, "suppression.add", SuppressionAdd(address=address, reason=reason))
    (print_json if as_json else print_fields)(found)


@group.command("rm")
@click.argument("address")
@yes_option
@json_option
@pass_invocation
def remove(invocation: Invocation, address: str, *, is_agreed: bool, as_json: bool) -> None:
    """Lift a suppression, so that the address can be mailed again."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import AddressOnly  # noqa: PLC0415

    ask(f"Lift the suppression of {address}? Lists may mail this address again.", is_agreed=is_agreed)
    perform(invocation, "suppression.rm", AddressOnly(address=address))
    if as_json:
        print_json({"removed": address})


@group.command("ls")
@json_option
@pass_invocation
def list_suppressions(invocation: Invocation, *, as_json: bool) -> None:
    """List all suppressions. An erased address is shown as none."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        found = [] if tx is None else reporting.list_suppressions(tx)
    if as_json:
        print_json(found)
    else:
        print_table(found, ("address", "reason", "since"), empty="no suppressed addresses")


@group.command("import")
@click.argument("file")
@json_option
@pass_invocation
def import_(invocation: Invocation, file: str, *, as_json: bool) -> None:
    """Import suppressions from CSV (address,reason,since) or a plain list of addresses; FILE may be - for stdin."""
    from pressrun.cli.files import read_input  # noqa: PLC0415
    from pressrun.cli.taking_in import import_suppressions  # noqa: PLC0415

    found = import_suppressions(invocation, read_input(file))
    if as_json:
        print_json(found.answer())
        return
    print_fields(found.counts | {"invalid": len(found.invalid)})
    for one in found.invalid:
        note(f"line {one['line']}: {one['reason']}")


@group.command("export")
@pass_invocation
def export(invocation: Invocation) -> None:
    """Export suppressions to stdout as CSV, except those of erased addresses."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.operations.csv_files import as_csv, export_suppressions  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        pieces = as_csv(["address", "reason", "since"], []) if tx is None else export_suppressions(tx)
        for piece in pieces:
            echo(piece, nl=False)
