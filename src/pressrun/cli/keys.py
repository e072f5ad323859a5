"""`key`: the keys that links are signed with."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import print_json


@click.group("key", cls=VerbGroup)
def group() -> None:
    """Keys that links are signed with: rotate."""


@group.command()
@json_option
@pass_invocation
def rotate(invocation: Invocation, *, as_json: bool) -> None:
    """Sign new links with a new key; links in mails already sent go on to work."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import Arguments  # noqa: PLC0415

    found = perform(invocation, "key.rotate", Arguments())
    if as_json:
        print_json(found)
    else:
        click.echo(f"links are signed with key {found['number']} from now on")
