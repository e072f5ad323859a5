"""One call of the program: which configuration it uses, and where its data are."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pressrun.cli.owner import find_owner

if TYPE_CHECKING:
    from pressrun.config import Settings
    from pressrun.store.datadir import DataDir

F = TypeVar("F", bound=Callable[..., object])


class Invocation:
    """What the options before the verb say; the configuration is read when it is first needed."""

    def __init__(self, config: str | None) -> None:
        self._config = config

    @property
    def config_path(self) -> Path:
        """The configuration in use; raises NoInput, BadConfiguration, and NotPermitted for who may not use its data.

        Who may is asked before anything else: to everybody else, keys that they cannot read would seem to be missing.
        """
        return self._found[0]

    @property
    def data_dir(self) -> Path | None:
        """The data_dir that the configuration names, whatever else is wrong with it; raises what `config_path` does."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[Path, Path | None]:
        from pressrun.config import find_config, find_data_dir  # noqa: PLC0415 - `--help` must not wait for it

        path = find_config(self._config, os.environ, Path.cwd())
        data_dir = find_data_dir(path)
        if data_dir is not None:
            find_owner(data_dir)
        return path, data_dir

    @cached_property
    def settings(self) -> Settings:
        """All settings; raises BadConfiguration with every error."""
        from pressrun.config import load_settings  # noqa: PLC0415

        return load_settings(self.config_path)

    @property
    def data(self) -> DataDir:
        """The paths below data_dir."""
        from pressrun.store.datadir import DataDir  # noqa: PLC0415

        return DataDir(self.settings.data_dir)


pass_invocation = click.make_pass_decorator(Invocation)


def _complete_lists(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """The names of lists that begin so; none where the configuration or the data cannot be read."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.core.errors import PressrunError  # noqa: PLC0415
    from pressrun.store import lists  # noqa: PLC0415

    invocation = Invocation(ctx.find_root().params.get("config"))
    try:
        with looking(invocation) as tx:
            return [one.name for one in lists.all_lists(tx) if one.name.startswith(begun)]
    except (PressrunError, OSError):
        return []


def list_argument(name: str = "list_name", *, required: bool = True) -> Callable[[F], F]:
    """The name of a list as verbs take it; shells complete it."""
    metavar = "LIST" if required else "[LIST]"
    return click.argument(name, metavar=metavar, required=required, shell_complete=_complete_lists)


def json_option(function: F) -> F:
    """`--json` as every verb has it."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def yes_option(function: F) -> F:
    """`--yes` as every verb that asks has it."""
    return click.option(
        "--yes", "is_agreed", is_flag=True, help="Do not ask for confirmation. Required when not on a terminal."
    )(function)
