"""`layout`: what a list can choose to look like."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import print_json, print_table


@click.group("layout", cls=VerbGroup)
def group() -> None:
    """Edition layouts: ls."""


@group.command("ls")
@json_option
@pass_invocation
def list_layouts(invocation: Invocation, *, as_json: bool) -> None:
    """List the available layouts: the built-in ones, then each NAME.html in data_dir/layouts."""
    from pressrun.cli.owner import acting_as_owner  # noqa: PLC0415
    from pressrun.sandbox.layouts import OwnLayouts  # noqa: PLC0415
    from pressrun.services.editions import own_layouts  # noqa: PLC0415

    with acting_as_owner(invocation.data.root):
        found = own_layouts.list_layouts(OwnLayouts(invocation.data.layouts))
    if as_json:
        print_json(found)
    else:
        print_table(found, ("name", "kind", "summary"), empty="no layouts")
