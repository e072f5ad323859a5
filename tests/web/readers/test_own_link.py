"""What a reader's own link does, and that the lasting one of an edition, which may be passed on, does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.web.harness import NOW, WebHarness, words_of

from pressrun.core.signing.tokens import WebPurpose
from pressrun.services.readers.address_changes import AddressChanges

ADA, EVE = "ada@reader.example", "eve@reader.example"
HOUR = 3600
OWN = int(NOW) + HOUR
ACTIONS = ["download", "change-address", "erase"]


async def with_reader(web: WebHarness) -> int:
    return await web.add_reader(await web.add_list())


async def press(web: WebHarness, action: str, *, own: bool = True, **fields: str) -> Any:
    path = web.preferences_path(1, 0, OWN if own else 0)
    async with web.client() as client:
        return await client.post(path, data={"action": action, **fields})


async def follow(web: WebHarness, purpose: WebPurpose, number: int, *, method: str = "POST") -> Any:
    token = web.tokens.make(purpose, number, int(NOW) + 30 * 86400)
    async with web.client() as client:
        return await client.request(method, f"/confirm/{token}")


@pytest.mark.parametrize("action", ACTIONS)
async def test_pressed_on_an_editions_page_it_mails_the_readers_own_link_and_nothing_else(
    web: WebHarness, action: str
) -> None:
    await with_reader(web)
    response = await press(web, action, own=False, email=EVE, sure="yes")
    assert (200, False) == (response.status_code, ADA in response.text)
    assert [("preferences_link", ADA)] == [(kind, to) for kind, to, _ in await web.notices()]
    assert [(ADA, "")] == await web.rows("select address, name from subscriber")


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_link_that_has_ended_does_nothing(web: WebHarness, action: str) -> None:
    await with_reader(web)
    web.clock.now = OWN
    assert 404 == (await press(web, action, email=EVE, sure="yes")).status_code
    assert 404 == (await press(web, action, email=EVE, sure="yes")).status_code
    assert ([(ADA,)], []) == (await web.rows("select address from subscriber"), await web.notices())


async def test_a_link_that_ends_before_the_commit_changes_no_address(
    web: WebHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has just changed the address: whoever has the former mailbox cannot have it moved once more."""
    await with_reader(web)
    request = AddressChanges.request

    async def request_late(changes: AddressChanges, *args: Any, **named: Any) -> None:
        await web.write("update subscriber set epoch = epoch + 1")
        await request(changes, *args, **named)

    monkeypatch.setattr(AddressChanges, "request", request_late)
    await press(web, "change-address", email=EVE)
    assert ([], []) == (await web.notices(), await web.rows("select id from address_change"))


async def test_the_download_is_a_file_of_everything_held(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "pause", days="7")
    await press(web, "change-address", email=EVE)
    response = await press(web, "download")
    assert 'attachment; filename="my-subscriptions.json"' == response.headers["content-disposition"]
    assert ("application/json", "no-store") == (response.headers["content-type"], response.headers["cache-control"])
    held = json.loads(response.text)
    assert (ADA, "html", None, ["news"]) == (
        held["address"],
        held["format"],
        held["suppression"],
        [item["name"] for item in held["lists"]],
    )
    assert [("paused", "news")] == [(item["event"], item["list"]) for item in held["consent"]]
    assert [("paused", "2026-06-04T20:26:40Z")] == [
        (item["suspended_for"], item["paused_until"]) for item in held["pauses"]
    ]
    assert [(EVE, "asked")] == [(item["new_address"], item["state"]) for item in held["address_changes"]]
    assert {"address_change", "address_moving", "paused"} == {item["kind"] for item in held["mails"]}


async def test_the_history_is_on_the_readers_own_page_alone(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "pause", days="7")
    async with web.client() as client:
        own = await client.get(web.preferences_path(1, 0, OWN))
        lasting = await client.get(web.preferences_path(1))
    assert (True, False) == ("[Pause for 7 days]" in own.text, "[Pause for 7 days]" in lasting.text)


@pytest.mark.parametrize(("chosen", "kept"), [("text", 1), ("html", 0), ("", 1), ("x", 1)])
async def test_text_alone_is_a_wish_that_is_kept(web: WebHarness, chosen: str, kept: int) -> None:
    await with_reader(web)
    await press(web, "save", own=False, format="text")
    await press(web, "save", own=False, format=chosen)
    assert [(kept,)] == await web.rows("select text_only from subscriber")


