"""`list ls` and `list show`; the verbs that change a list are in list_changes."""

from __future__ import annotations

from pressrun.cli.shared.invocation import Invocation, read_rows, reading
from pressrun.cli.shared.output import plain, print_fields, print_rows, print_warning
from pressrun.cli.shared.verb import list_argument, verb
from pressrun.services.reports import list_descriptions
from pressrun.services.reports.list_check import examine_owner
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.key_files import keys_of

_COLUMNS = ("name", "title", "language", "family", "active", "pending", "suspended", "unsubscribed", "closed_at")


@verb("list ls")
def list_lists(invocation: Invocation) -> None:
    rows = read_rows(invocation, list_descriptions.list_lists)
    print_rows(rows, _COLUMNS, empty="no lists yet. Create one with `pressrun list create`", as_json=invocation.as_json)


@verb("list show")
@list_argument("name")
def show(invocation: Invocation, *, name: str) -> None:
    with reading(invocation) as tx:
        print_fields(plain(list_descriptions.show_list(tx, name)), as_json=invocation.as_json)
        warn_of_owner(invocation, tx, name)


def warn_of_owner(invocation: Invocation, tx: Transaction, name: str) -> None:
    """Warn when email may not reach the owner of a list; that takes a key, which members of the group cannot read."""
    if invocation.group_socket is not None:
        return
    warning = examine_owner(tx, lists.get_list(tx, name), keys_of(invocation.data, tx))
    if warning is not None:
        print_warning(warning)
