"""Every statement by its name: `sql/FILE.sql` holds `-- name: NAME`, one line of purpose, and the statement."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


@cache
def load_queries() -> dict[str, str]:
    """All statements as `"file.name"`; the comments are left out of what SQLite gets to see."""
    found: dict[str, str] = {}
    for entry in sorted(resources.files("pressrun.store").joinpath("sql").iterdir(), key=lambda path: path.name):
        if not entry.name.endswith(".sql"):
            continue
        pieces = _NAME.split(entry.read_text(encoding="utf-8"))
        for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
            statement = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
            found[f"{entry.name.removesuffix('.sql')}.{name}"] = statement.strip().rstrip(";")
    return found
