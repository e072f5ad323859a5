"""Opens an installation of another program by the program's name and what the operator points at."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pressrun.operations.installations.installation import Installation

PROGRAMS = ("mailman2", "mailman3", "listmonk", "mlmmj", "sympa", "phplist")
"""The programs that lists move in from."""


def open_installation(program: str, source: str, files: Path | None) -> Installation:
    """The installation at `source`; `files` is where its lists or archives are, if not beside it.

    Raises BadInput and NoInput.
    """
    # By name: each is imported when it is needed.
    module = import_module(f"pressrun.operations.installations.{program}")
    opened: Installation = getattr(module, f"open_{program}")(source, files)
    return opened
