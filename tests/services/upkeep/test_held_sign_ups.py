"""Sign-ups that are held: nobody is mailed before an operator says so, then each once, and none is lost or kept."""

from __future__ import annotations

import dataclasses
import json
import logging
from typing import Any

import pytest
from msgspec.structs import replace
from tests.database import select
from tests.delivery.harness import DeliveryHarness
from tests.services.harness import ServiceHarness
from tests.settings import change

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.current import Holder
from pressrun.core.errors import NotFound
from pressrun.core.quantities import Rate
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.abuse_limits import AbuseLimits
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.settings import ServiceSettings
from pressrun.services.upkeep import held_sign_ups
from pressrun.services.upkeep.held_sign_ups import HeldDropped, HeldReleased
from pressrun.store import limits
from pressrun.store.lists import lists
from pressrun.store.readers.held_sign_ups import HeldSelection
from pressrun.store.transaction import Transaction

ADA, BOB = parse_address("Ada@reader.example"), parse_address("bob@other.example")
WEB = Origin(source="web", ip="192.0.2.7", language="de", words="Subscribe to News")
ALL = HeldSelection()
WEEK = 7 * 86400
HELD = LimitSettings(hold_sign_ups_above=2, hold_sign_ups_floor=1, confirmations_per_address=Rate(100, 3600.0))


async def rows(services: ServiceHarness, sql: str) -> list[tuple[Any, ...]]:
    return await select(services.database, sql)


async def besiege(services: ServiceHarness) -> None:
    """A list, and so many sign-ups by somebody else that further ones are held."""
    await services.make_list()
    change(services.context.settings, limits=HELD)
    await sign_up(services, parse_address("first@reader.example"))


