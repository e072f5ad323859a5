"""Requests that a program may repeat under its own key: what the first request with each key did, kept for a day.

A row is written by the transaction of the effect (store.people.audit), so after a kill there are either both or
neither. It contains only digests and numbers. A repeat renders its answer anew, and finds nothing about somebody who
was erased.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.core.errors import StillRunning
from pressrun.store.transaction import Transaction

KEPT_SECONDS = 86_400


class KeyedRequest(Struct, frozen=True, kw_only=True):
    """A request with a key: `caller` is, for example, `token 7`; the others are keyed digests of the key and the
    request.

    `has_created` says, once the request is carried out, whether its answer says that it created something.
    """

    caller: str
    digest: bytes
    request: bytes
    has_created: bool = False


class KeptOutcome(Struct, frozen=True, kw_only=True):
    """What a request with a key did: its object, such as `edition 7`, and the reader it was about."""

    caller: str
    digest: bytes
    request: bytes
    object: str | None
    subscriber_id: int | None
    at: int
    has_created: bool

    @property
    def object_name(self) -> str:
        """The object without its kind, such as `7`; empty without one."""
        return (self.object or "").partition(" ")[2]


def claim_key(tx: Transaction, keyed: KeyedRequest, *, at: int) -> None:
    """Let this transaction be the one that carries out the request; raises StillRunning if another one has.

    That happens if a client gave up on a request that was still committed, and repeats it at once.
    """
    values = {"caller": keyed.caller, "digest": keyed.digest, "request": keyed.request, "at": at}
    if not tx.run("idempotency.claim", **values, after=at - KEPT_SECONDS):
        raise StillRunning(
            "the first request with this Idempotency-Key has just been carried out. Repeat it in a moment"
        )


def keep_outcome(tx: Transaction, keyed: KeyedRequest, *, name: str | None, subscriber_id: int | None, at: int) -> None:
    """Store what a request did, under its key."""
    values = {**asdict(keyed), "has_created": int(keyed.has_created)}
    tx.run("idempotency.keep", **values, object=name, subscriber_id=subscriber_id, at=at)


def find_outcome(tx: Transaction, keyed: KeyedRequest, now: float) -> KeptOutcome | None:
    """What the request with this key did, within the last day."""
    return tx.parsed(
        KeptOutcome, "idempotency.find", caller=keyed.caller, digest=keyed.digest, after=int(now) - KEPT_SECONDS
    )


def sweep_outcomes(tx: Transaction, before: int) -> int:
    """Delete outcomes from before `before`, a batch at a time; returns how many."""
    return tx.run("idempotency.sweep", before=before)
