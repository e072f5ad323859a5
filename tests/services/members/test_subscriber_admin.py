"""What operators do with readers: adding, removing, erasing, importing, over a real database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from msgspec.structs import replace
from tests.engines import contents
from tests.services.office import NOW, Office

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


async def state_of(office: Office, address: Address = ANN, list_name: str = "news") -> str | None:
    def look(tx: Transaction) -> str | None:
        person = subscribers.find_subscriber(tx, address)
        if person is None:
            return None
        named = subscriptions.subscriptions_of(tx, person.id)
        return next((str(subscription.state) for subscription in named if subscription.list_name == list_name), None)

    return await office.database.read(look)


async def suspend(office: Office, address: Address = ANN) -> None:
    def write(tx: Transaction) -> None:
        person = subscribers.find_subscriber(tx, address)
        assert person is not None
        active = subscriptions.find_subscription_by_id(tx, subscriptions.subscriptions_of(tx, person.id)[0].id)
        assert active is not None
        suspended = replace(active, state=SubscriptionState.SUSPENDED, suspended_for="bounces", since=NOW)
        subscriptions.record_subscription(tx, active, suspended, NOW)

    await office.database.write(write)


async def waiting_notices(office: Office) -> list[str]:
    may_go = partial(may_be_sent, keys=office.keys)
    rows, _ = await office.database.write(
        lambda tx: deliveries.claim_notices(tx, session=1, now=NOW, limit=100, octets=1, may_go=may_go)
    )
    return [row.kind for row in rows]


def row(line: int, email: str, **fields: str) -> ImportRow:
    attributes = {name: value for name, value in fields.items() if name not in ImportRow.__struct_fields__}
    known = {name: value for name, value in fields.items() if name in ImportRow.__struct_fields__}
    return ImportRow(line=line, email=email, attributes=attributes, **known)


async def take(office: Office, rows: Sequence[ImportRow], *, asks: bool = False) -> dict[str, object]:
    """The import, after its dry run counted the same and changed nothing."""
    terms = ImportOptions(list_name="news", keys=office.keys, now=int(office.now), asks=asks)
    surveyed = await office.database.read(lambda tx: ImportPreview(tx, terms, ()).preview_rows(rows)[1].plain())
    answer = await office.subscribers.import_batch("news", rows, asks=asks)
    assert surveyed == answer
    return {name: value for name, value in answer.items() if value}


async def test_who_is_added_is_a_member_at_once(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN, name="Ann")
    shown = await office.database.read(subscriber_record.show_subscriber, office.keys, ANN)
    assert [("active", "operator")] == [(membership.state, membership.source) for membership in shown.lists]
    assert [("added", "operator")] == [(event.event, event.source) for event in shown.consent]
    assert [] == await waiting_notices(office)


async def test_adding_a_member_again_changes_nothing_but_the_name(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    again = await office.subscribers.add("news", parse_address("ann@X.example"), name="Ann")
    assert ("active", "Ann", "Ann@x.example") == (again["state"], again["name"], again["address"])


@pytest.mark.parametrize("name", ["n" * 201, "Ann\nBcc: x"])
async def test_what_is_wrong_with_a_name_says_that_it_is_the_name(office: Office, name: str) -> None:
    await office.make_list()
    with pytest.raises(BadInput, match=r"^name: "):
        await office.subscribers.add("news", ANN, name=name)


async def test_with_a_confirmation_the_reader_decides(office: Office) -> None:
    """The same mail and the same link as after a sign-up of their own."""
    await office.make_list()
    await office.subscribers.add("news", ANN, asks=True)
    assert "pending" == await state_of(office)
    assert ["confirmation"] == await waiting_notices(office)
    outcome, _ = await office.confirmations.confirm(1, WEB)
    assert (Confirmed.CONFIRMED, "active") == (outcome, await state_of(office))


async def test_who_left_is_not_brought_back(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    await office.subscribers.remove("news", ANN)
    for asks in (False, True):
        with pytest.raises(Refused, match="unsubscribed from"):
            await office.subscribers.add("news", ANN, asks=asks)
    assert {"skipped_unsubscribed": 1, "skipped": [{"line": 2, "reason": "has unsubscribed"}]} == await take(
        office, [row(2, "ann@x.example")]
    )
    assert "unsubscribed" == await state_of(office)


async def test_who_left_and_asked_again_is_still_theirs_to_confirm(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    await office.subscribers.remove("news", ANN)
    await office.sign_ups.request(["news"], Applicant(ANN, WEB), network=None)
    with pytest.raises(Refused):
        await office.subscribers.add("news", ANN)
    assert {"skipped_unsubscribed": 1, "skipped": [{"line": 2, "reason": "has unsubscribed"}]} == await take(
        office, [row(2, "ann@x.example")]
    )
    assert "pending" == await state_of(office)


async def test_who_is_suppressed_is_not_brought_back(office: Office) -> None:
    await office.make_list()
    await office.suppressions.add(ANN, "never-again")
    with pytest.raises(Refused, match="never-again"):
        await office.subscribers.add("news", ANN)
    assert {"skipped_suppressed": 1, "skipped": [{"line": 2, "reason": "the address is suppressed"}]} == await take(
        office, [row(2, "ANN@x.example")]
    )
    assert await state_of(office) is None


async def test_who_is_suspended_stays_so(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    await suspend(office)
    with pytest.raises(Refused, match="suspended"):
        await office.subscribers.add("news", ANN)
    assert {"unchanged": 1} == await take(office, [row(2, "ann@x.example", name="New")])
    assert "suspended" == await state_of(office)


async def test_a_closed_list_takes_nobody(office: Office) -> None:
    await office.make_list()
    await office.lists.close_list("news")
    with pytest.raises(Refused, match="closed"):
        await office.subscribers.add("news", ANN)
    with pytest.raises(Refused, match="closed"):
        await office.subscribers.import_batch("news", [row(2, "a@x.example")])


def queue_everybody(tx: Transaction, edition: int) -> None:
    lifecycle.require_edition(tx, edition)
    audiences.queue_audience(tx, edition_id=edition, list_id=1, members=(0, 1 << 40), started_at=NOW, now=NOW)


async def test_removing_cancels_what_waits(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    edition = await office.make_edition()
    await office.database.write(queue_everybody, edition)
    await office.subscribers.remove("news", ANN)
    assert 1 == (await office.database.read(copy_counts.count_copies, edition))["cancelled"]
    with pytest.raises(NotFound):
        await office.subscribers.remove("news", ANN)
    with pytest.raises(NotFound):
        await office.subscribers.remove("news", parse_address("nobody@x.example"))


async def test_an_erased_person_leaves_only_numbers_behind(office: Office) -> None:
    """Gone from lists, consent and deliveries; the edition's counts stay, and no file holds the address."""
    await office.make_list()
    await office.subscribers.add("news", ANN, name="Ann Someone")
    await office.lists.add_editor("news", ANN)
    edition = await office.make_edition()
    await office.database.write(queue_everybody, edition)
    test_copy = notices.NewNotice(kind="test", address=ANN, message_secret=b"", list_id=1, content=b"To: Ann@x.example")
    await office.database.write(notices.insert_notice, test_copy, NOW)
    await office.subscribers.erase(parse_address("ann@x.example"))
    assert 1 == (await office.database.read(copy_counts.count_copies, edition))["cancelled"]
    assert [] == await office.database.read(list_descriptions.list_editors, "news")
    assert [{"address": None, "reason": "erased"}] == [
        {"address": suppression.address, "reason": suppression.reason}
        for suppression in await office.database.read(suppression_listing.list_suppressions)
    ]
    with pytest.raises(NotFound):
        await office.database.read(subscriber_record.show_subscriber, office.keys, ANN)
    with pytest.raises(NotFound):
        await office.subscribers.erase(ANN)
    assert {"skipped_suppressed": 1, "skipped": [{"line": 2, "reason": "the address is suppressed"}]} == await take(
        office, [row(2, "ann@x.example")]
    )
    await office.database.checkpoint()
    content = b"\0".join(content for _, content in contents(office.path)).lower()
    assert [] == [word for word in (b"ann@x.example", b"ann someone") if word in content]


