"""Mails of held sign-ups: stored like every notice, but not queued until an operator releases them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from pressrun.store.queue.deliveries import queue_notice
from pressrun.store.queue.notices import NewNotice, store_notice
from pressrun.store.transaction import Transaction, in_json


class HeldSelection(Struct, frozen=True, kw_only=True):
    """A choice of held sign-ups: those with these ids, or all without ids; with a domain (A-label), only to it.

    `until` is for what goes on where it stopped: only those that were held by then (UTC seconds), if any are left.
    """

    ids: tuple[int, ...] = ()
    domain: str | None = None
    until: int | None = None


class HeldSignUp(Struct, frozen=True, kw_only=True):
    """One held sign-up, with the payload of its notice."""

    notice_id: int
    list_id: int
    subscriber_id: int
    address: str
    domain: str
    payload: Mapping[str, Any]

    @property
    def confirmation_id(self) -> int | None:
        """The request that its link confirms; None when the person is already a member."""
        confirmation_id: int | None = self.payload.get("confirmation")
        return confirmation_id


class HeldInfo(Struct, frozen=True, kw_only=True):
    """A sign-up whose confirmation waits for a person, until when it is forgotten."""

    id: int
    list: str
    address: str
    source: str | None
    held_at: str
    until: str


def hold_notice(tx: Transaction, new: NewNotice, *, now: int, expires_at: int) -> None:
    """Store a notice that waits until `expires_at` at most."""
    notice_id = store_notice(tx, new, now)
    tx.run("held_sign_ups.insert", notice_id=notice_id, domain=new.address.domain, expires_at=expires_at)


def list_held(tx: Transaction, list_name: str | None, *, after: int, limit: int) -> list[HeldInfo]:
    """The held sign-ups after an id, oldest first."""
    return tx.parsed_rows(HeldInfo, "held_sign_ups.all", list_name=list_name, after=after, limit=limit)


def first_end_at(tx: Transaction) -> int | None:
    """When the first held sign-up is forgotten; None if none is held."""
    ends_at: int | None = tx.value("held_sign_ups.first_end")
    return ends_at


def unknown_ids(tx: Transaction, choice: HeldSelection) -> list[int]:
    """The ids of a choice that no held sign-up has."""
    return [
        row["id"] for row in tx.rows("held_sign_ups.unknown", ids=in_json([(sign_up_id,) for sign_up_id in choice.ids]))
    ]


def claim_held(tx: Transaction, choice: HeldSelection, now: int) -> list[HeldSignUp]:
    """Take the oldest of a choice that have not expired, in batches small enough to let others in between.

    The same transaction queues or forgets each of them.
    """
    ids = in_json(choice.ids)
    values = {"domain": choice.domain, "until": choice.until, "now": now}
    while batch := tx.parsed_rows(HeldSignUp, "held_sign_ups.some", ids=ids, **values):
        chosen = in_json([sign_up.notice_id for sign_up in batch])
        claimed = {row["notice_id"] for row in tx.rows("held_sign_ups.claim", ids=chosen)}
        if claimed:  # otherwise others took the whole batch
            return [sign_up for sign_up in batch if sign_up.notice_id in claimed]
    return []


def queue_held(tx: Transaction, sign_up: HeldSignUp, *, now: int, expires_at: int) -> None:
    """Queue the mail of a sign-up; its link works until `expires_at`."""
    payload = sign_up.payload
    if sign_up.confirmation_id is not None:
        payload = {**payload, "expires_at": expires_at}
    tx.run("held_sign_ups.renew", id=sign_up.notice_id, now=now, payload=in_json(payload))
    if sign_up.confirmation_id is not None:
        tx.run("held_sign_ups.end_confirmation", id=sign_up.confirmation_id, expires_at=expires_at)
    queue_notice(tx, notice_id=sign_up.notice_id, domain=sign_up.domain, now=now)


def forget_held(tx: Transaction, sign_up: HeldSignUp, *, now: int) -> None:
    """Delete the mail of a sign-up and end its request."""
    tx.run("held_sign_ups.forget", id=sign_up.notice_id)
    if sign_up.confirmation_id is not None:
        tx.run("held_sign_ups.end_confirmation", id=sign_up.confirmation_id, expires_at=now)


def forget_earlier(tx: Transaction, *, list_id: int, subscriber_id: int) -> None:
    """Delete an earlier held sign-up of a person to a list, so that they get one mail."""
    tx.run("held_sign_ups.forget_earlier", list_id=list_id, subscriber_id=subscriber_id)


def sweep_held(tx: Transaction, now: int) -> int:
    """Delete expired held sign-ups, a batch at a time; returns how many."""
    return tx.run("held_sign_ups.sweep", now=now)
