"""The mails to one person, made when their turn comes."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from msgspec.structs import replace
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness, identity
from tests.message.builders import PNG

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.message.layouts.design import Logo
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.smtp.handover import Outgoing
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction

ADA = parse_address("ada@reader.example")
WEB, MAIL = Origin(source="web"), Origin(source="mail")


async def ask(harness: DeliveryHarness, origin: Origin) -> Outgoing:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, origin), network=None)
    await harness.run_cycle()
    outgoing = harness.next_outgoing()
    assert outgoing is not None
    return outgoing


def message(outgoing: Outgoing) -> EmailMessage:
    return message_from_bytes(outgoing.content, policy=policy.default)


async def test_a_confirmation_holds_a_link_that_confirms(harness: DeliveryHarness) -> None:
    outgoing = await ask(harness, WEB)
    body = message(outgoing).get_body(("plain",))
    assert body is not None
    match = re.search(r"https://n\.example/confirm/(\S+)", body.get_content())
    assert match is not None
    numbers = WebTokens(harness.services.keys).read(WebPurpose.CONFIRM, match[1])
    assert (1, int(harness.services.now) + 7 * 86400) == numbers
    assert "auto-generated" == message(outgoing)["Auto-Submitted"]


async def test_a_notice_of_ours_comes_from_a_signed_bounce_address(harness: DeliveryHarness) -> None:
    outgoing = await ask(harness, WEB)
    match = re.fullmatch(r"news-bounces\+([a-z2-7]{26})@lists\.example", outgoing.mail_from)
    assert match is not None
    number = AddressTokens(harness.services.keys).read(AddressPurpose.BOUNCES, "news", match[1])
    assert outgoing.delivery_id == number


async def test_an_answer_to_mail_has_no_envelope_sender_and_says_so(harness: DeliveryHarness) -> None:
    """RFC 3834 §3.3."""
    outgoing = await ask(harness, MAIL)
    assert ("", "auto-replied") == (outgoing.mail_from, message(outgoing)["Auto-Submitted"])


async def test_a_notice_shows_the_logo_of_its_list(harness: DeliveryHarness) -> None:
    """It travels in the mail, as with each edition."""
    logo = Logo(name="logo.png", media_type="image/png", content=PNG, width=480, height=112)

    def give_logo(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        lists.update_list(tx, target, replace(target, logo=logo.digest))
        lists.put_logo(tx, target.id, logo)

    await harness.services.database.write(give_logo)
    mail = message(await ask(harness, WEB))
    assert [PNG] == [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "image/png"]


async def test_it_is_the_same_mail_on_every_retry(harness: DeliveryHarness) -> None:
    first = await ask(harness, WEB)
    harness.answer(first, LATER)
    await harness.run_cycle()
    harness.pass_time(400)
    (second,) = await harness.send_all()
    assert identity(first) == identity(second)
    assert first.content == second.content


@pytest.mark.parametrize("way", ["erase", "never-again"])
async def test_a_notice_that_waits_ends_with_the_person(harness: DeliveryHarness, way: str) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    if way == "erase":
        await harness.services.subscribers.erase(ADA)
    else:
        await harness.services.suppressions.add(ADA, way)
    assert [] == await harness.send_all()


async def test_a_notice_outlives_its_claim_when_the_person_is_erased_meanwhile(harness: DeliveryHarness) -> None:
    outgoing = await ask(harness, WEB)
    await harness.services.subscribers.erase(ADA)
    harness.answer(outgoing, TAKEN)
    await harness.run_cycle()
    assert [] == await harness.rows("select * from delivery")


async def test_a_reader_is_written_to_in_the_language_that_was_asked_for(harness: DeliveryHarness) -> None:
    """Subject and text, and the mail says so; where we lack it, in that of the list."""
    outgoing = await ask(harness, Origin(source="web", language="pl-PL"))
    assert "Prosimy o potwierdzenie" in str(message(outgoing)["Subject"])
    page = message(outgoing).get_body(("html",))
    assert page is not None
    assert '<html lang="pl" dir="ltr"' in page.get_content()


async def test_the_page_that_blocks_all_email_is_in_the_language_of_the_mail(harness: DeliveryHarness) -> None:
    """It knows neither list nor reader, so the link says it."""
    body = message(await ask(harness, Origin(source="web", language="fr-CA"))).get_body(("plain",))
    assert body is not None
    assert re.search(
        r"^https://n\.example/unsubscribe/never-again/\S+\?language=fr\r?$", body.get_content(), re.MULTILINE
    )


async def test_a_language_that_we_lack_gives_way_to_that_of_the_list(harness: DeliveryHarness) -> None:
    outgoing = await ask(harness, Origin(source="web", language="sv"))
    assert "Please confirm" in str(message(outgoing)["Subject"])
