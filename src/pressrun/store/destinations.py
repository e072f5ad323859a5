"""Lanes of the queue: which recipient domains share one, and what was learned of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pressrun.store.transaction import Row, Transaction, in_json


def set_domains(tx: Transaction, lanes: Mapping[str, str]) -> bool:
    """Put the lanes of these domains in force, and move what waits; False when nothing has changed."""
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
    """Give a domain a lane of its own, named like it, and move what waits for it there; returns how many copies."""
    tx.run("destinations.insert_domain", domain=domain, lane=domain, learned=1)
    return tx.run("destinations.relane_domain", domain=domain, lane=domain)


def load_states(tx: Transaction) -> dict[str, object]:
    """What was learned of each lane, as it was stored."""
    return {row["name"]: json.loads(row["state"]) for row in tx.rows("destinations.load")}


def store_states(tx: Transaction, states: Mapping[str, object], forgotten: Iterable[str]) -> None:
    """Keep what was learned of these lanes, and forget those."""
    tx.run_many("destinations.store", [{"name": name, "state": json.dumps(state)} for name, state in states.items()])
    tx.run_many("destinations.forget", [{"name": name} for name in forgotten])


def give_up(tx: Transaction, lane: str, reply: str, now: int) -> int:
    """Fail all that waits in a lane; returns how many copies."""
    return tx.run("destinations.give_up", lane=lane, reply=reply, now=now)


def lane_of(tx: Transaction, domain: str) -> str | None:
    """The lane that a domain has, None for none."""
    found: str | None = tx.value("destinations.lane_of", domain=domain)
    return found


def count_queued(tx: Transaction, lane: str) -> int:
    """How many copies wait in a lane for their first attempt."""
    found: int = tx.value("destinations.count_queued", lane=lane)
    return found


def queued_copies(tx: Transaction, edition_id: int, lane: str) -> list[Row]:
    """address, due_at, attempts of the copies of an edition that wait in a lane for their first attempt."""
    return tx.rows("destinations.queued_copies", edition_id=edition_id, lane=lane)


def load_paces(tx: Transaction) -> dict[str, object]:
    """The stored state of each scope, as `core.pacing.Pace.dump` gave it."""
    return {row["scope"]: json.loads(row["state"]) for row in tx.rows("destinations.load_paces")}


def store_paces(tx: Transaction, states: Mapping[str, object]) -> None:
    """Keep the states of these scopes."""
    tx.run("destinations.store_paces", states=in_json(states))