# ---------------------------------------------------------------------- erasing


async def test_erasing_asks_once_more_and_then_forgets(web: WebHarness) -> None:
    await with_reader(web)
    asked = await press(web, "erase")
    assert (200, True, [(ADA,)]) == (
        asked.status_code,
        'name="sure" value="yes"' in asked.text,
        await web.rows("select address from subscriber"),
    )
    assert "Your data is deleted" in (await press(web, "erase", sure="yes")).text
    assert ([], [(None, "erased")]) == (
        await web.rows("select * from subscriber"),
        await web.rows("select address, reason from suppression"),
    )
    assert "Your data is deleted" in (await press(web, "erase", sure="yes")).text  # a second click
    assert 404 == (await press(web, "erase")).status_code


async def test_an_address_that_a_list_uses_as_its_own_cannot_be_erased(web: WebHarness) -> None:
    await web.add_reader(await web.add_list(owner=ADA))
    assert 409 == (await press(web, "erase", sure="yes")).status_code
    assert [(ADA,)] == await web.rows("select address from subscriber")


# ---------------------------------------------------------------------- another address


async def test_a_new_address_counts_once_it_has_confirmed(web: WebHarness) -> None:
    reader = await with_reader(web)
    response = await press(web, "change-address", email=EVE)
    assert 200 == response.status_code
    assert [("address_change", EVE), ("address_moving", ADA)] == [(kind, to) for kind, to, _ in await web.notices()]
    assert [(ADA, 0)] == await web.rows("select address, epoch from subscriber")
    page = await follow(web, WebPurpose.CHANGE, 1, method="GET")
    assert 1 == page.text.count("<button")
    assert [(ADA, 0)] == await web.rows("select address, epoch from subscriber")
    for _ in range(2):
        assert "Email address changed" in (await follow(web, WebPurpose.CHANGE, 1)).text
    assert [(EVE, EVE, 1)] == await web.rows("select address, address_key, epoch from subscriber")
    assert "active" == (await web.subscription(reader)).state
    assert [("moved", EVE)] == [(item["event"], item["address"]) for item in await web.consent(EVE)]
    told = [(kind, to, payload["is_done"]) for kind, to, payload in (await web.notices())[1:]]
    assert [("address_moving", ADA, False), ("address_moving", ADA, True)] == told
    assert f"Move your subscriptions to {EVE}? Until now: a•••@r•••.example" in words_of(page.text)


async def test_the_old_address_is_told_where_to_and_only_masked(web: WebHarness) -> None:
    """The old mailbox recognises the new address but does not learn it, and neither does the evidence."""
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    told = [payload["new"] for kind, _, payload in await web.notices() if kind == "address_moving"]
    assert ["e•••@r•••.example"] * 2 == told
    assert ["Move your subscriptions to e•••@r•••.example? [Confirm this address]"] == [
        item["text"] for item in await web.consent(EVE)
    ]


