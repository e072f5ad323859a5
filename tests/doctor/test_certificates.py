"""How long a certificate may still be valid."""

from __future__ import annotations

import pytest

from pressrun.doctor.relays import grade_days_left
from pressrun.runtime.certificates import CertificatePeriod

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")

NOW, DAY = 1_800_000_000, 86_400


@pytest.mark.parametrize(
    ("lifetime", "left", "expected"),
    [
        (90, 14, "pass"),
        (90, 13, "warn"),
        (90, 7, "warn"),
        (90, 6, "fail"),
        (6, 5, "warn"),
        (6, 3, "warn"),
        (6, 2, "fail"),
    ],
)
def test_a_certificate_fails_a_week_before_its_end(lifetime: int, left: int, expected: str) -> None:
    """The weekly run says so in time. One for six days always has fewer."""
    ends_at = NOW + left * DAY
    period = CertificatePeriod(begins_at=ends_at - lifetime * DAY, ends_at=ends_at)
    assert expected == grade_days_left("relay primary", period, NOW).severity.value


def test_a_certificate_that_has_expired_is_not_said_to_be_valid() -> None:
    finding = grade_days_left("[smtp]", CertificatePeriod(begins_at=NOW - 90 * DAY, ends_at=NOW), NOW)
    assert ("fail", "the certificate of [smtp] expired at 2027-01-15T08:00:00Z") == (
        finding.severity.value,
        finding.message,
    )
