"""Pacing that survives a restart: the state of each scope, stored with the claims it covers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pressrun.store.transaction import Transaction


def load_paces(tx: Transaction) -> dict[str, object]:
    """The stored state of each scope, as `core.pacing.Pace.dump` gave it."""
    return {row["scope"]: json.loads(row["state"]) for row in tx.rows("paces.load")}


def store_paces(tx: Transaction, states: Mapping[str, object]) -> None:
    """Keep the states of these scopes."""
    tx.run_many("paces.store", [{"scope": scope, "state": json.dumps(state)} for scope, state in states.items()])
