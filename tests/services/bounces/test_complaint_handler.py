"""Feedback reports of providers, made from the copies that really went out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes
from pathlib import Path

import pytest
import pytest_asyncio
from tests.delivery.harness import DeliveryHarness, open_delivery

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.message.reports.reading import read_report
from pressrun.services.mail_results import MailResult
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.upkeep.housekeeping import FORMER_READERS_KEPT_SECONDS
from pressrun.smtp.handover import Outgoing
from pressrun.store.queue.inbound import InboundState
from pressrun.store.transaction import in_json

LINKS_LAST_SECONDS = 7 * 86400  # of a request to confirm


@pytest_asyncio.fixture
async def harness(tmp_path: Path) -> AsyncIterator[DeliveryHarness]:
    async with open_delivery(tmp_path) as room:
        await room.readers(2)
        yield room


def header_of(copy: Outgoing, *names: str) -> str:
    """Only these fields of a copy, as a provider encloses them; `Return-Path` is the envelope sender."""
    message = message_from_bytes(copy.content)
    fields = {"Return-Path": f"<{copy.mail_from}>", **dict(message.items())}
    return "".join(f"{name}: {fields[name]}\n" for name in names)


def feedback(enclosed: str, kind: str = "abuse") -> bytes:
    """An RFC 5965 report with a redacted recipient, as the great providers send it."""
    text = (
        "From: <feedback@provider.example>\nTo: <abuse@lists.example>\nSubject: FW: Boats\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\n"
        "Version: 1\nOriginal-Rcpt-To: redacted\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{enclosed}\n--b--\n"
    )
    return text.replace("\n", "\r\n").encode()


async def complain(harness: DeliveryHarness, content: bytes) -> MailResult | None:
    return await harness.services.database.write(harness.bounce_handler.complaint_handler.process, read_report(content))


async def standing(harness: DeliveryHarness, address: str) -> tuple[str, str | None]:
    """The state on `news`, and why the address is suppressed."""
    ((state,),) = await harness.rows("select state from subscription where id = ?", await harness.subscription(address))
    reasons = await harness.rows("select reason from suppression where address = ?", address)
    return state, reasons[0][0] if reasons else None


async def remove_list(harness: DeliveryHarness) -> None:
    await harness.services.lists.close_list("news")
    await harness.services.lists.remove_list("news")


@pytest.mark.parametrize("way", ["link", "mailto"])
async def test_a_report_about_a_copy_of_a_removed_list_suppresses(harness: DeliveryHarness, way: str) -> None:
    """The reader ends up on no other list, and no import brings them back."""
    await harness.services.make_list("tides")
    await harness.readers(2, "tides")
    await harness.edition()
    copy, other = await harness.send_all()
    await remove_list(harness)
    link, mailto = message_from_bytes(copy.content)["List-Unsubscribe"].split()
    uri = {"link": link.removesuffix(","), "mailto": mailto}[way]
    result = await complain(harness, feedback(f"List-Unsubscribe: {uri}\n"))
    assert result is not None
    assert "complaint: abuse" == result.outcome
    assert [("complaint",)] == await harness.rows("select reason from suppression where address = ?", copy.rcpt_to)
    states = await harness.rows(
        "select subscriber.address, state from subscription join subscriber on subscriber.id = subscriber_id"
    )
    assert {copy.rcpt_to: "unsubscribed", other.rcpt_to: "active"} == dict(states)


async def test_who_let_a_request_end_may_still_complain_about_a_removed_list(harness: DeliveryHarness) -> None:
    """Without a subscription they are no strangers yet: we have mailed them."""
    await harness.services.make_list("tides")
    await harness.edition()
    copy, _ = await harness.send_all()
    await remove_list(harness)
    reader = Applicant(parse_address(copy.rcpt_to), Origin(source="web"))
    await harness.services.sign_ups.request(["tides"], reader, network=None)
    harness.pass_time(LINKS_LAST_SECONDS)
    await harness.housekeeping.round()
    assert [(0,)] == await harness.rows("select count(*) from subscription")
    await complain(harness, feedback(header_of(copy, "List-Unsubscribe")))
    assert [("complaint",)] == await harness.rows("select reason from suppression where address = ?", copy.rcpt_to)


async def test_whose_the_copies_of_a_removed_list_were_is_forgotten_in_time(harness: DeliveryHarness) -> None:
    await harness.edition()
    copy, _ = await harness.send_all()
    await remove_list(harness)
    harness.pass_time(FORMER_READERS_KEPT_SECONDS - 1)
    await harness.housekeeping.round()
    assert [(2,)] == await harness.rows("select count(*) from former_reader")
    harness.pass_time(2)
    await harness.housekeeping.round()
    assert [(0,)] == await harness.rows("select count(*) from former_reader")
    result = await complain(harness, feedback(header_of(copy, "List-Unsubscribe")))
    assert result is not None
    assert "complaint: abuse, but the reader is gone" == result.outcome


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "opt-out"])
@pytest.mark.parametrize(
    "names",
    [
        ("Return-Path",),
        ("List-Unsubscribe",),
        ("CFBL-Feedback-ID",),
        ("CFBL-Feedback-ID", "List-Id"),
        ("From", "Subject", "List-Unsubscribe", "Message-ID"),
    ],
)
async def test_a_report_with_a_token_of_ours_unsubscribes_and_suppresses(
    harness: DeliveryHarness, kind: str, names: tuple[str, ...]
) -> None:
    """Silently: no mail goes out, nobody else is touched, and the edition counts it."""
    number = await harness.edition()
    copy, _ = await harness.send_all()
    settled = await complain(harness, feedback(header_of(copy, *names), kind))
    assert MailResult(InboundState.DONE, f"complaint: {kind.lower()}", "complaint", complained_of="news") == settled
    assert ("unsubscribed", "complaint") == await standing(harness, copy.rcpt_to)
    assert ("active", None) == await standing(harness, "r1@reader.example")
    assert [] == await harness.send_all()
    assert 1 == (await harness.stored(number)).complaints


async def test_a_second_report_changes_nothing(harness: DeliveryHarness) -> None:
    """Counted once, and the reader stays out."""
    number = await harness.edition()
    copy, _ = await harness.send_all()
    for _ in range(2):
        await complain(harness, feedback(header_of(copy, "Return-Path")))
    assert 1 == (await harness.stored(number)).complaints


async def test_a_report_about_a_copy_whose_row_was_removed_counts_by_its_other_tokens(harness: DeliveryHarness) -> None:
    """People also complain about old mail. Without another token nobody can tell who did."""
    number = await harness.edition()
    for copy, names in zip(
        await harness.send_all(), (("Return-Path", "List-Unsubscribe"), ("Return-Path",)), strict=True
    ):
        (rows,) = await harness.rows(
            "select id from delivery where subscription_id = ?", await harness.subscription(copy.rcpt_to)
        )
        await harness.services.database.write(lambda tx, ids: tx.run("retention.remove", ids=in_json(ids)), [rows[0]])
        await complain(harness, feedback(header_of(copy, *names)))
        is_known = "List-Unsubscribe" in names
        expected = ("unsubscribed", "complaint") if is_known else ("active", None)
        assert expected == await standing(harness, copy.rcpt_to)
    assert 1 == (await harness.stored(number)).complaints


@pytest.mark.parametrize("kind", ["not-spam", "virus", "other", "auth-failure"])
async def test_other_kinds_touch_nobody(harness: DeliveryHarness, kind: str) -> None:
    """They go on to the operator."""
    await harness.edition()
    copy, _ = await harness.send_all()
    assert await complain(harness, feedback(header_of(copy, "Return-Path"), kind)) is None
    assert ("active", None) == await standing(harness, copy.rcpt_to)


async def test_without_a_token_nobody_is_touched(harness: DeliveryHarness) -> None:
    """Neither a readable recipient nor a forged or foreign token is enough."""
    await harness.edition()
    copy, _ = await harness.send_all()
    for enclosed in (
        f"To: {copy.rcpt_to}\n",
        f"Return-Path: <news-bounces+{'a' * 27}@lists.example>\n",
        f"Return-Path: <{copy.mail_from.replace('lists.example', 'evil.example')}>\n",
        header_of(copy, "List-Unsubscribe").replace("https://n.example", "https://evil.example").replace("mailto", "x"),
    ):
        assert await complain(harness, feedback(enclosed)) is None
    assert ("active", None) == await standing(harness, copy.rcpt_to)


async def test_a_token_of_another_purpose_is_none(harness: DeliveryHarness) -> None:
    """The one of the mailto does nothing in the return path's place."""
    await harness.edition()
    copy, _ = await harness.send_all()
    swapped = header_of(copy, "List-Unsubscribe").rpartition("<mailto:")[2].partition(">")[0]
    assert await complain(harness, feedback(f"Return-Path: <{swapped.replace('unsubscribe', 'bounces')}>\n")) is None


