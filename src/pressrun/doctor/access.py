"""Access that ends unnoticed: programs' tokens expire, the operator's address changes hands, the issuer changes keys.

A website whose token has expired loses sign-ups. After some years, the operator's address may belong to somebody who
has left. The OpenID Connect issuer can change its keys, its addresses and our client secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pressrun.core.errors import BadConfiguration
from pressrun.core.text.masking import without_addresses
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, warned
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.web.admin.issuer import IssuerProblem, build_issuer

DAY_SECONDS = 86_400
SOON_DAYS = 30
LAST_DAYS = 7  # so that the weekly run fails once before it happens
USED_DAYS = 30  # nobody misses a token that no program has used for this long


async def check_tokens(subject: DoctorSubject) -> list[DoctorFinding]:
    """When the tokens that programs use expire."""
    findings = [*grade_tokens(subject.tokens, subject.world.clock())]
    return findings or [passed(f"no token that a program uses expires within {SOON_DAYS} days")]


def grade_tokens(tokens: Iterable[ApiToken], now: float) -> Iterator[DoctorFinding]:
    """A finding for each token in use that has expired, or expires soon."""
    renew = "Create a new one with `pressrun token create`, give it to the program, and revoke the old one"
    for token in tokens:
        if token.expires_at is None or token.used_at is None:
            continue
        name = f"the token {token.name}"
        days = (token.expires_at - now) / DAY_SECONDS
        unused_days = (min(now, token.expires_at) - token.used_at) / DAY_SECONDS
        if unused_days > USED_DAYS or not -USED_DAYS < days < SOON_DAYS:
            continue
        if days <= 0:
            yield failed(f"{name} expired {_in_days(-days)} ago, and the program that uses it fails", renew)
        elif days < LAST_DAYS:
            yield failed(f"{name} expires in {_in_days(days)}, and a program uses it", renew)
        else:
            yield warned(f"{name} expires in {_in_days(days)}, and a program uses it", renew)


def _in_days(days: float) -> str:
    if days < 1:
        return "less than a day"
    return "1 day" if round(days) == 1 else f"{days:.0f} days"


async def check_operator(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether the latest alert by email arrived."""
    operator, refusal = subject.site.operator, subject.alert_refusal
    if operator is None:
        return [passed("operator is not set, so alerts go only to the log")]
    if refusal is None:
        return [passed("no failed alert to the operator is known")]
    message = (
        f"the latest alert to the operator did not arrive: {without_addresses(refusal) or 'the reason is unknown'}"
    )
    return [failed(message, f"Repair the mailbox {operator}, or set another operator in config.toml")]


async def check_issuer(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether people could log in through the issuer of `[oidc]`, as far as a test without a person can show."""
    oidc = subject.settings.oidc
    if oidc is None:
        return [passed("[oidc] is not configured")]
    site = replace(subject.site, base_url=subject.settings.admin.base_url or subject.site.base_url)
    try:
        await build_issuer(oidc).probe(site.url("admin", "oidc", "callback"))
    except (IssuerProblem, BadConfiguration) as problem:
        remedy = "Create a new client secret there, put it into client_secret_file, and restart; or correct [oidc]"
        return [failed(f"nobody can log in through {oidc.issuer}: {problem}", remedy)]
    return [passed(f"people can log in through {oidc.issuer}")]
