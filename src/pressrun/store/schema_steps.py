"""The numbered steps that bring an older schema up to date; each engine has its own."""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.core.errors import Refused

_STEP = re.compile(r"(\d{4})_[a-z0-9_]+\.sql", re.ASCII)


def load_steps(folder: Path, first_version: int) -> dict[int, str]:
    """The steps by the version that each leads to, in order; raises Refused when one is missing.

    `first_version` is that of the oldest schema, to which no step leads.
    """
    steps = {number: path.read_text(encoding="utf-8") for number, path in _find_steps(folder).items()}
    if steps and sorted(steps) != list(range(first_version + 1, max(steps) + 1)):
        raise Refused(f"the schema steps {sorted(steps)} have a gap. The installation is damaged; install it again")
    return dict(sorted(steps.items()))  # a folder lists its files in any order


def newest_step(folder: Path, first_version: int) -> int:
    """The version that the last step leads to, without reading any."""
    return max(_find_steps(folder), default=first_version)


def _find_steps(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        return {}
    return {int(match[1]): path for path in folder.iterdir() if (match := _STEP.fullmatch(path.name)) is not None}