async def sign_up(
    services: ServiceHarness, address: Address = ADA, trust: Trust = Trust.PROVEN, origin: Origin = WEB
) -> None:
    def sign_up(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        services.sign_ups.sign_up(tx, [target], Applicant(address, origin, name="Ada", trust=trust))

    await services.database.write(sign_up)


async def mailed(services: ServiceHarness) -> list[object]:
    """Who gets a mail, after the first one."""
    notices = await rows(
        services, "select address from notice join delivery on notice_id = notice.id order by notice.id"
    )
    return [address for (address,) in notices if address != "first@reader.example"]


async def oldest(services: ServiceHarness) -> int:
    """The id of what has waited longest."""
    number = (await services.database.read(held_sign_ups.list_held, None))[0].id
    assert isinstance(number, int)
    return number


async def listed(services: ServiceHarness, name: str | None = None) -> list[object]:
    return [held.address for held in await services.database.read(held_sign_ups.list_held, name)]


async def test_what_is_held_is_stored_as_pending_and_not_mailed(services: ServiceHarness) -> None:
    await besiege(services)
    await sign_up(services)
    assert ([], ["Ada@reader.example"]) == (await mailed(services), await listed(services))
    states = "select state from subscription join subscriber on subscriber.id = subscriber_id where address like 'Ada%'"
    assert [("pending",)] == await rows(services, states)
    assert [("Ada", "de")] == await rows(services, "select name, language from confirmation where id = 2")
    asked = await rows(services, "select event, ip from consent where subscriber_id = 2")
    assert [("requested", "192.0.2.7")] == asked


async def test_who_did_work_is_mailed_at_once(services: ServiceHarness) -> None:
    await besiege(services)
    await sign_up(services, trust=Trust.WORKED)
    assert (["Ada@reader.example"], []) == (await mailed(services), await listed(services))


async def test_a_release_mails_each_once(services: ServiceHarness) -> None:
    """In the language that was asked in, with a link that is good for as long as any, and says so."""
    await besiege(services)
    for address in (ADA, ADA, BOB, ADA):
        await sign_up(services, address)
    services.now += WEEK - 60
    assert HeldReleased(released=2, forgotten=0) == await services.held.release(ALL)
    assert HeldReleased(released=0, forgotten=0) == await services.held.release(ALL)
    assert ["bob@other.example", "Ada@reader.example"] == await mailed(services)
    mails = await rows(services, "select created_at, language, payload from notice order by id")
    payloads = [json.loads(payload) for _, _, payload in mails]
    assert (WEEK, "de") == (payloads[-1]["expires_at"] - mails[-1][0], mails[-1][1])
    ends = dict(await rows(services, "select id, expires_at from confirmation"))
    assert [payload["expires_at"] for payload in payloads] == [ends[payload["confirmation"]] for payload in payloads]
    assert 3 == len(payloads)
    assert services.woken > 0


async def test_what_an_operator_does_not_choose_goes_on_waiting(services: ServiceHarness) -> None:
    await besiege(services)
    for address in (ADA, BOB, parse_address("eve@reader.example")):
        await sign_up(services, address)
    assert HeldReleased(released=1, forgotten=0) == await services.held.release(HeldSelection(domain="other.example"))
    number = await oldest(services)
    assert HeldDropped(dropped=1) == await services.held.drop(HeldSelection(ids=(number,)))
    assert (["bob@other.example"], ["eve@reader.example"]) == (await mailed(services), await listed(services))


async def test_an_id_under_which_nothing_waits_changes_nothing(services: ServiceHarness) -> None:
    await besiege(services)
    await sign_up(services)
    number = await oldest(services)
    for act in (services.held.release, services.held.drop):
        with pytest.raises(NotFound, match="no such held sign-up: 77, 99"):
            await act(HeldSelection(ids=(77, number, 99)))
    with pytest.raises(NotFound):
        await listed(services, "other")
    assert ([], ["Ada@reader.example"]) == (await mailed(services), await listed(services, "news"))


async def test_what_is_dropped_is_as_if_nobody_had_asked(services: ServiceHarness) -> None:
    """But for who had been a reader before: they have left, as before."""
    await besiege(services)
    await services.subscribers.add("news", BOB)
    await services.subscribers.remove("news", BOB)
    before = await rows(
        services, "select address, state from subscriber join subscription on subscriber.id = subscriber_id"
    )
    for address in (ADA, BOB):
        await sign_up(services, address)
    assert HeldDropped(dropped=2) == await services.held.drop(ALL)
    after = await rows(
        services, "select address, state from subscriber join subscription on subscriber.id = subscriber_id"
    )
    assert before == after
    assert ([], []) == (await mailed(services), await listed(services))
    assert [] == await rows(services, "select content from consent where content like '%Ada%'")


@pytest.mark.parametrize("end", ["working", "added", "removed", "never again", "erased", "closed"])
async def test_nobody_is_mailed_what_is_of_no_use_any_more(services: ServiceHarness, end: str) -> None:
    """Who signed up again with work has had their mail; the others need none, or must not be mailed."""
    await besiege(services)
    await sign_up(services)
    match end:
        case "working":
            await sign_up(services, trust=Trust.WORKED)
        case "added":
            await services.subscribers.add("news", ADA)
        case "removed":
            await services.subscribers.remove("news", ADA)
        case "never again":
            await services.suppressions.add(ADA, "never-again")
        case "erased":
            await services.subscribers.erase(ADA)
        case "closed":
            await services.lists.close_list("news")
    before = await mailed(services)
    assert 0 == (await services.held.release(ALL)).released
    assert before == await mailed(services) == (["Ada@reader.example"] if end == "working" else [])
    assert [] == await listed(services)


async def test_a_member_who_asks_again_is_told_so_once_released(services: ServiceHarness) -> None:
    """The operator sees no difference that a stranger could cause; the reader is not subscribed twice."""
    await besiege(services)
    await services.subscribers.add("news", ADA)
    await sign_up(services)
    assert ["Ada@reader.example"] == await listed(services)
    assert HeldReleased(released=1, forgotten=0) == await services.held.release(ALL)
    assert [("already_subscribed",)] == await rows(services, "select kind from notice where address like 'Ada%'")


@pytest.mark.parametrize("end", ["left", "closed", "never again"])
async def test_a_member_who_asked_again_and_is_none_any_more_is_told_nothing(
    services: ServiceHarness, end: str
) -> None:
    """The operator hears of it, and nothing of the mail is kept."""
    await besiege(services)
    await services.subscribers.add("news", ADA)
    await sign_up(services)
    match end:
        case "left":
            await services.subscribers.remove("news", ADA)
        case "closed":
            await services.lists.close_list("news")
        case "never again":
            await services.suppressions.add(ADA, "never-again")
    before = await mailed(services)
    assert HeldReleased(released=0, forgotten=1) == await services.held.release(ALL)
    assert (before, []) == (await mailed(services), await listed(services))
    assert [] == await rows(services, "select id from notice where id not in (select notice_id from delivery)")


async def test_a_release_that_goes_on_leaves_out_what_is_done(services: ServiceHarness) -> None:
    await besiege(services)
    for address in (ADA, BOB):
        await sign_up(services, address)
    ids = tuple(held.id for held in await services.database.read(held_sign_ups.list_held, None))
    assert HeldReleased(released=1, forgotten=0) == await services.held.release(HeldSelection(ids=ids[:1]))
    rest = HeldSelection(ids=ids, until=int(services.now))
    assert HeldReleased(released=1, forgotten=0) == await services.held.release(rest)


async def test_what_was_asked_by_mail_is_answered_by_mail_after_a_release(services: ServiceHarness) -> None:
    await besiege(services)
    await sign_up(services, origin=Origin(source="mail", in_reply_to="<1@reader.example>"), trust=Trust.UNPROVEN)
    assert ["mail"] == [held.source for held in await services.database.read(held_sign_ups.list_held, None)]
    await services.held.release(ALL)
    [(payload,)] = await rows(services, "select payload from notice where id = 2")
    content = json.loads(payload)
    assert ("mail", "<1@reader.example>") == (content["answers"], content["in_reply_to"])


async def test_what_nobody_released_is_forgotten_when_its_link_would_end(harness: DeliveryHarness) -> None:
    """Also of somebody who stays in the database, since they had been a reader before."""
    services = harness.services
    await services.subscribers.add("news", ADA)
    await services.subscribers.remove("news", ADA)
    change(services.context.settings, limits=HELD)
    await sign_up(services, BOB)
    await sign_up(services)
    assert 1 == await _count_held(services)
    harness.pass_time(WEEK)
    assert HeldReleased(released=0, forgotten=0) == await services.held.release(ALL)
    await harness.housekeeping.round()
    assert 0 == await _count_held(services)
    assert [("Ada@reader.example",)] == await rows(services, "select address from subscriber")
    assert ([], [("unsubscribed",)]) == (
        await rows(services, "select * from notice"),
        await rows(services, "select state from subscription"),
    )


async def test_what_is_held_takes_nothing_from_those_who_did_work(services: ServiceHarness) -> None:
    """And is not without end itself."""
    await besiege(services)
    change(
        services.context.settings,
        limits=dataclasses.replace(HELD, confirmations=Rate(3, 3600.0), unproven_sign_ups=Rate(4, 3600.0)),
    )
    for number in range(10):
        await sign_up(services, parse_address(f"victim{number}@v{number}.example"))
    assert 4 == await _count_held(services)
    for address in (ADA, BOB):
        await sign_up(services, address, Trust.WORKED)
    assert ["Ada@reader.example", "bob@other.example"] == await mailed(services)


class Watch:
    """A screening as another process would have it, and what it tells."""

    def __init__(self, services: ServiceHarness, limits: LimitSettings) -> None:
        self._office = services
        self.abuse_limits = AbuseLimits(
            replace(services.context, settings=Holder(ServiceSettings(limits=limits))), self
        )
        self.told: list[bool] = []
        self.show_holding = self.told.append

    def count_sign_up(self, _outcome: str) -> None:
        """Not looked at here."""

    def show_attack(self, _is_on: bool) -> None:
        raise AssertionError("nobody attacks here")

    async def admit(self, number: int) -> str:
        address = parse_address(f"reader{number}@r{number}.example")
        admit = self.abuse_limits.admit
        return await self._office.database.write(admit, address, Trust.PROVEN, self._office.now)


async def remember(services: ServiceHarness, peak: int) -> None:
    """Two weeks whose busiest hour had so many."""

    def note(tx: Transaction) -> None:
        for day in range(1, 15):
            for _ in range(peak):
                limits.count_sign_up(tx, int(services.now // 3600) - 24 * day + 5)

    await services.database.write(note)


async def test_what_is_usual_is_learned_and_outlives_the_process(services: ServiceHarness) -> None:
    """Twice ten are usual here, whatever another process had counted before."""
    await remember(services, 10)
    limits = dataclasses.replace(HELD, hold_sign_ups_floor=1)
    first = [await Watch(services, limits).admit(number) for number in range(12)]
    second = Watch(services, limits)
    later = [await second.admit(number) for number in range(12, 24)]
    assert (["taken"] * 12, ["taken"] * 8 + ["held"] * 4) == (first, later)
    assert [True] == second.told
    third = Watch(services, limits)
    assert ("held", [True]) == (await third.admit(24), third.told)


async def test_a_quiet_server_has_a_floor(services: ServiceHarness) -> None:
    watch = Watch(services, dataclasses.replace(HELD, hold_sign_ups_floor=30))
    assert ["taken"] * 30 + ["held"] * 2 == [await watch.admit(number) for number in range(32)]


async def test_none_is_held_where_the_operator_does_not_want_it(services: ServiceHarness) -> None:
    watch = Watch(services, LimitSettings())
    assert ["taken"] * 120 == [await watch.admit(number) for number in range(120)]
    assert [] == watch.told


async def test_the_operator_hears_once_that_sign_ups_are_held_and_once_that_no_more_are(
    services: ServiceHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """No attack is told besides, as long as what is held is all there is to it."""
    watch = Watch(services, dataclasses.replace(HELD, hold_sign_ups_floor=3))
    with caplog.at_level(logging.INFO, logger="pressrun.readers"):
        for number in range(100):
            await watch.admit(number)
        assert watch.abuse_limits.requires_work(services.now)
        for later in (1800, 7200, 7201):
            watch.abuse_limits.poll(services.now + later)
    assert [True, False] == watch.told
    assert ["subscription.holding", "subscription.holding_over"] == [record.message for record in caplog.records]
    assert not watch.abuse_limits.requires_work(services.now + 7201)
    assert "reader1" not in caplog.text


async def test_hours_that_nobody_asks_for_are_forgotten(harness: DeliveryHarness) -> None:
    await sign_up(harness.services)
    harness.pass_time(14 * 86400)
    await harness.housekeeping.round()
    assert [(1,)] == await rows(harness.services, "select count(*) from sign_up_hour")
    harness.pass_time(3600)
    await harness.housekeeping.round()
    assert [] == await rows(harness.services, "select * from sign_up_hour")


async def _count_held(services: ServiceHarness) -> int:
    [(number,)] = await select(services.database, "select count(*) from held_notice")
    return int(number)
