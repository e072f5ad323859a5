"""Query plans of the statements that run once a copy, once a reader or once a batch: none reads a whole table.

A scan of `delivery` or `subscription` is what makes a list of 100,000 readers slow, long after every test was green.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.store import large

from pressrun.core.text.searching import searchable
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.statements import statements

# What each statement may look things up by; `scan` only over what is short by its nature.
PLANS = {
    "deliveries.ready_copies": [
        "search delivery using index delivery_queue (edition_id=? and state=? and destination=? and due_at<?)",
        "search subscription using integer primary key (rowid=?)",
        "search subscriber using integer primary key (rowid=?)",
        "search own using primary key (digest=?) left-join",
        "search mailbox using primary key (digest=?) left-join",
        "scan ready",
    ],
    "deliveries.ready_notices": [
        "search delivery using index delivery_queue (edition_id=? and state=? and destination=? and due_at<?)",
        "search notice using integer primary key (rowid=?)",
        "search subscriber using integer primary key (rowid=?) left-join",
    ],
    "deliveries.claim": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "deliveries.orphaned_claims": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search session using integer primary key (rowid=?)",
    ],
    "deliveries.cancel": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "deliveries.fail": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "deliveries.deliver": ["scan new virtual table index 1:", "search delivery using integer primary key (rowid=?)"],
    "deliveries.record_results": [
        "scan new virtual table index 1:",
        "search delivery using integer primary key (rowid=?)",
    ],
    "deliveries.next_due": [
        "search delivery using covering index delivery_queue (edition_id=? and state=? and destination=?)"
    ],
    "deliveries.next_notice_due": [
        "search delivery using covering index delivery_queue (edition_id=? and state=? and destination=?)"
    ],
    "deliveries.is_unfinished": ["search delivery using covering index delivery_queue (edition_id=? and state=?)"],
    "deliveries.is_in_flight": ["search delivery using covering index delivery_queue (edition_id=? and state=?)"],
    "retention.page": [
        "search delivery using index delivery_queue (edition_id=? and state=?)",
        "search mine using integer primary key (rowid=?)",
        "search suspension using integer primary key (rowid=?)",
        "search ours using covering index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "search later using index delivery_once (subscription_id=? and edition_id>?)",
        "search older using index delivery_bounced (subscription_id=? and rowid<?)",
    ],
    "retention.aged": [
        "search edition using integer primary key (rowid>?)",
        "search delivery using covering index delivery_queue (edition_id=? and state=?)",
        "search bulk_change using covering index bulk_change_by_edition (edition_id=?)",
        "search other using index edition_by_issue (issue=?)",
    ],
    "retention.of_issue": [
        "search mine using integer primary key (rowid=?)",
        "search other using integer primary key (rowid=?)",
        "search ours using integer primary key (rowid=?)",
        "search other using index edition_by_issue (issue=?)",
        "search theirs using integer primary key (rowid=?)",
    ],
    "retention.keep_outcomes": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "retention.remove": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "copy_counts.count": ["search delivery using covering index delivery_queue (edition_id=?)"],
    "copy_counts.get": ["search copy_count using integer primary key (rowid=?)"],
    "copy_counts.live": [
        "search edition using index edition_by_state (state=?)",
        "search copy_count using integer primary key (rowid=?)",
    ],
    "deliveries.cancel_waiting": [
        "search delivery using integer primary key (rowid=?)",
        "search delivery using covering index delivery_queue (edition_id=? and state=?)",
    ],
    "deliveries.waiting_of_subscriptions": [
        "search delivery using index delivery_once (subscription_id=? and edition_id>?)",
        "scan json_each virtual table index 1:",
    ],
    "subscriptions.finish": [
        "search subscription using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "unsubscribes.find_unsubscribers": [
        "search subscription using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "scan ending",
        "search subscriber using integer primary key (rowid=?)",
        "search list using integer primary key (rowid=?)",
    ],
    "unsubscribes.forget_earlier": [
        "search unsubscribe using covering index unsubscribe_by_subscription (subscription_id=?)",
        "scan json_each virtual table index 1:",
    ],
    "consent.append": ["scan (subquery-1)"],
    "subscriptions.find": [
        "search subscription using index sqlite_autoindex_subscription_1 (subscriber_id=? and list_id=?)"
    ],
    "subscriptions.get": ["search subscription using integer primary key (rowid=?)"],
    "subscriptions.with_details": [
        "search subscription using integer primary key (rowid=?)",
        "search subscriber using integer primary key (rowid=?)",
        "search list using integer primary key (rowid=?)",
    ],
    "deliveries.waiting_destinations": [
        "search first using covering index delivery_queue (edition_id=? and state=?)",
        "scan step",
        "search later using covering index delivery_queue (edition_id=? and state=? and destination>?)",
    ],
    "subscriptions.end_pauses": [
        "search subscription using integer primary key (rowid=?)",
        "search over using covering index subscription_paused (paused_until>? and paused_until<?)",
        "search suspension using integer primary key (rowid=?)",
    ],
    "subscriptions.delete_expired": [
        "search confirmation using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "subscriptions.restore_unconfirmed": [
        "search subscription using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search confirmation using covering index confirmation_by_subscription (subscription_id=?)",
    ],
    "subscriptions.delete_unconfirmed": [
        "search subscription using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search confirmation using covering index confirmation_by_subscription (subscription_id=?)",
    ],
    "consent.numbers_of_subscribers": [
        "search consent using covering index consent_by_subscriber (subscriber_id=?)",
        "scan json_each virtual table index 1:",
    ],
    "subscriptions.expired_confirmations": [
        "search confirmation using index confirmation_by_end (expires_at<?)",
        "search subscription using integer primary key (rowid=?)",
        "search subscriber using integer primary key (rowid=?)",
    ],
    "drafts.expired": [
        "search edition using covering index edition_by_state (state=?)",
        "search draft using integer primary key (rowid=?)",
        "search manuscript using integer primary key (rowid=?)",
    ],
    "drafts.find_same_content": [
        "search edition using index edition_by_digest (list_id=? and source_digest=?)",
    ],
    "drafts.sent_by": [
        "search person using covering index sqlite_autoindex_person_2 (address_key=?)",
        "search draft_editor using covering index draft_editor_by_editor (list_id=? and person_id=?)",
        "search draft using integer primary key (rowid=?)",
        "search edition using integer primary key (rowid=?)",
        "search manuscript using integer primary key (rowid=?)",
    ],
    "people.find_editor": [
        "search person using index sqlite_autoindex_person_2 (address_key=?)",
        "search permission using primary key (list_id=? and person_id=?)",
    ],
    "subscriptions.page": [
        "search subscription using index subscription_by_list (list_id=? and state=? and id>?)",
        "search subscriber using integer primary key (rowid=?)",
        "search own using primary key (digest=?) left-join",
        "search mailbox using primary key (digest=?) left-join",
    ],
    "subscriptions.page_of_prefix": [
        "search subscriber using index sqlite_autoindex_subscriber_1 (address_key>? and address_key<?)",
        "search subscription using index sqlite_autoindex_subscription_1 (subscriber_id=? and list_id=?) left-join",
        "search own using primary key (digest=?) left-join",
        "search mailbox using primary key (digest=?) left-join",
    ],
    "subscriptions.page_of_domain": [
        "search subscriber using index subscriber_by_domain (domain=? and id>?)",
        "search subscription using index sqlite_autoindex_subscription_1 (subscriber_id=? and list_id=?) left-join",
        "search own using primary key (digest=?) left-join",
        "search mailbox using primary key (digest=?) left-join",
    ],
    "subscribers.find": ["search subscriber using index sqlite_autoindex_subscriber_1 (address_key=?)"],
    "subscribers.of_mailbox": [
        "search subscriber using index subscriber_by_digest (<expr>=?)",
        "search subscriber using index subscriber_by_mailbox (mailbox_digest=?)",
    ],
    "suppressions.find": ["search suppression using primary key (digest=?)"],
    "limits.latest": ["search limit_event using primary key (scope=? and subject=? and at>? and at<?)"],
    "limits.spend": [
        "scan new virtual table index 1:",
        "scan meter",
        "scan other",
        "search limit_event using primary key (scope=? and subject=? and at>? and at<?)",
        "search limit_event using covering index limit_event_by_age (scope=? and at=? and subject=?)",
    ],
    "subscriptions.of_link": [
        "search confirmation using integer primary key (rowid=?)",
        "search subscription using integer primary key (rowid=?)",
        "search subscriber using integer primary key (rowid=?)",
        "search list using integer primary key (rowid=?)",
        "search confirmation using index confirmation_by_leader (leader_id=?)",
    ],
    "editions.get": [
        "search edition using integer primary key (rowid=?)",
        "search list using integer primary key (rowid=?)",
    ],
    "editions.find_by_digest": ["search edition using index edition_by_digest (list_id=? and source_digest=?)"],
    "editions.archived": [
        "search edition using index edition_archive (list_id=? and <expr>>? and <expr><?)",
        "search edition_asset using index sqlite_autoindex_edition_asset_1 (edition_id=? and number=?)",
    ],
    "editions.archived_years": ["search edition using index edition_archive (list_id=?)"],
    "editions.newer_archived": ["search edition using index edition_archive (list_id=? and <expr>>?)"],
    "editions.older_archived": ["search edition using index edition_archive (list_id=? and <expr><?)"],
    "editions.recent_archived": [
        "search edition using index edition_archive (list_id=?)",
        "search edition_content using integer primary key (rowid=?)",
    ],
    "editions.find_archived": [
        "search edition using index sqlite_autoindex_edition_1 (list_id=? and slug=?)",
        "search edition_content using integer primary key (rowid=?)",
    ],
    "search.count": [
        "scan archive_search virtual table index 0:m4",
        "scan term virtual table index 1:",
        "search edition using integer primary key (rowid=?)",
    ],
    "search.find": [
        "scan archive_search virtual table index 0:m4",
        "scan term virtual table index 1:",
        "search edition using integer primary key (rowid=?)",
    ],
    "search.texts": [
        "scan archive_search virtual table index 0:=",
        "scan json_each virtual table index 1:",
    ],
    "copy_pages.copy_of": [
        "search delivery using index delivery_once (subscription_id=? and edition_id=?)",
        "search subscription using covering index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "search subscription using integer primary key (rowid=?) left-join",
        "search subscriber using integer primary key (rowid=?) left-join",
        "search handover using integer primary key (rowid=?) left-join",
    ],
    "editions.count_event": ["search edition using integer primary key (rowid=?)"],
    "editions.event_counts": ["search counted_event using primary key (edition_id=?)"],
    "bounces.keep_handover": ["search delivery using integer primary key (rowid=?)"],
    "bounces.fail": ["search delivery using integer primary key (rowid=?)"],
    "bounces.copies": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search notice using integer primary key (rowid=?) left-join",
        "search list using integer primary key (rowid=?) left-join",
        "search subscription using integer primary key (rowid=?) left-join",
        "search subscriber using integer primary key (rowid=?) left-join",
    ],
    "bounces.failed_copies": [
        "search delivery using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search edition using integer primary key (rowid=?)",
        "search subscription using integer primary key (rowid=?) left-join",
        "search suspension using integer primary key (rowid=?)",
    ],
    "bounces.histories": [
        "search delivery using index delivery_once (subscription_id=?)",
        "search subscription using covering index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "scan json_each virtual table index 1:",
        "search subscription using integer primary key (rowid=?)",
        "search edition using integer primary key (rowid=?)",
        "search suspension using integer primary key (rowid=?) left-join",
        "scan (subquery-6)",
        "search other",
        "scan past",
    ],
    "bounces.suspend_subscriptions": [
        "search subscription using index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "scan json_each virtual table index 1:",
    ],
    "bounces.waiting_copies": [
        "search delivery using index delivery_once (subscription_id=? and edition_id>?)",
        "search subscription using covering index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "scan json_each virtual table index 1:",
        "search other using covering index sqlite_autoindex_subscription_1 (subscriber_id=?)",
        "search person using integer primary key (rowid=?)",
        "search own using primary key (digest=?)",
        "search alike using index subscriber_by_digest (<expr>=?)",
        "search theirs using primary key (digest=?)",
        "search alike using index subscriber_by_mailbox (mailbox_digest=?)",
    ],
    "bounces.suppress": [
        "search person using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
        "search own using primary key (digest=?)",
        "search whole using primary key (digest=?)",
    ],
    "enrolment.standings": [
        "scan entry virtual table index 1:",
        "search subscriber using index sqlite_autoindex_subscriber_1 (address_key=?)",
        "search subscription using index sqlite_autoindex_subscription_1 (subscriber_id=? and list_id=?) left-join",
    ],
    "enrolment.suppressed": [
        "scan asked virtual table index 1:",
        "search suppression using primary key (digest=?)",
    ],
    "enrolment.update_profiles": [
        "scan new virtual table index 1:",
        "search subscriber using integer primary key (rowid=?)",
    ],
    "enrolment.change_states": [
        "scan new virtual table index 1:",
        "search subscription using integer primary key (rowid=?)",
        "search suspension using integer primary key (rowid=?)",
    ],
    "welcomes.find": ["search welcome using integer primary key (rowid=?)"],
    "welcomes.unfinished": ["search edition using index edition_by_digest (list_id=?)"],
    "bounces.is_probe_due": ["search suspension using index suspension_to_probe (since<?)"],
    "bounces.claim_probes": [
        "search suspension using integer primary key (rowid=?)",
        "search suspension using index suspension_to_probe (since<?)",
    ],
    "inbound.find_digest": ["search inbound using index sqlite_autoindex_inbound_1 (digest=?)"],
    "inbound.waiting": ["search inbound using covering index inbound_waiting (queue=? and id>?)"],
    "inbound.has_failed": ["search inbound using covering index inbound_failed (recipient=?)"],
    "inbound.move_to_strangers": ["search inbound using integer primary key (rowid=?)"],
    "inbound.kept_size": [
        "search inbound using index inbound_by_age (state=?)",
        "search inbound_content using integer primary key (rowid=?)",
    ],
    "inbound.waiting_sizes": [
        "scan inbound using index inbound_waiting",
        "search inbound_content using integer primary key (rowid=?)",
    ],
    "inbound.forwards_size": [
        "scan notice using index notice_forwarded",
        "search delivery using index delivery_by_notice (notice_id=?)",
    ],
    "inbound.forwarded_too_old": [
        "scan notice using index notice_forwarded",
        "search delivery using index delivery_by_notice (notice_id=?)",
    ],
    "inbound.forwarded_beyond_size": [
        "scan notice using index notice_forwarded",
        "search delivery using index delivery_by_notice (notice_id=?)",
        "scan (subquery-3)",
        "scan forwarded",
    ],
    "inbound.drop_forwarded": [
        "search notice using integer primary key (rowid=?)",
        "scan json_each virtual table index 1:",
    ],
    "inbound.get": [
        "search inbound using integer primary key (rowid=?)",
        "search inbound_content using integer primary key (rowid=?)",
    ],
    "inbound.finish": ["search inbound using integer primary key (rowid=?)"],
    "inbound.delete_content": [
        "search inbound_content using integer primary key (rowid=?)",
        "search inbound using covering index inbound_by_content (content_id=?)",
    ],
    "consent.of_subscriber": ["search consent using index consent_by_subscriber (subscriber_id=?)"],
}

# Longer plans: of these it is enough that nothing long is scanned.
UNSCANNED = [
    "audiences.queue_audience",
    "audiences.queue_early",
    "audiences.give_way",
    "language_switch.give_copy",
    "language_switch.move_copies",
    "audiences.draw",
    "subscriptions.find_slice",
    "bulk_changes.oldest",
    "destinations.next_subscriptions",
    "destinations.reassign",
    "destinations.give_up",
    "lists.some_requests",
    "lists.delete_confirmations",
    "deliveries.withhold",
    "deliveries.release_barred",
    "deliveries.release",
    "deliveries.recover_barred",
    "deliveries.recover_copies",
    "deliveries.waiting_of_people",
    "deliveries.adopt",
    "deliveries.claimed",
    "deliveries.recover_notices",
    "deliveries.failed_places",
    "deliveries.failed",
    "deliveries.requeue_failed",
    "copy_pages.in_state",
    "deliveries.count_by_domain",
    "deliveries.count_by_moment",
    "deliveries.forget_handovers",
    "bounces.count_handovers",
    "address_places.forget_handovers",
    "deliveries.waiting_of_edition",
    "deliveries.waiting_by_domain",
    "deliveries.unended_editions",
    "deliveries.deferred_copies",
    "deliveries.deferred_notices",
    "deliveries.retry",
    "enrolment.count_audience",
    "enrolment.cancel_notices",
    "enrolment.export_page",
    "subscribers.deliveries",
    "subscribers.delete_without_subscription",
    "address_places.forget_replies",
    "bounces.missed",
    "bounces.count_by_class",
    "inbound.kept",
    "inbound.too_old",
    "inbound.beyond_size",
    "inbound.sweep_done",
    "limits.sweep",
    "consent.page",
    "consent.oldest_ip",
    "consent.with_old_ip",
    "consent.erase",
    "consent.age",
    "notices.asked",
    "unsubscribes.find",
    "unsubscribes.requeue_copies",
    "welcomes.requeue_copy",
    "unsubscribes.claim_notices",
    "unsubscribes.notices",
    "pending_requests.is_work_pending",
    "limits.count_each",
    "limits.insert_each",
    "list_removals.copies",
    "list_removals.subscriptions",
    "list_removals.delete_subscriptions",
    "list_removals.keep_readers",
    "list_removals.sweep_readers",
    "list_removals.reader",
    "language_switch.bypass",
    "language_switch.bypass_for_removed",
    "language_switch.keep_redirects",
    "list_removals.delete_events",
    "suppressions.find_many",
    "suppressions.people_at",
    "notices.queue_all",
    "unsubscribes.sweep",
    "unsubscribes.of_subscriber",
    "address_changes.sweep",
    "address_changes.undo",
    "subscriptions.hand_copies_over",
    "subscribers.move_copies",
    "disclosure.mails",
    "disclosure.replies",
]
LONG = (
    "delivery",
    "subscription",
    "subscriber",
    "consent",
    "limit_event",
    "suppression",
    "confirmation",
    "notice",
    "inbound",
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(migrate.package_schema())
        yield opened


def plan(connection: sqlite3.Connection, name: str) -> list[str]:
    statement = statements()[name]
    parameters = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    rows = connection.execute(f"explain query plan {statement}", parameters).fetchall()
    steps = [re.sub(r" USING (COVERING )?INDEX", r" using \1index", row[3]).lower() for row in rows]
    return [step for step in steps if step.startswith(("search", "scan")) and step != "scan constant row"]


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_statement_finds_its_rows_by_an_index(connection: sqlite3.Connection, name: str) -> None:
    assert PLANS[name] == list(dict.fromkeys(plan(connection, name)))


@pytest.mark.parametrize("name", UNSCANNED)
def test_a_statement_reads_no_whole_table(connection: sqlite3.Connection, name: str) -> None:
    scans = [step for step in plan(connection, name) if step.startswith("scan")]
    assert [] == [step for step in scans if step.split()[1] in LONG]


@pytest.fixture(scope="module", params=["queued", "delivered"])
def analysed(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """Statistics as an operator or a backup tool gathers them: of 200,000 copies that wait, or of none that does."""
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.create_function("searchable", 1, searchable, deterministic=True)
        opened.executescript(migrate.package_schema())
        large.fill(opened, 200_000, state=request.param)
        opened.execute("analyze")
        yield opened


def test_no_plan_depends_on_statistics(connection: sqlite3.Connection, analysed: sqlite3.Connection) -> None:
    """Of every statement that there is: the claim of copies was a hundred times slower after one ANALYZE.

    A bloom filter is no other plan: SQLite asks it before it searches.
    """
    connection.create_function("searchable", 1, searchable, deterministic=True)
    changed = {
        name: (plan(connection, name), plan(analysed, name))
        for name in statements()
        if plan(connection, name) != plan(analysed, name)
    }
    assert {} == changed


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("delivery", "subscription_id"),
        ("delivery", "edition_id"),
        ("delivery", "notice_id"),
        ("notice", "subscriber_id"),
        ("notice", "list_id"),
        ("subscription", "subscriber_id"),
        ("subscription", "list_id"),
        ("confirmation", "subscription_id"),
    ],
)
def test_erasing_finds_the_children_of_a_row_by_an_index(
    connection: sqlite3.Connection, table: str, column: str
) -> None:
    (row,) = connection.execute(f"explain query plan select 1 from {table} where {column} = 1").fetchall()
    assert row[3].startswith(f"SEARCH {table} USING")
