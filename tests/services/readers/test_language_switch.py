"""A reader changes the language of a newsletter: no consent, issue or way out is lost, and no issue comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import execute, execute_in
from tests.editions.inline_builder import builder_at
from tests.web.harness import NOW, WebHarness, open_web

from pressrun.core.addresses.address import parse_address
from pressrun.operations.csv_files import export_subscribers
from pressrun.services.editions import lifecycle
from pressrun.services.evidence import verify
from pressrun.services.lists.list_admin import ListAdmin
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.members.subscriber_admin import SubscriberAdmin
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.preferences import PreferenceChanges
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.undo_unsubscribe import UndoOutcome
from pressrun.services.readers.unsubscribes import UnsubscribeOutcome
from pressrun.services.reports.copy_trace import trace_copy
from pressrun.store.queue import copy_counts, retries
from pressrun.store.queue.retries import FailedPlace
from pressrun.store.transaction import Transaction

ADA = "ada@reader.example"
LINK = PreferenceLink(subscriber_id=1, epoch=0)
WEB = Origin(source="web", ip="192.0.2.7", language="es", words="Idioma de este boletín: Português [Guardar]")
PARTS = 4
LANGUAGES = {"noticias": "es", "boletim": "pt-PT", "nouvelles": "fr"}


@pytest_asyncio.fixture
async def web(tmp_path: Path) -> AsyncIterator[WebHarness]:
    """A newsletter in three languages, and one that stands alone."""
    async with open_web(tmp_path) as opened:
        for name, language in LANGUAGES.items():
            await opened.add_list(name, title=name.title(), language=language)
        await opened.write("update list set family = 'villanueva'")
        await opened.add_list("alone", title="Alone")
        yield opened


async def choose(web: WebHarness, name: str) -> None:
    await web.preferences().save(LINK, PreferenceChanges(families={"villanueva": name}), WEB)


async def standings(web: WebHarness) -> dict[str, tuple[str, str | None, int | None, str]]:
    rows = await web.rows(
        "select name, state, suspended_for, paused_until, source from subscription join list on list.id = list_id"
        " order by subscription.id"
    )
    return {name: (state, why, until, source) for name, state, why, until, source in rows}


async def live_copies(web: WebHarness, issue: str) -> int:
    """How many copies of an issue reach Ada, or have."""
    ((number,),) = await web.rows(
        "select count(*) from delivery join edition on edition.id = edition_id join subscription on "
        "subscription.id = subscription_id where subscriber_id = 1 and delivery.state not in ('cancelled', 'failed') "
        f"and issue = '{issue}'"
    )
    return int(number)


async def remove_list(web: WebHarness, name: str) -> None:
    list_admin = ListAdmin(web.context(), builder_at(web.site, web.data.root))
    await list_admin.remove_list(name)


async def add_issue(web: WebHarness, issue: str) -> dict[str, int]:
    """An edition in each language that waits for its hour."""
    editions = {}
    for number, name in enumerate(LANGUAGES, 1):
        editions[name] = await web.add_edition(number, f"{issue}-{name}", state="scheduled", started_at=None)
    await web.write(f"update edition set issue = '{issue}' where slug like '{issue}-%'")
    return editions


async def start(web: WebHarness, edition_id: int, state: str = "queued") -> None:
    """Take the audience; its copies get as far as that state."""

    def work(tx: Transaction) -> None:
        lifecycle.start(tx, lifecycle.require_edition(tx, edition_id), int(NOW))
        execute_in(tx, "update delivery set state = ? where edition_id = ?", state, edition_id)
        copy_counts.recount(tx, edition_id)
        lifecycle.finish_if_done(tx, edition_id, int(NOW))

    await web.database.write(work)


@pytest.mark.parametrize(
    "before",
    [("active", None, None), ("suspended", "paused", int(NOW) + 86400), ("suspended", "bounces", None)],
    ids=["active", "paused", "bounces"],
)
async def test_a_subscription_goes_over_as_it_is(web: WebHarness, before: tuple[str, str | None, int | None]) -> None:
    """Who got no mail gets none by it, and nobody is asked to confirm again."""
    await web.add_reader(1)

    sql = "update subscription set state = ?, suspended_for = ?, paused_until = ?, source = 'fair', since = 7"
    await execute(web.database, sql, *before)
    await choose(web, "boletim")
    assert {"noticias": ("unsubscribed", None, None, "web"), "boletim": (*before, "fair")} == await standings(web)
    assert [] == await web.notices()
    assert [(7,)] == await web.rows("select since from subscription where state <> 'unsubscribed'")


async def test_what_was_agreed_to_goes_along(web: WebHarness) -> None:
    """The words and the way of the first consent, however often the language is changed; its network address ages where
    it is."""
    signing_up = Origin(source="web", ip="192.0.2.9", language="es", words="Noticias. Suscribirse")
    await web.sign_ups().request(["noticias"], Applicant(parse_address(ADA), signing_up), network=None)
    await web.confirmations().confirm(1, Origin(source="mail", mail="digest", in_reply_to="id@reader.example"))
    for name in ("boletim", "nouvelles"):
        await choose(web, name)
    evidence = await web.consent()
    told = [(item["event"], item["list"]) for item in evidence if item["event"] != "asked"]
    assert [
        ("requested", "noticias"),
        ("confirmed", "noticias"),
        ("switched", "boletim"),
        ("withdrawn", "noticias"),
        ("switched", "nouvelles"),
        ("withdrawn", "boletim"),
    ] == told
    last = next(item for item in reversed(evidence) if item["event"] == "switched")
    assert (WEB.words, WEB.ip, "web") == (last["text"], last["ip"], last["source"])
    carried = last["carried"]
    assert isinstance(carried, list)
    assert [
        ("requested", "noticias", "web", signing_up.words),
        ("confirmed", "noticias", "mail", ""),
    ] == [(event["event"], event["list"], event["source"], event["text"]) for event in carried]
    assert "192.0.2.9" not in str(carried)
    assert [] == (await web.database.read(verify, [])).problems


async def test_an_export_names_the_source_of_the_first_consent(web: WebHarness) -> None:
    subscriber_admin = SubscriberAdmin(web.context())
    row = ImportRow(line=2, email=ADA, attributes={}, consent_source="fair 2020", consent_ip="192.0.2.1")
    await subscriber_admin.import_batch("noticias", [row])
    await choose(web, "boletim")
    text = await web.database.read(lambda tx: "".join(export_subscribers(tx, "boletim", file_format="csv", state=None)))
    assert [f"{ADA},,,2026-05-28T20:26:40Z,fair 2020,,active"] == text.splitlines()[1:]
    # Importing the same file again does not bring back a reader who changed the language: they would get issues twice.
    assert 1 == (await subscriber_admin.import_batch("noticias", [row]))["skipped_unsubscribed"]
    assert "active" == (await standings(web))["boletim"][0]


async def test_old_links_unsubscribe_from_the_newsletter(web: WebHarness) -> None:
    """Over two changes, and undone again: the reader is back in the language of now alone."""
    old = await web.add_reader(1)
    await choose(web, "boletim")
    await choose(web, "nouvelles")
    standing = await web.unsubscribes().find(old)
    assert standing is not None
    assert ("nouvelles", "active") == (standing.list.name, standing.subscription.state)
    assert UnsubscribeOutcome.LEFT == await web.unsubscribes().unsubscribe(old, WEB)
    assert {"unsubscribed"} == {state for state, *_ in (await standings(web)).values()}
    assert UnsubscribeOutcome.NOT_SUBSCRIBED == await web.unsubscribes().unsubscribe(old, WEB)
    outcome, _ = await web.undo_unsubscribe().undo(1, WEB)
    states = {name: state for name, (state, *_) in (await standings(web)).items()}
    assert (UndoOutcome.RESTORED, {"noticias": "unsubscribed", "boletim": "unsubscribed", "nouvelles": "active"}) == (
        outcome,
        states,
    )


@pytest.mark.parametrize("removed", [["noticias"], ["boletim"], ["noticias", "boletim"], ["boletim", "noticias"]])
async def test_old_links_unsubscribe_when_their_list_is_gone(web: WebHarness, removed: list[str]) -> None:
    """One by one or all: the newsletter goes on in another language, and so does the way out of it."""
    old = await web.add_reader(1)
    await choose(web, "boletim")
    await choose(web, "nouvelles")
    for name in removed:
        await web.close_list(name)
        await remove_list(web, name)
    standing = await web.unsubscribes().find(old)
    assert standing is not None
    assert ("nouvelles", "active") == (standing.list.name, standing.subscription.state)
    async with web.client() as client:
        posted = await client.post(web.unsubscribe_path(old), data={"List-Unsubscribe": "One-Click"})
    assert 200 == posted.status_code
    assert "unsubscribed" == (await standings(web))["nouvelles"][0]
    assert UnsubscribeOutcome.NOT_SUBSCRIBED == await web.unsubscribes().unsubscribe(old, WEB)


@pytest.mark.parametrize("state", ["unsubscribed", "pending"])
async def test_nothing_is_kept_of_a_removed_list_once_its_reader_is_erased(web: WebHarness, state: str) -> None:
    """Until then, a link leads on though anybody may have asked for that subscription again."""
    await web.add_reader(1)
    await choose(web, "boletim")
    await web.close_list("noticias")
    await web.write(f"update subscription set state = '{state}' where id = 1")
    await remove_list(web, "noticias")
    assert [(1, 2)] == await web.rows("select id, moved_to from removed_subscription")
    await web.write("delete from subscriber")
    assert [] == await web.rows("select * from removed_subscription")


async def test_who_signs_up_anew_leaves_by_an_old_link_what_that_was_about(web: WebHarness) -> None:
    old = await web.add_reader(1)
    await choose(web, "boletim")
    await web.sign_ups().request(["noticias"], Applicant(parse_address(ADA), WEB), network=None)
    await web.confirmations().confirm(await web.last_confirmation(), WEB)
    await web.unsubscribes().unsubscribe(old, WEB)
    assert ("unsubscribed", "active") == tuple(state for state, *_ in (await standings(web)).values())


async def ask_back(web: WebHarness) -> int:
    """Somebody signs Ada up to the list that she changed from: she is asked to confirm."""
    await web.sign_ups().request(["noticias"], Applicant(parse_address(ADA), WEB), network=None)
    assert "pending" == (await standings(web))["noticias"][0]
    return await web.last_confirmation()


async def test_old_links_unsubscribe_who_is_asked_to_confirm_the_old_list(web: WebHarness) -> None:
    """Anybody can sign somebody up: that must not take the way out from them, and the request ends with the rest."""
    old = await web.add_reader(1)
    await choose(web, "boletim")
    request = await ask_back(web)
    standing = await web.unsubscribes().find(old)
    assert standing is not None
    assert "boletim" == standing.list.name
    assert UnsubscribeOutcome.LEFT == await web.unsubscribes().unsubscribe(old, WEB)
    assert Confirmed.LEFT_SINCE == (await web.confirmations().confirm(request, WEB))[0]
    assert {"unsubscribed"} == {state for state, *_ in (await standings(web)).values()}
    assert UnsubscribeOutcome.NOT_SUBSCRIBED == await web.unsubscribes().unsubscribe(old, WEB)


async def test_the_page_of_the_old_list_mails_a_link_to_who_is_asked_to_confirm_it(web: WebHarness) -> None:
    await web.add_reader(1)
    await choose(web, "boletim")
    await ask_back(web)
    async with web.client() as client:
        await client.post("/noticias/unsubscribe", data={"email": ADA})
    assert ("unsubscribe_link", ADA, {"answers": "web", "in_reply_to": None, "subscription": 2}) == (
        await web.notices()
    )[-1]


async def test_who_drops_a_request_for_the_old_list_stays_with_the_new_one(web: WebHarness) -> None:
    """On the preferences page each list is itself."""
    await web.add_reader(1)
    await choose(web, "boletim")
    await ask_back(web)
    await web.preferences().save(LINK, PreferenceChanges(lists=["boletim"]), WEB)
    assert ("unsubscribed", "active") == tuple(state for state, *_ in (await standings(web)).values())
    assert UnsubscribeOutcome.LEFT == await web.unsubscribes().unsubscribe(1, WEB)
    assert {"unsubscribed"} == {state for state, *_ in (await standings(web)).values()}


async def test_who_takes_back_that_they_left_keeps_the_way_out_and_what_they_had(web: WebHarness) -> None:
    """By an old link, while the old list waited for a confirmation."""
    old = await web.add_reader(1)
    editions = await add_issue(web, "one")
    await start(web, editions["noticias"], "delivered")
    await choose(web, "boletim")
    await ask_back(web)
    await web.unsubscribes().unsubscribe(old, WEB)
    assert UndoOutcome.RESTORED == (await web.undo_unsubscribe().undo(1, WEB))[0]
    await start(web, editions["boletim"])
    assert 1 == await live_copies(web, "one")
    assert UnsubscribeOutcome.LEFT == await web.unsubscribes().unsubscribe(old, WEB)


async def test_an_issue_comes_once_to_who_is_asked_to_confirm_the_old_list(web: WebHarness) -> None:
    await web.add_reader(1)
    editions = await add_issue(web, "one")
    await start(web, editions["noticias"], "delivered")
    await choose(web, "boletim")
    await ask_back(web)
    await start(web, editions["boletim"])
    assert 1 == await live_copies(web, "one")


async def test_a_failed_copy_is_not_sent_again_to_who_has_had_the_issue_since(web: WebHarness) -> None:
    """It failed in one language and came in another one, to a reader who is back; others get it."""
    await web.add_reader(1)
    await web.add_reader(1, "other@reader.example")
    editions = await add_issue(web, "one")
    await start(web, editions["noticias"], "failed")
    await choose(web, "boletim")
    await start(web, editions["boletim"], "delivered")
    await choose(web, "noticias")
    places = await web.database.read(retries.failed_places, editions["noticias"], FailedPlace(), 10)
    copies = [place.id for place in places]
    resent = await web.database.write(lifecycle.resend_failed, editions["noticias"], int(NOW), copies)
    assert (1, 1) == (resent.queued, resent.left_out)
    assert 1 == await live_copies(web, "one")


async def test_the_page_to_unsubscribe_of_the_old_list_mails_a_link(web: WebHarness) -> None:
    await web.add_reader(1)
    await choose(web, "boletim")
    async with web.client() as client:
        await client.post("/noticias/unsubscribe", data={"email": ADA})
    assert [
        ("unsubscribe_link", ADA, {"answers": "web", "in_reply_to": None, "subscription": 2})
    ] == await web.notices()


@pytest.mark.slow_on_postgresql
@pytest.mark.parametrize("state", ["queued", "deferred", "claimed", "delivered", "queued, delivered after a change"])
@pytest.mark.parametrize("part", range(PARTS))
async def test_each_issue_comes_once(web: WebHarness, state: str, part: int) -> None:
    """Whatever is sent first, whenever the reader changes the language, and however far the copies are by then.

    In parts, since each change reads all the evidence of consent that the reader has left.
    """
    await web.add_reader(1)
    await web.add_reader(2, "other@reader.example")
    events = (*LANGUAGES, "to boletim", "to nouvelles", "back")
    orders = [order for order in permutations(events) if order.index("to boletim") < order.index("to nouvelles")]
    orders = [order for order in orders if order.index("to nouvelles") < order.index("back")]
    assert 120 == len(orders)
    seen = {}
    for number, order in enumerate(orders[part::PARTS]):
        issue = f"i{number}"
        editions = await add_issue(web, issue)
        for event in order:
            if event in editions:
                await start(web, editions[event], state.partition(",")[0])
            else:
                await choose(web, "noticias" if event == "back" else event.removeprefix("to "))
            if state.startswith("queued,") and event not in editions:
                await web.write("update delivery set state = 'delivered' where state <> 'cancelled'")
        seen[order] = await live_copies(web, issue)
    assert {} == {order: copies for order, copies in seen.items() if copies != 1}
    assert [] == await web.rows(
        "select id from edition where audience <> (select count(*) from delivery where edition_id = edition.id)"
    )


@pytest.mark.parametrize(("state", "there"), [("draft", "finished"), ("scheduled", "sending"), ("paused", "paused")])
async def test_an_issue_that_the_old_list_has_yet_to_send_comes_from_the_new_one(
    web: WebHarness, state: str, there: str
) -> None:
    """It went out there before this reader came, and they will not be on the old list when it goes out there."""
    await web.add_reader(1)
    editions = await add_issue(web, "one")
    await execute(web.database, "update edition set state = ? where id = ?", state, editions["noticias"])
    await start(web, editions["boletim"])
    await execute(web.database, "update edition set state = ? where id = ?", there, editions["boletim"])
    await choose(web, "boletim")
    assert 1 == await live_copies(web, "one")


async def test_who_reads_two_languages_gets_both(web: WebHarness) -> None:
    """They asked for each: an issue is kept from nobody who has not changed from the one to the other."""
    await web.add_reader(1)
    await web.add_reader(2)
    for edition_id in (await add_issue(web, "one")).values():
        await start(web, edition_id)
    assert 2 == await live_copies(web, "one")
    await choose(web, "boletim")
    assert {"noticias": "unsubscribed", "boletim": "active"} == {
        name: state for name, (state, *_) in (await standings(web)).items()
    }
    assert 1 == await live_copies(web, "one")


async def test_a_copy_that_went_over_is_found_by_its_edition(web: WebHarness) -> None:
    """Whoever asks what became of it must not hear that there was none."""
    await web.add_reader(1)
    edition = (await add_issue(web, "one"))["noticias"]
    await start(web, edition)
    await choose(web, "boletim")
    copy = await web.database.read(trace_copy, edition, parse_address(ADA), web.site)
    assert (edition, "queued") == (copy["edition"], copy["state"])


async def test_the_same_word_in_another_family_is_another_issue(web: WebHarness) -> None:
    await web.add_reader(1)
    await web.add_reader(4)
    await start(web, (await add_issue(web, "one"))["noticias"])
    other = await web.add_edition(4, "one-alone", state="scheduled", started_at=None)
    await web.write(f"update edition set issue = 'one' where id = {other}")
    await start(web, other)
    assert 2 == await live_copies(web, "one")


async def test_an_edition_without_an_issue_is_not_lost(web: WebHarness) -> None:
    """What waits goes out in the language in which it was made: nobody knows whether it comes in the other one."""
    await web.add_reader(1)
    edition = await web.add_edition(1, "news", state="scheduled", started_at=None)
    await start(web, edition)
    await choose(web, "boletim")
    assert [(2, "queued")] == await web.rows("select subscription_id, state from delivery")


@pytest.mark.parametrize("reason", ["operator", "complaint", "never-again", "hard-bounce"])
async def test_who_is_suppressed_gets_nothing_by_it(web: WebHarness, reason: str) -> None:
    await web.add_reader(1)
    editions = await add_issue(web, "one")
    await start(web, editions["boletim"])
    await web.suppress(ADA, reason)
    await choose(web, "boletim")
    await start(web, editions["noticias"])
    assert 0 == await live_copies(web, "one")


async def test_who_paused_gets_no_issue_by_it(web: WebHarness) -> None:
    await web.add_reader(1)
    await start(web, (await add_issue(web, "one"))["boletim"])
    await web.preferences().pause(LINK, 7, WEB)
    await choose(web, "boletim")
    assert 0 == await live_copies(web, "one")


@pytest.mark.parametrize("state", [None, "pending", "unsubscribed"])
async def test_who_is_on_no_list_of_the_family_is_asked_to_confirm(web: WebHarness, state: str | None) -> None:
    await web.add_reader(4)
    if state is not None:
        await web.add_reader(1, state=state)
    async with web.client() as client:
        data = {"action": "save", "family-villanueva": "boletim"}
        response = await client.post(web.preferences_path(1), data=data)
    assert (200, "pending") == (response.status_code, (await standings(web))["boletim"][0])
    assert state == (await standings(web)).get("noticias", (None,))[0]
    assert ["confirmation"] == [kind for kind, _, _ in await web.notices()]


async def test_a_request_that_waited_for_its_proof_confirms_nothing_more(web: WebHarness) -> None:
    """The link of a request to the wanted list, from before: after changing back it subscribes nobody."""
    await web.add_reader(1)
    await web.sign_ups().request(["boletim"], Applicant(parse_address(ADA), WEB), network=None)
    await choose(web, "boletim")
    await choose(web, "noticias")
    await web.confirmations().confirm(1, WEB)
    assert ("active", "unsubscribed") == tuple(state for state, *_ in (await standings(web)).values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("family-villanueva", "alone"),
        ("family-villanueva", "nobody"),
        ("family-villanueva", "nouvelles"),
        ("family-other", "boletim"),
        ("family-", "noticias"),
    ],
)
async def test_a_list_that_cannot_be_had_is_400_and_changes_nothing(web: WebHarness, field: str, value: str) -> None:
    await web.add_reader(1)
    await web.close_list("nouvelles")
    before = await web.everything()
    async with web.client() as client:
        data = {"action": "save", "name": "Ada", field: value}
        assert 400 == (await client.post(web.preferences_path(1), data=data)).status_code
    assert before == await web.everything()


async def test_no_list_of_a_family_is_leaving_it(web: WebHarness) -> None:
    await web.add_reader(1)
    await web.add_reader(4)
    async with web.client() as client:
        await client.post(web.preferences_path(1), data={"action": "save", "family-villanueva": ""})
    assert ("unsubscribed", "active") == tuple(state for state, *_ in (await standings(web)).values())


async def test_the_field_of_a_family_goes_before_the_boxes_of_its_lists(web: WebHarness) -> None:
    await web.add_reader(1)
    await web.add_reader(4)
    async with web.client() as client:
        data = {"action": "save", "family-villanueva": "boletim", "lists": "shown", "list": "alone"}
        answer = await client.post(web.preferences_path(1), data=data)
    assert {"noticias": "unsubscribed", "alone": "active", "boletim": "active"} == {
        name: state for name, (state, *_) in (await standings(web)).items()
    }
    assert "From now on you'll get Boletim." in answer.text.replace("&#39;", "'").replace("<bdi>", "")


async def test_two_wishes_at_once_leave_one_subscription(web: WebHarness) -> None:
    await web.add_reader(1)
    await start(web, (await add_issue(web, "one"))["noticias"])
    await asyncio.gather(*(choose(web, name) for name in ("boletim", "nouvelles", "boletim", "nouvelles")))
    states = [state for state, *_ in (await standings(web)).values()]
    assert ["active", "unsubscribed", "unsubscribed"] == sorted(states)
    assert 1 == await live_copies(web, "one")


async def test_a_switch_while_the_audience_is_taken_loses_no_copy(web: WebHarness) -> None:
    """Their slice is still to come: the copy that it would have made moves with them."""
    await web.add_reader(1)
    editions = await add_issue(web, "one")
    number, now = editions["noticias"], int(NOW)
    await web.write(f"update edition set state = 'sending', started_at = {now} where id = {number}")
    await web.write(
        "insert into bulk_change (kind, edition_id, created_at, done_through, last_id)"
        f" values ('audience', {number}, {now}, 0, 1000)"
    )
    await choose(web, "boletim")
    while await web.database.record(lifecycle.continue_oldest, now):
        pass
    await start(web, editions["boletim"])
    assert 1 == await live_copies(web, "one")


async def test_a_sync_of_the_new_language_does_not_end_what_the_reader_chose(web: WebHarness) -> None:
    """Their address is in the roster of the other language alone."""
    admin = SubscriberAdmin(web.context())
    await admin.import_batch("noticias", [ImportRow(line=1, email=ADA)], source="sync")
    await choose(web, "boletim")
    for name, roster in (("noticias", [ADA]), ("boletim", ["bob@reader.example"])):
        await admin.remove_synced(name, [ADA] if ADA not in roster else [])
        rows = [ImportRow(line=1, email=address) for address in roster]
        await admin.import_batch(name, rows, source="sync")
    sql = "select name, state from subscription join list on list.id = list_id where subscriber_id = 1 order by name"
    assert [("boletim", "active"), ("noticias", "unsubscribed")] == [tuple(row) for row in await web.rows(sql)]
