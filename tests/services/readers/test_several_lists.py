"""One sign-up for several lists: one mail, one link, and each list with evidence of its own."""

from __future__ import annotations

import json

import pytest
from tests.database import select
from tests.services.harness import ServiceHarness
from tests.settings import change

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import parse_address
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import digests_of
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.readers.confirmations import Confirmed, confirm_request
from pressrun.services.readers.requests import Origin, carry_out
from pressrun.services.readers.sign_ups import Applicant, SignUpAnswer
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.store.readers import subscriptions
from pressrun.store.readers.held_sign_ups import HeldSelection

ADA = parse_address("Ada@reader.example")
WEB = Origin(source="web", ip="192.0.2.7", words="Two letters. [Subscribe]", words_language="de")
NAMES = ("news", "tides", "recipes")


async def rows(services: ServiceHarness, sql: str) -> list[tuple[object, ...]]:
    return await select(services.database, sql)


async def states(services: ServiceHarness) -> dict[object, object]:
    """What Ada is to each list that knows her."""
    memberships = await rows(
        services, "select name, state from subscription join list on list.id = list_id order by list.id"
    )
    return dict(memberships)  # type: ignore[arg-type]


async def sign_up(services: ServiceHarness, *names: str) -> object:
    """Ask for lists on the web, and have it carried out."""
    web_requests = WebRequests(
        services.context,
        sign_ups=services.sign_ups,
    )
    answer = await web_requests.sign_up(names, Applicant(ADA, WEB, name="Ada", trust=Trust.PROVEN), network=None)
    await web_requests.carry_out()
    return answer


async def mails(services: ServiceHarness) -> list[tuple[object, object, dict[str, object]]]:
    """Kind, list and payload of every notice."""
    notices = await rows(services, "select kind, list_id, payload from notice order by id")
    return [(kind, list_id, json.loads(str(payload))) for kind, list_id, payload in notices]


@pytest.fixture
async def instance(services: ServiceHarness) -> ServiceHarness:
    for name in NAMES:
        await services.lists.create_list(name, {"title": name.title(), "language": "en"})
    return services


async def test_one_mail_asks_for_all_and_one_link_confirms_them(instance: ServiceHarness) -> None:
    """With the evidence of each list, in the words and the language that were shown."""
    assert SignUpAnswer.ACCEPTED is await sign_up(instance, *NAMES)
    ((kind, list_id, payload),) = await mails(instance)
    assert ("confirmation", 1, ["Tides", "Recipes"]) == (kind, list_id, payload["also"])
    assert dict.fromkeys(NAMES, "pending") == await states(instance)
    number = payload["confirmation"]
    assert isinstance(number, int)
    outcome, standing = await instance.confirmations.find(number)
    assert standing is not None
    assert (Confirmed.CONFIRMED, ["News", "Tides", "Recipes"]) == (outcome, standing.titles)
    outcome, standing = await instance.confirmations.confirm(number, WEB)
    assert standing is not None
    assert (Confirmed.CONFIRMED, ["News", "Tides", "Recipes"]) == (outcome, standing.titles)
    assert dict.fromkeys(NAMES, "active") == await states(instance)
    assert [("Ada",)] == await rows(instance, "select name from subscriber")
    evidence = [
        (event, number, content and json.loads(str(content))["language"])
        for event, number, content in await rows(instance, "select event, list_id, content from consent order by id")
    ]
    expected = [(event, number, "de") for event in ("requested", "confirmed") for number in (1, 2, 3)]
    assert expected == [row for row in evidence if row[0] in ("requested", "confirmed")]
    assert Confirmed.ALREADY is (await instance.confirmations.confirm(number, WEB))[0]
    assert 1 == len(await mails(instance))


async def test_a_sign_up_to_many_lists_counts_as_one(instance: ServiceHarness) -> None:
    """Against the limit by address: it is one mail, and no list is left out for it."""
    change(instance.context.settings, limits=LimitSettings(confirmations_per_address=Rate(1, 86400.0)))
    await sign_up(instance, *NAMES)
    await sign_up(instance, *NAMES)
    assert 1 == len(await mails(instance))
    assert dict.fromkeys(NAMES, "pending") == await states(instance)


async def test_a_member_is_asked_for_the_other_lists_alone(instance: ServiceHarness) -> None:
    await instance.subscribers.add("news", ADA)
    await sign_up(instance, "news", "tides")
    ((kind, list_id, payload),) = await mails(instance)
    assert ("confirmation", 2, None) == (kind, list_id, payload.get("also"))
    assert {"news": "active", "tides": "pending"} == await states(instance)


async def test_a_member_of_all_is_told_so_once(instance: ServiceHarness) -> None:
    for name in ("news", "tides"):
        await instance.subscribers.add(name, ADA)
    await sign_up(instance, "news", "tides")
    ((kind, list_id, payload),) = await mails(instance)
    assert ("already_subscribed", 1, ["Tides"]) == (kind, list_id, payload["also"])


