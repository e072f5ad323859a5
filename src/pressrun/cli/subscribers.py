"""`subscriber`: add, remove, look at and erase readers; take files of them in and write them out."""

from __future__ import annotations

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, list_argument, pass_invocation, yes_option
from pressrun.cli.output import ask, echo, note, print_fields, print_json, print_json_list, print_table, warn
from pressrun.core.subscription import SubscriptionState

_LINES_AT_MOST = 200  # of an import that are named on a terminal
_STATES = click.Choice([state.value for state in SubscriptionState])


@click.group("subscriber", cls=VerbGroup)
def group() -> None:
    """Subscribers: add, rm, ls, show, erase, import, export."""


@group.command()
@list_argument()
@click.argument("address")
@click.option("--name", default="", help="Subscriber's name.")
@click.option("--send-confirmation", is_flag=True, help="Ask for confirmation first; pending until they confirm.")
@json_option
@pass_invocation
def add(
    invocation: Invocation, list_name: str, address: str, name: str, *, send_confirmation: bool, as_json: bool
) -> None:
    """Subscribe an address at once. You are responsible for their consent."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import SubscriberAdd  # noqa: PLC0415

    wanted = SubscriberAdd(list=list_name, address=address, name=name, send_confirmation=send_confirmation)
    found = perform(invocation, "subscriber.add", wanted)
    (print_json if as_json else print_fields)(found)


@group.command("rm")
@list_argument()
@click.argument("address")
@json_option
@pass_invocation
def remove(invocation: Invocation, list_name: str, address: str, *, as_json: bool) -> None:
    """End a subscription and cancel its waiting copies."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import ListAddress  # noqa: PLC0415

    found = perform(invocation, "subscriber.rm", ListAddress(list=list_name, address=address))
    (print_json if as_json else print_fields)(found)


@group.command("ls")
@list_argument()
@click.option("--state", type=_STATES, help="Only those in this state.")
@json_option
@pass_invocation
def list_subscribers(invocation: Invocation, list_name: str, state: str | None, *, as_json: bool) -> None:
    """List the subscribers of a list."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415

    with looking(invocation) as tx:
        found = reporting.list_subscribers(tx, list_name, state)
        if as_json:
            print_json_list(found)
        else:
            print_table(list(found), ("address", "name", "state", "since", "source"), empty="no subscribers")


@group.command()
@click.argument("address")
@json_option
@pass_invocation
def show(invocation: Invocation, address: str, *, as_json: bool) -> None:
    """Show everything stored about an address: lists, consent, deliveries."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.core.address import parse_address  # noqa: PLC0415
    from pressrun.services.reports import reporting  # noqa: PLC0415
    from pressrun.store.datadir import load_keys  # noqa: PLC0415

    wanted = parse_address(address)
    with looking(invocation) as tx:
        found = reporting.show_subscriber(tx, load_keys(invocation.data), wanted)
    if as_json:
        print_json(found)
        return
    print_fields({name: found[name] for name in ("address", "name", "language", "attributes", "suppressed")})
    for title, columns in (
        ("lists", ("name", "state", "suspended_for", "since", "source")),
        ("consent", ("at", "list", "event", "source", "ip", "text")),
        ("deliveries", ("edition", "list", "state", "code", "at")),
    ):
        rows = found[title]
        if isinstance(rows, list) and rows:
            echo(f"\n{title}:")
            print_table(rows, columns, empty="")


@group.command()
@click.argument("address")
@yes_option
@json_option
@pass_invocation
def erase(invocation: Invocation, address: str, *, is_agreed: bool, as_json: bool) -> None:
    """Erase a person everywhere, for good. Only a keyed hash remains, so that nobody adds them again."""
    from pressrun.cli.acting import perform  # noqa: PLC0415
    from pressrun.control.verbs import AddressOnly  # noqa: PLC0415

    question = f"Erase {address} from every list, edition and record? This cannot be undone."
    ask(question, is_agreed=is_agreed)
    done = perform(invocation, "subscriber.erase", AddressOnly(address=address))
    if as_json:
        print_json(done)
        return
    note("erased everywhere; imports and sign-ups by others cannot add this address again")
    if not done["reader"]:
        note("nobody has this address now. Subscribers who used to have it keep their subscriptions")
    for name, what in (
        ("evidence_of_others", "other people's consent records that mentioned it"),
        ("mails", "mails to, from or about it"),
        ("address_changes", "changes of address from or to it, which can no longer be confirmed or undone"),
    ):
        if done[name]:
            note(f"also erased: {what} ({done[name]})")
    if done["editions"]:
        numbers = ", ".join(map(str, done["editions"]))
        note(f"this address is part of the text of edition {numbers}, which stays published as it is")


@group.command("import")
@list_argument()
@click.argument("file")
@click.option(
    "--format", "file_format", type=click.Choice(["csv"]), default="csv", help="Format of FILE [default: csv]."
)
@click.option("--dry-run", is_flag=True, help="Check and count the rows without changing anything.")
@click.option(
    "--send-confirmation", is_flag=True, help="Ask new subscribers for confirmation first; pending until they confirm."
)
@json_option
@pass_invocation
def import_(
    invocation: Invocation,
    list_name: str,
    file: str,
    file_format: str,  # noqa: ARG001 - csv is the only one that is read
    *,
    dry_run: bool,
    send_confirmation: bool,
    as_json: bool,
) -> None:
    """Import subscribers from a CSV file; FILE may be - for stdin.

    The first line names the columns: email, and optionally name, language, subscribed_at, consent_source, consent_ip,
    state; any other column becomes a merge
    field. Refused rows are listed by line number. Importing the same file again changes nothing.
    """
    from pressrun.cli.files import read_input  # noqa: PLC0415
    from pressrun.cli.taking_in import import_subscribers, survey_subscribers  # noqa: PLC0415

    content = read_input(file)
    take = survey_subscribers if dry_run else import_subscribers
    found = take(invocation, list_name, content, asks=send_confirmation)
    if as_json:
        print_json(found.answer())
        return
    print_fields(found.counts | {"invalid": len(found.invalid)})
    for one in sorted([*found.invalid, *found.skipped], key=lambda one: one["line"])[:_LINES_AT_MOST]:
        note(f"line {one['line']}: {one['reason']}")
    if len(found.invalid) + len(found.skipped) > _LINES_AT_MOST:
        note("… and more (--json lists every line)")
    if found.invalid and not sum(found.counts.values()):
        warn("every row was refused, so nothing was imported")
    if dry_run:
        note("dry run: nothing was changed")


@group.command("export")
@list_argument()
@click.option("--format", "file_format", type=click.Choice(["csv", "json"]), default="csv", help="[default: csv]")
@click.option("--state", type=_STATES, help="Only those in this state.")
@pass_invocation
def export(invocation: Invocation, list_name: str, file_format: str, state: str | None) -> None:
    """Export the subscribers of a list to stdout. `import` reads the CSV back unchanged."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.operations.csv_files import export_subscribers  # noqa: PLC0415

    with looking(invocation) as tx:
        for piece in export_subscribers(tx, list_name, file_format=file_format, state=state):
            echo(piece, nl=False)
