"""What operators do with readers: adding, removing, erasing, importing, over a real database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from msgspec.structs import replace
from tests.engines import contents
from tests.services.harness import NOW, ServiceHarness

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput, NotFound, Refused
from pressrun.core.lifecycles.subscription import SubscriptionState
from pressrun.services.editions import lifecycle
from pressrun.services.members.import_decision import ImportOptions
from pressrun.services.members.import_preview import ImportPreview
from pressrun.services.members.import_rows import ImportRow
from pressrun.services.readers.confirmations import Confirmed
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.reports import list_descriptions, subscriber_record, suppression_listing
from pressrun.services.suppression import may_be_sent
from pressrun.store.queue import audiences, copy_counts, deliveries, notices
from pressrun.store.readers import consent, subscribers, subscriptions
from pressrun.store.transaction import Transaction

ANN = parse_address("Ann@x.example")
WEB = Origin(source="web")


async def state_of(services: ServiceHarness, address: Address = ANN, list_name: str = "news") -> str | None:
    def look(tx: Transaction) -> str | None:
        person = subscribers.find_subscriber(tx, address)
        if person is None:
            return None
        named = subscriptions.subscriptions_of(tx, person.id)
        return next((str(subscription.state) for subscription in named if subscription.list_name == list_name), None)

    return await services.database.read(look)


async def suspend(services: ServiceHarness, address: Address = ANN) -> None:
    def write(tx: Transaction) -> None:
        person = subscribers.find_subscriber(tx, address)
        assert person is not None
        active = subscriptions.find_subscription_by_id(tx, subscriptions.subscriptions_of(tx, person.id)[0].id)
        assert active is not None
        suspended = replace(active, state=SubscriptionState.SUSPENDED, suspended_for="bounces", since=NOW)
        subscriptions.record_subscription(tx, active, suspended, NOW)

    await services.database.write(write)


async def waiting_notices(services: ServiceHarness) -> list[str]:
    may_go = partial(may_be_sent, keys=services.keys)
    rows, _ = await services.database.write(
        lambda tx: deliveries.claim_notices(tx, session=1, now=NOW, limit=100, octets=1, may_go=may_go)
    )
    return [row.kind for row in rows]


def row(line: int, email: str, **fields: str) -> ImportRow:
    attributes = {name: value for name, value in fields.items() if name not in ImportRow.__struct_fields__}
    known = {name: value for name, value in fields.items() if name in ImportRow.__struct_fields__}
    return ImportRow(line=line, email=email, attributes=attributes, **known)


async def import_as_previewed(
    services: ServiceHarness, rows: Sequence[ImportRow], *, asks: bool = False
) -> dict[str, object]:
    """The import, after its dry run counted the same and changed nothing."""
    terms = ImportOptions(list_name="news", keys=services.keys, now=int(services.now), asks=asks)
    surveyed = await services.database.read(lambda tx: ImportPreview(tx, terms, ()).preview_rows(rows)[1].plain())
    answer = await services.subscribers.import_batch("news", rows, asks=asks)
    assert surveyed == answer
    return {name: value for name, value in answer.items() if value}


async def test_who_is_added_is_a_member_at_once(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN, name="Ann")
    shown = await services.database.read(subscriber_record.show_subscriber, services.keys, ANN)
    assert [("active", "operator")] == [(membership.state, membership.source) for membership in shown.lists]
    assert [("added", "operator")] == [(event.event, event.source) for event in shown.consent]
    assert [] == await waiting_notices(services)


async def test_adding_a_member_again_changes_nothing_but_the_name(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    again = await services.subscribers.add("news", parse_address("ann@X.example"), name="Ann")
    assert ("active", "Ann", "Ann@x.example") == (again["state"], again["name"], again["address"])


@pytest.mark.parametrize("name", ["n" * 201, "Ann\nBcc: x"])
async def test_what_is_wrong_with_a_name_says_that_it_is_the_name(services: ServiceHarness, name: str) -> None:
    await services.make_list()
    with pytest.raises(BadInput, match=r"^name: "):
        await services.subscribers.add("news", ANN, name=name)


async def test_with_a_confirmation_the_reader_decides(services: ServiceHarness) -> None:
    """The same mail and the same link as after a sign-up of their own."""
    await services.make_list()
    await services.subscribers.add("news", ANN, asks=True)
    assert "pending" == await state_of(services)
    assert ["confirmation"] == await waiting_notices(services)
    outcome, _ = await services.confirmations.confirm(1, WEB)
    assert (Confirmed.CONFIRMED, "active") == (outcome, await state_of(services))


async def test_who_left_is_not_brought_back(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    await services.subscribers.remove("news", ANN)
    for asks in (False, True):
        with pytest.raises(Refused, match="unsubscribed from"):
            await services.subscribers.add("news", ANN, asks=asks)
    assert {
        "skipped_unsubscribed": 1,
        "skipped": [{"line": 2, "reason": "has unsubscribed"}],
    } == await import_as_previewed(services, [row(2, "ann@x.example")])
    assert "unsubscribed" == await state_of(services)


async def test_who_left_and_asked_again_is_still_theirs_to_confirm(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    await services.subscribers.remove("news", ANN)
    await services.sign_ups.request(["news"], Applicant(ANN, WEB), network=None)
    with pytest.raises(Refused):
        await services.subscribers.add("news", ANN)
    assert {
        "skipped_unsubscribed": 1,
        "skipped": [{"line": 2, "reason": "has unsubscribed"}],
    } == await import_as_previewed(services, [row(2, "ann@x.example")])
    assert "pending" == await state_of(services)


async def test_who_is_suppressed_is_not_brought_back(services: ServiceHarness) -> None:
    await services.make_list()
    await services.suppressions.add(ANN, "never-again")
    with pytest.raises(Refused, match="never-again"):
        await services.subscribers.add("news", ANN)
    assert {
        "skipped_suppressed": 1,
        "skipped": [{"line": 2, "reason": "the address is suppressed"}],
    } == await import_as_previewed(services, [row(2, "ANN@x.example")])
    assert await state_of(services) is None


async def test_who_is_suspended_stays_so(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    await suspend(services)
    with pytest.raises(Refused, match="suspended"):
        await services.subscribers.add("news", ANN)
    assert {"unchanged": 1} == await import_as_previewed(services, [row(2, "ann@x.example", name="New")])
    assert "suspended" == await state_of(services)


async def test_a_closed_list_takes_nobody(services: ServiceHarness) -> None:
    await services.make_list()
    await services.lists.close_list("news")
    with pytest.raises(Refused, match="closed"):
        await services.subscribers.add("news", ANN)
    with pytest.raises(Refused, match="closed"):
        await services.subscribers.import_batch("news", [row(2, "a@x.example")])


def queue_everybody(tx: Transaction, edition: int) -> None:
    lifecycle.require_edition(tx, edition)
    audiences.queue_audience(tx, edition_id=edition, list_id=1, members=(0, 1 << 40), started_at=NOW, now=NOW)


async def test_removing_cancels_what_waits(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    edition = await services.make_edition()
    await services.database.write(queue_everybody, edition)
    await services.subscribers.remove("news", ANN)
    assert 1 == (await services.database.read(copy_counts.count_copies, edition))["cancelled"]
    with pytest.raises(NotFound):
        await services.subscribers.remove("news", ANN)
    with pytest.raises(NotFound):
        await services.subscribers.remove("news", parse_address("nobody@x.example"))


async def test_an_erased_person_leaves_only_numbers_behind(services: ServiceHarness) -> None:
    """Gone from lists, consent and deliveries; the edition's counts stay, and no file holds the address."""
    await services.make_list()
    await services.subscribers.add("news", ANN, name="Ann Someone")
    await services.lists.add_editor("news", ANN)
    edition = await services.make_edition()
    await services.database.write(queue_everybody, edition)
    test_copy = notices.NewNotice(kind="test", address=ANN, message_secret=b"", list_id=1, content=b"To: Ann@x.example")
    await services.database.write(notices.insert_notice, test_copy, NOW)
    await services.subscribers.erase(parse_address("ann@x.example"))
    assert 1 == (await services.database.read(copy_counts.count_copies, edition))["cancelled"]
    assert [] == await services.database.read(list_descriptions.list_editors, "news")
    assert [{"address": None, "reason": "erased"}] == [
        {"address": suppression.address, "reason": suppression.reason}
        for suppression in await services.database.read(suppression_listing.list_suppressions)
    ]
    with pytest.raises(NotFound):
        await services.database.read(subscriber_record.show_subscriber, services.keys, ANN)
    with pytest.raises(NotFound):
        await services.subscribers.erase(ANN)
    assert {
        "skipped_suppressed": 1,
        "skipped": [{"line": 2, "reason": "the address is suppressed"}],
    } == await import_as_previewed(services, [row(2, "ann@x.example")])
    await services.database.checkpoint()
    content = b"\0".join(content for _, content in contents(services.path)).lower()
    assert [] == [word for word in (b"ann@x.example", b"ann someone") if word in content]