async def test_who_left_one_of_them_meanwhile_does_not_come_back_to_it(instance: ServiceHarness) -> None:
    """What the link still does, it does; what is over stays over."""
    await sign_up(instance, *NAMES)
    number = (await mails(instance))[0][2]["confirmation"]
    assert isinstance(number, int)
    await instance.confirmations.confirm(number, WEB)
    for name in ("news", "tides"):
        await sign_up(instance, name)
    numbers = await rows(instance, "select id from subscription order by id")
    for (subscription,) in numbers[:2]:
        assert isinstance(subscription, int)
        await instance.unsubscribes.unsubscribe(subscription, WEB)
    outcome, standing = await instance.confirmations.confirm(number, WEB)
    assert standing is not None
    assert (Confirmed.LEFT_SINCE, ["News", "Tides"]) == (outcome, standing.titles)
    assert {"news": "unsubscribed", "tides": "unsubscribed", "recipes": "active"} == await states(instance)


async def test_a_link_works_on_for_the_lists_that_are_left(instance: ServiceHarness) -> None:
    """Also where its own list, whose request it is, was closed before anybody confirmed."""
    await sign_up(instance, *NAMES)
    number = (await mails(instance))[0][2]["confirmation"]
    assert isinstance(number, int)
    await instance.lists.close_list("news")
    outcome, standing = await instance.confirmations.confirm(number, WEB)
    assert standing is not None
    assert (Confirmed.CONFIRMED, ["Tides", "Recipes"]) == (outcome, standing.titles)
    assert {"tides": "active", "recipes": "active"} == await states(instance)


async def test_closed_and_unknown_lists_are_left_out(instance: ServiceHarness) -> None:
    await instance.lists.close_list("tides")
    assert SignUpAnswer.ACCEPTED is await sign_up(instance, "tides", "nowhere", "recipes", "recipes")
    assert {"recipes": "pending"} == await states(instance)
    assert SignUpAnswer.CLOSED is await sign_up(instance, "tides")
    assert SignUpAnswer.UNKNOWN_LIST is await sign_up(instance, "nowhere")


async def test_what_is_held_for_several_lists_is_let_go_and_confirmed_whole(instance: ServiceHarness) -> None:
    """A later sign-up to one of them does not take it away, since it asks for the others too."""
    limits = LimitSettings(hold_sign_ups_above=2, hold_sign_ups_floor=1, confirmations_per_address=Rate(100, 3600.0))
    change(instance.context.settings, limits=limits)
    await instance.sign_ups.request(["news"], Applicant(parse_address("first@reader.example"), WEB), network=None)
    await sign_up(instance, *NAMES)
    await sign_up(instance, "news")
    assert 2 == len(await rows(instance, "select * from held_notice"))
    instance.now += 86400
    await instance.held.release(HeldSelection())
    number = next(payload["confirmation"] for _, _, payload in await mails(instance) if "also" in payload)
    assert isinstance(number, int)
    ends = await instance.database.read(
        lambda tx: {request.expires_at for request, _ in subscriptions.find_requests_of_link(tx, number)}
    )
    assert {int(instance.now) + 7 * 86400} == ends
    await instance.confirmations.confirm(number, WEB)
    counts = await rows(instance, "select count(*) from subscription where state = 'active'")
    assert [(3,)] == counts


async def test_an_answer_by_mail_confirms_them_all(instance: ServiceHarness) -> None:
    """As the link does."""
    await sign_up(instance, "news", "tides")
    number = (await mails(instance))[0][2]["confirmation"]
    assert isinstance(number, int)
    answer = Origin(source="mail", mail="digest")
    outcome, _ = await carry_out(instance.context, answer, confirm_request, number)
    assert Confirmed.CONFIRMED is outcome
    assert {"news": "active", "tides": "active"} == await states(instance)
    sources = await rows(instance, "select source from subscription")
    assert [("mail",), ("mail",)] == sources


async def test_who_was_suspended_for_bounces_comes_back_with_evidence_for_each(instance: ServiceHarness) -> None:
    """The first confirmation lifts the suppression that the others are judged by."""
    for name in ("news", "tides"):
        await instance.subscribers.add(name, ADA)
    digests, now = digests_of(instance.keys, ADA), int(instance.now)
    wanted = NewSuppression(digests, SuppressionReason.HARD_BOUNCE, ADA.typed, now)
    await instance.database.write(suppress, [wanted], now)
    instance.now += 1
    await sign_up(instance, "news", "tides")
    number = (await mails(instance))[0][2]["confirmation"]
    assert isinstance(number, int)
    await instance.confirmations.confirm(number, WEB)
    confirmed = await rows(instance, "select list_id from consent where event = 'confirmed' order by list_id")
    assert [(1,), (2,)] == confirmed
    assert {"news": "active", "tides": "active"} == await states(instance)
    assert [] == await rows(instance, "select * from suppression")
