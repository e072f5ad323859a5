"""What the log says about files of certificate authorities that change while we run."""

from __future__ import annotations

import logging
from pathlib import Path

from pressrun.observe.log import event

log = logging.getLogger("pressrun.tls")


def log_ca_file(ca_file: Path | None, problem: str | None) -> None:
    """Log that a changed `ca_file` has become unusable or, with None, usable again."""
    if problem is None:
        event(log, "tls.ca_file_usable", ca_file=str(ca_file))
    else:
        event(log, "tls.ca_file_refused", level=logging.WARNING, ca_file=str(ca_file), problem=problem)