async def test_erasing_does_not_weaken_a_complaint(services: ServiceHarness) -> None:
    """A sign-up lifts `erased`; it must not lift what the reader complained about before."""
    await services.make_list()
    await services.suppressions.add(ANN, "complaint")
    await services.subscribers.erase(ANN)
    suppressions = await services.database.read(suppression_listing.list_suppressions)
    assert [(None, "complaint")] == [(suppression.address, suppression.reason) for suppression in suppressions]


@pytest.mark.parametrize("said", ["ann@x.example", "ann+news@x.example"])
async def test_erasing_after_never_again_takes_the_address_and_leaves_the_reason(
    services: ServiceHarness, said: str
) -> None:
    await services.make_list()
    await services.suppressions.add(parse_address(said), "never-again")
    await services.subscribers.erase(parse_address(said))
    suppressions = await services.database.read(suppression_listing.list_suppressions)
    assert [(None, "never-again")] == [(suppression.address, suppression.reason) for suppression in suppressions]
    await services.suppressions.remove(parse_address(said))
    assert [] == await services.database.read(suppression_listing.list_suppressions)


@pytest.mark.parametrize("state", ["suspended", "unsubscribed"])
async def test_a_row_that_ends_a_membership_cancels_what_waits(services: ServiceHarness, state: str) -> None:
    await services.make_list()
    await import_as_previewed(services, [row(2, "ann@x.example"), row(3, "bob@x.example")])
    edition = await services.make_edition()
    await services.database.write(queue_everybody, edition)
    woken = services.woken
    await import_as_previewed(services, [row(2, "ann@x.example", state=state)])
    counts = await services.database.read(copy_counts.count_copies, edition)
    assert (1, 1, woken + 1) == (counts["cancelled"], counts["queued"], services.woken)


