"""`held`: sign-ups whose confirmation emails wait because far more came in than usual."""

from __future__ import annotations

import click

from pressrun.acts.arguments import HeldChoice
from pressrun.cli.shared.invocation import Invocation, read_rows
from pressrun.cli.shared.output import confirm, print_fields, print_rows
from pressrun.cli.shared.verb import RowId, list_argument, verb, yes_option
from pressrun.cli.shared.write_verbs import execute
from pressrun.services.upkeep import held_sign_ups

_ids = click.argument("ids", type=RowId("no such held sign-up: {} (see `pressrun held ls`)"), metavar="[ID]…", nargs=-1)
_domain = click.option("--domain", help="Only addresses at this domain.")


@verb("held ls")
@list_argument("name", required=False)
def list_held(invocation: Invocation, *, name: str | None) -> None:
    rows = read_rows(invocation, held_sign_ups.list_held, name)
    columns = ("id", "list", "address", "source", "held_at", "until")
    print_rows(rows, columns, empty="no sign-ups are held", as_json=invocation.as_json)


@verb("held release")
@_ids
@_domain
@yes_option
def release(invocation: Invocation, *, ids: tuple[int, ...], domain: str | None, is_agreed: bool) -> None:
    choice = HeldChoice(ids=ids, domain=domain)
    _execute(invocation, "held.release", "Send the confirmation emails of", choice, is_agreed=is_agreed)


@verb("held rm")
@_ids
@_domain
@yes_option
def remove(invocation: Invocation, *, ids: tuple[int, ...], domain: str | None, is_agreed: bool) -> None:
    _execute(invocation, "held.rm", "Delete", HeldChoice(ids=ids, domain=domain), is_agreed=is_agreed)


def _execute(invocation: Invocation, act: str, action: str, choice: HeldChoice, *, is_agreed: bool) -> None:
    number = len(choice.ids)
    which = "1 held sign-up" if number == 1 else f"{number} held sign-ups" if number else "all held sign-ups"
    where = f" with addresses at {choice.domain}" if choice.domain else ""
    confirm(f"{action} {which}{where}?", is_agreed=is_agreed)
    print_fields(execute(invocation, act, choice), as_json=invocation.as_json)
