"""What is found in an edition before it is sent: one sentence, where it is, and whether it stops the send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops a send; a warning is for the editor to judge; a note is worth knowing, and asks nothing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `line` is 1-based in the edition file, None where no single line is meant."""

    severity: Severity
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"

    def plain(self) -> dict[str, str | int | None]:
        """The finding for programs."""
        return {"severity": self.severity.value, "line": self.line, "message": self.message}


def error(message: str, line: int | None = None) -> Finding:
    """A finding that stops a send."""
    return Finding(severity=Severity.ERROR, message=message, line=line)


def warning(message: str, line: int | None = None) -> Finding:
    """A finding for the editor to judge."""
    return Finding(severity=Severity.WARNING, message=message, line=line)


def note(message: str, line: int | None = None) -> Finding:
    """A finding that is worth knowing."""
    return Finding(severity=Severity.NOTE, message=message, line=line)


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a send."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: errors first, then warnings, then notes, each by line."""
    ranks = list(Severity)
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: (ranks.index(found.severity), found.line or 0)))