async def test_the_bounce_address_is_a_token_by_itself(harness: DeliveryHarness) -> None:
    """Whatever the provider cut out of the enclosed mail."""
    await harness.edition()
    copy, _ = await harness.send_all()
    token = copy.mail_from.partition("+")[2].partition("@")[0]
    route = Route(RouteKind.BOUNCES, "news", token)
    report = read_report(feedback("Subject: Boats\n"))
    settled = await harness.services.database.write(harness.bounce_handler.process, route, report, "")
    assert "complaint: abuse" == settled.outcome
    assert ("unsubscribed", "complaint") == await standing(harness, copy.rcpt_to)


async def test_a_complaint_about_a_confirmation_keeps_the_address_out(harness: DeliveryHarness) -> None:
    """Somebody was signed up against their will: no second confirmation goes to them."""
    victim = parse_address("victim@reader.example")
    await harness.services.sign_ups.request(["news"], Applicant(victim, Origin(source="web")), network=None)
    (confirmation,) = await harness.send_all()
    await complain(harness, feedback(header_of(confirmation, "Return-Path")))
    assert ("unsubscribed", "complaint") == await standing(harness, "victim@reader.example")
    await harness.services.sign_ups.request(["news"], Applicant(victim, Origin(source="web")), network=None)
    assert [] == await harness.send_all()


