"""`config`: the values in force."""

from __future__ import annotations

import json
from typing import Any

import click

from pressrun.cli.shared.invocation import Invocation
from pressrun.cli.shared.output import print_rows
from pressrun.cli.shared.verb import verb
from pressrun.config.values import ConfigValue, list_values


@verb("config show")
@click.option("--changed", "only_changed", is_flag=True, help="Only settings that differ from the default.")
def show(invocation: Invocation, *, only_changed: bool) -> None:
    """A running daemon uses the values of its start or latest reload. `pressrun check` says if they differ."""
    path = invocation.config_path
    values = [each for each in list_values(path) if each.is_changed or not only_changed]
    if invocation.as_json:
        rows: list[dict[str, Any]] = [{"key": each.key, "value": each.value, "line": each.line} for each in values]
    else:
        rows = [_row(each, str(path)) for each in values]
    print_rows(rows, ("key", "value", "from"), empty="every value is the default", as_json=invocation.as_json)


def _row(each: ConfigValue, path: str) -> dict[str, str]:
    shown = "-" if each.value is None else json.dumps(each.value, ensure_ascii=False)
    return {"key": each.key, "value": shown, "from": "default" if each.line is None else f"{path}:{each.line}"}
