"""Tokens of programs that expire: a website whose token has expired loses its sign-ups, and nobody misses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pressrun.operations.doctor.finding import DoctorFinding, failed, passed, warned
from pressrun.operations.doctor.subject import DoctorSubject, ExpiringToken

DAY_SECONDS = 86_400
SOON_DAYS = 30
LAST_DAYS = 7  # so that the weekly run says it once before it happens
USED_DAYS = 30  # nobody misses what no program has used for so long


async def check_tokens(subject: DoctorSubject) -> list[DoctorFinding]:
    """When the tokens that programs use expire."""
    findings = [*grade_tokens(subject.tokens, subject.world.clock())]
    return findings or [passed(f"no token that a program uses expires within {SOON_DAYS} days")]


def grade_tokens(tokens: Iterable[ExpiringToken], now: float) -> Iterator[DoctorFinding]:
    """What is to be said of tokens at a time."""
    renew = "Make another with `pressrun token create`, give it to the program, and revoke the former one"
    for token in tokens:
        name = f"the token {token.name}"
        days = (token.expires_at - now) / DAY_SECONDS
        unused_days = (min(now, token.expires_at) - token.used_at) / DAY_SECONDS
        if unused_days > USED_DAYS or not -USED_DAYS < days < SOON_DAYS:
            continue
        if days <= 0:
            yield failed(f"{name} expired {-days:.0f} days ago, and the program that uses it fails", renew)
        elif days < LAST_DAYS:
            yield failed(f"{name} expires in {days:.0f} days, and a program uses it", renew)
        else:
            yield warned(f"{name} expires in {days:.0f} days, and a program uses it", renew)
