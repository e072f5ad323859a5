"""Every value in force, and where it comes from: for `config show`. Secrets are never among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.config.loader import load_settings, read_file
from pressrun.config.named_files import NamedFiles
from pressrun.config.problems import ConfigError, Problems, dotted
from pressrun.config.problems import Path as KeyPath
from pressrun.config.sections import read
from pressrun.config.settings import TABLES, Shape, Table
from pressrun.core.errors import BadConfiguration
from pressrun.core.setting import Setting
from pressrun.store.server_password import hide_secrets

_HIDDEN = "(set)"
_SECRET_FILES = frozenset({"password_file", "key_file", "client_secret_file"})


class ConfigValue(Struct, frozen=True, kw_only=True):
    """One key by its whole name, such as `relay[1].host`. `line` is that of the file; None for a default.

    `value` is as the file has it, None for what is off. `is_changed` means that it is not the default.
    """

    key: str
    value: Any
    line: int | None
    is_changed: bool


def list_values(path: Path) -> list[ConfigValue]:
    """The values of a file, in the order of the reference; raises as `load_settings` does."""
    load_settings(path)
    return [_describe(each) for each in _read_keys(path)]


def find_secret_files(path: Path, environ: Mapping[str, str]) -> list[Path]:
    """The files with private keys and passwords that a configuration names, if they exist."""
    files = NamedFiles(folder=path.absolute().parent, environ=environ)
    names = [each.value for each in _read_keys(path) if each.setting.key in _SECRET_FILES and each.value]
    return [file for name in names if (file := files.find(str(name))) is not None]


class _Key(Struct, frozen=True, kw_only=True):
    """One key of a table at its place, with what the file has for it, or the default."""

    place: KeyPath
    setting: Setting
    value: Any
    line: int | None


def _read_keys(path: Path) -> Iterator[_Key]:
    """All keys of a valid file."""
    parsed = read_file(path)
    if isinstance(parsed, ConfigError):
        raise BadConfiguration(f"{path}: {parsed}")
    content, lines = parsed
    document = read(content, Problems(lines=lines))
    for table in TABLES:
        places: list[KeyPath] = [section.path for section in document.list(table.name)]
        if not places and table.shape is Shape.ONE and table.name != "smtp":  # left out, it means: no mail is received
            places = [tuple(table.name.split("."))]
        for place in places:
            yield from _keys_at(table, place, content, lines)


def _keys_at(table: Table, place: KeyPath, content: dict[str, Any], lines: dict[KeyPath, int]) -> Iterator[_Key]:
    for setting in table.keys:
        paths = ((*place, setting.key), *(_former_path(place, name) for name in setting.formerly))
        path = next((path for path in paths if path[-1] in _content_at(content, path[:-1])), None)
        value = setting.default if path is None else _content_at(content, path[:-1])[path[-1]]
        yield _Key(place=place, setting=setting, value=value, line=None if path is None else lines[path])


def _former_path(place: KeyPath, name: str) -> KeyPath:
    """Where a key was once: in the same table, or as `limits.consent_ip_for` in another."""
    return tuple(name.split(".")) if "." in name else (*place, name)


def _describe(key: _Key) -> ConfigValue:
    return ConfigValue(
        key=dotted((*key.place, key.setting.key)),
        value=_shown(key.setting, key.value),
        line=key.line,
        is_changed=key.line is not None and key.value != key.setting.default,
    )


def _shown(setting: Setting, value: Any) -> Any:
    if value is None or not setting.is_secret:
        return value
    return hide_secrets(str(value)) if setting.key == "database" else _HIDDEN


def _content_at(content: Any, place: KeyPath) -> dict[Any, Any]:
    for step in place:
        content = content.get(step, {}) if isinstance(content, dict) else content[step]
    return dict(content)
