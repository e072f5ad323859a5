"""`key`: the keys that links are signed with."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation, yes_option
from pressrun.cli.output import ask, echo, print_json


@click.group("key", cls=VerbGroup)
def group() -> None:
    """Link-signing keys: rotate."""


@group.command()
@yes_option
@json_option
@pass_invocation
def rotate(invocation: Invocation, *, is_agreed: bool, as_json: bool) -> None:
    """Sign new links with a new key. Links in mails already sent keep working."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import Arguments  # noqa: PLC0415

    ask("Sign new links with a new key? Backups made before this do not contain it.", is_agreed=is_agreed)
    found = perform(invocation, "key.rotate", Arguments())
    if as_json:
        print_json(found)
    else:
        echo(f"new links are now signed with key {found['number']}")
