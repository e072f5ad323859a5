"""Who hears that an edition waits for a person, though no person paused it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from tests.delivery.harness import SITE, TAKEN, DeliveryHarness

from pressrun.services.authors import Author
from pressrun.store.editions import manuscripts
from pressrun.store.editions.manuscripts import NewManuscript, Text
from pressrun.store.people import audit
from pressrun.store.people.audit import Entry, person_on_page

OWNER, OPERATOR = "owner@harbour.example", "ops@harbour.example"
HOUR = 3600


@pytest_asyncio.fixture
async def attended(harness: DeliveryHarness) -> DeliveryHarness:
    """An installation with an operator, and a list with an owner and a reader."""
    harness.site = replace(SITE, operator=OPERATOR)
    await harness.change("update list set owner = ?", OWNER)
    await harness.readers(1)
    return harness


async def mails(harness: DeliveryHarness) -> dict[str, str]:
    """What people were told, by address: each mail goes out once."""
    told: dict[str, str] = {}
    for outgoing in await harness.send_all():
        assert outgoing.rcpt_to not in told
        told[outgoing.rcpt_to] = outgoing.content.decode().split("\r\n\r\n", 1)[1].replace("=\r\n", "")
    return told


async def test_owner_and_operator_hear_of_an_edition_that_is_too_late(attended: DeliveryHarness) -> None:
    """A machine was off for a weekend: without a mail, nobody would know that the edition never went out."""
    edition = await attended.edition(scheduled_at=int(attended.services.now) + HOUR)
    attended.pass_time(60 * HOUR)
    await attended.start()
    told = await mails(attended)
    assert ("paused", {OWNER, OPERATOR}) == (await attended.state(edition), set(told))
    assert f"pressrun edition resume {edition}" in told[OPERATOR]
    assert "late_grace" in told[OPERATOR]
    assert "too late to send it automatically" in told[OWNER]
    assert "pressrun " not in told[OWNER]
    attended.pass_time(60 * HOUR)
    await attended.start()
    assert {} == await mails(attended)


@pytest.mark.parametrize("decision", ["schedule", "approval"])
async def test_the_owner_hears_of_an_edition_whose_schedule_or_approval_no_longer_counts(
    attended: DeliveryHarness, decision: str
) -> None:
    """Without a shell, too, they can decide anew."""
    edition = await attended.edition(scheduled_at=int(attended.services.now) + HOUR)
    await _decide(attended, edition, decision)
    attended.pass_time(HOUR)
    await attended.start()
    told = await mails(attended)
    assert ("paused", {OWNER, OPERATOR}) == (await attended.state(edition), set(told))
    assert "whoever scheduled or approved it may no longer do so" in told[OWNER].replace("\r\n", " ")
    assert "pressrun " not in told[OWNER]
    assert f"may no longer {'send' if decision == 'schedule' else 'approve'} editions of news" in told[OPERATOR]


async def test_the_operator_hears_of_an_edition_that_an_error_of_ours_stops(attended: DeliveryHarness) -> None:
    """Nobody else can do anything about it."""
    edition = await attended.edition()
    await attended.change("update edition_content set skeleton = x'00' where edition_id = ?", edition)
    await attended.start()
    with pytest.raises(ValueError, match="array"):
        await attended.run_cycle()
    await attended.run_cycle()
    told = await mails(attended)
    assert ("paused", {OPERATOR}) == (await attended.state(edition), set(told))
    assert "dispatch.fault" in told[OPERATOR]


async def _decide(harness: DeliveryHarness, edition: int, decision: str) -> None:
    """As Bea did, who has been removed since."""
    now = int(harness.services.now)
    if decision == "schedule":
        entry = Entry(at=now, actor=person_on_page("bea"), action="edition.schedule", object=f"edition {edition}")
        await harness.services.database.write(audit.append, entry)
        return
    text = Text(source=b"Hello", source_name="a.md")
    draft = NewManuscript(text=text, files={}, first_digest=b"1")
    await harness.services.database.write(manuscripts.begin, edition, draft, Author(uid=0).key, now)
    await harness.change("update list set approval = 'second-person'")
    bea = Author(person_id=2).key
    await harness.change("update manuscript set approved_number = number, approved_by = ?", bea)


async def test_an_owner_who_is_the_operator_hears_of_it_once(attended: DeliveryHarness) -> None:
    """However the address is written."""
    await attended.change("update list set owner = ?", OPERATOR.title())
    edition = await attended.edition(scheduled_at=int(attended.services.now) + HOUR)
    attended.pass_time(60 * HOUR)
    await attended.start()
    told = await mails(attended)
    assert {OPERATOR} == told.keys()
    assert f"pressrun edition resume {edition}" in told[OPERATOR]


async def test_who_has_a_shell_hears_of_a_list_whose_relay_is_gone(attended: DeliveryHarness) -> None:
    """The owner could do nothing about it."""
    await attended.change("update list set relay = 'gone'")
    edition = await attended.edition()
    await attended.start()
    told = await mails(attended)
    assert ("paused", {OPERATOR}) == (await attended.state(edition), set(told))
    assert "relay gone, which is not configured" in told[OPERATOR]


async def test_nobody_is_mailed_about_a_canary(attended: DeliveryHarness) -> None:
    await attended.readers(20)
    edition = await attended.edition(canary_percent=10.0)
    sent = await attended.outgoing_after_cycle()
    for outgoing in sent:
        attended.answer(outgoing, TAKEN)
    assert {} == await mails(attended)
    assert "paused" == await attended.state(edition)
