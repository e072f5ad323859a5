"""`editor`: who may post an edition by email."""

from __future__ import annotations

import click

from pressrun.acts.arguments import ListAddress
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import echo, print_answer, print_json
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.cli.shared.write_verbs import execute
from pressrun.services.reports import list_descriptions


@verb("editor add")
@list_argument()
@click.argument("address")
def add(invocation: Invocation, *, list_name: str, address: str) -> None:
    execute(invocation, "editor.add", ListAddress(list=list_name, address=address))
    print_answer({"list": list_name, "address": address}, as_json=invocation.as_json)


@verb("editor rm")
@list_argument()
@click.argument("address")
def remove(invocation: Invocation, *, list_name: str, address: str) -> None:
    removed = execute(invocation, "editor.rm", ListAddress(list=list_name, address=address))
    done = f"held editions cancelled: {removed['cancelled']}" if removed["cancelled"] else ""
    print_answer(removed, done, as_json=invocation.as_json)


@verb("editor ls")
@list_argument()
def list_editors(invocation: Invocation, *, list_name: str) -> None:
    with reading(invocation) as tx:
        editors = list_descriptions.list_editors(tx, list_name)
    if invocation.as_json:
        print_json(editors)
        return
    for editor in editors:
        echo(str(editor["address"]))
