"""`subscriber`: add, remove, list, show, erase and export subscribers; `subscriber import` is in member_import."""

from __future__ import annotations

import click

from pressrun.acts.arguments import AddressOnly, ListAddress, SubscriberAdd
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import (
    confirm,
    echo,
    plain,
    print_fields,
    print_info,
    print_json,
    print_json_list,
    print_table,
)
from pressrun.cli.shared.verb import list_argument, verb, yes_option
from pressrun.cli.shared.write_verbs import execute, execute_unrecorded
from pressrun.core.addresses.address import parse_address
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.operations.csv_files import export_subscribers
from pressrun.services.reports import subscriber_listing, subscriber_record
from pressrun.services.reports.subscriber_listing import SubscriberSelection
from pressrun.store.upkeep.key_files import keys_of

_state_option = click.option(
    "--state", type=click.Choice([state.value for state in SubscriptionState]), help="Only those in this state."
)
_LISTED = ("address", "name", "state", "since", "source")
_SECTIONS = {
    "lists": ("name", "state", "suspended_for", "since", "source"),
    "consent": ("at", "list", "event", "source", "ip", "text"),
    "deliveries": ("edition", "list", "state", "code", "at"),
}
_ALSO_ERASED = {
    "evidence_of_others": "other people's consent records that mentioned it",
    "mails": "emails to, from or about it",
    "address_changes": "changes of address from or to it, which can no longer be confirmed or undone",
}


@verb("subscriber add")
@list_argument()
@click.argument("address")
@click.option("--name", default="", help="Subscriber's name.")
@click.option("--send-confirmation", is_flag=True, help="Ask for confirmation first; pending until they confirm.")
def add(invocation: Invocation, *, list_name: str, address: str, name: str, send_confirmation: bool) -> None:
    subscriber = SubscriberAdd(list=list_name, address=address, name=name, send_confirmation=send_confirmation)
    print_fields(execute(invocation, "subscriber.add", subscriber), as_json=invocation.as_json)


@verb("subscriber rm")
@list_argument()
@click.argument("address")
def remove(invocation: Invocation, *, list_name: str, address: str) -> None:
    removed = execute(invocation, "subscriber.rm", ListAddress(list=list_name, address=address))
    print_fields(removed, as_json=invocation.as_json)


@verb("subscriber ls")
@list_argument()
@_state_option
@click.option(
    "--search",
    default="",
    metavar="TEXT",
    help="Only those whose address or name contains TEXT. `TEXT*` finds addresses that begin with TEXT, and "
    "`@DOMAIN` those at that domain; both are fast on a long list.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Show at most this many. [default: all]")
@click.option(
    "--after",
    default="",
    metavar="CURSOR",
    help="Continue after the subscriber with this `cursor`, which --limit shows.",
)
def list_subscribers(
    invocation: Invocation, *, list_name: str, state: str | None, search: str, limit: int | None, after: str
) -> None:
    selection = SubscriberSelection(state=state, search=search, after=after, limit=limit)
    columns = _LISTED if limit is None else (*_LISTED, "cursor")
    with reading(invocation) as tx:
        rows = subscriber_listing.list_subscribers(tx, list_name, selection)
        if invocation.as_json:
            print_json_list(rows)
        else:
            print_table(rows, columns, empty="no subscribers")


@verb("subscriber show")
@click.argument("address")
def show(invocation: Invocation, *, address: str) -> None:
    parsed = parse_address(address)
    if invocation.group_socket is not None:  # the key that finds a suppression stays with the daemon
        record = execute_unrecorded(invocation, "subscriber.show", AddressOnly(address=address))
    else:
        with reading(invocation) as tx:
            record = plain(subscriber_record.show_subscriber(tx, keys_of(invocation.data, tx), parsed))
    if invocation.as_json:
        print_json(record)
        return
    print_fields({name: record[name] for name in ("address", "name", "language", "attributes", "suppressed")})
    for section, columns in _SECTIONS.items():
        rows = record[section]
        if isinstance(rows, list) and rows:
            echo(f"\n{section}:")
            print_table(rows, columns)


@verb("subscriber erase")
@click.argument("address")
@yes_option
def erase(invocation: Invocation, *, address: str, is_agreed: bool) -> None:
    confirm(f"Erase {address} from every list, edition and record? This cannot be undone.", is_agreed=is_agreed)
    erased = execute(invocation, "subscriber.erase", AddressOnly(address=address))
    if invocation.as_json:
        print_json(erased)
        return
    print_info("erased everywhere; imports and sign-ups by others cannot add this address again")
    if not erased["reader"]:
        print_info("nobody has this address now. Subscribers who used to have it keep their subscriptions")
    for name, what in _ALSO_ERASED.items():
        if erased[name]:
            print_info(f"also erased: {what} ({erased[name]})")
    if erased["editions"]:
        numbers = ", ".join(map(str, erased["editions"]))
        print_info(f"the text of edition {numbers} contains this address. It stays published as it is")


@verb("subscriber export")
@list_argument()
@click.option("--format", "file_format", type=click.Choice(["csv", "json"]), default="csv", help="[default: csv]")
@_state_option
def export(invocation: Invocation, *, list_name: str, file_format: str, state: str | None) -> None:
    with reading(invocation) as tx:
        for piece in export_subscribers(
            tx, list_name, file_format="json" if invocation.as_json else file_format, state=state
        ):
            echo(piece, nl=False)
