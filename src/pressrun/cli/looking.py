"""How a reading verb gets at the data: the file itself, read-only, whether or not the daemon runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pressrun.cli.output import note
from pressrun.cli.owner import acting_as_owner
from pressrun.core.errors import NotFound

if TYPE_CHECKING:
    from pressrun.cli.invocation import Invocation
    from pressrun.store.transaction import Transaction


@contextmanager
def looking(invocation: Invocation) -> Iterator[Transaction]:
    """One snapshot of the database, seen as the owner of the data; raises NotFound where there is none yet."""
    with looking_if_any(invocation) as tx:
        if tx is None:
            raise NotFound(no_database(invocation))
        yield tx


@contextmanager
def looking_if_any(invocation: Invocation) -> Iterator[Transaction | None]:
    """The same for listings: None, and a word about it, where there is no database yet."""
    from pressrun.store.datadir import load_keys  # noqa: PLC0415
    from pressrun.store.reading import open_for_reading, require_current_schema  # noqa: PLC0415

    data = invocation.data
    with acting_as_owner(data.root):
        if not data.database.exists():
            note(no_database(invocation))
            yield None
            return
        require_current_schema(data.database)
        load_keys(data)  # a database with other keys than its own is not to be worked with
        with open_for_reading(data.database) as tx:
            yield tx


def no_database(invocation: Invocation) -> str:
    """What to say where there is no database yet."""
    return f"{invocation.data.root} has no database yet. Create it with `pressrun list create` or `pressrun serve`"