async def test_the_old_address_can_take_it_back_for_a_week(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    web.clock.now += 7 * 86400 - 1
    page = await follow(web, WebPurpose.UNDO_CHANGE, 1, method="GET")
    assert (1, [(EVE,)]) == (page.text.count("<button"), await web.rows("select address from subscriber"))
    for _ in range(2):
        assert "Address unchanged" in (await follow(web, WebPurpose.UNDO_CHANGE, 1)).text
    assert [(ADA, 1)] == await web.rows("select address, epoch > 1 from subscriber")
    assert 404 == (await follow(web, WebPurpose.CHANGE, 1)).status_code


async def test_after_a_week_it_stays_changed(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    web.clock.now += 7 * 86400
    assert 404 == (await follow(web, WebPurpose.UNDO_CHANGE, 1)).status_code
    assert [(EVE,)] == await web.rows("select address from subscriber")


async def test_the_old_address_can_stop_it_before(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.UNDO_CHANGE, 1)
    assert 404 == (await follow(web, WebPurpose.CHANGE, 1)).status_code
    assert [(ADA, 1)] == await web.rows("select address, epoch from subscriber")


async def test_undoing_ends_later_changes_as_well(web: WebHarness) -> None:
    """Else whoever took the address over could take it back by the link that their own address was sent."""
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    async with web.client() as client:
        path = web.preferences_path(1, 1, OWN)
        await client.post(path, data={"action": "change-address", "email": "mal@reader.example"})
    await follow(web, WebPurpose.CHANGE, 2)
    await follow(web, WebPurpose.UNDO_CHANGE, 1)
    assert [(ADA,)] == await web.rows("select address from subscriber")
    await follow(web, WebPurpose.UNDO_CHANGE, 2)
    assert [(ADA,)] == await web.rows("select address from subscriber")


async def test_a_later_wish_takes_the_place_of_the_one_before(web: WebHarness) -> None:
    await with_reader(web)
    await press(web, "change-address", email=EVE)
    await press(web, "change-address", email="other@reader.example")
    assert 404 == (await follow(web, WebPurpose.CHANGE, 1)).status_code
    assert 200 == (await follow(web, WebPurpose.CHANGE, 2)).status_code
    assert [("other@reader.example",)] == await web.rows("select address from subscriber")


async def test_the_answer_is_the_same_for_every_new_address(web: WebHarness) -> None:
    """A member, a stranger, somebody who is never to be written to, and one over the limit."""
    number = await web.add_list()
    await web.add_reader(number)
    await web.add_reader(number, "member@reader.example")
    await web.suppress("never@reader.example", "never-again")
    pages = set()
    for name in ("stranger", "never", "member", "stranger", "stranger", "stranger"):
        web.clock.now += 5
        page = (await press(web, "change-address", email=f"{name}@reader.example")).text.replace("<wbr>", "")
        assert f"{name}@reader.example" in page
        pages.add(page.replace(f"{name}@reader.example", "ADDRESS"))
    assert 1 == len(pages)
    asked = [to for kind, to, _ in await web.notices() if kind == "address_change"]
    assert ["stranger@reader.example", "member@reader.example", "stranger@reader.example"] == asked


@pytest.mark.parametrize("email", ["", "ada", "ADA@reader.example", "a@b@c.example"])
async def test_no_address_or_the_same_one_is_400(web: WebHarness, email: str) -> None:
    await with_reader(web)
    assert 400 == (await press(web, "change-address", email=email)).status_code
    assert [] == await web.notices()


async def subscriptions_of(web: WebHarness, address: str) -> list[tuple[Any, ...]]:
    return await web.rows(
        "select list.name, state, suspended_for, subscription.source, since from subscription"
        " join list on list.id = list_id join subscriber on subscriber.id = subscriber_id"
        f" where address_key = '{address}' order by list.name"
    )


async def test_where_the_new_address_reads_already_the_lists_go_over_and_come_back(web: WebHarness) -> None:
    """Undoing gives both what they had."""
    news, other, third = [await web.add_list(name) for name in ("news", "other", "third")]
    for number in (news, other):
        await web.add_reader(number)
    await web.add_reader(other, EVE)
    await web.add_reader(third, EVE)
    await web.add_reader(news, EVE, "unsubscribed")
    before = [await subscriptions_of(web, address) for address in (ADA, EVE)]
    await press(web, "change-address", email=EVE)
    web.clock.now += 60
    assert "Email address changed" in (await follow(web, WebPurpose.CHANGE, 1)).text
    assert ["unsubscribed"] * 2 == [row[1] for row in await subscriptions_of(web, ADA)]
    assert ["active"] * 3 == [row[1] for row in await subscriptions_of(web, EVE)]
    web.clock.now += 60
    await follow(web, WebPurpose.UNDO_CHANGE, 1)
    assert before == [await subscriptions_of(web, address) for address in (ADA, EVE)]


async def test_undoing_a_hand_over_leaves_what_its_reader_has_changed_since(web: WebHarness) -> None:
    news = await web.add_list()
    await web.add_reader(news)
    eve = await web.add_reader(news, EVE, "unsubscribed")
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    web.clock.now += 60
    async with web.client() as client:
        await client.post(web.unsubscribe_path(eve), data={"action": "leave"})
    await follow(web, WebPurpose.UNDO_CHANGE, 1)
    assert ["active", "unsubscribed"] == [(await subscriptions_of(web, address))[0][1] for address in (ADA, EVE)]


async def test_a_request_that_waited_at_the_old_address_is_no_proof_for_the_new_one(web: WebHarness) -> None:
    await with_reader(web)
    await web.add_list("other")
    async with web.client() as client:
        await client.post("/other/subscribe", data={"email": ADA})
    confirmation = web.confirm_path(await web.last_confirmation())
    await press(web, "change-address", email=EVE)
    await follow(web, WebPurpose.CHANGE, 1)
    async with web.client() as client:
        await client.post(confirmation)
    assert [("active",), ("pending",)] == await web.rows("select state from subscription order by id")
