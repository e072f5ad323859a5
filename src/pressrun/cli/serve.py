"""`serve`: the daemon, in the foreground."""

from __future__ import annotations

import click

from pressrun.cli.invocation import Invocation, pass_invocation
from pressrun.cli.owner import become_owner


@click.command()
@pass_invocation
def serve(invocation: Invocation) -> None:
    """Run the service: web pages, mail and deliveries, until SIGTERM or SIGINT."""
    from pressrun.daemon import run  # noqa: PLC0415

    settings = invocation.settings
    become_owner(settings.data_dir)
    run(settings)
