"""What doctor says of the issuer by which people log in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pressrun.operations.doctor.issuer import check_issuer
from pressrun.operations.doctor.subject import ConfiguredIssuer, DoctorSubject

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


def subject(problem: str | None) -> DoctorSubject:
    """An installation without an issuer, or with one of which nothing but a problem is known."""

    async def find_problem() -> str:
        return problem or ""

    issuer = None if problem is None else ConfiguredIssuer(url="https://id.example", find_problem=find_problem)
    return cast(DoctorSubject, SimpleNamespace(issuer=issuer))


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, [("pass", "no issuer is configured to log people in")]),
        ("", [("pass", "https://id.example lets people log in")]),
        (
            "the secret may have expired",
            [("fail", "nobody can log in by https://id.example: the secret may have expired")],
        ),
    ],
)
async def test_what_doctor_says_of_an_issuer(problem: str | None, expected: list[tuple[str, str]]) -> None:
    """A problem is named with the issuer that has it."""
    assert expected == [(finding.severity, finding.message) for finding in await check_issuer(subject(problem))]
