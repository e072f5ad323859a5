"""`init` and `check`: the configuration, and whether everything that it names can be used."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import note, print_json, warn
from pressrun.cli.owner import acting_as_owner
from pressrun.core.errors import BadConfiguration, PressrunError

if TYPE_CHECKING:
    from pressrun.config import ConfigError


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@json_option
def init(directory: Path, *, as_json: bool) -> None:
    """Write a commented config.toml; never overwrites."""
    from pressrun.config import write_initial_config  # noqa: PLC0415

    path = write_initial_config(directory)
    if as_json:
        print_json({"config": str(path)})
    else:
        click.echo(f"wrote {path}: set base_url, mail_domain and [[relay]], then `pressrun --config {path} check`")


@click.command()
@json_option
@pass_invocation
@click.pass_context
def check(ctx: click.Context, invocation: Invocation, *, as_json: bool) -> None:
    """Check configuration, database, keys and permissions: every error at once."""
    from pressrun.config import examine  # noqa: PLC0415
    from pressrun.daemon.descriptors import shortage  # noqa: PLC0415

    errors = examine(invocation.config_path)
    if not errors:
        for warning in [*invocation.settings.warnings, *filter(None, [shortage(invocation.settings)])]:
            warn(warning)
        errors = _examine_data(invocation)
    if not errors:
        for warning in _examine_lists(invocation):
            warn(warning)
    if as_json:
        print_json(
            {
                "errors": [
                    {"key": one.key, "line": one.line, "found": one.found, "expected": one.expected} for one in errors
                ]
            }
        )
    for one in errors:
        note(f"{invocation.config_path}: {one}")
    if errors:
        ctx.exit(BadConfiguration.exit_code)
    if not as_json:
        click.echo(f"{invocation.config_path}: everything can be used")


def _examine_data(invocation: Invocation) -> list[ConfigError]:
    """What is wrong below data_dir, told at the line that names it."""
    from pressrun.config import ConfigError  # noqa: PLC0415
    from pressrun.store import datadir  # noqa: PLC0415

    data = invocation.data
    line = _line_of(invocation.config_path, "data_dir")
    found: list[ConfigError] = []
    with acting_as_owner(data.root):
        try:
            datadir.check(data)
        except PressrunError as problem:
            message, _, remedy = str(problem).partition(": ")
            found.append(ConfigError(line, "data_dir", message, remedy or "a database and keys that can be used"))
        for path in (data.root, data.database):
            if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                mode = stat.S_IMODE(path.stat().st_mode)
                wanted = 0o700 if path.is_dir() else 0o600
                found.append(
                    ConfigError(
                        line, "data_dir", f"{path} with mode {mode:04o}", f"{wanted:04o}: chmod {wanted:o} {path}"
                    )
                )
    return found


def _examine_lists(invocation: Invocation) -> list[str]:
    """What was set in lists and does not go with this configuration."""
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.services.reports.examining import examine_lists  # noqa: PLC0415
    from pressrun.store.datadir import load_keys  # noqa: PLC0415

    if not invocation.data.database.exists():
        return []
    try:
        with looking(invocation) as tx:
            return examine_lists(tx, invocation.settings.site, load_keys(invocation.data))
    except BadConfiguration:  # of an older schema, which `serve` brings up to date before anything else
        return []


def _line_of(path: Path, key: str) -> int:
    for number, text in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if text.lstrip().startswith(key):
            return number
    return 1
