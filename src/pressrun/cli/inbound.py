"""`inbound`: mail that came in and is kept for a person to look at."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.ids import KEPT_MAIL
from pressrun.cli.invocation import Invocation, json_option, pass_invocation, yes_option
from pressrun.cli.output import ask, echo_octets, print_json, print_table


@click.group("inbound", cls=VerbGroup)
def group() -> None:
    """Inbound mail that could not be processed: ls, show, retry, rm."""


@group.command("ls")
@click.option("--state", type=click.Choice(["kept", "unreadable", "failed"]), help="Only mail in this state.")
@json_option
@pass_invocation
def list_kept(invocation: Invocation, state: str | None, *, as_json: bool) -> None:
    """List mail kept for review, newest first, with the reason."""
    from pressrun.cli.looking import looking_if_any  # noqa: PLC0415
    from pressrun.services.operating import kept_mail  # noqa: PLC0415

    with looking_if_any(invocation) as tx:
        found = [] if tx is None else kept_mail.list_kept(tx, state)
    if as_json:
        print_json(found)
    else:
        print_table(found, ("id", "at", "to", "from", "size", "state", "why"), empty="no mail is kept")


@group.command()
@click.argument("number", type=KEPT_MAIL, metavar="ID")
@pass_invocation
def show(invocation: Invocation, number: int) -> None:
    """Print a kept mail unchanged. On a terminal, control characters are escaped."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.operating import kept_mail  # noqa: PLC0415

    with looking(invocation) as tx:
        content = kept_mail.show_kept(tx, number)
    echo_octets(content)


@group.command()
@click.argument("number", type=KEPT_MAIL, metavar="ID")
@json_option
@pass_invocation
def retry(invocation: Invocation, number: int, *, as_json: bool) -> None:
    """Process a kept mail again, as if it had just arrived."""
    _perform(invocation, "retry", number, as_json=as_json)


@group.command("rm")
@click.argument("number", type=KEPT_MAIL, metavar="ID")
@yes_option
@json_option
@pass_invocation
def remove(invocation: Invocation, number: int, *, is_agreed: bool, as_json: bool) -> None:
    """Delete a kept mail."""
    ask(f"Delete mail {number}? This cannot be undone.", is_agreed=is_agreed)
    _perform(invocation, "rm", number, as_json=as_json)


def _perform(invocation: Invocation, verb: str, number: int, *, as_json: bool) -> None:
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import MailId  # noqa: PLC0415

    found = perform(invocation, f"inbound.{verb}", MailId(id=number))
    if as_json:
        print_json(found)
