"""The issuer that people log in by: its keys, its address and our secret there change, and nobody asks us first."""

from __future__ import annotations

from pressrun.operations.doctor.finding import DoctorFinding, failed, passed
from pressrun.operations.doctor.subject import DoctorSubject


async def check_issuer(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether people could log in by the issuer of `[oidc]`, as far as that shows without somebody who does."""
    issuer = subject.issuer
    if issuer is None:
        return [passed("no issuer is configured to log people in")]
    problem = await issuer.find_problem()
    if not problem:
        return [passed(f"{issuer.url} lets people log in")]
    remedy = "Make a new secret there, put it into client_secret_file, and restart; or correct [oidc]"
    return [failed(f"nobody can log in by {issuer.url}: {problem}", remedy)]
