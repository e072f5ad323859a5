"""What programs learn about an address as a whole, and about its erasure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class AddressSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an address on a list, and since when it has been in that state."""

    name: str
    state: str
    since: str | None
    source: str | None
    suspended_for: str | None


class ConfirmationMailInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The mail that asked somebody to confirm; `mail` is its digest."""

    at: str | None
    mail: str | None
    message_id: str | None


class EvidenceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence; `carried` is the evidence for the list in another language that this list replaced."""

    list: str | None
    event: str
    at: str | None
    ip: str | None
    source: str | None
    text: str | None
    language: str | None
    mail: str | None
    message_id: str | None
    url: str | UnsetType = UNSET
    given_at: str | UnsetType | None = UNSET
    asked: ConfirmationMailInfo | UnsetType = UNSET
    carried: Sequence[dict[str, Any]] | UnsetType = UNSET


class AddressCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a copy."""

    edition: int
    list: str
    state: str
    code: int | None
    at: str | None


class AddressRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything stored about an address."""

    address: str
    suppressed: str | None
    lists: list[AddressSubscription]
    consent: list[EvidenceInfo]
    deliveries: list[AddressCopy]
    name: str
    language: str
    format: str
    attributes: dict[str, str]


class ErasureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased: whether there was a reader, and where else the address was. A repeat has `erased` alone."""

    erased: bool
    reader: bool | UnsetType = UNSET
    evidence_of_others: int | UnsetType = UNSET
    mails: int | UnsetType = UNSET
    address_changes: int | UnsetType = UNSET
    editions: list[int] | UnsetType = UNSET
