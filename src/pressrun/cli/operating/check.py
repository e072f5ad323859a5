"""`check`: whether the configuration is valid and everything that it names can be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import echo, print_info, print_json, print_warning
from pressrun.cli.shared.owner import Identity, acting_as, find_owner
from pressrun.cli.shared.verb import verb
from pressrun.config import ConfigError, examine, names_server
from pressrun.core.errors import BadConfiguration
from pressrun.daemon.checks import ConfigWarning, Finding, Subject, check_all
from pressrun.runtime.identity import account_name
from pressrun.runtime.systemd import groups_of_unit
from pressrun.store.upkeep.datadir import DataDir
from pressrun.store.upkeep.server import MissingDriver


@verb("check")
def check(invocation: Invocation) -> int:
    findings = _findings(invocation)
    errors = [finding for finding in findings if isinstance(finding, ConfigError)]
    advice = [finding for finding in findings if isinstance(finding, ConfigWarning)]
    if invocation.as_json:
        shown = [
            {"key": error.key, "line": error.line, "found": error.actual, "expected": error.expected}
            for error in errors
        ]
        print_json({"errors": shown, "warnings": [warning.text for warning in advice]})
    for warning in advice:
        print_warning(warning.text)
    for error in errors:
        print_info(f"{invocation.config_path}: {error}")
    if errors:
        return BadConfiguration.exit_code
    if not invocation.as_json:
        needs_restart = any(warning.needs_restart for warning in advice)
        echo("Configuration OK. Restart the daemon to apply it" if needs_restart else "Configuration OK")
    return 0


def _findings(invocation: Invocation) -> list[Finding]:
    """All errors in the file, then all findings of the checks, which run as the owner of the data."""
    invocation.require_owner()
    path, data_dir = invocation.config_path, invocation.data_dir
    errors = examine(path)
    settings = None if errors else invocation.settings  # before a driver that is missing becomes an error, too
    data, missing = _data_to_check(invocation, errors)
    subject = Subject(
        source=path.absolute(),
        data=data,
        file_mode=path.stat().st_mode,
        lines=path.read_text(encoding="utf-8-sig", errors="replace").splitlines(),
    )
    if missing is not None:
        errors.append(subject.error("database", missing.state, f"its driver. {missing.remedy}"))
    with acting_as(None if data_dir is None else _find_service(data_dir)):  # in a closed folder, too
        return [*errors, *check_all(subject, settings)]


def _find_service(data_dir: Path) -> Identity | None:
    """The owner of the data with the groups that the unit gives the service; None for a process that is the owner."""
    owner = find_owner(data_dir)
    if owner is None:
        return None
    return replace(owner, groups=(*owner.groups, *groups_of_unit(account_name(owner.uid))))


def _data_to_check(
    invocation: Invocation, errors: Sequence[ConfigError]
) -> tuple[DataDir | None, MissingDriver | None]:
    """The data, or why they cannot be read; with errors in the file those in data_dir, unless they are on a server.

    An error of data_dir itself says all there is to say about it.
    """
    if not errors:
        try:
            return invocation.data, None
        except MissingDriver as problem:
            return None, problem
    data_dir = invocation.data_dir
    is_out_of_reach = names_server(invocation.config_path) or any(error.key == "data_dir" for error in errors)
    return None if data_dir is None or is_out_of_reach else DataDir(data_dir), None
