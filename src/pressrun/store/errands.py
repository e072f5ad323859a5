"""What people asked for on the web by an address, until it is carried out a moment later."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from pressrun.core.address import Address
from pressrun.core.sign_up import Trust
from pressrun.store.transaction import Transaction


class ErrandKind(StrEnum):
    """What was asked for."""

    SIGN_UP = "sign-up"
    PREFERENCES = "preferences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request; `list_id` is None when it is about no list, `words` what the person was shown."""

    kind: ErrandKind
    address: str
    list_id: int | None = None
    name: str = ""
    language: str = ""
    ip: str | None = None
    words: str = ""
    trust: Trust = Trust.UNPROVEN


def insert_errand(tx: Transaction, errand: Errand) -> None:
    """Keep a request until it is carried out."""
    tx.run("errands.insert", **asdict(errand))


def is_any_errand(tx: Transaction) -> bool:
    """Whether a request waits."""
    return bool(tx.value("errands.is_any"))


def take_errands(tx: Transaction) -> list[Errand]:
    """The oldest requests, some at a time; they are carried out in this transaction and not kept any longer."""
    found = []
    for row in tx.rows("errands.oldest"):
        values = {name: row[name] for name in Errand.__dataclass_fields__}
        values["kind"], values["trust"] = ErrandKind(row["kind"]), Trust(row["trust"])
        found.append(Errand(**values))
        tx.run("errands.delete", id=row["id"])
    return found


def forget_errands(tx: Transaction, address: Address) -> int:
    """Drop what was asked for an address, before it is erased; returns how many requests."""
    return tx.run("errands.forget", typed=address.typed.lower(), address_key=address.key)
