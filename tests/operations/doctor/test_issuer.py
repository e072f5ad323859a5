"""What doctor reports about the issuer of `[oidc]`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pressrun.operations.doctor.access import check_issuer
from pressrun.operations.doctor.subject import ConfiguredIssuer, DoctorSubject

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


def subject(problem: str | None) -> DoctorSubject:
    """An installation without an issuer (None), or whose issuer has this problem; an empty text is none."""

    async def find_problem() -> str:
        return problem or ""

    issuer = None if problem is None else ConfiguredIssuer(url="https://id.example", find_problem=find_problem)
    return cast(DoctorSubject, SimpleNamespace(issuer=issuer))


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, [("pass", "[oidc] is not configured")]),
        ("", [("pass", "people can log in through https://id.example")]),
        (
            "the secret may have expired",
            [("fail", "nobody can log in through https://id.example: the secret may have expired")],
        ),
    ],
)
async def test_what_doctor_says_of_an_issuer(problem: str | None, expected: list[tuple[str, str]]) -> None:
    """A problem is named with the issuer that has it."""
    assert expected == [(finding.severity, finding.message) for finding in await check_issuer(subject(problem))]
