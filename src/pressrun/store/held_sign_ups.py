"""Mails of sign-ups that are held: stored as every notice, but not queued before an operator lets them go."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pressrun.store.deliveries import queue_notice
from pressrun.store.notices import NewNotice, store_notice
from pressrun.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSelection:
    """Which of them: those with these ids, or without any all; and only those to this domain (A-label), if one."""

    ids: tuple[int, ...] = ()
    domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSignUp:
    """One of them; `confirmation_id` is None where somebody asked who is a member already."""

    notice_id: int
    list_id: int
    subscriber_id: int
    address: str
    domain: str
    confirmation_id: int | None


def hold_notice(tx: Transaction, new: NewNotice, *, now: int, expires_at: int) -> None:
    """Store a notice that waits until `expires_at` at the most."""
    notice_id = store_notice(tx, new, now)
    tx.run("held_sign_ups.insert", notice_id=notice_id, domain=new.address.domain, expires_at=expires_at)


def list_held(tx: Transaction, list_name: str | None) -> list[Row]:
    """id, list, address, source, held_at and expires_at of all that wait, the oldest first."""
    return tx.rows("held_sign_ups.all", list_name=list_name)


def unknown_ids(tx: Transaction, choice: HeldSelection) -> list[int]:
    """Those ids of a choice under which nothing waits."""
    return [row["id"] for row in tx.rows("held_sign_ups.unknown", ids=json.dumps(choice.ids))]


def some_held(tx: Transaction, choice: HeldSelection, now: int) -> list[HeldSignUp]:
    """The oldest of a choice whose time is not over, so many at a time that nothing else waits for long."""
    rows = tx.rows("held_sign_ups.some", ids=json.dumps(choice.ids), domain=choice.domain, now=now)
    return [HeldSignUp(**{name: row[name] for name in HeldSignUp.__dataclass_fields__}) for row in rows]


def queue_held(tx: Transaction, one: HeldSignUp, *, now: int, expires_at: int) -> None:
    """Let a mail go; the link in it is good until `expires_at`."""
    tx.run("held_sign_ups.renew", id=one.notice_id, now=now, expires_at=expires_at)
    if one.confirmation_id is not None:
        tx.run("held_sign_ups.end_confirmation", id=one.confirmation_id, expires_at=expires_at)
    tx.run("held_sign_ups.delete", notice_id=one.notice_id)
    queue_notice(tx, notice_id=one.notice_id, domain=one.domain, now=now)


def forget_held(tx: Transaction, one: HeldSignUp, *, now: int) -> None:
    """Forget a mail; the request that it was for has its end."""
    tx.run("held_sign_ups.forget", id=one.notice_id)
    if one.confirmation_id is not None:
        tx.run("held_sign_ups.end_confirmation", id=one.confirmation_id, expires_at=now)


def forget_earlier(tx: Transaction, *, list_id: int, subscriber_id: int) -> None:
    """Forget what waits for a person and a list: they asked again, and get one mail."""
    tx.run("held_sign_ups.forget_earlier", list_id=list_id, subscriber_id=subscriber_id)


def sweep_held(tx: Transaction, now: int) -> int:
    """Forget those whose time is over, some at a time; returns how many."""
    return tx.run("held_sign_ups.sweep", now=now)
