"""The evidence of consent in an export is that of the subscription, whatever a stranger types."""

from __future__ import annotations

from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports.exported_members import table_of_members
from pressrun.services.reports.subscriber_listing import SubscriberSelection

ADA = parse_address("ada@x.example")
CRM = Origin(source="api:crm", ip="192.0.2.7")
STRANGER = Origin(source="web", ip="203.0.113.9", words="Subscribe")
DAY = 86_400


async def consent_of(services: ServiceHarness) -> tuple[str, str, str]:
    """Where the consent of the only subscriber comes from, as both exports have it."""
    table = await services.database.read(table_of_members, "news", SubscriberSelection(limit=10))
    (member,) = table.members
    return member["consent_source"], member["consent_ip"], member["subscribed_at"]


async def test_an_unconfirmed_request_is_no_evidence_of_a_members_consent(services: ServiceHarness) -> None:
    """Anybody may type the address of a member into a form."""
    await services.make_list()
    await services.subscribers.add("news", ADA)
    before = await consent_of(services)
    await services.sign_ups.request(["news"], Applicant(ADA, STRANGER), network=None)
    assert before == await consent_of(services)


async def test_a_request_is_the_evidence_of_who_has_not_confirmed(services: ServiceHarness) -> None:
    await services.make_list()
    await services.sign_ups.request(["news"], Applicant(ADA, STRANGER), network=None)
    assert ("web", "203.0.113.9") == (await consent_of(services))[:2]


async def test_a_pause_does_not_change_since_when_somebody_subscribes(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ADA)
    before = await consent_of(services)
    services.now = NOW + DAY
    await services.members.pause("news", ADA, 7, CRM)
    assert before == await consent_of(services)
    services.now += DAY
    await services.members.resume("news", ADA, CRM)
    assert before == await consent_of(services)
