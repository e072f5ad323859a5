"""What is found in an edition before it is sent: one sentence, where it is, and whether it stops the send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops a send; a warning is for the editor to judge."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `line` is 1-based in the edition file, None where no single line is meant."""

    severity: Severity
    message: str
    line: int | None = None


def error(message: str, line: int | None = None) -> Finding:
    """A finding that stops a send."""
    return Finding(severity=Severity.ERROR, message=message, line=line)


def warning(message: str, line: int | None = None) -> Finding:
    """A finding for the editor to judge."""
    return Finding(severity=Severity.WARNING, message=message, line=line)
