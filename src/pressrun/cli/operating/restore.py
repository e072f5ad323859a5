"""`restore`: puts a backup in the place of what is there."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.cli.operating.backup_verify import identity_option
from pressrun.cli.shared.held_back import describe_held
from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import ProgressLine, confirm, counted, echo, print_json, print_warning
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import verb, yes_option
from pressrun.operations.backup.encodings import open_backup
from pressrun.operations.backup.newer_database import open_newer
from pressrun.operations.backup.restore import RestoreReport, has_data, locked_for_restore
from pressrun.operations.backup.restore import restore as restore_backup


@verb("restore")
@click.argument("file", type=click.Path(path_type=Path))
@identity_option
@click.option(
    "--database",
    "newer",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A newer copy of the SQLite database, as Litestream makes one, to use instead of that in the backup.",
)
@yes_option
def restore(invocation: Invocation, *, file: Path, identity: Path | None, newer: Path | None, is_agreed: bool) -> None:
    """Stop the service first. The backup is unpacked and verified beside the existing data, and replaces them in one
    step. The former data are kept in data_dir/backups.

    If the former database is of the same installation and can be read, people who unsubscribed, or were suppressed
    or erased, after the backup stay out, and copies that went out after it are not sent again. Editions that were
    scheduled or being sent are paused, and waiting email to single readers is cancelled. config.toml is not changed.
    """
    data = invocation.data
    config = invocation.config_path.read_bytes()
    with (
        open_backup(file, identity) as backup,
        open_newer(newer) as newer_database,
        acting_as_owner(data.root),
        locked_for_restore(data),
    ):
        if has_data(data):
            confirm(f"Replace the data in {data.root} with the backup {file}?", is_agreed=is_agreed)
        with ProgressLine() as progress:
            report = restore_backup(data, backup, config, progress, newer_database)
        invocation.is_recorded = True  # in the data that were restored
    if invocation.as_json:
        print_json(_plain(report))
    else:
        _print(report)


def _plain(report: RestoreReport) -> dict[str, object]:
    manifest = report.manifest
    return {
        "created_at": manifest.created_at,
        "installation": manifest.installation,
        "database": None if report.newer is None else str(report.newer),
        "rows": report.rows,
        "kept_aside": report.aside,
        "config": None if report.config is None else str(report.config),
        "ended": report.ended,
        "access": report.access,
        "erased": report.erased,
        "not_carried_over": report.problems,
        "evidence_problems": report.evidence_problems,
        "closed": report.closed,
        "editions_since": report.editions_since,
        "paused": [{"id": number, "may_have_gone": copies} for number, copies in report.held.editions.items()],
        "cancelled_notices": report.held.notices,
    }


def _print(report: RestoreReport) -> None:
    rows = report.rows
    for problem in report.evidence_problems:
        print_warning(f"the evidence of consent in the backup was tampered with: {problem}")
    for problem in report.problems:
        print_warning(f"not carried over from the former data: {problem}")
    numbers = f"{counted(rows.get('list', 0), 'list')} with {counted(rows.get('subscriber', 0), 'subscriber')}"
    if report.newer is None:
        echo(f"restored {numbers} as of {report.manifest.created_at}")
    else:
        echo(f"restored {numbers} from {report.newer}, and the files of the backup of {report.manifest.created_at}")
    if report.ended or report.erased:
        people = "1 person who left or was" if report.ended == 1 else f"{report.ended:,} people who left or were"
        echo(f"carried over: {people} suspended after the backup, {report.erased:,} erased")
    if report.access:
        echo(f"not brought back: {report.access} rights, passwords, passkeys or tokens that ended after the backup")
    for name in report.closed:
        echo(f"the list {name} is closed, because it was closed or removed after the backup")
    for line in describe_held(report.held):
        echo(line)
    for edition in report.editions_since:
        print_warning(edition)
    for place in report.aside:
        echo(f"the former data are in {place}. Remove them when you no longer need them")
    if report.config is not None:
        echo(f"config.toml in the backup differs; it is saved as {report.config}")
