"""`init`, `reload` and `migrate`: write a configuration, apply a changed one, and upgrade the schema."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import click

from pressrun.cli.shared.invocation import Invocation, no_database
from pressrun.cli.shared.output import echo, print_answer, print_json, print_warning
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.verb import verb
from pressrun.config import write_initial_config
from pressrun.control.client import ControlClient
from pressrun.core.errors import NotFound, TryAgain
from pressrun.store.upkeep import data_lock, preparing
from pressrun.store.upkeep.data_lock import DataLock
from pressrun.store.upkeep.datadir import DataDir


@verb("init")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def init(invocation: Invocation, *, directory: Path) -> None:
    path = write_initial_config(directory)
    check = "pressrun check" if directory == Path() else f"pressrun --config {path} check"
    done = f"wrote {path}. Set base_url, mail_domain and [[relay]], then run `{check}`"
    print_answer({"config": str(path)}, done, as_json=invocation.as_json)


@verb("reload")
def reload(invocation: Invocation) -> None:
    data_dir = invocation.data_dir
    client = None
    if data_dir is not None:
        with acting_as_owner(data_dir):
            client = ControlClient.connect(DataDir(data_dir).control_socket)
    if client is None:
        _signal_main_process()
        data = invocation.settings.data  # raises with every error in the file
        with acting_as_owner(data.root):
            if data_lock.is_used(data):
                raise TryAgain(data_lock.describe_user(data))
        raise TryAgain(f"no daemon is using {data.root}. Start it, or restart it if data_dir has changed")
    with closing(client):
        needs_restart = client.call("reload", {}, lambda _: None)["needs_restart"]
    invocation.is_recorded = True  # by the daemon
    if invocation.as_json:
        print_json({"needs_restart": needs_restart})
        return
    for key in needs_restart:
        print_warning(f"{key} has changed. Restart the daemon to apply it")
    echo("configuration reloaded")


def _signal_main_process() -> None:
    """Send SIGHUP to the service's main process, if systemd runs this verb as ExecReload=.

    It is for a file with errors or a changed data_dir, which do not lead to the daemon's socket: the daemon itself
    rereads the file and logs the errors.
    """
    main_process = os.environ.get("MAINPID", "")
    if main_process.isdecimal():
        os.kill(int(main_process), signal.SIGHUP)


@verb("migrate")
def migrate(invocation: Invocation) -> None:
    data = invocation.data
    with acting_as_owner(data.root):
        if not data.database.exists():
            raise NotFound(no_database(invocation))
        reached = _upgrade(data)
        invocation.is_recorded = True
    if invocation.as_json:
        print_json({"steps": reached})
    elif reached:
        kept = "" if data.server else f"; a copy of the database from before is in {data.backups}"
        echo(f"the schema is now at {reached[-1]}{kept}")
    else:
        echo("the schema is up to date")


def _upgrade(data: DataDir) -> list[int]:
    """The versions of the schema that were reached; raises TryAgain while a process uses an older one."""
    try:
        lock = DataLock.acquire(data)
    except TryAgain:
        if data.database.version() == data.database.newest_version:
            return []  # a daemon runs, which did this when it started
        raise
    with lock:
        return preparing.migrate_schema(data)[1]
