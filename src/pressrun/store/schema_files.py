"""The schema of a new database, and the numbered steps that bring an older one up to date.

Each is in two folders: what every engine has, in SQLite's spelling with the macros of `statements`, and what one engine
has alone, as that engine takes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from pressrun.core.errors import Refused

_STEP = re.compile(r"(\d{4})_[a-z0-9_]+\.sql", re.ASCII)


class SchemaFiles(Struct, frozen=True, kw_only=True):
    """The files of an engine. `spell` translates what all engines share into the SQL of this one.

    `first_version` is that of its oldest schema, to which no step leads.
    """

    own: Path
    spell: Callable[[str], str]
    first_version: int
    common: Path = Path(__file__).parent

    def schema(self) -> str:
        """The schema of a new database."""
        return "\n".join(self._read(folder / "schema.sql") for folder in (self.common, self.own))

    def steps(self) -> dict[int, str]:
        """The steps by the version that each leads to, in order; raises Refused when one is missing."""
        steps = {number: self._read(path) for number, path in sorted(self._find_steps().items())}
        if list(steps) != list(range(self.first_version + 1, self.newest_version() + 1)):
            raise Refused(f"the schema steps {list(steps)} have a gap. The installation is damaged; install it again")
        return steps

    def newest_version(self) -> int:
        """The version that the last step leads to, without reading any."""
        return max(self._find_steps(), default=self.first_version)

    def _find_steps(self) -> dict[int, Path]:
        files = [path for folder in (self.common, self.own) for path in folder.glob("steps/*.sql")]
        return {int(match[1]): path for path in files if (match := _STEP.fullmatch(path.name)) is not None}

    def _read(self, path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        return text if path.is_relative_to(self.own) else self.spell(text)
