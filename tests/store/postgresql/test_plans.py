"""Query plans on PostgreSQL: by the same indexes whatever the server knows of the tables, and no long table as a whole.

The plans are the generic ones, which a prepared statement gets. Without statistics the server guesses, as it does for a
minute after an import.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from tests.engines import IS_THOROUGH
from tests.store import large
from tests.store.engine_statements import empty_tables, prepare
from tests.store.test_plans import LONG, PLANS, UNSCANNED

from pressrun.store.postgresql.connection import LOOK_SECONDS, PostgresConnection
from pressrun.store.postgresql.connection import PLANS as SETTINGS
from pressrun.store.sqlite import migrate

pytestmark = pytest.mark.needs("postgresql")

READERS = 200_000 if IS_THOROUGH else 20_000

# About an edition, a list or a queue as a whole, of which the rows looked for may be nearly all or nearly none; and
# tables that are short by their nature.
VARY = {
    "bounces.claim_probes",
    "bounces.waiting_copies",  # from the suppressions, if they are few
    "copy_counts.count",
    "deliveries.cancel_waiting",
    "deliveries.count_attempted",
    "deliveries.counts",
    "drafts.sent_by",
    "inbound.finish",  # among the few mails that wait, if they are few
    "inbound.get",
    "inbound.move_to_strangers",
    "inbound.waiting",
    "inbound.waiting_sizes",
    "limits.latest",  # by the time, if nobody but this one was seen
    "limits.spend",
    "search.count",
    "subscriptions.page",
    "subscriptions.page_of_domain",  # in the order of ids, if many are at this domain
    "welcomes.requeue_copy",
    "welcomes.unfinished",
}

# Whether a reader has a copy of an edition, or of its issue in another language.
OF_A_READER = [
    "audiences.queue_audience",
    "audiences.queue_early",
    "language_switch.give_copy",
    "language_switch.move_copies",
    "subscriptions.hand_copies_over",
]


@pytest.fixture(scope="module")
def plans() -> dict[str, list[dict[str, set[str]]]]:
    """The plan of each statement: with all copies queued or none, before and after ANALYZE."""
    by_statement: dict[str, list[dict[str, set[str]]]] = {}
    for state in ("queued", "delivered"):
        with closing(sqlite3.connect(":memory:")) as source, empty_tables(f"plans_{state}") as connection:
            source.executescript(migrate.package_schema())
            large.fill(source, READERS, state=state)
            large.copy(source, connection)
            connection.execute(f"set plan_cache_mode = force_generic_plan; {SETTINGS.replace(' local', '')}")
            for is_analysed in (False, True):
                if is_analysed:
                    connection.execute("analyze")
                for statement in [*PLANS, *UNSCANNED]:
                    by_statement.setdefault(statement, []).append(plan_of(connection, statement))
    return by_statement


@pytest.fixture(scope="module")
def believed_empty() -> Iterator[psycopg.Connection[Any]]:
    """Long tables of which the server counted the rows last when they had none."""
    with closing(sqlite3.connect(":memory:")) as source, empty_tables("plans_empty") as connection:
        source.executescript(migrate.package_schema())
        large.fill(source, READERS, state="queued")
        large.copy(source, connection)
        connection.execute(f"set plan_cache_mode = force_generic_plan; {SETTINGS.replace(' local', '')}")
        with connection.transaction(force_rollback=True):
            connection.execute("set local session_replication_role = replica")
            for table in LONG:
                connection.execute(f"delete from {table}")
            connection.execute("analyze")  # which no rollback takes back
        yield connection


def plan_of(connection: psycopg.Connection[Any], statement: str) -> dict[str, set[str]]:
    names, _ = prepare(connection, statement)
    values = f"({', '.join(['null'] * len(names))})" if names else ""
    row = connection.execute(f"explain (format json) execute prepared {values}").fetchone()
    connection.execute("deallocate prepared")
    assert row is not None
    nodes = list(nodes_of(row[0][0]["Plan"]))
    return {
        "indexes": {node["Index Name"] for node in nodes if node.get("Index Name", "").startswith(LONG)},
        "scans": {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"},
    }


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes_of(child)


def test_no_long_table_is_read_as_a_whole(plans: dict[str, list[dict[str, set[str]]]]) -> None:
    scanned = {name: plan["scans"] & set(LONG) for name, its_plans in plans.items() for plan in its_plans}
    assert {} == {name: tables for name, tables in scanned.items() if tables}


def test_no_plan_depends_on_what_the_server_knows(plans: dict[str, list[dict[str, set[str]]]]) -> None:
    changed = {name: [plan["indexes"] for plan in its_plans] for name, its_plans in plans.items() if name in PLANS}
    changed = {
        name: its_plans for name, its_plans in changed.items() if any(plan != its_plans[0] for plan in its_plans)
    }
    assert {} == {name: its_plans for name, its_plans in changed.items() if name not in VARY}


def test_copies_of_a_reader_are_found_without_those_of_others(plans: dict[str, list[dict[str, set[str]]]]) -> None:
    """Statements about what one reader has of an edition go by the reader, even right after a dump was restored."""
    for name in OF_A_READER:
        assert ["delivery_once"] * 4 == [
            " ".join(index for index in sorted(plan["indexes"]) if index.startswith("delivery")) for plan in plans[name]
        ], name


def test_plans_are_right_again_after_a_second_of_work(
    plans: dict[str, list[dict[str, set[str]]]], believed_empty: psycopg.Connection[Any]
) -> None:
    def wrong() -> set[str]:
        named = [name for name in PLANS if name not in VARY]
        return {name for name in named if plan_of(believed_empty, name)["indexes"] != plans[name][0]["indexes"]}

    assert "deliveries.ready_copies" in wrong()
    now = 0.0
    with closing(PostgresConnection(believed_empty.info.dsn, monotonic=lambda: now)) as connection:
        connection.write(lambda _: None)
        assert "deliveries.ready_copies" in wrong()
        now = LOOK_SECONDS
        connection.write(lambda _: None)
        assert set() == wrong()


def test_copies_are_claimed_in_the_order_of_their_index(plans: dict[str, list[dict[str, set[str]]]]) -> None:
    for plan in plans["deliveries.ready_copies"]:
        assert {
            "delivery_queue",
            "subscription_pkey",
            "subscriber_pkey",
            "suppression_pkey",
        } == plan["indexes"]
    assert all("delivery_notices" in plan["indexes"] for plan in plans["deliveries.ready_notices"])
