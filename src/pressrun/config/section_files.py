"""Keys that name files, and keys that belong together: what is wrong with them is recorded at their lines."""

from __future__ import annotations

from pathlib import Path

from pressrun.config.named_files import NamedFiles, check_authorities, is_open_to_all, read_password
from pressrun.config.sections import Section
from pressrun.core.setting import BadValue


def check_together(section: Section, *keys: str) -> bool:
    """Whether all keys are given; it is an error if only some of them are."""
    present = [key for key in keys if key in section.keys]
    if present and len(present) < len(keys):
        section.error(present[0], f"{' and '.join(present)} alone", " and ".join(keys) + " together")
    return len(present) == len(keys)


def find_file(section: Section, name: str, files: NamedFiles) -> Path | None:
    """The file that a key names, which can be read; None where it cannot, which is recorded."""
    key = section.table.find(name)
    assert key is not None
    try:
        return files.read(section.values[name], f"{key.kind.expected}, or a systemd credential of that name")[0]
    except BadValue as problem:
        section.error(name, problem.actual or "", problem.expected)
        return None


def find_authorities(section: Section, files: NamedFiles) -> Path | None:
    """The file with CA certificates that `ca_file` names; None where it is not one, which is recorded."""
    path = find_file(section, "ca_file", files)
    wrong = check_authorities(path) if path else None
    if wrong:
        section.error("ca_file", wrong, "a file with CA certificates in PEM")
    return path


def read_secret(section: Section, key: str, name: str, files: NamedFiles) -> str | None:
    """The one line of the file that a key names; None where it cannot be read, which is recorded."""
    what = "secret" if "secret" in key else "password"
    expected = f"a readable file or a systemd credential that holds the {what} in one line"
    try:
        password = read_password(files, name, expected)
    except BadValue as problem:
        section.error(key, problem.actual or "", problem.expected)
        return None
    warn_if_open(section, key, name, files)
    return password


def warn_if_open(section: Section, key: str, name: str, files: NamedFiles) -> None:
    """Record that every user of the machine can read a secret."""
    path = files.find(name)
    if path is not None and is_open_to_all(path):
        section.warn(key, "every user of this machine can read that file. Run chmod o-r on it")
