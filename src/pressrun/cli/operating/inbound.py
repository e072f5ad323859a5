"""`inbound`: email that came in and is kept until a person has dealt with it."""

from __future__ import annotations

import click

from pressrun.acts.arguments import MailId
from pressrun.cli.shared.invocation import Invocation, read_rows, reading
from pressrun.cli.shared.output import confirm, echo_octets, print_answer, print_json, print_rows
from pressrun.cli.shared.verb import RowId, verb, yes_option
from pressrun.cli.shared.write_verbs import execute
from pressrun.services.upkeep import kept_mail

_mail_argument = click.argument("number", type=RowId("no such kept mail: {} (see `pressrun inbound ls`)"), metavar="ID")


@verb("inbound ls")
@click.option("--state", type=click.Choice(["kept", "unreadable", "failed"]), help="Only email in this state.")
def list_kept(invocation: Invocation, *, state: str | None) -> None:
    rows = read_rows(invocation, kept_mail.list_kept, state)
    print_rows(
        rows, ("id", "at", "to", "from", "size", "state", "why"), empty="no mail is kept", as_json=invocation.as_json
    )


@verb("inbound show")
@_mail_argument
def show(invocation: Invocation, *, number: int) -> None:
    r"""With --json, octets that are not UTF-8 are escaped as \xNN, because JSON is text."""
    with reading(invocation) as tx:
        content = kept_mail.show_kept(tx, number)
    if invocation.as_json:
        print_json({"id": number, "mail": content.decode("utf-8", "backslashreplace")})
    else:
        echo_octets(content)


@verb("inbound retry")
@_mail_argument
def retry(invocation: Invocation, *, number: int) -> None:
    retried = execute(invocation, "inbound.retry", MailId(id=number))
    print_answer(retried, as_json=invocation.as_json)


@verb("inbound rm")
@_mail_argument
@yes_option
def remove(invocation: Invocation, *, number: int, is_agreed: bool) -> None:
    confirm(f"Delete email {number}? This cannot be undone.", is_agreed=is_agreed)
    removed = execute(invocation, "inbound.rm", MailId(id=number))
    print_answer(removed, as_json=invocation.as_json)
