"""Destinations of the queue: which recipient domains belong to each, and what is known of its limits and pauses.

The tables call a destination a lane. The paces of the process and of relays are stored here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pressrun.core.delivery import DeliveryState
from pressrun.store import events
from pressrun.store.copy_counts import count_move
from pressrun.store.transaction import Row, Transaction, in_json


def set_domains(tx: Transaction, lanes: Mapping[str, str]) -> bool:
    """Assign these domains to their destinations and move waiting copies; False when nothing has changed."""
    before = {row["domain"]: row["lane"] for row in tx.rows("destinations.domains")}
    if before == dict(lanes):
        return False
    tx.run("destinations.forget_domains")
    tx.run_many(
        "destinations.insert_domain", [{"domain": domain, "lane": lane, "learned": 0} for domain, lane in lanes.items()]
    )
    tx.run("destinations.relane")
    return True


def open_lane(tx: Transaction, domain: str) -> int:
    """Make a domain a destination of its own and move its waiting copies there; returns how many."""
    tx.run("destinations.insert_domain", domain=domain, lane=domain, learned=1)
    return tx.run("destinations.relane_domain", domain=domain, lane=domain)


def load_states(tx: Transaction) -> dict[str, object]:
    """The stored state of each destination."""
    return {row["name"]: json.loads(row["state"]) for row in tx.rows("destinations.load")}


def store_states(tx: Transaction, states: Mapping[str, object], forgotten: Iterable[str]) -> None:
    """Store the states of destinations, and delete those of the `forgotten`."""
    tx.run_many("destinations.store", [{"name": name, "state": json.dumps(state)} for name, state in states.items()])
    tx.run_many("destinations.forget", [{"name": name} for name in forgotten])


def give_up(tx: Transaction, lane: str, reply: str, now: int) -> int:
    """Fail all that waits in a lane; returns how many copies."""
    number = 0
    for row in tx.rows("destinations.going"):
        for state in (DeliveryState.DEFERRED, DeliveryState.QUEUED):
            values = {"edition_id": row["id"], "state": state, "lane": lane, "reply": reply, "now": now}
            failed = [copy["id"] for copy in tx.rows("destinations.give_up", **values)]
            count_move(tx, row["id"], state, DeliveryState.FAILED, len(failed))
            events.record_failed_copies(tx, failed)
            number += len(failed)
    return number


def lane_of(tx: Transaction, domain: str) -> str | None:
    """The destination that a domain belongs to; None when it has no limits or pauses of its own."""
    name: str | None = tx.value("destinations.lane_of", domain=domain)
    return name


def count_queued(tx: Transaction, lane: str) -> int:
    """How many copies to a destination wait for their first attempt."""
    return int(tx.value("destinations.count_queued", lane=lane))


def queued_copies(tx: Transaction, edition_id: int, lane: str) -> list[Row]:
    """address, due_at and attempts of the copies of an edition to a destination that wait for their first attempt."""
    return tx.rows("destinations.queued_copies", edition_id=edition_id, lane=lane)


def load_paces(tx: Transaction) -> dict[str, object]:
    """The stored pace of each scope, as `core.pacing.Pace.dump` returned it."""
    return {row["scope"]: json.loads(row["state"]) for row in tx.rows("destinations.load_paces")}


def store_paces(tx: Transaction, states: Mapping[str, object]) -> None:
    """Store the paces of these scopes."""
    tx.run("destinations.store_paces", states=in_json([(scope, in_json(state)) for scope, state in states.items()]))
