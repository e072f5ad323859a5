"""One call of the program: the configuration that it uses, who makes it, and what it reads of the data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from pressrun.cli.shared.general_options import named_config
from pressrun.cli.shared.output import plain, print_info
from pressrun.cli.shared.owner import acting_as_owner, find_owner, is_in_group_of
from pressrun.config import Settings, find_data_dir, find_group_socket, load_settings, locate_config
from pressrun.core.errors import NotFound, NotPermitted
from pressrun.store.location import open_current
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.key_files import keys_of
from pressrun.store.upkeep.restore_switch import require_no_switch


class Invocation:
    """The configuration that a call uses, read when first needed; `as_json` says that a program reads the output."""

    def __init__(self, config: str | None, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._config = config
        self.is_recorded = False  # what this call does has its row in the audit log
        self._group_socket: Path | None = None

    @property
    def config_path(self) -> Path:
        """The configuration file; raises NoInput, BadConfiguration, and NotPermitted for users without permission.

        Permission is checked first: to a user without it, the keys that they cannot read would seem to be missing.
        """
        return self._paths[0]

    @property
    def data_dir(self) -> Path | None:
        """The data_dir that the configuration names, whatever else is wrong with it; raises as `config_path` does."""
        return self._paths[1]

    def require_permission(self) -> None:
        """Raise NotPermitted for users without permission, before anything is said about their arguments."""
        _ = self._paths

    @cached_property
    def _paths(self) -> tuple[Path, Path | None]:
        path = locate_config(self._config, os.environ, _find_working_directory())
        data_dir = find_data_dir(path)
        if data_dir is not None:
            try:
                find_owner(data_dir)
            except NotPermitted:
                self._group_socket = find_group_socket(path)
                if self._group_socket is None or not is_in_group_of(data_dir):
                    raise
        return path, data_dir

    @property
    def group_socket(self) -> Path | None:
        """The socket of the group, for a user who is neither root nor the owner of the data; None for those two.

        The daemon also checks that the user is a member.
        """
        self.require_permission()
        return self._group_socket

    def require_owner(self) -> None:
        """Raise NotPermitted for a member of the group: the verb needs files that only root and the owner may read."""
        if self.group_socket is not None:
            raise NotPermitted(
                "this command needs files that only root and the owner of the data may read. Run pressrun with sudo"
            )

    @cached_property
    def settings(self) -> Settings:
        """All settings; raises BadConfiguration with every error, and NotPermitted for a member of the group."""
        self.require_owner()
        return load_settings(self.config_path)

    @property
    def data(self) -> DataDir:
        """The paths below data_dir."""
        return self.settings.data

    @property
    def control_socket(self) -> Path:
        """Where this user reaches the daemon."""
        return self.group_socket or self.data.control_socket


def invocation_of(ctx: click.Context, *, as_json: bool = False) -> Invocation:
    """The call that a context belongs to."""
    return Invocation(named_config(ctx), as_json=as_json)


def acting_for_data(invocation: Invocation) -> AbstractContextManager[None]:
    """Act as the owner of the data inside the block; a member of the group stays who they are."""
    return nullcontext() if invocation.group_socket else acting_as_owner(invocation.settings.data_dir)


def _find_working_directory() -> Path:
    """The working directory, or, if it has been removed, a relative path that leads nowhere."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


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
