"""`held`: sign-ups whose mail waits, since far more came in than usual."""

from __future__ import annotations

from typing import Any

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.ids import HELD_SIGN_UP
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation, yes_option
from pressrun.cli.output import ask, print_fields, print_json, print_table

_ids = click.argument("ids", type=HELD_SIGN_UP, metavar="[ID]…", nargs=-1)
_domain = click.option("--domain", help="Only addresses at this domain.")


@click.group("held", cls=VerbGroup)
def group() -> None:
    """Sign-ups on hold after an unusual surge: ls, release, rm."""


@group.command("ls")
@list_argument("name", required=False)
@json_option
@pass_invocation
def list_held(invocation: Invocation, name: str | None, *, as_json: bool) -> None:
    """List sign-ups on hold, oldest first, and until when."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.services.operating import held_sign_ups  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        found = [] if tx is None else held_sign_ups.list_held(tx, name)
    if as_json:
        print_json(found)
    else:
        print_table(found, ("id", "list", "address", "source", "held_at", "until"), empty="no sign-ups are held")


@group.command()
@_ids
@_domain
@yes_option
@json_option
@pass_invocation
def release(
    invocation: Invocation, ids: tuple[int, ...], domain: str | None, *, is_agreed: bool, as_json: bool
) -> None:
    """Send the confirmation mails of held sign-ups: all, or those named. Each is sent once."""
    _show(
        _perform(invocation, "release", "Send the confirmation mails of", ids, domain, is_agreed=is_agreed),
        as_json=as_json,
    )


@group.command("rm")
@_ids
@_domain
@yes_option
@json_option
@pass_invocation
def remove(invocation: Invocation, ids: tuple[int, ...], domain: str | None, *, is_agreed: bool, as_json: bool) -> None:
    """Delete held sign-ups: all, or those named. No mail is sent."""
    _show(_perform(invocation, "rm", "Delete", ids, domain, is_agreed=is_agreed), as_json=as_json)


def _perform(
    invocation: Invocation, verb: str, deed: str, ids: tuple[int, ...], domain: str | None, *, is_agreed: bool
) -> dict[str, Any]:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import HeldChoice  # noqa: PLC0415

    which = "1 held sign-up" if len(ids) == 1 else f"{len(ids)} held sign-ups" if ids else "all held sign-ups"
    where = f" with addresses at {domain}" if domain else ""
    ask(f"{deed} {which}{where}?", is_agreed=is_agreed)
    found: dict[str, Any] = perform(invocation, f"held.{verb}", HeldChoice(ids=ids, domain=domain))
    return found


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    (print_json if as_json else print_fields)(found)
