"""Destinations of the queue: which recipient domains belong to each, and what is known of its limits and pauses.

The paces of the process and of relays are stored here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from pressrun.core.lifecycles.delivery import DeliveryState
from pressrun.store import bulk_changes
from pressrun.store.bulk_changes import ROWS_AT_ONCE, BulkChange, BulkKind
from pressrun.store.programs import events
from pressrun.store.queue.copy_counts import count_move
from pressrun.store.readers import subscriptions
from pressrun.store.transaction import Row, Transaction, in_json


def set_domains(tx: Transaction, destinations: Mapping[str, str], now: int) -> bool:
    """Assign these domains to their destinations and begin to move copies; False when nothing has changed."""
    before = {row["domain"]: row["destination"] for row in tx.rows("destinations.domains")}
    if before == dict(destinations):
        return False
    tx.run("destinations.forget_domains")
    tx.run_many(
        "destinations.insert_domain",
        [{"domain": domain, "destination": destination, "learned": 0} for domain, destination in destinations.items()],
    )
    _begin_moves(tx, now)
    return True


def open_destinations(tx: Transaction, domains: Iterable[str], now: int) -> None:
    """Make each domain a destination of its own, and begin to move its copies there."""
    rows = [{"domain": domain, "destination": domain, "learned": 1} for domain in domains]
    if rows:
        tx.run_many("destinations.insert_domain", rows)
        _begin_moves(tx, now)


def _begin_moves(tx: Transaction, now: int) -> None:
    """The first slice of one edition goes at once, by which most moves are complete, and what is left is stored."""
    bulk_changes.find_oldest(tx)  # locked, so that nobody else begins or ends a move until the commit
    last = subscriptions.highest_id(tx)
    is_first = True
    for row in tx.rows("destinations.editions_to_reassign"):
        change = BulkChange(kind=BulkKind.REASSIGN, edition_id=row["id"], created_at=now, last_id=last)
        if is_first and row["done_through"] is None:
            move_slice(tx, change)
        else:  # an earlier move goes on: what it has looked at may have to move again, once it is through
            bulk_changes.store(tx, change)
        is_first = False


def move_slice(tx: Transaction, change: BulkChange) -> None:
    """Move the copies of the next subscriptions to where their domains belong, and store how far that is."""
    row = tx.row("destinations.next_subscriptions", after=change.done_through, last=change.last_id, limit=ROWS_AT_ONCE)
    assert row is not None  # an aggregate always has a row
    if row["number"]:
        span = {"after": change.done_through, "through": row["through"]}
        tx.run("destinations.reassign", edition_id=change.edition_id, **span)
    if row["number"] < ROWS_AT_ONCE:
        bulk_changes.end(tx, change)
    else:
        bulk_changes.store(tx, replace(change, done_through=row["through"]))


def load_states(tx: Transaction) -> dict[str, object]:
    """The stored state of each destination."""
    return {row["name"]: json.loads(row["state"]) for row in tx.rows("destinations.load")}


def store_states(tx: Transaction, states: Mapping[str, object], forgotten: Iterable[str]) -> None:
    """Store the states of destinations, and delete those of the `forgotten`."""
    tx.run_many("destinations.store", [{"name": name, "state": json.dumps(state)} for name, state in states.items()])
    tx.run_many("destinations.forget", [{"name": name} for name in forgotten])


def give_up(tx: Transaction, destination: str, reply: str, now: int, limit: int) -> int:
    """Fail at most `limit` copies that wait for a destination; returns how many. It is through when these are fewer."""
    number = 0
    for row in tx.rows("deliveries.unended_editions"):
        for state in (DeliveryState.DEFERRED, DeliveryState.QUEUED):
            values = {"edition_id": row["id"], "state": state, "destination": destination, "reply": reply, "now": now}
            values["limit"] = limit - number
            failed = [copy["id"] for copy in tx.rows("destinations.give_up", **values)]
            count_move(tx, row["id"], state, DeliveryState.FAILED, len(failed))
            events.record_failed_copies(tx, failed)
            number += len(failed)
    return number


def destination_of(tx: Transaction, domain: str) -> str | None:
    """The destination that a domain belongs to; None when it has no limits or pauses of its own."""
    name: str | None = tx.value("destinations.destination_of", domain=domain)
    return name


def count_queued(tx: Transaction, destination: str) -> int:
    """How many copies to a destination wait for their first attempt."""
    return int(tx.value("destinations.count_queued", destination=destination))


def queued_copies(tx: Transaction, edition_id: int, destination: str) -> list[Row]:
    """address, due_at and attempts of the copies of an edition to a destination that wait for their first attempt."""
    return tx.rows("destinations.queued_copies", edition_id=edition_id, destination=destination)


def load_paces(tx: Transaction) -> dict[str, object]:
    """The stored pace of each scope, as `core.pacing.rates.Pace.dump` returned it."""
    return {row["scope"]: json.loads(row["state"]) for row in tx.rows("destinations.load_paces")}


def store_paces(tx: Transaction, states: Mapping[str, object]) -> None:
    """Store the paces of these scopes."""
    tx.run("destinations.store_paces", states=in_json([(scope, in_json(state)) for scope, state in states.items()]))
