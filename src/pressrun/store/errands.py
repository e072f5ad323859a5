"""What people asked for on the web by an address, until it is carried out a moment later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from pressrun.core.sign_up import Trust
from pressrun.store.transaction import Row, Transaction


class ErrandKind(StrEnum):
    """What was asked for."""

    SIGN_UP = "sign-up"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request; `list_id` is None when it is about no list, `words` what the person was shown.

    `also` are further lists that were asked for at once; `words_language` is empty for that of the request.
    """

    kind: ErrandKind
    address: str
    list_id: int | None = None
    name: str = ""
    language: str = ""
    ip: str | None = None
    words: str = ""
    trust: Trust = Trust.UNPROVEN
    also: tuple[int, ...] = ()
    words_language: str = ""


def insert_errand(tx: Transaction, errand: Errand) -> None:
    """Keep a request until it is carried out."""
    tx.run("errands.insert", **{**asdict(errand), "also": json.dumps(errand.also)})


def is_any_errand(tx: Transaction) -> bool:
    """Whether a request waits."""
    return bool(tx.value("errands.is_any"))


def waiting_errands(tx: Transaction) -> list[int]:
    """The oldest requests by id, some at a time."""
    return [row["id"] for row in tx.rows("errands.oldest")]


def take_errands(tx: Transaction) -> list[Errand]:
    """The oldest requests, some at a time; they are carried out in this transaction and not kept any longer.

    Raises ValueError for one that cannot be read.
    """
    return [_take(tx, row) for row in tx.rows("errands.oldest")]


def take_errand(tx: Transaction, number: int) -> Errand | None:
    """One of them, if it is still there."""
    row = tx.row("errands.get", id=number)
    return None if row is None else _take(tx, row)


def _take(tx: Transaction, row: Row) -> Errand:
    values = {name: row[name] for name in Errand.__dataclass_fields__}
    values["kind"], values["trust"] = ErrandKind(row["kind"]), Trust(row["trust"])
    values["also"] = tuple(json.loads(row["also"]))
    tx.run("errands.delete", id=row["id"])
    return Errand(**values)


def set_errand_aside(tx: Transaction, number: int, now: int) -> None:
    """Keep a request that cannot be carried out apart from those that wait."""
    tx.run("errands.set_aside", id=number, now=now)


def count_set_aside(tx: Transaction) -> int:
    """How many requests cannot be carried out."""
    found: int = tx.value("errands.count_set_aside")
    return found


def sweep_set_aside(tx: Transaction, before: int) -> int:
    """Forget requests that were set aside before `before`; returns how many."""
    return tx.run("errands.sweep", before=before)
