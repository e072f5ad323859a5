"""Verbs that only read: one snapshot of the database, seen as the owner of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import plain, print_info
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.core.errors import NotFound
from pressrun.store.location import open_current
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.key_files import keys_of
from pressrun.store.upkeep.restore_switch import require_no_switch


@contextmanager
def reading(invocation: Invocation) -> Iterator[Transaction]:
    """One snapshot of the database; raises NotFound where there is none yet."""
    with reading_if_any(invocation) as tx:
        if tx is None:
            raise NotFound(no_database(invocation))
        yield tx


@contextmanager
def reading_if_any(invocation: Invocation) -> Iterator[Transaction | None]:
    """The same for listings: None, after a line on stderr, where there is no database yet."""
    if invocation.group_socket is not None:
        # Imported by name: only members of the group need it.
        with import_module("pressrun.cli.shared.remote_reading").remote_reading(invocation.group_socket) as tx:
            yield tx
        return
    data = invocation.data
    with acting_as_owner(data.root):
        require_no_switch(data.root)
        if not data.database.exists():
            print_info(no_database(invocation))
            yield None
            return
        with open_current(data.database) as tx:
            keys_of(data, tx)  # raises where the keys are not those of this database
            yield tx


def read_rows(invocation: Invocation, query: Callable[..., Sequence[Any]], *args: object) -> list[dict[str, Any]]:
    """The rows that a query of the database gives; none where there is no database yet."""
    with reading_if_any(invocation) as tx:
        rows: list[dict[str, Any]] = [] if tx is None else plain(query(tx, *args))
    return rows


def no_database(invocation: Invocation) -> str:
    """The message where there is no database yet."""
    data = invocation.data
    missing = f"{data.root} has no database yet" if data.server is None else f"{data.server} has no tables yet"
    return (
        f"{missing}. Create {'it' if data.server is None else 'them'} with `pressrun list create` or `pressrun serve`"
    )
