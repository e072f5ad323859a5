"""What a check of `doctor` found."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class DoctorSeverity(StrEnum):
    """How bad a finding is."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"  # it works today, or could not be found out
    FAIL = "fail"  # mail is lost, refused or forged, or soon will be


class DoctorFinding(Struct, frozen=True, kw_only=True):
    """`remedy` is what to add or run, and is empty where all is well; `check` is the id of the check that found it."""

    severity: DoctorSeverity
    message: str
    remedy: str = ""
    check: str = ""


def passed(message: str) -> DoctorFinding:
    """All is well."""
    return DoctorFinding(severity=DoctorSeverity.PASS, message=message)


def warned(message: str, remedy: str = "") -> DoctorFinding:
    """Something to look at."""
    return DoctorFinding(severity=DoctorSeverity.WARN, message=message, remedy=remedy)


def failed(message: str, remedy: str = "") -> DoctorFinding:
    """Something to mend now."""
    return DoctorFinding(severity=DoctorSeverity.FAIL, message=message, remedy=remedy)
