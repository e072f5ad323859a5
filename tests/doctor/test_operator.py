"""What doctor reports about alerts that do not arrive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pressrun.doctor.access import check_operator
from pressrun.doctor.subject import DoctorSubject

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


@pytest.mark.parametrize(
    ("operator", "refusal", "expected"),
    [
        (None, None, ("pass", "operator is not set, so alerts go only to the log")),
        ("ops@site.example", None, ("pass", "no failed alert to the operator is known")),
        ("ops@site.example", "", ("fail", "the latest alert to the operator did not arrive: the reason is unknown")),
        (
            "ops@site.example",
            "550 ops@site.example unknown",
            ("fail", "the latest alert to the operator did not arrive: 550 … unknown"),
        ),
    ],
)
async def test_an_alert_that_came_back_is_a_failure(
    operator: str | None, refusal: str | None, expected: tuple[str, str]
) -> None:
    subject = SimpleNamespace(site=SimpleNamespace(operator=operator), alert_refusal=refusal)
    [finding] = await check_operator(cast(DoctorSubject, subject))
    assert expected == (finding.severity, finding.message)
