"""What doctor reports about the issuer of `[oidc]`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from tests.web.admin.oidc_issuer import opened_issuer

from pressrun.core.site import Site
from pressrun.doctor.access import check_issuer
from pressrun.doctor.subject import DoctorSubject
from pressrun.web.settings import AdminSettings, OidcSettings

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


async def examine(oidc: OidcSettings | None) -> tuple[str, str]:
    """The severity and the message of the one finding."""
    settings = SimpleNamespace(oidc=oidc, admin=AdminSettings())
    site = Site(base_url="https://news.test", mail_domain="news.test")
    [finding] = await check_issuer(cast(DoctorSubject, SimpleNamespace(settings=settings, site=site)))
    return finding.severity, finding.message


async def test_an_installation_without_an_issuer() -> None:
    assert ("pass", "[oidc] is not configured") == await examine(None)


async def test_an_issuer_that_accepts_us() -> None:
    async with opened_issuer() as issuer:
        assert ("pass", f"people can log in through {issuer.url}") == await examine(issuer.settings)


async def test_an_issuer_that_refuses_our_secret() -> None:
    """The problem is named with the issuer that has it."""
    async with opened_issuer() as issuer:
        issuer.accepts = "another secret"
        severity, message = await examine(issuer.settings)
    start = f"nobody can log in through {issuer.url}: the issuer rejects client_id or client_secret_file"
    assert ("fail", start) == (severity, message[: len(start)])