async def test_an_address_in_a_lists_settings_cannot_be_erased(services: ServiceHarness) -> None:
    await services.make_list(owner="ann@x.example")
    await services.subscribers.add("news", ANN)
    with pytest.raises(Refused, match="settings of news"):
        await services.subscribers.erase(ANN)


async def test_an_import_done_again_changes_nothing(services: ServiceHarness) -> None:
    await services.make_list()
    rows = [row(2, "a@x.example", name="A", city="Rome"), row(3, "b@x.example"), row(4, "no address")]
    first = await import_as_previewed(services, rows)
    assert (2, [4]) == (first["added"], [refused["line"] for refused in first["invalid"]])  # type: ignore[attr-defined]
    second = await import_as_previewed(services, rows)
    assert 2 == second["unchanged"]


async def test_a_file_that_says_the_same_address_twice_counts_both(services: ServiceHarness) -> None:
    await services.make_list()
    rows = [row(2, "a@x.example"), row(3, "A@x.example", name="A"), row(4, "a@X.example")]
    assert {"added": 1, "updated": 1, "unchanged": 1} == await import_as_previewed(services, rows)


async def test_an_import_updates_what_it_says_and_keeps_the_rest(services: ServiceHarness) -> None:
    await services.make_list()
    await import_as_previewed(services, [row(2, "a@x.example", name="A", city="Rome", food="rice")])
    assert {"updated": 1} == await import_as_previewed(services, [row(2, "a@x.example", city="Oslo")])
    shown = await services.database.read(subscriber_record.show_subscriber, services.keys, parse_address("a@x.example"))
    assert ("A", {"city": "Oslo", "food": "rice"}) == (shown.name, shown.attributes)


