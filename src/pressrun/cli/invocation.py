"""One call of the program: which configuration it uses, and where its data are."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import click

from pressrun.cli.owner import find_owner
from pressrun.config import Settings, find_data_dir, load_settings, locate_config
from pressrun.store.datadir import DataDir


class Invocation:
    """The configuration that a call uses, read when it is first needed."""

    def __init__(self, config: str | None) -> None:
        self._config = config

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

    @cached_property
    def _paths(self) -> tuple[Path, Path | None]:
        path = locate_config(self._config, os.environ, Path.cwd())
        data_dir = find_data_dir(path)
        if data_dir is not None:
            find_owner(data_dir)
        return path, data_dir

    @cached_property
    def settings(self) -> Settings:
        """All settings; raises BadConfiguration with every error."""
        return load_settings(self.config_path)

    @property
    def data(self) -> DataDir:
        """The paths below data_dir."""
        return self.settings.data


def invocation_of(ctx: click.Context) -> Invocation:
    """The call that a context belongs to."""
    return Invocation(ctx.find_root().params.get("config"))
