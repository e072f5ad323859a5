"""What people asked for on the web by an address, stored until it is carried out a moment later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import asdict

from pressrun.core.abuse.sign_up import Trust
from pressrun.store.transaction import Transaction, in_json, parse_row


class RequestKind(StrEnum):
    """What somebody asked for."""

    SIGN_UP = "sign-up"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"


class PendingRequest(Struct, frozen=True, kw_only=True):
    """One request. `list_id` is None when it concerns no list, and `words` is the text that the person was shown.

    `also` are further lists of the same request. `words_language` is empty when it is the language of the request.
    `source` is the web, or the program that asks for the person. That may give `attributes` (columns), the `url` where
    the person consented, and when.
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
    source: str = "web"
    attributes: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    given_at: int | None = None


def insert_pending_request(tx: Transaction, request: PendingRequest) -> None:
    """Store a request until it is carried out."""
    texts = {"also": json.dumps(request.also), "attributes": json.dumps(dict(request.attributes), ensure_ascii=False)}
    tx.run("pending_requests.insert", **{**asdict(request), **texts})


def is_work_pending(tx: Transaction) -> bool:
    """Whether a request waits, or a reader has not been mailed yet that they left."""
    return bool(tx.value("pending_requests.is_work_pending"))


def list_pending_requests(tx: Transaction) -> list[int]:
    """Ids of the oldest requests, a batch at a time."""
    return [row["id"] for row in tx.rows("pending_requests.oldest")]


def claim_pending_requests(tx: Transaction) -> list[PendingRequest]:
    """Delete and return the oldest requests, a batch at a time: the same transaction carries them out.

    Raises ValueError for one that cannot be parsed.
    """
    return _claim(tx, list_pending_requests(tx))


def claim_pending_request(tx: Transaction, request_id: int) -> PendingRequest | None:
    """Delete and return one request, if it is still there."""
    return next(iter(_claim(tx, [request_id])), None)


def _claim(tx: Transaction, ids: Sequence[int]) -> list[PendingRequest]:
    rows = tx.rows("pending_requests.claim", ids=in_json(ids)) if ids else []
    return [parse_row(row, PendingRequest) for row in sorted(rows, key=lambda row: int(row["id"]))]


def set_request_aside(tx: Transaction, request_id: int, now: int) -> None:
    """Store a request that cannot be carried out apart from those that wait."""
    tx.run("pending_requests.set_aside", id=request_id, now=now)


def count_set_aside(tx: Transaction, since: int = 0) -> int:
    """How many requests turned out since a time to be such that they cannot be carried out."""
    return int(tx.value("pending_requests.count_set_aside", since=since))


def sweep_set_aside(tx: Transaction, before: int) -> int:
    """Delete requests that were set aside before `before`; returns how many."""
    return tx.run("pending_requests.sweep", before=before)
