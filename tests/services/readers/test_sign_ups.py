"""Signing up, confirming and leaving, from every state, with the evidence of each."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from tests.database import execute, select
from tests.delivery.harness import DeliveryHarness
from tests.services.harness import ServiceHarness
from tests.settings import change

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.quantities import Rate, RateExceeded
from pressrun.services.evidence import verify
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.services.upkeep.housekeeping import forget_unconfirmed
from pressrun.store.readers import consent, subscribers
from pressrun.store.transaction import Transaction

ADA = parse_address("Ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", language="en", words="Subscribe to News", mail=None)
WEEK = 7 * 86400


async def rows(services: ServiceHarness, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return await select(services.database, sql, *values)


async def sign_up(
    services: ServiceHarness, address: Address = ADA, *, network: str | None = None, name: str = ""
) -> object:
    return await services.sign_ups.request(["news"], Applicant(address, WEB, name=name), network=network)


async def last_confirmation(services: ServiceHarness) -> int:
    return int((await rows(services, "select max(id) from confirmation"))[0][0])


async def confirm(services: ServiceHarness, number: int | None = None) -> Confirmed:
    outcome, _ = await services.confirmations.confirm(number or await last_confirmation(services), WEB)
    return outcome


async def standing(services: ServiceHarness, address: Address = ADA) -> tuple[int, str] | None:
    standings = await rows(
        services,
        "select subscription.id, state from subscription join subscriber on subscriber.id = subscriber_id"
        " where address_key = ?",
        address.key,
    )
    return None if not standings else (standings[0][0], standings[0][1])


async def state(services: ServiceHarness) -> str | None:
    current = await standing(services)
    return None if current is None else current[1]


async def notices(services: ServiceHarness) -> list[str]:
    return [kind for (kind,) in await rows(services, "select kind from notice order by id")]


async def bring(services: ServiceHarness, wanted: str) -> None:
    """Bring Ada into a state by the ways there are, or by hand where a later part of the program leads there."""
    await services.make_list()
    if wanted == "stranger":
        return
    if wanted == "pending":
        await sign_up(services)
        return
    await services.subscribers.add("news", ADA)
    current = await standing(services)
    assert current is not None
    if wanted == "unsubscribed":
        await services.unsubscribes.unsubscribe(current[0], WEB)
    elif wanted in ("paused", "bounces"):
        until = services.now + 86400 if wanted == "paused" else None
        sql = "update subscription set state = 'suspended', suspended_for = ?, paused_until = ?"
        await execute(services.database, sql, wanted, until)


STATES = ["stranger", "pending", "member", "paused", "bounces", "unsubscribed"]


@pytest.mark.parametrize("before", STATES)
async def test_the_answer_is_the_same_for_everybody(services: ServiceHarness, before: str) -> None:
    await bring(services, before)
    assert SignUpAnswer.ACCEPTED is await sign_up(services)


@pytest.mark.parametrize(
    ("before", "after", "mail"),
    [
        ("stranger", "pending", "confirmation"),
        ("pending", "pending", "confirmation"),
        ("member", "active", "already_subscribed"),
        ("paused", "suspended", "already_subscribed"),
        ("bounces", "suspended", "confirmation"),
        ("unsubscribed", "pending", "confirmation"),
    ],
)
async def test_what_a_sign_up_does(services: ServiceHarness, before: str, after: str, mail: str) -> None:
    await bring(services, before)
    count = len(await notices(services))
    await sign_up(services)
    assert (after, [mail]) == (await state(services), (await notices(services))[count:])


@pytest.mark.parametrize("before", ["member", "paused"])
async def test_who_signs_up_again_in_a_pause_is_told_of_it(services: ServiceHarness, before: str) -> None:
    """They may have forgotten it, and wonder why no mail comes."""
    await bring(services, before)
    until = services.now + 86400
    await sign_up(services)
    payload = json.loads(str((await rows(services, "select payload from notice order by id desc"))[0][0]))
    assert (until if before == "paused" else None) == payload.get("paused_until")


@pytest.mark.parametrize("before", STATES)
async def test_a_confirmation_makes_everybody_who_asked_active(services: ServiceHarness, before: str) -> None:
    await bring(services, before)
    await sign_up(services)
    if before not in ("member", "paused"):
        assert Confirmed.CONFIRMED is await confirm(services)
        assert "active" == await state(services)


@pytest.mark.parametrize("reason", ["hard-bounce", "erased"])
async def test_a_reader_lifts_their_own_suppression_by_confirming(services: ServiceHarness, reason: str) -> None:
    await services.make_list()
    await services.suppressions.add(ADA, reason)
    assert SignUpAnswer.ACCEPTED is await sign_up(services)
    assert [(reason,)] == await rows(services, "select reason from suppression")
    assert Confirmed.CONFIRMED is await confirm(services)
    assert [] == await rows(services, "select reason from suppression")


@pytest.mark.parametrize("reason", ["complaint", "never-again", "operator"])
async def test_other_suppressions_get_the_same_answer_and_nothing_happens(
    services: ServiceHarness, reason: str
) -> None:
    await services.make_list()
    await services.suppressions.add(ADA, reason)
    assert SignUpAnswer.ACCEPTED is await sign_up(services)
    assert ([], None) == (await notices(services), await state(services))


async def test_a_request_made_before_a_complaint_does_not_lift_it(harness: DeliveryHarness) -> None:
    await sign_up(harness.services)
    await harness.services.suppressions.add(ADA, "complaint")
    await confirm(harness.services)
    edition = await harness.edition()
    assert (0, "finished") == ((await harness.stored(edition)).audience, await harness.state(edition))


async def test_a_closed_or_unknown_list_says_so(services: ServiceHarness) -> None:
    await services.make_list()
    await services.lists.close_list("news")
    assert SignUpAnswer.CLOSED is await sign_up(services)
    assert SignUpAnswer.UNKNOWN_LIST is await services.sign_ups.request(["else"], Applicant(ADA, WEB), network=None)
    assert [] == await rows(services, "select * from subscriber")


async def test_the_name_is_taken_over_only_once_proven(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services, name="Mallory")
    assert [("",)] == await rows(services, "select name from subscriber")
    await confirm(services)
    assert [("Mallory",)] == await rows(services, "select name from subscriber")


# ---------------------------------------------------------------------- confirmations


async def test_confirming_twice_is_as_good_as_once(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    number = await last_confirmation(services)
    outcomes = [await confirm(services, number), await confirm(services, number)]
    assert [Confirmed.CONFIRMED, Confirmed.ALREADY] == outcomes
    assert 1 == len(await rows(services, "select 1 from consent where event = 'confirmed'"))


async def test_looking_at_a_confirmation_changes_nothing(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    outcome, shown = await services.confirmations.find(await last_confirmation(services))
    assert (Confirmed.CONFIRMED, "pending") == (outcome, await state(services))
    assert shown is not None


async def test_leaving_makes_every_earlier_confirmation_void(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    await sign_up(services)
    first, second = 1, await last_confirmation(services)
    await confirm(services, second)
    current = await standing(services)
    assert current is not None
    await services.unsubscribes.unsubscribe(current[0], WEB)
    assert [Confirmed.LEFT_SINCE] * 2 == [await confirm(services, number) for number in (first, second)]
    await sign_up(services)
    assert [Confirmed.LEFT_SINCE] * 2 == [await confirm(services, number) for number in (first, second)]
    assert "pending" == await state(services)
    assert Confirmed.CONFIRMED is await confirm(services)


async def test_a_confirmation_ends(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    services.now += WEEK - 1
    outcome, _ = await services.confirmations.find(1)
    services.now += 1
    assert (Confirmed.CONFIRMED, Confirmed.INVALID) == (outcome, await confirm(services))
    assert "pending" == await state(services)


async def test_an_unknown_confirmation_is_invalid(services: ServiceHarness) -> None:
    assert (Confirmed.INVALID, None) == await services.confirmations.confirm(7, WEB)


async def test_requests_end_when_the_list_closes(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    await services.lists.close_list("news")
    assert Confirmed.INVALID is await confirm(services, 1)
    assert await state(services) is None


# ---------------------------------------------------------------------- leaving


@pytest.mark.parametrize("before", ["pending", "member", "paused", "bounces"])
async def test_leaving_ends_it_from_every_state(services: ServiceHarness, before: str) -> None:
    await bring(services, before)
    current = await standing(services)
    assert current is not None
    answers = [await services.unsubscribes.unsubscribe(current[0], WEB) for _ in range(2)]
    assert [UnsubscribeOutcome.LEFT, UnsubscribeOutcome.NOT_SUBSCRIBED] == answers
    assert [("unsubscribed", None, None)] == await rows(
        services, "select state, suspended_for, paused_until from subscription"
    )


async def test_leaving_works_for_who_is_not_there_any_more(services: ServiceHarness) -> None:
    assert UnsubscribeOutcome.NOT_SUBSCRIBED is await services.unsubscribes.unsubscribe(77, WEB)


async def test_leaving_by_an_editions_link_counts_there_once(harness: DeliveryHarness) -> None:
    await harness.readers(1)
    edition = await harness.edition()
    number = await harness.subscription("r0@reader.example")
    for _ in range(2):
        await harness.services.unsubscribes.unsubscribe(number, WEB, edition_id=edition)
    assert 1 == (await harness.stored(edition)).unsubscribed


async def test_leaving_wherever_the_list_is_closed(services: ServiceHarness) -> None:
    await bring(services, "member")
    current = await standing(services)
    assert current is not None
    await services.lists.close_list("news")
    assert UnsubscribeOutcome.LEFT is await services.unsubscribes.unsubscribe(current[0], WEB)


# ---------------------------------------------------------------------- limits


async def test_one_mailbox_is_mailed_so_often_under_all_its_spellings(services: ServiceHarness) -> None:
    await services.make_list()
    for text in ("a.da@gmail.com", "ada+1@gmail.com", "AdA@googlemail.com", "ada+2@gmail.com", "ad.a@gmail.com"):
        assert SignUpAnswer.ACCEPTED is await sign_up(services, parse_address(text))
    assert 3 == len(await notices(services))
    services.now += 86400
    await sign_up(services, parse_address("ada@gmail.com"))
    assert 4 == len(await notices(services))


async def test_a_member_is_told_under_the_same_limit(services: ServiceHarness) -> None:
    await bring(services, "member")
    for _ in range(5):
        assert SignUpAnswer.ACCEPTED is await sign_up(services)
    assert ["already_subscribed"] * 3 == await notices(services)


async def test_all_confirmations_together_have_a_limit(services: ServiceHarness) -> None:
    await services.make_list()
    change(services.context.settings, limits=LimitSettings(confirmations=Rate(2, 3600.0)))
    for number in range(4):
        assert SignUpAnswer.ACCEPTED is await sign_up(services, parse_address(f"r{number}@reader.example"))
    assert 2 == len(await notices(services))


async def test_a_network_is_told_when_to_come_again(services: ServiceHarness) -> None:
    await services.make_list()
    change(services.context.settings, limits=LimitSettings(sign_ups_per_ip=Rate(2, 3600.0)))
    answers = []
    for number in range(3):
        answers.append(await sign_up(services, parse_address(f"r{number}@reader.example"), network="192.0.2.0"))
        services.now += 10
    assert [SignUpAnswer.ACCEPTED, SignUpAnswer.ACCEPTED, RateExceeded(services.now - 30 + 3600)] == answers
    assert SignUpAnswer.ACCEPTED is await sign_up(services, network="192.0.2.1")
    assert SignUpAnswer.ACCEPTED is await sign_up(services, network=None)


# ---------------------------------------------------------------------- evidence


async def test_every_step_leaves_its_evidence(services: ServiceHarness) -> None:
    await services.make_list()
    await sign_up(services)
    await confirm(services)
    current = await standing(services)
    assert current is not None
    await services.unsubscribes.unsubscribe(current[0], Origin(source="mail", mail="digest"))

    def evidence(tx: Transaction) -> list[dict[str, object]]:
        person = subscribers.find_subscriber(tx, ADA)
        assert person is not None
        return consent.consent_of(tx, person.id)

    kept = await services.database.read(evidence)
    assert ["requested", "confirmed", "withdrawn"] == [entry["event"] for entry in kept]
    assert {
        "event": "requested",
        "at": int(services.now),
        "list": "news",
        "address": "Ada@reader.example",
        "ip": "192.0.2.7",
        "source": "web",
        "language": "en",
        "text": "Subscribe to News",
        "mail": None,
        "message_id": None,
    } == kept[0]
    assert ("mail", "digest") == (kept[2]["source"], kept[2]["mail"])


async def test_the_evidence_is_a_chain_that_erasing_leaves_whole(services: ServiceHarness) -> None:
    await services.make_list()
    for text in ("a@reader.example", "b@reader.example", "c@reader.example"):
        await sign_up(services, parse_address(text))
    await services.subscribers.erase(parse_address("b@reader.example"))
    kept = await rows(services, "select event, content is null from consent order by id")
    assert [("requested", 0), ("requested", 1), ("requested", 0), ("erased", 0)] == kept
    audit = await services.database.read(verify, [])
    assert (4, 1, []) == (audit.rows, audit.erased, audit.problems)


async def test_who_never_confirmed_is_forgotten_with_the_evidence(services: ServiceHarness) -> None:
    """Nobody could ask for it to be erased later: no list knows the address any more."""
    await services.make_list()
    await sign_up(services)
    services.now += WEEK
    await services.database.write(forget_unconfirmed, os.urandom, int(services.now))
    assert [] == await rows(services, "select * from subscriber")
    assert [("requested", None), ("erased", '{"rows": [[1, 1]]}')] == await rows(
        services, "select event, content from consent"
    )