async def test_a_complaint_does_not_weaken_never_again(harness: DeliveryHarness) -> None:
    """Nor an erasure, whose address must not come back into the table."""
    await harness.edition()
    copy, _ = await harness.send_all()
    await harness.services.suppressions.add(parse_address(copy.rcpt_to), "never-again")
    await complain(harness, feedback(header_of(copy, "Return-Path")))
    assert ("unsubscribed", "never-again") == await standing(harness, copy.rcpt_to)


@pytest.mark.parametrize("is_reader", [False, True])
async def test_a_complaint_of_an_address_that_a_reader_named_touches_its_owner_alone(
    harness: DeliveryHarness, is_reader: bool
) -> None:
    """The reader mistyped their new address; whoever has it wants no mail, and the reader goes on at the old one."""
    asked = "r1@reader.example" if is_reader else "stranger@reader.example"
    changes = AddressChanges(harness.services.context)
    await changes.request(1, parse_address(asked), Origin(source="web", ip="192.0.2.7", language="en", words="words"))
    (copy,) = [outgoing for outgoing in await harness.send_all() if outgoing.rcpt_to == asked]
    await complain(harness, feedback(header_of(copy, "Return-Path")))
    assert ("active", None) == await standing(harness, "r0@reader.example")
    assert [(asked, "complaint")] == await harness.rows("select address, reason from suppression")
    left = [("r1@reader.example",)] if is_reader else []
    assert left == await harness.rows(
        "select address from subscriber join subscription on subscriber_id = subscriber.id where state = 'unsubscribed'"
    )


@pytest.mark.parametrize("is_later", [False, True])
async def test_a_complaint_of_a_former_address_touches_that_alone(harness: DeliveryHarness, is_later: bool) -> None:
    """Whoever reads that mailbox now complains. A complaint about a copy to the new address is the reader's own."""
    changes, web = AddressChanges(harness.services.context), Origin(source="web", language="en", words="words")
    await harness.edition()
    copy = next(outgoing for outgoing in await harness.send_all() if outgoing.rcpt_to == "r0@reader.example")
    harness.pass_time(60)
    await changes.request(1, parse_address("new@reader.example"), web)
    await changes.confirm(1, web)
    if is_later:
        await harness.send_all()
        await harness.edition("Hello again")
        copy = next(outgoing for outgoing in await harness.send_all() if outgoing.rcpt_to == "new@reader.example")
    await complain(harness, feedback(header_of(copy, "Return-Path", "List-Unsubscribe")))
    expected = ("unsubscribed", "complaint") if is_later else ("active", None)
    assert expected == await standing(harness, "new@reader.example")
    assert [(copy.rcpt_to,)] == await harness.rows("select address from suppression")
