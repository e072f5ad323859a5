"""Pacing that survives a restart: the state of each scope, stored with the claims it covers."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from pressrun.store.transaction import Transaction


def load_paces(tx: Transaction) -> dict[str, object]:
    """The stored state of each scope, as `core.pacing.Pace.dump` gave it."""
    return {row["scope"]: json.loads(row["state"]) for row in tx.rows("paces.load")}


def store_paces(tx: Transaction, states: Mapping[str, object]) -> None:
    """Keep the states of these scopes."""
    tx.run("paces.store", states=msgspec.json.encode(states).decode())