async def test_an_import_leaves_alone_what_no_file_says(services: ServiceHarness) -> None:
    """As that somebody wants plain text alone."""
    await services.make_list()
    await services.subscribers.add("news", ANN)

    def choose(tx: Transaction) -> None:
        person = subscribers.find_subscriber(tx, ANN)
        assert person is not None
        subscribers.update_profile(tx, person, replace(person, text_only=True))

    await services.database.write(choose)
    before = await services.database.read(subscribers.find_subscriber, ANN)
    assert before is not None
    row = ImportRow(line=2, email="ANN@x.example", attributes={"town": "Ulm"})
    await services.subscribers.import_batch("news", [row])
    after = await services.database.read(subscribers.find_subscriber, ANN)
    assert replace(before, attributes={"town": "Ulm"}) == after


@pytest.mark.parametrize("state", ["unsubscribed", "suspended", "pending"])
async def test_a_row_with_a_state_is_recorded_so_and_never_made_active(services: ServiceHarness, state: str) -> None:
    await services.make_list()
    assert {"added": 1} == await import_as_previewed(services, [row(2, "ann@x.example", state=state)])
    assert state == await state_of(services)
    assert [] == await waiting_notices(services)


async def test_who_left_elsewhere_has_left_here(services: ServiceHarness) -> None:
    await services.make_list()
    await services.subscribers.add("news", ANN)
    assert {"updated": 1} == await import_as_previewed(services, [row(2, "ann@x.example", state="unsubscribed")])
    assert "unsubscribed" == await state_of(services)


async def test_an_import_that_asks_makes_pending_and_mails_once(services: ServiceHarness) -> None:
    await services.make_list()
    rows = [row(2, "ann@x.example")]
    assert {"added": 1} == await import_as_previewed(services, rows, asks=True)
    assert {"unchanged": 1} == await import_as_previewed(services, rows, asks=True)
    assert ["confirmation"] == await waiting_notices(services)
    assert {"updated": 1} == await import_as_previewed(services, rows)
    assert "active" == await state_of(services)


async def test_the_evidence_of_consent_is_taken_over(services: ServiceHarness) -> None:
    await services.make_list()
    fields = {"subscribed_at": "2020-02-03", "consent_source": "fair 2020", "consent_ip": "192.0.2.7"}
    await import_as_previewed(services, [row(2, "ann@x.example", **fields)])

    def look(tx: Transaction) -> list[dict[str, object]]:
        person = subscribers.find_subscriber(tx, ANN)
        assert person is not None
        return consent.consent_of(tx, person.id)

    events = await services.database.read(look)
    assert [("imported", "fair 2020", "192.0.2.7")] == [
        (event["event"], event["source"], event["ip"]) for event in events
    ]
    shown = await services.database.read(subscriber_record.show_subscriber, services.keys, ANN)
    assert "2020-02-03T00:00:00Z" == shown.lists[0].since


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"email": ""}, "empty"),
        ({"email": "a@b@x.example"}, ""),
        ({"email": "a@x.example", "name": "a\nb"}, "name"),
        ({"email": "a@x.example", "language": "???"}, "language"),
        ({"email": "a@x.example", "subscribed_at": "yesterday"}, "subscribed_at"),
        ({"email": "a@x.example", "subscribed_at": "2999-01-01"}, "future"),
        ({"email": "a@x.example", "subscribed_at": "2020-02-31"}, "no such time"),
        ({"email": "a@x.example", "consent_ip": "here"}, "consent_ip"),
        ({"email": "a@x.example", "state": "happy"}, "state"),
        ({"email": "a@x.example", "city": "a\x07"}, "city"),
    ],
)
async def test_a_bad_field_is_told_by_line(services: ServiceHarness, fields: dict[str, str], word: str) -> None:
    await services.make_list()
    answer = await import_as_previewed(services, [row(7, **fields)])
    assert ["invalid"] == list(answer)
    assert [(7, True)] == [(refused["line"], word in refused["reason"]) for refused in answer["invalid"]]  # type: ignore[attr-defined]