async def test_erasing_does_not_weaken_a_complaint(office: Office) -> None:
    """A sign-up lifts `erased`; it must not lift what the reader complained about before."""
    await office.make_list()
    await office.suppressions.add(ANN, "complaint")
    await office.subscribers.erase(ANN)
    suppressions = await office.database.read(suppression_listing.list_suppressions)
    assert [(None, "complaint")] == [(suppression.address, suppression.reason) for suppression in suppressions]


@pytest.mark.parametrize("said", ["ann@x.example", "ann+news@x.example"])
async def test_erasing_after_never_again_takes_the_address_and_leaves_the_reason(office: Office, said: str) -> None:
    await office.make_list()
    await office.suppressions.add(parse_address(said), "never-again")
    await office.subscribers.erase(parse_address(said))
    suppressions = await office.database.read(suppression_listing.list_suppressions)
    assert [(None, "never-again")] == [(suppression.address, suppression.reason) for suppression in suppressions]
    await office.suppressions.remove(parse_address(said))
    assert [] == await office.database.read(suppression_listing.list_suppressions)


@pytest.mark.parametrize("state", ["suspended", "unsubscribed"])
async def test_a_row_that_ends_a_membership_cancels_what_waits(office: Office, state: str) -> None:
    await office.make_list()
    await take(office, [row(2, "ann@x.example"), row(3, "bob@x.example")])
    edition = await office.make_edition()
    await office.database.write(queue_everybody, edition)
    woken = office.woken
    await take(office, [row(2, "ann@x.example", state=state)])
    counts = await office.database.read(copy_counts.count_copies, edition)
    assert (1, 1, woken + 1) == (counts["cancelled"], counts["queued"], office.woken)


