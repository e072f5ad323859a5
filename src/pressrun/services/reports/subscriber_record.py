"""`subscriber show`: everything stored about an address; and all data about a person, for that person.

What a reader downloads (docs/readers.md) leaves out backups, and the keyed hashes that limits are counted by, which end
with their window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins
from msgspec.structs import replace

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import NotFound
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import Digests, digests_of
from pressrun.core.timestamps import rfc3339
from pressrun.services.answers import Answer
from pressrun.services.evidence import ASKED, CONFIRMATION
from pressrun.services.suppression import find_reason
from pressrun.store.readers import consent, disclosure, subscribers, subscriptions, suppressions
from pressrun.store.readers.subscribers import AddressCopy, Subscriber
from pressrun.store.transaction import Row, Transaction

FORMAT = "pressrun reader 1"  # of what a reader downloads


class AddressSubscription(Struct, frozen=True, kw_only=True):
    """The state of an address on a list, and since when it has been in that state."""

    name: str
    state: str
    since: str | None
    source: str | None
    suspended_for: str | None


class ConfirmationMailInfo(Struct, frozen=True, kw_only=True):
    """The mail that asked somebody to confirm; `mail` is its digest."""

    at: str | None
    mail: str | None
    message_id: str | None


class EvidenceInfo(Struct, frozen=True, kw_only=True):
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


class AddressRecord(Struct, frozen=True, kw_only=True):
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


def show_subscriber(tx: Transaction, keys: KeyRing, address: Address) -> AddressRecord:
    """`subscriber show`: everything stored about an address; raises NotFound for an unknown one."""
    person = subscribers.find_subscriber(tx, address)
    if person is None:
        return _show_stranger(tx, digests_of(keys, address), address)
    return AddressRecord(
        address=person.address,
        suppressed=find_reason(tx, digests_of(keys, address)),
        lists=[
            AddressSubscription(
                name=subscription.list_name,
                state=subscription.state,
                since=rfc3339(subscription.since),
                source=subscription.source,
                suspended_for=subscription.suspended_for,
            )
            for subscription in subscriptions.subscriptions_of(tx, person.id)
        ],
        consent=_evidence(consent.consent_of(tx, person.id)),
        deliveries=subscribers.list_deliveries(tx, person.id),
        name=person.name,
        language=person.language,
        format="text" if person.text_only else "html",
        attributes=dict(person.attributes),
    )


def _show_stranger(tx: Transaction, digests: Digests, address: Address) -> AddressRecord:
    """The same for an address that is only suppressed; raises NotFound for an erased one, or any other."""
    suppression = suppressions.find(tx, digests)
    if suppression is None or suppression.address is None:
        raise NotFound(f"unknown address {address}")
    return AddressRecord(
        address=str(address),
        suppressed=suppression.reason,
        lists=[],
        consent=[],
        deliveries=[],
        name="",
        language="",
        format="html",
        attributes={},
    )


def _evidence(events: Iterable[Mapping[str, Any]]) -> list[EvidenceInfo]:
    """The evidence as it is shown: the mail that asked for a confirmation belongs to its request."""
    shown: list[EvidenceInfo] = []
    for event in events:
        at = _time(event["at"])
        if (event["event"], event.get("text")) == (ASKED, CONFIRMATION):
            place = _request_without_mail(shown, event.get("list"))
            if place is not None:
                asked = ConfirmationMailInfo(at=at, mail=event.get("mail"), message_id=event.get("message_id"))
                shown[place] = replace(shown[place], asked=asked)
                continue
        given_at, carried = event.get("given_at"), event.get("carried")
        shown.append(
            EvidenceInfo(
                list=event.get("list"),
                event=event["event"],
                at=at,
                ip=event.get("ip"),
                source=event.get("source"),
                text=event.get("text"),
                language=event.get("language"),
                mail=event.get("mail"),
                message_id=event.get("message_id"),
                url=event.get("url") or UNSET,
                given_at=_time(given_at) if given_at else UNSET,
                carried=[row | {"at": _time(row["at"])} for row in carried] if isinstance(carried, list) else UNSET,
            )
        )
    return shown


def _request_without_mail(shown: Sequence[EvidenceInfo], list_name: str | None) -> int | None:
    """The place of the oldest request for a list without a mail yet: mails are sent in the order of the requests."""
    return next(
        (
            place
            for place, entry in enumerate(shown)
            if entry.event == "requested" and entry.list == list_name and entry.asked is UNSET
        ),
        None,
    )


def _time(at: object) -> str | None:
    return rfc3339(at) if isinstance(at, int) else None


def export_personal_data(tx: Transaction, keys: KeyRing, person: Subscriber, now: int) -> Answer:
    """What a reader downloads: the output of `subscriber show`, and everything else that a table holds, as JSON."""
    suppression = suppressions.find(tx, person.digests)
    return {
        "format_version": FORMAT,
        "generated_at": rfc3339(now),
        **to_builtins(show_subscriber(tx, keys, parse_address(person.address))),
        "known_since": rfc3339(person.created_at),
        "suppression": None
        if suppression is None
        else {"reason": suppression.reason, "since": rfc3339(suppression.since)},
        **{name: _rows(rows) for name, rows in disclosure.rows_about(tx, person.id).items()},
        "editor_of": [row["list"] for row in disclosure.editorships(tx, person.address_key)],
        "account": next(iter(_rows(filter(None, [disclosure.account(tx, person.address_key)]))), None),
        "kept_mail": _rows(disclosure.kept_mail(tx, parse_address(person.address))),
    }


def _rows(rows: Iterable[Row | Answer]) -> list[Answer]:
    """The rows, with their times (`…_at`, `…_until`) as RFC 3339."""
    return [{name: _shown(name, row[name]) for name in row.keys()} for row in rows]  # noqa: SIM118 - a row is no mapping


def _shown(name: str, value: object) -> object:
    is_time = name.endswith(("_at", "_until"))
    return rfc3339(value) if is_time and isinstance(value, int) else value
