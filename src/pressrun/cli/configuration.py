"""`init` and `check`: the configuration, and whether everything that it names can be used."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, note, print_json, warn
from pressrun.cli.owner import acting_as_owner
from pressrun.core.errors import BadConfiguration

if TYPE_CHECKING:
    from pressrun.daemon.checks import Finding


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@json_option
def init(directory: Path, *, as_json: bool) -> None:
    """Write a commented config.toml. Never overwrites a file."""
    from pressrun.config import write_initial_config  # noqa: PLC0415

    path = write_initial_config(directory)
    if as_json:
        print_json({"config": str(path)})
    else:
        echo(f"wrote {path}. Set base_url, mail_domain and [[relay]], then run `pressrun --config {path} check`")


@click.command()
@json_option
@pass_invocation
@click.pass_context
def check(ctx: click.Context, invocation: Invocation, *, as_json: bool) -> None:
    """Check configuration, database, keys and permissions, and report every error."""
    from pressrun.config import ConfigError  # noqa: PLC0415
    from pressrun.daemon.checks import Advice  # noqa: PLC0415

    findings = _findings(invocation)
    errors = [one for one in findings if isinstance(one, ConfigError)]
    advice = [one for one in findings if isinstance(one, Advice)]
    if as_json:
        print_json(
            {
                "errors": [
                    {"key": one.key, "line": one.line, "found": one.found, "expected": one.expected} for one in errors
                ],
                "warnings": [one.text for one in advice],
            }
        )
    for warning in advice:
        warn(warning.text)
    for error in errors:
        note(f"{invocation.config_path}: {error}")
    if errors:
        ctx.exit(BadConfiguration.exit_code)
    if not as_json:
        needs_restart = any(one.needs_restart for one in advice)
        echo("Configuration OK. Restart the daemon to apply it" if needs_restart else "Configuration OK")


def _findings(invocation: Invocation) -> list[Finding]:
    """All that is wrong with the file, then all that the checks find, each as the owner of the data sees it."""
    from pressrun.config import examine  # noqa: PLC0415
    from pressrun.daemon.checks import CHECKS, Subject  # noqa: PLC0415
    from pressrun.store.datadir import DataDir  # noqa: PLC0415

    path, data_dir = invocation.config_path, invocation.data_dir
    errors = examine(path)
    subject = Subject(
        source=path.absolute(),
        data=None if data_dir is None else DataDir(data_dir),
        settings=None if errors else invocation.settings,
        file_mode=path.stat().st_mode,
    )
    with nullcontext() if data_dir is None else acting_as_owner(data_dir):
        return [*errors, *(finding for check in CHECKS for finding in check(subject))]
