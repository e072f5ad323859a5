"""What an operator does in an editor: `edit_config CONFIG EXAMPLE` sets the keys of a page's example."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, and so a `[[relay]]` where there is one in both; all else is replaced."""
    for key, value in new.items():
        if isinstance(value, dict):
            old[key] = merged(old.get(key, {}), value)
        elif is_array(value) and len(value) == 1 == len(old.get(key, [])):
            old[key] = [merged(old[key][0], value[0])]
        else:
            old[key] = value
    return old


def is_array(value: object) -> bool:
    """Whether it is an array of tables."""
    return isinstance(value, list) and isinstance(next(iter(value), None), dict)


def as_toml(table: dict[str, Any], path: str = "") -> str:
    """Keys first, then tables: no value of ours is of another type than JSON knows."""
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    arrays = {key: value for key, value in table.items() if is_array(value)}
    plain = {key: value for key, value in table.items() if key not in tables and key not in arrays}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in plain.items())
    for key, value in tables.items():
        text += f"[{path}{json.dumps(key)}]\n" + as_toml(value, f"{path}{json.dumps(key)}.")
    for key, rows in arrays.items():
        text += "".join(f"[[{path}{key}]]\n{as_toml(row)}" for row in rows)
    return text


config, example = map(Path, sys.argv[1:])
config.write_text(as_toml(merged(tomllib.loads(config.read_text()), tomllib.loads(example.read_text()))))
