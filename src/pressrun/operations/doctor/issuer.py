"""The OpenID Connect issuer: its keys, its addresses and our client secret can change without notice."""

from __future__ import annotations

from pressrun.operations.doctor.finding import DoctorFinding, failed, passed
from pressrun.operations.doctor.subject import DoctorSubject


async def check_issuer(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether people could log in through the issuer of `[oidc]`, as far as a test without a person can show."""
    issuer = subject.issuer
    if issuer is None:
        return [passed("[oidc] is not configured")]
    problem = await issuer.find_problem()
    if not problem:
        return [passed(f"people can log in through {issuer.url}")]
    remedy = "Create a new client secret there, put it into client_secret_file, and restart; or correct [oidc]"
    return [failed(f"nobody can log in through {issuer.url}: {problem}", remedy)]
