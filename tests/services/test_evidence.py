"""The evidence of consent over a real database: nothing changes it, and `verify` finds who did all the same."""

from __future__ import annotations

import hashlib
import os

import pytest
from msgspec.structs import replace
from tests.database import REFUSALS, drop_triggers
from tests.delivery.harness import LATER, TAKEN, DeliveryHarness, identity

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.chain import Audit, Head
from pressrun.services.evidence import age_ips, verify
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports import subscriber_record
from pressrun.services.reports.subscriber_record import ConfirmationMailInfo
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.readers import consent

ADA = parse_address("ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe")
DAY = 86400


async def confirm(harness: DeliveryHarness) -> None:
    ((number,),) = await harness.rows("select id from confirmation")
    await harness.services.confirmations.confirm(number, WEB)


async def fill(harness: DeliveryHarness, count: int = 3) -> None:
    for number in range(count):
        await harness.services.sign_ups.request(
            ["news"], Applicant(parse_address(f"r{number}@reader.example"), WEB), network=None
        )


async def audit(harness: DeliveryHarness, *witnesses: tuple[str, Head]) -> Audit:
    return await harness.services.database.read(verify, witnesses)


async def tamper(harness: DeliveryHarness, *statements: str) -> None:
    """What somebody does who has the database, and takes the triggers away first."""
    await drop_triggers(harness.services.database, "consent")
    for statement in statements:
        await harness.change(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from consent where number = 2",
        "delete from consent",
        "update consent set at = at - 1",
        "update consent set event = 'added' where number = 1",
        "update consent set content = '{}' where number = 1",
        "update consent set ip = '192.0.2.8' where number = 1",
        "update consent set chain = x'00' where number = 1",
        "update consent set subscriber_id = 99 where number = 1",
        "insert into consent (number, event, at, content_digest, chain) values (9, 'added', 1, x'', x'')",
        "update consent set number = 4 where number = 3",
        "update consent set id = 99 where number = 3",
    ],
)
async def test_the_database_refuses_to_change_the_evidence(harness: DeliveryHarness, statement: str) -> None:
    await fill(harness)
    before = await harness.rows("select * from consent")
    with pytest.raises(REFUSALS, match="append-only"):
        await harness.change(statement)
    assert before == await harness.rows("select * from consent")


@pytest.mark.only_on("sqlite", "the words are SQLite's, and so is the danger")
@pytest.mark.parametrize(("row", "number"), [(4, 3), (1, 1), (1, 4)])
@pytest.mark.parametrize("way", ["insert", "insert or replace", "insert or ignore"])
async def test_no_row_of_evidence_takes_the_place_of_another(
    harness: DeliveryHarness, way: str, row: int, number: int
) -> None:
    """SQLite would delete the other one without a word to its triggers."""
    await fill(harness)
    before = await harness.rows("select * from consent")
    values = f"values ({row}, {number}, 'added', 1, x'', x'')"
    with pytest.raises(REFUSALS, match="append-only"):
        await harness.change(f"{way} into consent (id, number, event, at, content_digest, chain) {values}")
    assert before == await harness.rows("select * from consent")


@pytest.mark.parametrize(
    "statements",
    [
        ["delete from consent where number = 2"],
        ["delete from consent where number = 3"],
        ["delete from consent"],
        ["update consent set content = replace(content, 'Subscribe', 'Sell my data') where number = 1"],
        ["update consent set at = 1 where number = 3"],
        ["update consent set subscriber_id = null, salt = null, content = null, ip = null, ip_salt = null"],
        ["update consent set ip = null, ip_salt = null where number = 1"],
        ["update consent set number = -1 where number = 1", "update consent set number = 1 where number = 2",
         "update consent set number = 2 where number = -1"],
        ["update consent_head set number = 2"],
        ["update consent_head set chain = x'00'"],
        ["delete from consent_head"],
    ],
)  # fmt: skip
async def test_who_changes_it_all_the_same_is_found_out(harness: DeliveryHarness, statements: list[str]) -> None:
    await fill(harness)
    assert [] == (await audit(harness)).problems
    await tamper(harness, *statements)
    assert (await audit(harness)).problems


