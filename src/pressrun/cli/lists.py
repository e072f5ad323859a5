"""`list ls`, `show`, `close` and `rm`; `list create` and `list set` are in list_settings."""

from __future__ import annotations

import time

from pressrun.cli.invocation import Invocation
from pressrun.cli.options import list_argument, verb, yes_option
from pressrun.cli.output import (
    confirm,
    print_fields,
    print_json,
    print_rows,
    print_warning,
    require_terminal_or_agreement,
)
from pressrun.cli.read_only import read_rows, reading
from pressrun.cli.write_verbs import execute
from pressrun.control.arguments import ListName
from pressrun.services.reports import ledger_reports
from pressrun.services.reports.list_check import examine_owner
from pressrun.store.datadir import load_keys

_COLUMNS = ("name", "title", "language", "family", "active", "pending", "suspended", "unsubscribed", "closed_at")


@verb("list ls")
def list_lists(invocation: Invocation, *, as_json: bool) -> None:
    rows = read_rows(invocation, ledger_reports.list_lists)
    print_rows(rows, _COLUMNS, empty="no lists yet. Create one with `pressrun list create`", as_json=as_json)


@verb("list show")
@list_argument("name")
def show(invocation: Invocation, *, name: str, as_json: bool) -> None:
    with reading(invocation) as tx:
        description = ledger_reports.show_list(tx, name)
    print_fields(description, as_json=as_json)
    warn_of_owner(invocation, name)


@verb("list close")
@list_argument("name")
@yes_option
def close(invocation: Invocation, *, name: str, is_agreed: bool, as_json: bool) -> None:
    confirm_close(name, is_agreed=is_agreed)
    closed = execute(invocation, "list.close", ListName(list=name))
    print_fields(closed, as_json=as_json)


@verb("list rm")
@list_argument("name")
@yes_option
def remove(invocation: Invocation, *, name: str, is_agreed: bool, as_json: bool) -> None:
    if not is_agreed:
        _confirm_remove(invocation, name)
    execute(invocation, "list.rm", ListName(list=name))
    if as_json:
        print_json({"removed": name})


def _confirm_remove(invocation: Invocation, name: str) -> None:
    """Say how much would be lost, and ask."""
    require_terminal_or_agreement(is_agreed=False)
    with reading(invocation) as tx:
        readers = ledger_reports.count_readers(tx, name)
        editions = len(ledger_reports.list_editions(tx, name, int(time.time())))
    contents = f"{readers:,} subscriptions, {editions:,} editions and its archive"
    confirm(f"Remove the list {name} with {contents}? This cannot be undone.", is_agreed=False)


def confirm_close(name: str, *, is_agreed: bool) -> None:
    """Ask before a list is closed."""
    confirm(f"Close the list {name}? Pending requests and unfinished editions will end.", is_agreed=is_agreed)


def warn_of_owner(invocation: Invocation, name: str) -> None:
    """Warn when email may not reach the owner of a list."""
    with reading(invocation) as tx:
        warning = examine_owner(tx, ledger_reports.require_list(tx, name), load_keys(invocation.data))
    if warning is not None:
        print_warning(warning)
