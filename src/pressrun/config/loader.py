"""Loads a configuration file: the settings, or every error in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pressrun.config.builder import build, resolve_data_dir
from pressrun.config.named_files import is_closed, this_user
from pressrun.config.problems import ConfigError, Problems
from pressrun.config.sections import Parsed, parse, read
from pressrun.config.settings import Settings
from pressrun.control.settings import GROUP_SOCKET
from pressrun.core.errors import BadConfiguration, NoInput, NotPermitted
from pressrun.core.setting import BadValue
from pressrun.core.setting_kinds import file
from pressrun.runtime.identity import group_name

_SYSTEM_WIDE = Path("/etc/pressrun/config.toml")
_NO_CREDENTIALS = {"CREDENTIALS_DIRECTORY": os.devnull}


def locate_config(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The configuration to use: the one given, `$PRESSRUN_CONFIG`, ./config.toml, or the system-wide one.

    Raises NoInput if the given one does not exist, BadConfiguration if there is none, and NotPermitted if this user may
    not check whether it exists.
    """
    named = explicit or environ.get("PRESSRUN_CONFIG")
    if named:
        path = cwd / named
        if not _exists(path):
            whence = "" if explicit else " (named by $PRESSRUN_CONFIG)"
            raise NoInput(f"{path} does not exist{whence}. `pressrun init` writes a configuration to start from")
        return path
    with suppress(NotPermitted):  # the working directory of a user of sudo may be closed to us
        if _exists(cwd / "config.toml"):
            return cwd / "config.toml"
    if _exists(_SYSTEM_WIDE):
        return _SYSTEM_WIDE
    raise BadConfiguration(
        f"no configuration file: neither {cwd / 'config.toml'} nor {_SYSTEM_WIDE} exists. Name one with --config, "
        "or let `pressrun init` write one to start from"
    )


def find_data_dir(path: Path) -> Path | None:
    """The data_dir that a file names, whatever else is wrong with the file; raises NoInput or NotPermitted."""
    return _resolve(path, _find_top_key(path, "data_dir"))


def find_group_socket(path: Path) -> Path | None:
    """The socket for members of the group, if the file gives them one; raises NoInput or NotPermitted."""
    table = _find_top_key(path, "control")
    if not isinstance(table, dict) or table.get("group") is not True:
        return None
    return _resolve(path, table.get("socket", GROUP_SOCKET))


def _resolve(source: Path, value: object) -> Path | None:
    """The path that a key of a configuration means, or None where it means none."""
    try:
        return resolve_data_dir(source.absolute().parent, file("a path").read(value))
    except BadValue:
        return None


def names_server(path: Path) -> bool:
    """Whether a file names a database on a server, whatever is wrong with the file."""
    return _find_top_key(path, "database") is not None


def _find_top_key(path: Path, key: str) -> object:
    parsed = read_file(path)
    return None if isinstance(parsed, ConfigError) else parsed[0].get(key)


def load_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file; raises BadConfiguration with one error per line, NoInput or NotPermitted."""
    settings, errors = _load(path, os.environ if environ is None else environ)
    if settings is None:
        raise BadConfiguration("\n".join(f"{path}: {error}" for error in errors))
    return settings


def examine(path: Path, environ: Mapping[str, str] | None = None) -> list[ConfigError]:
    """Every error of a file, sorted by line; raises NoInput or NotPermitted."""
    return _load(path, os.environ if environ is None else environ)[1]


def is_system_wide(path: Path) -> bool:
    """Whether this is the file that an installed service reads."""
    return path.absolute() == _SYSTEM_WIDE


def find_closed_files(path: Path) -> list[ConfigError]:
    """What keeps this user from reading a file or a file that it names; credentials are handed to a service."""
    path = path.absolute()
    closed = next(
        (folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK, effective_ids=True)), None
    )
    if closed is not None:
        expected = f"a file in a folder that every user can enter, such as {_SYSTEM_WIDE.parent}"
        return [ConfigError(1, "", f"{path}, in {closed}, which {this_user()} cannot enter", expected)]
    if not os.access(path, os.R_OK, effective_ids=True):
        expected = f"a file that the service can read: chgrp {group_name(os.getegid())} {path}; chmod 640 {path}"
        return [ConfigError(1, "", f"{path}, which {this_user()} cannot read", expected)]
    return [error for error in examine(path, _NO_CREDENTIALS) if is_closed(error.actual)]


def _load(path: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[ConfigError]]:
    path = path.absolute()
    parsed = read_file(path)
    if isinstance(parsed, ConfigError):
        return None, [parsed]
    document, lines = parsed
    problems = Problems(lines=lines)
    settings = build(read(document, problems), path, environ, problems)
    return settings, sorted(problems.errors)


def read_file(path: Path) -> Parsed | ConfigError:
    """The document in a file, or the error where it is not UTF-8 or not TOML; raises NoInput or NotPermitted."""
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NoInput(f"{path} is not a file. `pressrun init` writes a configuration to start from") from None
    except PermissionError:
        raise _not_permitted(path) from None
    try:
        return parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        return ConfigError(line=line, key="", actual="octets that are not UTF-8", expected="a file in UTF-8")


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        raise _not_permitted(path) from None
    except OSError:
        return False
    return True


def _not_permitted(path: Path) -> NotPermitted:
    return NotPermitted(f"{this_user()} cannot read {path}. Run pressrun with sudo, or let that user read the file")
