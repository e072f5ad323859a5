"""The evidence of consent in an export is that of the subscription, whatever a stranger types."""

from __future__ import annotations

import pytest
from tests.database import drop_triggers, execute, select
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import parse_address
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports.exported_members import table_of_members
from pressrun.services.reports.subscriber_listing import SubscriberSelection
from pressrun.store.readers import enrolment
from pressrun.store.transaction import Row, Transaction

ADA = parse_address("ada@x.example")
CRM = Origin(source="api:crm", ip="192.0.2.7")
STRANGER = Origin(source="web", ip="203.0.113.9", words="Subscribe")
DAY = 86_400


def page(tx: Transaction, after: int = 0) -> list[Row]:
    """A page of the file that has all members."""
    return enrolment.export_page(tx, list_id=1, state="active", after=after, limit=2)


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


@pytest.mark.parametrize("event", ["added", "confirmed", "imported", "switched"])
async def test_whatever_subscribed_somebody_last_is_the_evidence(services: ServiceHarness, event: str) -> None:
    await services.make_list()
    await services.subscribers.add("news", ADA)
    await services.sign_ups.request(["news"], Applicant(ADA, STRANGER), network=None)
    await drop_triggers(services.database, "consent")
    await execute(services.database, "update consent set event = ? where event = 'requested'", event)
    assert ("web", "203.0.113.9") == (await consent_of(services))[:2]
    assert ["203.0.113.9"] == [row["consent_ip"] for row in await services.database.read(page)]


async def test_each_member_is_on_one_page(services: ServiceHarness) -> None:
    await services.make_list()
    for number in range(3):
        await services.subscribers.add("news", parse_address(f"r{number}@x.example"))
    ids = [number for (number,) in await select(services.database, "select id from subscription order by id")]
    first = await services.database.read(page)
    rest = await services.database.read(page, first[-1]["id"])
    assert (ids[:2], ids[2:]) == ([row["id"] for row in first], [row["id"] for row in rest])
