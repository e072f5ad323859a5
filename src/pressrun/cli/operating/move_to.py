"""`move-to`: moves the database to a server, or back to a file.

This process copies. The process that writes to the database (the daemon, or this process while none runs) records what
changes, stops for the last changes, and makes the switch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from msgspec.structs import asdict

from pressrun.acts.arguments import Arguments, MoveSwitch
from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import ProgressLine, confirm, counted, echo, print_json, print_warning
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.recording import note
from pressrun.cli.shared.verb import verb, yes_option
from pressrun.cli.shared.write_verbs import execute_unrecorded, executing
from pressrun.config.settings import Settings
from pressrun.core.errors import BadConfiguration, BadInput, NoInput, NotFound, PressrunError, TryAgain, UsageError
from pressrun.core.setting import BadValue
from pressrun.core.setting_kinds import database_server
from pressrun.operations.move_database import CheckReport, MoveReport, Switch, check_move, finish_move, move_database
from pressrun.runtime.clock import utc_now
from pressrun.runtime.identity import claimed_user, process_user
from pressrun.store.location import Location
from pressrun.store.people import audit
from pressrun.store.people.audit import Actor, Entry
from pressrun.store.server_password import ServerPassword, hide_secrets, only_line, without_password
from pressrun.store.sqlite.location import SqliteFile
from pressrun.store.table_store import Also
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.left_database import set_aside_left_database
from pressrun.store.upkeep.server import find_server

END_SECONDS = 60.0  # a daemon that has nothing left to send ends much sooner
POLL_SECONDS = 0.05
_FORMS = "write postgresql://USER@HOST/NAME or sqlite:FILE"


@verb("move-to")
@click.argument("target")
@click.option("--password-file", type=click.Path(path_type=Path), help="File with the password for the server.")
@click.option("--dry-run", is_flag=True, help="Check the target and every row, and change nothing.")
@yes_option
def move_to(invocation: Invocation, *, target: str, password_file: Path | None, dry_run: bool, is_agreed: bool) -> None:
    """TARGET is postgresql://USER@HOST/NAME or sqlite:FILE. It must be empty. Every row is compared after it
    is copied. If anything fails, or the command is killed, the data stay where they were. Afterwards the daemon exits:
    change `database` in the configuration and start it again.
    """
    destination = _parse_target(target, password_file)
    data = invocation.data
    if str(destination) == str(data.database):
        raise UsageError(f"the database is in {destination} already")
    if dry_run:
        _check(data, destination, as_json=invocation.as_json)
        return
    confirm(
        f"Move all data from {data.database} to {destination}? The service stops for a moment, and then ends.",
        is_agreed=is_agreed,
    )
    invocation.is_recorded = True
    is_noted = note(invocation, "move-to", "begun", name=_engine(destination))
    try:
        report = _move(invocation, data, destination)
    except PressrunError as problem:
        if is_noted:  # otherwise nothing can be written there, and the warning has said why
            note(invocation, "move-to", "failed", problem.exit_code, name=_engine(destination))
        raise
    change = (
        _back_to_file(invocation.settings, data, destination)
        if isinstance(destination, SqliteFile)
        else _on_to_server(target, password_file)
    )
    if invocation.as_json:
        print_json({"moved_to": str(destination), "config": change, **({} if report is None else asdict(report))})
        return
    if report is not None:
        _print_report(report)
    echo(f"all data are in {destination}. {change}, then start the service")


def _parse_target(target: str, password_file: Path | None) -> Location:
    scheme, separator, rest = target.partition(":")
    if scheme == "sqlite" and rest and not rest.startswith("//"):
        return SqliteFile(Path(rest).absolute())
    if scheme not in {"postgresql", "postgres"} or not separator:
        raise UsageError(f"invalid target {scheme!r}: {_FORMS}")
    try:
        database_server().read(target)  # what the configuration does not take might be shown below, password and all
    except BadValue as problem:
        raise UsageError(f"invalid target: {problem.actual or 'control characters'}; {_FORMS}") from None
    server = find_server(target, _read_password(password_file), source="the target of this command")
    assert server is not None  # as there is an address
    try:
        str(server)
    except BadConfiguration as problem:  # libpq cannot read it
        raise UsageError(f"invalid target: {str(problem).removeprefix('database: ')}") from None
    return server


def _read_password(path: Path | None) -> ServerPassword | None:
    if path is None:
        return None
    try:
        password = only_line(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError):
        raise NoInput(f"{path} cannot be read") from None
    if password is None:
        raise BadInput(f"{path} must hold the password in one line")
    return ServerPassword(password)


def _check(data: DataDir, destination: Location, *, as_json: bool) -> None:
    with acting_as_owner(data.root), ProgressLine() as progress:
        _require_database(data)
        report: CheckReport = check_move(data, destination, progress)
    if as_json:
        print_json({"target": str(destination), **asdict(report)})
    else:
        echo(f"{report.rows} rows of {report.tables} tables can be moved to {destination}")


def _move(invocation: Invocation, data: DataDir, destination: Location) -> MoveReport | None:
    """The report, or None if only the end of an earlier move was missing."""
    with acting_as_owner(data.root):
        _require_database(data)
        with DataLock.acquire_for_move(data), ProgressLine() as progress:
            report = None
            arrived = _note_arrival(destination)
            if not finish_move(data, destination, arrived):
                report = move_database(data, destination, _ServedByVerbs(invocation), progress, arrived)
            progress("waiting for the daemon to end")
            _set_aside(data)
            return report


def _engine(destination: Location) -> str:
    return "sqlite" if isinstance(destination, SqliteFile) else "postgresql"


def _note_arrival(destination: Location) -> Also:
    """What writes the row of the audit log in the database that has all data then."""
    user = process_user()
    actor = Actor(who=user.name, uid=user.uid, claimed=claimed_user(os.environ), way="shell")
    entry = Entry(at=int(utc_now()), actor=actor, action="move-to", object=_engine(destination))
    return lambda tx: audit.append(tx, entry)


def _set_aside(data: DataDir) -> None:
    """Keep the file that was left among the backups, as soon as the daemon has ended."""
    until = time.monotonic() + END_SECONDS
    while True:
        try:
            set_aside_left_database(data)
        except TryAgain:
            if time.monotonic() >= until:
                print_warning(f"{data.root} is still in use. Delete {data.database} when the daemon has ended")
                return
            time.sleep(POLL_SECONDS)
        else:
            return


def _require_database(data: DataDir) -> None:
    if not data.database.exists():
        raise NotFound(f"{data.database} has no data to move yet. Set `database` in the configuration and start there")


class _ServedByVerbs:
    """The process that writes to the source, as operations.move_database.ServedSource promises."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    def track_changes(self) -> None:
        """Note which rows change from now on."""
        execute_unrecorded(self._invocation, "move.track", Arguments())

    @contextmanager
    def stopped(self) -> Iterator[Switch]:
        """Stop the daemon for the duration of the block; without one, hold the lock of the data."""
        with executing(self._invocation) as call:
            call.unrecorded("move.stop", Arguments())

            def switch(place: str, move: str) -> None:
                call.unrecorded("move.switch", MoveSwitch(place=place, move=move))

            try:
                yield switch
            except BaseException:
                with suppress(PressrunError):  # a daemon that is gone, or cannot go on: the next start clears up
                    call.unrecorded("move.resume", Arguments())
                raise

    def untrack_changes(self) -> None:
        """Note nothing more."""
        execute_unrecorded(self._invocation, "move.resume", Arguments())


def _back_to_file(settings: Settings, data: DataDir, file: SqliteFile) -> str:
    """What to change for a database in a file: only keys that are set can be removed."""
    usual = DataDir(data.root).database
    renaming = [] if str(file) == str(usual) else [f"rename {file} to {usual}"]
    values = {"`database`": settings.database, "`password_file`": settings.database_password}
    keys = [key for key, value in values.items() if value is not None]
    removal = [f"remove {' and '.join(keys)} from config.toml"] if keys else []
    return ", and ".join([*renaming, *removal])


def _on_to_server(target: str, password_file: Path | None) -> str:
    """What to change for a database on a server, without its password."""
    address = without_password(target)
    change = f'write `database = "{hide_secrets(address)}"` at the top of config.toml'
    has_password = password_file is not None or address != target
    return f"{change}, and the password into a `password_file`" if has_password else change


def _print_report(report: MoveReport) -> None:
    if report.evidence_problems:
        print_warning("the evidence of consent was already damaged before the move: run `pressrun consent verify`")
    echo(
        f"moved {report.rows} rows of {report.tables} tables in {report.seconds} s, and "
        f"{counted(report.changed, 'changed row')} once more; the service stopped for {report.stopped_seconds} s"
    )
