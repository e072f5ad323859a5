"""Mail exchangers, in the order of their numbers, and what is said of them if DNS answers in part."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pressrun.core.site import Site
from pressrun.doctor.bounce_way import check_bounce_address, exchangers
from pressrun.doctor.subject import DoctorSubject
from pressrun.operations.dns import DnsAnswer, DnsStatus

pytestmark = pytest.mark.only_on("sqlite", "no database is opened")


class _Names:
    """Knows the addresses of every name, and no server answers about MX records."""

    async def query(self, name: str, kind: str) -> DnsAnswer:
        return DnsAnswer(name=name, kind=kind, status=DnsStatus.UNKNOWN, problem="SERVFAIL")

    async def addresses(self, _name: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(records=["127.0.0.1"], is_known=True, problem="")]


def test_lower_numbers_come_first() -> None:
    assert ["first.test", "second.test"] == exchangers(("10 second.test", "5 first.test"))


async def test_nothing_is_said_of_exchangers_that_could_not_be_looked_up() -> None:
    """Mail goes to the address of the domain itself only if it is known to have no MX record."""
    subject = SimpleNamespace(
        site=Site(base_url="https://lists.test", mail_domain="lists.test", receives_mail=True),
        bounce_address=lambda _: "news-bounces+x@lists.test",
        daemon=None,
        settings=SimpleNamespace(smtp=None),
        dns=_Names(),
        world=SimpleNamespace(contact_seconds=20.0, smtp_port=9),
    )
    assert [] == await check_bounce_address(cast("DoctorSubject", subject))
