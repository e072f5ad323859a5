"""The password for a database server, which may be replaced while the daemon runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerPassword:
    """The password as it was at the start, and the file that it came from, if any."""

    text: str = field(repr=False, compare=False)
    file: Path | None = None

    def read(self) -> str:
        """The password for a new connection: the one in the file now, or that of the start if the file is unusable."""
        if self.file is None:
            return self.text
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return self.text
        return lines[0] if len(lines) == 1 and lines[0] else self.text
