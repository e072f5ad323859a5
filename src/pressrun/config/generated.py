"""The configuration written out from its declarations: for `pressrun init`, the example file and the reference."""

from __future__ import annotations

import json
import os
import secrets
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from pressrun.config.settings import TABLES, Shape, Table
from pressrun.core.errors import NotPermitted, OutputExists, Refused, reason_of
from pressrun.core.setting import Setting, Toml
from pressrun.core.upkeep.resources import is_out_of_resources
from pressrun.store.files import make_directory, name_new_file, sync_directory

_WIDTH = 100

# `init` fills these in, so that the file works as it is for a try on one machine.
_FOR_A_TRY: dict[tuple[str, str], Toml] = {
    ("", "data_dir"): "data",
    ("", "base_url"): "http://127.0.0.1:8080",
    ("", "mail_domain"): "lists.example.test",
    ("http", "listen"): "127.0.0.1:8080",
    ("smtp", "listen"): "127.0.0.1:8025",
    ("relay", "host"): "127.0.0.1",
    ("relay", "port"): 25,
}

_INITIAL_HEAD = """\
# Pressrun's configuration. It works as it is for trying Pressrun on one machine. For real use, set base_url,
# mail_domain and [[relay]], then run `pressrun check`. Keys after a # have the value shown, or are off if it says so.
# Keep secrets out of this file: passwords and keys belong in files of their own.
"""
_EXAMPLE_HEAD = """\
# Every key of Pressrun's configuration, with its default, unit and reason. Keys after a # are off by default.
# Only data_dir, base_url, mail_domain, [http] listen and one [[relay]] with host and port are required.
#
# Durations: a number with ms, s, m, h or d. Sizes: B, KB, MB, KiB, MiB, GiB. Rates: N/s, N/min, N/h, N/day, or over a
# duration, N/15min. A file name is relative to this file, or names a systemd credential.
"""
_REFERENCE_HEAD = """\
# Configuration: every key of config.toml

This page is written from the code by `make docs`; a test fails when it is stale. `pressrun init` writes a commented
file to start from. `pressrun check` reports every error at once: line, key, what was found and what was expected.

Only `data_dir`, `base_url`, `mail_domain`, `[http] listen` and one `[[relay]]` with `host` and `port` are required.

- **Durations** are a number with `ms`, `s`, `m`, `h` or `d`: `"15m"`, at most `3650d`.
  **Sizes** take `B KB MB KiB MiB GiB`: `"10 MiB"`.
- **Rates** are `N/s`, `N/min`, `N/h`, `N/day`, or over a duration, `"10/15min"`: at most N in any such window.
- **Files** are relative to config.toml. A bare name that is not a file there can be a systemd credential.
- SIGHUP (`systemctl reload pressrun`) rereads the file, and applies all of it or none. Keys marked ↻ need a restart.
"""


@cache
def initial_config() -> str:
    """The commented file that `pressrun init` writes: valid as it is."""
    return "\n".join([_INITIAL_HEAD, *_all_lines(_FOR_A_TRY)])


def example_config() -> str:
    """config.example.toml: every key, with defaults in force and the rest behind a `#`."""
    in_force = {
        (table.name, each.key): _shown(each)
        for table in TABLES
        for each in table.keys
        if (each.default is not None or each.is_required) and table.shape not in {Shape.ONE_OR_MANY, Shape.NAMED}
    }
    return "\n".join([_EXAMPLE_HEAD, *_all_lines(in_force)])


def _all_lines(in_force: Mapping[tuple[str, str], Toml]) -> Iterator[str]:
    for table in TABLES:
        yield from _table_lines(table, in_force)


def _table_lines(table: Table, in_force: Mapping[tuple[str, str], Toml]) -> Iterator[str]:
    # A header stays behind a # when nothing below it is in force and an empty table would be wrong or mean something.
    is_live = any(name == table.name for name, _ in in_force) or table.shape is Shape.ONE
    yield from _comment(table.help)
    if table.name:
        yield ("" if is_live else "# ") + _header(table)
    yield ""
    for each in table.keys:
        yield from _comment(f"{_purpose(each)}{_off(each)}")
        value = in_force.get((table.name, each.key))
        yield f"{each.key} = {_toml(value)}" if value is not None else f"# {each.key} = {_toml(_shown(each))}"
        yield ""


def _purpose(key: Setting) -> str:
    return f"{key.help} {key.reason}".rstrip()


def _off(key: Setting) -> str:
    return "" if key.default is not None or key.is_required or "Default:" in key.help else " Off by default."


def _shown(key: Setting) -> Toml:
    """The value to show: the default, or an example where there is none."""
    shown = key.example if key.default is None else key.default
    assert shown is not None
    return shown


def _toml(value: Toml) -> str:
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _header(table: Table) -> str:
    if table.shape is Shape.MANY:
        return f"[[{table.name}]]"
    return f'[{table.name}."gmail.com"]' if table.shape is Shape.NAMED else f"[{table.name}]"


def reference() -> str:
    """docs/configuration.md: a table of keys for each table of the file."""
    lines = [_REFERENCE_HEAD]
    for table in TABLES:
        lines += [f"## {f'`{_header(table)}`' if table.name else 'At the top'}", "", table.help, ""]
        lines += ["| key | default | purpose |", "|---|---|---|"]
        lines += [
            f"| `{each.key}`{' ↻' if each.needs_restart else ''} | {_default(each)} | {_cell(each)} |"
            for each in table.keys
        ]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _default(key: Setting) -> str:
    if key.is_required:
        return "required"
    return "none" if key.default is None else f"`{shown_default(key)}`"


def shown_default(key: Setting) -> str:
    """The default of a key that need not be given, as the file would have it; "none" where there is none."""
    return "none" if key.default is None else _toml(key.default)


def _cell(key: Setting) -> str:
    example = f" Example: `{_toml(_shown(key))}`." if key.default is None else ""
    former = "".join(f" Formerly `{name}`." for name in key.formerly)
    return f"{_purpose(key)}{example}{former}".replace("|", "\\|")


def write_initial_config(directory: Path) -> Path:
    """Write config.toml (0640) into a folder, which is created if missing, whole or not at all.

    Raises OutputExists, NotPermitted, and Refused if the disk is full.
    """
    path = directory / "config.toml"
    draft = directory / f".{path.name}-{secrets.token_hex(4)}"
    try:
        make_directory(directory, mode=0o777)
        _write_draft(draft)
        name_new_file(draft, path)
    except FileExistsError:
        raise OutputExists(
            f"{path if directory.is_dir() else directory} already exists and will not be overwritten"
        ) from None
    except OSError as problem:
        kind = Refused if is_out_of_resources(problem) else NotPermitted
        raise kind(f"cannot write {path}: {reason_of(problem)}") from None
    finally:
        with suppress(OSError):
            draft.unlink()
    sync_directory(directory)
    return path


def _write_draft(draft: Path) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o640)
        file.write(initial_config())
        file.flush()
        os.fsync(file.fileno())
