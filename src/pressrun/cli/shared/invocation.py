"""One call of the program: which configuration it uses, where its data are, and who reads what it prints."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import click

from pressrun.cli.shared.general_options import named_config
from pressrun.cli.shared.owner import find_owner, is_in_group_of
from pressrun.config import Settings, find_data_dir, find_group_socket, load_settings, locate_config
from pressrun.core.errors import NotPermitted
from pressrun.store.upkeep.datadir import DataDir


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


def _find_working_directory() -> Path:
    """The working directory, or, if it has been removed, a relative path that leads nowhere."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()
