"""`editor`: who may post an edition by mail."""

from __future__ import annotations

from typing import Any

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation
from pressrun.cli.output import echo, print_json


@click.group("editor", cls=VerbGroup)
def group() -> None:
    """Editors who may post editions by email: add, rm, ls."""


@group.command()
@list_argument()
@click.argument("address")
@json_option
@pass_invocation
def add(invocation: Invocation, list_name: str, address: str, *, as_json: bool) -> None:
    """Allow an address to post editions by email."""
    _change(invocation, "editor.add", list_name, address)
    if as_json:
        print_json({"list": list_name, "address": address})


@group.command("rm")
@list_argument()
@click.argument("address")
@json_option
@pass_invocation
def remove(invocation: Invocation, list_name: str, address: str, *, as_json: bool) -> None:
    """Remove an editor and cancel their editions that await approval."""
    removed = _change(invocation, "editor.rm", list_name, address)
    if as_json:
        print_json(removed)
    elif removed["cancelled"]:
        echo(f"held editions cancelled: {removed['cancelled']}")


@group.command("ls")
@list_argument()
@json_option
@pass_invocation
def list_editors(invocation: Invocation, list_name: str, *, as_json: bool) -> None:
    """List the editors of a list."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking(invocation) as tx:
        found = reporting.list_editors(tx, list_name)
    if as_json:
        print_json(found)
        return
    for one in found:
        echo(str(one["address"]))


def _change(invocation: Invocation, verb: str, list_name: str, address: str) -> Any:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import ListAddress  # noqa: PLC0415

    return perform(invocation, verb, ListAddress(list=list_name, address=address))
