"""What people asked for on the web by an address, until it is carried out a moment later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from pressrun.core.sign_up import Trust
from pressrun.store.transaction import Row, Transaction


class RequestKind(StrEnum):
    """What was asked for."""

    SIGN_UP = "sign-up"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """One request; `list_id` is None when it is about no list, `words` what the person was shown.

    `also` are further lists that were asked for at once; `words_language` is empty for that of the request.
    """

    kind: RequestKind
    address: str
    list_id: int | None = None
    name: str = ""
    language: str = ""
    ip: str | None = None
    words: str = ""
    trust: Trust = Trust.UNPROVEN
    also: tuple[int, ...] = ()
    words_language: str = ""


def insert_pending_request(tx: Transaction, request: PendingRequest) -> None:
    """Keep a request until it is carried out."""
    tx.run("pending_requests.insert", **{**asdict(request), "also": json.dumps(request.also)})


def is_any_request_pending(tx: Transaction) -> bool:
    """Whether a request waits."""
    return bool(tx.value("pending_requests.is_any"))


def list_pending_requests(tx: Transaction) -> list[int]:
    """The oldest requests by id, some at a time."""
    return [row["id"] for row in tx.rows("pending_requests.oldest")]


def claim_pending_requests(tx: Transaction) -> list[PendingRequest]:
    """The oldest requests, some at a time; they are carried out in this transaction and not kept any longer.

    Raises ValueError for one that cannot be read.
    """
    return [_take(tx, row) for row in tx.rows("pending_requests.oldest")]


def claim_pending_request(tx: Transaction, number: int) -> PendingRequest | None:
    """One of them, if it is still there."""
    row = tx.row("pending_requests.get", id=number)
    return None if row is None else _take(tx, row)


def _take(tx: Transaction, row: Row) -> PendingRequest:
    values = {name: row[name] for name in PendingRequest.__dataclass_fields__}
    values["kind"], values["trust"] = RequestKind(row["kind"]), Trust(row["trust"])
    values["also"] = tuple(json.loads(row["also"]))
    tx.run("pending_requests.delete", id=row["id"])
    return PendingRequest(**values)


def set_request_aside(tx: Transaction, number: int, now: int) -> None:
    """Keep a request that cannot be carried out apart from those that wait."""
    tx.run("pending_requests.set_aside", id=number, now=now)


def count_set_aside(tx: Transaction) -> int:
    """How many requests cannot be carried out."""
    found: int = tx.value("pending_requests.count_set_aside")
    return found


def sweep_set_aside(tx: Transaction, before: int) -> int:
    """Forget requests that were set aside before `before`; returns how many."""
    return tx.run("pending_requests.sweep", before=before)
