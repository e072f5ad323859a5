"""The configuration written out from the table of keys: for `pressrun init`, the example file, and the reference."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from pressrun.config.keys import TABLES
from pressrun.config.schema import Key, Shape, Table
from pressrun.core.errors import NotPermitted, OutputExists

_WIDTH = 100

# What `init` fills in, so that the file works as it stands for a try on one machine.
_FOR_A_TRY = {
    ("", "data_dir"): '"data"',
    ("", "base_url"): '"http://127.0.0.1:8080"',
    ("", "mail_domain"): '"lists.example.test"',
    ("http", "listen"): '"127.0.0.1:8080"',
    ("smtp", "listen"): '"127.0.0.1:8025"',
    ("relay", "host"): '"127.0.0.1"',
    ("relay", "port"): "25",
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

- **Durations** are a number with `ms`, `s`, `m`, `h` or `d`: `"15m"`. **Sizes** take `B KB MB KiB MiB GiB`: `"10 MiB"`.
- **Rates** are `N/s`, `N/min`, `N/h`, `N/day`, or over a duration, `"10/15min"`: at most N in any such window.
- **Files** are relative to config.toml. A bare name that is not a file there can be a systemd credential.
- SIGHUP (`systemctl reload pressrun`) rereads the file, and applies all of it or none. Keys marked ↻ need a restart.
"""


def initial_config() -> str:
    """The commented file that `pressrun init` writes: valid as it stands."""
    return "\n".join([_INITIAL_HEAD, *_all_lines(_FOR_A_TRY)])


def example_config() -> str:
    """config.example.toml: every key, with defaults in force and the rest behind a `#`."""
    given = {
        (table.name, key.name): key.default or key.example or ""
        for table in TABLES
        for key in table.keys
        if (key.default is not None or key.required) and table.shape not in {Shape.ONE_OR_MANY, Shape.NAMED}
    }
    return "\n".join([_EXAMPLE_HEAD, *_all_lines(given)])


def _all_lines(given: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for table in TABLES:
        yield from _table_lines(table, given)


def _table_lines(table: Table, given: Mapping[tuple[str, str], str]) -> Iterator[str]:
    # A header stays behind a # when nothing below it is given and an empty table would be wrong or mean something.
    is_live = any(name == table.name for name, _ in given) or table.shape is Shape.ONE
    yield from _comment(table.help)
    if table.name:
        yield ("" if is_live else "# ") + _header(table)
    yield ""
    for key in table.keys:
        yield from _comment(f"{key.help}{_off(key)}")
        value = given.get((table.name, key.name))
        yield f"{key.name} = {value}" if value is not None else f"# {key.name} = {key.default or key.example}"
        yield ""


def _off(key: Key) -> str:
    return "" if key.default is not None or key.required or "Default:" in key.help else " Off by default."


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
            f"| `{key.name}`{' ↻' if key.restart else ''} | {_default(key)} | {_cell(key)} |" for key in table.keys
        ]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _default(key: Key) -> str:
    if key.required:
        return "required"
    return f"`{key.default}`" if key.default is not None else "none"


def _cell(key: Key) -> str:
    shown = key.example if key.default is None else None
    example = f" Example: `{shown}`." if shown else ""
    return (key.help + example).replace("|", "\\|")


def write_initial_config(directory: Path) -> Path:
    """Write config.toml (0640) into a folder, which is made when it is missing; raises OutputExists, NotPermitted."""
    path = directory / "config.toml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except FileExistsError:
        raise OutputExists(
            f"{path if directory.is_dir() else directory} already exists and will not be overwritten"
        ) from None
    except OSError as problem:
        raise NotPermitted(f"cannot write {path}: {(problem.strerror or 'an error').lower()}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o640)
        file.write(initial_config())
    return path
