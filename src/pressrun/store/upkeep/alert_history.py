"""When the program of `[alerts]` last passed each cause on: in a file, as the database may be what fails.

The file has one size from the start and is overwritten in place, which takes no room of a full disk. Where it cannot be
read or written, the history is that of this process alone, and at worst an alert comes twice in a day.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

SIZE = 4096


class AlertHistory:
    """Wall-clock times by cause; all calls block for one small read or write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sent = self._read()
        if not path.exists():
            self._write()

    def passed_on_at(self, cause: str) -> float | None:
        """When this cause was passed on, UTC seconds; None if never."""
        return self._sent.get(cause)

    def record(self, cause: str, at: float) -> None:
        """It was passed on now."""
        self._sent[cause] = at
        self._write()

    def _read(self) -> dict[str, float]:
        try:
            stored = json.loads(self._path.read_text(encoding="ascii"))
            return {str(cause): float(at) for cause, at in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        text = json.dumps(self._sent).ljust(SIZE - 1) + "\n"
        with suppress(OSError):
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, text.encode("ascii"), 0)
                os.fsync(file)
            finally:
                os.close(file)
