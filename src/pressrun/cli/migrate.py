"""`migrate`: bring the database up to this version's schema, without starting the daemon."""

from __future__ import annotations

import click

from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, print_json
from pressrun.cli.owner import acting_as_owner


@click.command()
@json_option
@pass_invocation
def migrate(invocation: Invocation, *, as_json: bool) -> None:
    """Upgrade the database schema; `serve` does this too. Keeps a copy before each step."""
    from pressrun.cli.looking import no_database  # noqa: PLC0415
    from pressrun.core.errors import NotFound  # noqa: PLC0415
    from pressrun.store import datadir  # noqa: PLC0415

    data = invocation.data
    with acting_as_owner(data.root):
        if not data.database.exists():
            raise NotFound(no_database(invocation))
        lock = datadir.DataLock.take(data)
        try:
            _, reached = datadir.step_up(data)
        finally:
            lock.release()
    if as_json:
        print_json({"steps": reached})
    elif reached:
        echo(f"the schema is now at {reached[-1]}; copies of the database from before each step are in {data.backups}")
    else:
        echo("the schema is up to date")