async def test_an_address_in_a_lists_settings_cannot_be_erased(office: Office) -> None:
    await office.make_list(owner="ann@x.example")
    await office.subscribers.add("news", ANN)
    with pytest.raises(Refused, match="settings of news"):
        await office.subscribers.erase(ANN)


async def test_an_import_done_again_changes_nothing(office: Office) -> None:
    await office.make_list()
    rows = [row(2, "a@x.example", name="A", city="Rome"), row(3, "b@x.example"), row(4, "no address")]
    first = await take(office, rows)
    assert (2, [4]) == (first["added"], [refused["line"] for refused in first["invalid"]])  # type: ignore[attr-defined]
    second = await take(office, rows)
    assert 2 == second["unchanged"]


async def test_a_file_that_says_the_same_address_twice_counts_both(office: Office) -> None:
    await office.make_list()
    rows = [row(2, "a@x.example"), row(3, "A@x.example", name="A"), row(4, "a@X.example")]
    assert {"added": 1, "updated": 1, "unchanged": 1} == await take(office, rows)


async def test_an_import_updates_what_it_says_and_keeps_the_rest(office: Office) -> None:
    await office.make_list()
    await take(office, [row(2, "a@x.example", name="A", city="Rome", food="rice")])
    assert {"updated": 1} == await take(office, [row(2, "a@x.example", city="Oslo")])
    shown = await office.database.read(subscriber_record.show_subscriber, office.keys, parse_address("a@x.example"))
    assert ("A", {"city": "Oslo", "food": "rice"}) == (shown.name, shown.attributes)


async def test_an_import_leaves_alone_what_no_file_says(office: Office) -> None:
    """As that somebody wants plain text alone."""
    await office.make_list()
    await office.subscribers.add("news", ANN)

    def choose(tx: Transaction) -> None:
        person = subscribers.find_subscriber(tx, ANN)
        assert person is not None
        subscribers.update_profile(tx, person, replace(person, text_only=True))

    await office.database.write(choose)
    before = await office.database.read(subscribers.find_subscriber, ANN)
    assert before is not None
    row = ImportRow(line=2, email="ANN@x.example", attributes={"town": "Ulm"})
    await office.subscribers.import_batch("news", [row])
    after = await office.database.read(subscribers.find_subscriber, ANN)
    assert replace(before, attributes={"town": "Ulm"}) == after


@pytest.mark.parametrize("state", ["unsubscribed", "suspended", "pending"])
async def test_a_row_with_a_state_is_recorded_so_and_never_made_active(office: Office, state: str) -> None:
    await office.make_list()
    assert {"added": 1} == await take(office, [row(2, "ann@x.example", state=state)])
    assert state == await state_of(office)
    assert [] == await waiting_notices(office)


async def test_who_left_elsewhere_has_left_here(office: Office) -> None:
    await office.make_list()
    await office.subscribers.add("news", ANN)
    assert {"updated": 1} == await take(office, [row(2, "ann@x.example", state="unsubscribed")])
    assert "unsubscribed" == await state_of(office)


async def test_an_import_that_asks_makes_pending_and_mails_once(office: Office) -> None:
    await office.make_list()
    rows = [row(2, "ann@x.example")]
    assert {"added": 1} == await take(office, rows, asks=True)
    assert {"unchanged": 1} == await take(office, rows, asks=True)
    assert ["confirmation"] == await waiting_notices(office)
    assert {"updated": 1} == await take(office, rows)
    assert "active" == await state_of(office)


async def test_the_evidence_of_consent_is_taken_over(office: Office) -> None:
    await office.make_list()
    fields = {"subscribed_at": "2020-02-03", "consent_source": "fair 2020", "consent_ip": "192.0.2.7"}
    await take(office, [row(2, "ann@x.example", **fields)])

    def look(tx: Transaction) -> list[dict[str, object]]:
        person = subscribers.find_subscriber(tx, ANN)
        assert person is not None
        return consent.consent_of(tx, person.id)

    events = await office.database.read(look)
    assert [("imported", "fair 2020", "192.0.2.7")] == [
        (event["event"], event["source"], event["ip"]) for event in events
    ]
    shown = await office.database.read(subscriber_record.show_subscriber, office.keys, ANN)
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
async def test_a_bad_field_is_told_by_line(office: Office, fields: dict[str, str], word: str) -> None:
    await office.make_list()
    answer = await take(office, [row(7, **fields)])
    assert ["invalid"] == list(answer)
    assert [(7, True)] == [(refused["line"], word in refused["reason"]) for refused in answer["invalid"]]  # type: ignore[attr-defined]