async def test_rows_cut_off_with_every_trace_in_the_database_are_found_by_the_head_that_was_kept(
    harness: DeliveryHarness,
) -> None:
    await fill(harness)
    head = await harness.services.database.read(consent.read_head)
    await tamper(
        harness,
        "delete from consent where number = 3",
        "update consent_head set number = 2, chain = (select chain from consent where number = 2)",
    )
    assert [] == (await audit(harness)).problems
    assert (await audit(harness, ("on paper", head))).problems


async def test_erasing_and_ageing_leave_the_chain_whole(harness: DeliveryHarness) -> None:
    await fill(harness)
    await harness.services.subscribers.erase(parse_address("r1@reader.example"))
    harness.pass_time(400 * DAY)
    await harness.housekeeping.round()
    report = await audit(harness)
    # Nobody confirmed: the rest was forgotten as well, and said so.
    assert (3, 0, []) == (report.erased, report.aged, report.problems)


async def test_network_addresses_age_and_the_rest_stays(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    await confirm(harness)
    harness.pass_time(90 * DAY + 3599)
    await harness.housekeeping.round()
    assert [("192.0.2.7",)] * 2 == await harness.rows("select ip from consent order by id")
    harness.pass_time(1)
    await harness.housekeeping.round()
    kept = await harness.rows("select event, ip, ip_salt, content is not null from consent order by id")
    assert [("requested", None, None, 1), ("confirmed", None, None, 1), ("aged", None, None, 1)] == kept
    report = await audit(harness)
    assert (0, 2, []) == (report.erased, report.aged, report.problems)


async def test_a_network_address_stays_until_it_is_old_itself(harness: DeliveryHarness) -> None:
    """Whatever older ones there are beside it."""
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    await confirm(harness)
    harness.pass_time(89 * DAY)
    bob = parse_address("bob@reader.example")
    await harness.services.sign_ups.request(["news"], Applicant(bob, WEB), network=None)
    harness.pass_time(DAY + 3600)
    await harness.housekeeping.round()
    kept = await harness.rows("select event, ip from consent order by id")
    assert [("requested", None), ("confirmed", None), ("requested", "192.0.2.7"), ("aged", None)] == kept


async def test_a_short_time_of_keeping_is_kept_to(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    ages = [await harness.services.database.write(age_ips, 0.0, os.urandom, harness.clock()) for _ in range(2)]
    assert [1, 0] == ages


async def test_the_mail_that_asked_is_on_record_once_a_relay_has_it(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    await harness.send_all(LATER)
    assert [("requested",)] == await harness.rows("select event from consent")
    harness.pass_time(3600)
    (sent,) = await harness.send_all()
    person = (await harness.rows("select id from subscriber"))[0][0]
    asked = (await harness.services.database.read(consent.consent_of, person))[1]
    assert {
        "event": "asked",
        "at": int(harness.clock()),
        "ip": None,
        "list": "news",
        "address": "ada@reader.example",
        "source": "pressrun",
        "language": "en",
        "text": "confirmation",
        "mail": f"sha256:{hashlib.sha256(sent.content).hexdigest()}",
        "message_id": identity(sent)[0].strip("<>"),
    } == asked
    assert [] == (await audit(harness)).problems


async def test_who_was_erased_meanwhile_is_not_written_down_again(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    await harness.run_cycle()
    (mail,) = harness.all_outgoing()
    await harness.services.subscribers.erase(ADA)
    harness.answer(mail, TAKEN)
    await harness.run_cycle()
    assert [("requested",), ("erased",)] == await harness.rows("select event from consent")


async def test_the_head_is_kept_elsewhere_once_it_is_on_disk(harness: DeliveryHarness) -> None:
    kept: list[Head] = []

    async def keep(chain: str, head: Head) -> None:
        if chain == "consent":
            kept.append(head)

    instance = Housekeeping(replace(harness.services.context, clock=harness.clock), keep)
    await instance.round()
    await fill(harness, 1)
    await instance.round()
    await instance.round()
    assert [await harness.services.database.read(consent.read_head)] == kept


async def test_the_mail_that_asked_is_shown_with_its_request(harness: DeliveryHarness) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(ADA, WEB), network=None)
    (sent,) = await harness.send_all()
    await confirm(harness)
    shown = (
        await harness.services.database.read(subscriber_record.show_subscriber, harness.services.keys, ADA)
    ).consent
    assert ["requested", "confirmed"] == [entry.event for entry in shown]
    assert isinstance(shown[0].asked, ConfirmationMailInfo)
    assert identity(sent)[0].strip("<>") == shown[0].asked.message_id
