"""The options of the program itself, which are taken before a verb and behind it; `--help` is click's own."""

from __future__ import annotations

from typing import TypeVar

import click

from pressrun import __version__
from pressrun.cli.shared.output import echo

_CONFIG = "pressrun.config"  # in what all contexts of a call share
C = TypeVar("C", bound=click.Command)

VERSION_LINE = f"pressrun, version {__version__}"


def with_general_options(command: C) -> C:
    """The same verb or group, which also takes `--config` and `--version`; the help of the program explains them."""
    options = general_options()
    for option in options:
        option.hidden = True
    command.params += options
    return command


def named_config(ctx: click.Context) -> str | None:
    """The file that this call names."""
    file: str | None = ctx.meta.get(_CONFIG)
    return file


def general_options() -> list[click.Option]:
    """`--config`, of which the last one counts, and `--version`."""
    config = click.Option(
        ["--config"],
        metavar="FILE",
        expose_value=False,
        callback=_use_config,
        help="Configuration file [default: $PRESSRUN_CONFIG, ./config.toml, /etc/pressrun/config.toml].",
    )
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version and exit.",
    )
    return [config, version]


def _use_config(ctx: click.Context, _param: click.Parameter, file: str | None) -> None:
    if file is not None:
        ctx.meta[_CONFIG] = file


def _show_version(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        echo(VERSION_LINE)
        ctx.exit()
